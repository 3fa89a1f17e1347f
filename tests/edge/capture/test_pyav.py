"""Sources that FFmpeg reads, on real files, a loopback HTTP camera and a real RTSP server."""

import hashlib
import itertools
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from edge_detector.capture.pyav import PyavSource
from edge_detector.core.errors import SourceEnded, SourceError
from edge_detector.core.picture import bgr
from tests import rtsp_server
from tests.edge.capture.reading import HostClock, Reading, always, read
from tests.http_camera import MULTIPART, HttpCamera, multipart
from tests.rtsp_server import RtspServer
from tests.videos import make_jpegs, make_video, packets_of, rgb, times_of

B_FRAMES = {"bf": "3", "x264-params": "open-gop=1:b-adapt=0"}
X265 = {"x265-params": "log-level=none:bframes=2"}


def source(address: str | Path, **options: Any) -> PyavSource:  # noqa: ANN401 - the constructor's own
    return PyavSource(address=str(address), **{"clock": HostClock(), "live": False, **options})


def enough(count: int) -> Callable[[Reading], bool]:
    return lambda reading: len(reading.packets) >= count


RECORDED = [
    ("plain.mp4", {}, "h264"),
    ("bframes.mp4", {"options": B_FRAMES}, "h264"),  # open GOP, three B-frames
    ("bframes.mkv", {"options": B_FRAMES}, "h264"),  # Matroska has no dts
    ("bframes.ts", {"options": B_FRAMES}, "h264"),  # Annex B, starts at 1.4 s
    ("hevc.mp4", {"codec": "libx265", "options": X265}, "hevc"),
    ("odd.mp4", {"size": (161, 121), "pix_fmt": "yuv444p"}, "h264"),  # 4:2:0 cannot be odd, 4:4:4 can
    ("full.mp4", {"pix_fmt": "yuvj420p", "full_range": True}, "h264"),
    ("bare.h264", {}, "h264"),  # no timestamps at all
]


@pytest.mark.parametrize(("name", "how", "codec"), RECORDED)
def test_packets_are_handed_on_as_they_come(tmp_path: Path, name: str, how: dict[str, Any], codec: str) -> None:
    video = make_video(tmp_path / name, **how)
    reading = read(source(video))
    assert isinstance(reading.end, SourceEnded)
    assert reading.info.codec == codec
    assert reading.data == packets_of(video)
    assert all(type(packet.data) is bytes for packet in reading.packets)
    assert reading.packets[0].keyframe
    assert 1 < sum(packet.keyframe for packet in reading.packets) < 10


@pytest.mark.parametrize(("name", "how", "codec"), RECORDED)
def test_stamps_are_whole_and_times_are_those_of_the_video(
    tmp_path: Path, name: str, how: dict[str, Any], codec: str
) -> None:
    video = make_video(tmp_path / name, **how)
    reading = read(source(video))
    step = 1 / 25 if name == "bare.h264" else 1 / 10
    packets, (numerator, denominator) = reading.packets, reading.info.time_base
    assert all(a.dts < b.dts for a, b in itertools.pairwise(packets))
    assert all(packet.pts >= packet.dts for packet in packets)
    assert sorted(packet.t for packet in packets) == pytest.approx([i * step for i in range(30)], abs=0.002)
    assert [packet.duration for packet in packets] == pytest.approx([step] * 30, abs=0.002)
    zero = min(packet.pts for packet in packets)
    assert [packet.t for packet in packets] == pytest.approx(
        [(packet.pts - zero) * numerator / denominator for packet in packets]
    )
    assert [frame.t for frame in reading.frames] == sorted(packet.t for packet in packets)


@pytest.mark.parametrize(
    ("name", "how", "size"),
    [
        ("plain.mp4", {}, (160, 120)),
        ("bframes.mp4", {"options": B_FRAMES}, (160, 120)),
        ("hevc.mp4", {"codec": "libx265", "options": X265}, (160, 120)),
        ("full.mp4", {"pix_fmt": "yuvj420p", "full_range": True}, (160, 120)),  # luma 0..255
        ("flagged.mp4", {"full_range": True}, (160, 120)),  # the same, told by a flag only
        ("ten.mp4", {"pix_fmt": "yuv420p10le"}, (160, 120)),
        ("422.mp4", {"pix_fmt": "yuv422p"}, (160, 120)),
        ("odd.mp4", {"size": (161, 121), "pix_fmt": "yuv444p"}, (160, 120)),  # cropped to even
        ("odd420.mkv", {"size": (161, 121), "codec": "ffv1"}, (160, 120)),  # odd chroma planes
    ],
)
def test_frames_show_what_was_filmed(tmp_path: Path, name: str, how: dict[str, Any], size: tuple[int, int]) -> None:
    video = make_video(tmp_path / name, **how)
    reading = read(source(video))
    width, height = size
    assert [frame.seq for frame in reading.frames] == list(range(30))
    for i in (0, 7, 29):
        image = reading.frames[i].image
        assert image.shape == (height * 3 // 2, width)
        assert image.dtype == np.uint8
        truth = rgb(i, *how.get("size", size))[:height, :width, ::-1]
        assert np.abs(bgr(image).astype(int) - truth).mean() < 4


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("motion.avi", {"codec": "mjpeg", "pix_fmt": "yuvj422p", "full_range": True}),
        ("raw.avi", {"codec": "rawvideo"}),
        ("odd.mkv", {"codec": "ffv1", "size": (161, 121)}),
        ("vp9.webm", {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}}),
        ("bare.h264", {"options": {"bf": "2"}}),  # B-frames whose order nobody tells
    ],
)
def test_anything_else_is_encoded_once_and_the_same_each_time(tmp_path: Path, name: str, how: dict[str, Any]) -> None:
    video = make_video(tmp_path / name, **how)
    first, second = read(source(video)), read(source(video))
    assert first.info.codec == "h264"
    assert (first.info.width, first.info.height) == (160, 120)
    assert first.data == second.data
    assert [packet.t for packet in first.packets] == pytest.approx(
        [i * (1 / 25 if name == "bare.h264" else 1 / 10) for i in range(30)], abs=0.002
    )
    assert [frame.t for frame in first.frames] == [packet.t for packet in first.packets]
    (tmp_path / "out.h264").write_bytes(b"".join(first.data))
    with av.open(str(tmp_path / "out.h264")) as container:
        decoded = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    for i in (0, 13, 29):
        truth = rgb(i, *how.get("size", (160, 120)))[:120, :160, ::-1]
        assert np.abs(decoded[i].astype(int) - truth).mean() < 6


def test_only_wanted_frames_are_handed_on_and_sequence_numbers_count_all(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4")
    asked: list[float] = []

    def every_third(t: float) -> bool:
        asked.append(t)
        return len(asked) % 3 == 1

    reading = read(source(video), wants=every_third)
    assert asked == pytest.approx(times_of(video))
    assert [frame.seq for frame in reading.frames] == list(range(0, 30, 3))


@pytest.mark.parametrize(
    ("packets", "frames"),
    [
        (True, False),  # a record stream
        (False, True),  # a detect stream
    ],
)
def test_a_stream_gives_only_what_is_wanted_of_it(tmp_path: Path, packets: bool, frames: bool) -> None:
    reading = read(source(make_video(tmp_path / "a.mp4"), packets=packets, frames=frames))
    assert len(reading.packets) == (30 if packets else 0)
    assert len(reading.frames) == (30 if frames else 0)


def test_a_detect_stream_of_motion_jpeg_is_not_encoded(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.avi", codec="mjpeg", pix_fmt="yuvj420p", full_range=True)
    reading = read(source(video, packets=False))
    assert reading.info.codec == "mjpeg"
    assert (len(reading.packets), len(reading.frames)) == (0, 30)


@pytest.mark.parametrize(
    ("name", "how", "bt709"),
    [
        ("hd.mp4", {"size": (1280, 720)}, True),  # says nothing, so it is as HD is
        ("sd.mp4", {"size": (640, 480)}, False),
        ("raw.avi", {"size": (1280, 720), "codec": "rawvideo"}, False),  # encoded here, and called BT.601
    ],
)
def test_frames_know_their_colours(tmp_path: Path, name: str, how: dict[str, Any], bt709: bool) -> None:
    reading = read(source(make_video(tmp_path / name, frames=2, **how)))
    assert [frame.bt709 for frame in reading.frames] == [bt709] * 2


def test_damaged_packets_cost_only_themselves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    video = make_video(tmp_path / "a.mp4", codec="mjpeg", pix_fmt="yuvj420p", full_range=True)
    content = bytearray(video.read_bytes())
    for packet in packets_of(video)[10:13]:
        start = content.find(packet)
        content[start : start + len(packet)] = bytes(len(packet))
    video.write_bytes(bytes(content))
    camera = source(video)
    damaged = 0

    def count(reading: Reading) -> bool:
        nonlocal damaged
        damaged = camera.damaged
        return False

    reading = read(camera, until=count)
    assert isinstance(reading.end, SourceEnded)
    assert damaged == 3
    assert len(reading.frames) == 27
    warnings = [record for record in caplog.records if "damaged picture" in record.message]
    assert len(warnings) == 1
    assert reading.frames[-1].t == pytest.approx(2.9)


def broken(tmp_path: Path, kind: str) -> Path:
    """A path that holds no good video."""
    path = tmp_path / f"{kind}.mp4"
    if kind == "text":
        path.write_text("this is no video\n" * 50)
    elif kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    elif kind == "sound":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=8000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate = 8000
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    elif kind == "headless":
        content = make_video(path).read_bytes()
        path.write_bytes(content[: len(content) // 2])
    elif kind == "codec":
        path.write_bytes(make_video(path).read_bytes().replace(b"avc1", b"xyz1"))
    return path


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("missing", "does not exist"),
        ("folder", "is a folder"),
        ("empty", "is no video that can be read"),
        ("text", "is no video that can be read"),
        ("headless", "or is cut short"),
        ("sound", "holds no video"),
        ("codec", "has a video codec that is not known"),
    ],
)
def test_a_bad_file_is_one_clear_sentence(tmp_path: Path, kind: str, reason: str) -> None:
    path = broken(tmp_path, kind)
    with pytest.raises(SourceError, match=f"^{re.escape(str(path))} .*{reason}") as raised:
        source(path).open(1)
    assert "\n" not in str(raised.value)


def test_a_truncated_file_gives_what_it_holds_and_then_says_so(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mp4")
    fast = tmp_path / "fast.mp4"
    with av.open(str(whole)) as before, av.open(str(fast), "w", options={"movflags": "faststart"}) as after:
        stream = after.add_stream_from_template(before.streams.video[0])
        for packet in before.demux(video=0):
            if packet.size:
                packet.stream = stream
                after.mux(packet)
    fast.write_bytes(fast.read_bytes()[: fast.stat().st_size * 2 // 3])
    reading = read(source(fast))
    assert 5 < len(reading.packets) < 30
    assert type(reading.end) is SourceError
    assert re.search(r"is cut short: it holds \d+ of 30 pictures", str(reading.end))


def test_a_file_that_plays_a_camera_keeps_its_pace_and_goes_round(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", frames=10, fps=25, gop=10, options=B_FRAMES)
    began = time.monotonic()
    reading = read(source(video, live=True, loop=True), until=enough(26))
    assert reading.data == (packets_of(video) * 3)[:26]
    assert time.monotonic() - began >= 25 / 25
    times = [frame.t for frame in reading.frames]
    assert began <= times[0] <= reading.arrivals[0]
    assert all(b - a == pytest.approx(0.04, abs=0.01) for a, b in itertools.pairwise(times[:9]))
    assert all(a.dts < b.dts for a, b in itertools.pairwise(reading.packets))


def test_a_file_that_plays_a_camera_once_ends(tmp_path: Path) -> None:
    reading = read(source(make_video(tmp_path / "a.mp4", frames=5, fps=25), live=True))
    assert isinstance(reading.end, SourceEnded)
    assert len(reading.packets) == 5


def test_a_video_that_lies_on_its_side_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    upright, turned = make_video(tmp_path / "upright.mp4"), tmp_path / "turned.mp4"
    with av.open(str(upright)) as given, av.open(str(turned), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0])
        stream.set_display_rotation(90)
        for packet in given.demux(given.streams.video[0]):
            if packet.size:
                packet.stream = stream
                made.mux(packet)
    read(source(upright))
    assert caplog.text == ""
    read(source(turned))
    assert caplog.text.count("turned.mp4 is to be turned by 90 degrees when it is shown") == 1


def test_recordings_that_were_joined_go_on_where_the_one_before_ended(tmp_path: Path) -> None:
    part, joined = make_video(tmp_path / "part.ts", frames=60), tmp_path / "joined.ts"
    joined.write_bytes(part.read_bytes() * 3)
    reading = read(source(joined))
    assert isinstance(reading.end, SourceEnded)
    assert [frame.t for frame in reading.frames] == pytest.approx([i / 10 for i in range(180)], abs=0.002)
    twice = read(source(joined, loop=True), until=lambda reading: len(reading.frames) == 360)
    assert [frame.t for frame in twice.frames] == pytest.approx([i / 10 for i in range(360)], abs=0.002)


def test_close_from_another_thread_ends_a_paced_read(tmp_path: Path) -> None:
    camera = source(make_video(tmp_path / "a.mp4", frames=20, fps=1, gop=5), live=True)
    camera.open(1)
    timer = threading.Timer(0.2, camera.close)
    timer.start()
    began = time.monotonic()
    items = list(camera.read(always))
    timer.join()
    assert len(items) < 20
    assert time.monotonic() - began < 10.0  # of the file's twenty seconds


def test_reading_needs_open_and_sessions_follow_each_other(tmp_path: Path) -> None:
    camera = source(make_video(tmp_path / "a.mp4"))
    with pytest.raises(SourceError, match="is not open"):
        list(camera.read(always))
    first, second = read(camera, session=1), read(camera, session=2)
    assert list(camera.read(always)) == []
    assert {packet.session for packet in first.packets} == {1}
    assert {packet.session for packet in second.packets} == {second.info.session} == {2}
    assert first.data == second.data


# --- HTTP -----------------------------------------------------------------------------------------------------------


def test_motion_jpeg_over_http_is_timed_by_arrival_and_encoded() -> None:
    with HttpCamera(multipart(make_jpegs()), content_type=MULTIPART, interval_s=0.05) as http:
        reading = read(source(http.url, live=True), until=enough(20))
    assert reading.info.codec == "h264"
    assert reading.packets[0].keyframe
    steps = [b.t - a.t for a, b in itertools.pairwise(reading.packets)]
    assert np.median(steps) == pytest.approx(0.05, abs=0.01)
    lags = [came - packet.t for came, packet in zip(reading.arrivals, reading.packets, strict=True)]
    assert 0 <= np.median(lags) < 0.05
    truth = rgb(0, 160, 120)[:, :, ::-1]
    assert min(np.abs(bgr(frame.image).astype(int) - truth).mean() for frame in reading.frames) < 5


def test_a_camera_that_changes_its_picture_ends_the_session() -> None:
    jpegs = make_jpegs(5) + make_jpegs(5, size=(320, 240))
    with HttpCamera(multipart(jpegs), content_type=MULTIPART, interval_s=0.01) as http:
        lost = read(source(http.url, live=True))
    assert len(lost.packets) == 5
    assert str(lost.end) == f"{http.url} changed its picture to 320x240"


def test_packets_that_give_no_picture_are_forgotten(tmp_path: Path) -> None:
    """A session that begins in the middle of a group of pictures shows nothing before the next key frame."""
    video = make_video(tmp_path / "a.ts", frames=120, gop=50)
    content, packets = video.read_bytes(), packets_of(video)
    second = content.find(packets[50][:60])
    start = second - second % 188 - 188 * 130  # some 40 pictures
    video.write_bytes(content[: 188 * 2] + content[start - start % 188 :])
    reading = read(source(video))
    assert len(reading.frames) <= len(reading.packets) - 35
    assert {frame.t for frame in reading.frames} <= {packet.t for packet in reading.packets}


def ts_chunks(tmp_path: Path) -> list[bytes]:
    """A transport stream in one chunk for each picture, on average."""
    content = make_video(tmp_path / "a.ts", frames=100, fps=25, gop=25).read_bytes()
    size = len(content) // 100
    return [content[i : i + size] for i in range(0, len(content), size)]


def test_mpeg_ts_over_http_is_recorded_as_it_comes(tmp_path: Path) -> None:
    with HttpCamera(ts_chunks(tmp_path), content_type="video/mp2t", interval_s=0.04, repeat=False) as http:
        reading = read(source(http.url, live=True), until=enough(40))
    assert reading.data == packets_of(tmp_path / "a.ts")[:40]


def test_a_connection_that_is_cut_is_told_and_the_next_session_works(tmp_path: Path) -> None:
    with HttpCamera(ts_chunks(tmp_path), content_type="video/mp2t", interval_s=0.04) as http:
        camera = source(http.url, live=True)

        def cut(reading: Reading) -> bool:
            if len(reading.packets) == 10:
                http.cut()
            return False

        lost = read(camera, until=cut)
        assert str(lost.end) == f"{http.url} closed the connection"
        assert not isinstance(lost.end, SourceEnded)
        assert len(read(camera, session=2, until=enough(10)).packets) == 10


def test_a_camera_that_falls_silent_is_told_after_the_read_timeout(tmp_path: Path) -> None:
    with HttpCamera(ts_chunks(tmp_path), content_type="video/mp2t", interval_s=0.04) as http:

        def hang(reading: Reading) -> bool:
            http.hang()
            return False

        began = time.monotonic()
        lost = read(source(http.url, live=True, read_timeout_s=0.5), until=hang)
        assert str(lost.end) == f"{http.url} sent nothing for 0.5 s"
        assert time.monotonic() - began < 10.0


def test_close_from_another_thread_ends_a_live_read_with_its_next_packet(tmp_path: Path) -> None:
    with HttpCamera(ts_chunks(tmp_path), content_type="video/mp2t", interval_s=0.04) as http:
        camera = source(http.url, live=True)
        camera.open(1)
        timer = threading.Timer(0.2, camera.close)
        timer.start()
        items = list(camera.read(always))
        timer.join()
    assert items


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://user:secret@127.0.0.1:{port}/a", "http://***@127.0.0.1:{port}/a refused the connection"),
        ("rtsp://user:secret@127.0.0.1:{port}/a", "rtsp://***@127.0.0.1:{port}/a refused the connection"),
        ("http://127.0.0.1:{port}/a?token=secret&x=1", "http://127.0.0.1:{port}/a?token=***&x=1 refused"),
    ],
)
def test_nobody_there_is_told_without_the_password(address: str, told: str) -> None:
    port = rtsp_server.free_port()
    with pytest.raises(SourceError) as raised:
        source(address.format(port=port), live=True).open(1)
    assert str(raised.value).startswith(told.format(port=port))
    assert "secret" not in str(raised.value)


# --- RTSP -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rtsp() -> None:
    reason = rtsp_server.missing()
    if reason is not None:
        pytest.skip(reason)


def slices(packets: list[bytes], *, length_prefixed: bool) -> list[str]:
    """SHA-256 of each picture's slices, however they are framed."""
    return [
        hashlib.sha256(b"|".join(nal for nal in units(data, length_prefixed) if nal[0] & 0x1F in {1, 5})).hexdigest()
        for data in packets
    ]


def units(data: bytes, length_prefixed: bool) -> list[bytes]:
    if not length_prefixed:
        return [unit.rstrip(b"\0") for unit in re.split(b"\0\0\1", data) if unit.strip(b"\0")]
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size].rstrip(b"\0"))
        data = data[4 + size :]
    return found


@pytest.mark.usefixtures("rtsp")
@pytest.mark.parametrize("options", [{}, B_FRAMES], ids=["plain", "b-frames"])
def test_an_rtsp_camera_loses_no_packet_and_shares_the_hosts_time(tmp_path: Path, options: dict[str, str]) -> None:
    video = make_video(tmp_path / "a.mp4", frames=60, fps=25, gop=25, options=options)
    with RtspServer(video) as server:
        reading = read(source(server.url, live=True), until=enough(40))
    assert slices(reading.data, length_prefixed=False) == slices(packets_of(video)[:40], length_prefixed=True)
    packets = reading.packets
    assert packets[0].keyframe
    assert all(a.dts < b.dts for a, b in itertools.pairwise(packets))
    times = sorted(packet.t for packet in packets)
    assert all(b - a == pytest.approx(0.04, abs=0.01) for a, b in itertools.pairwise(times[:36]))
    lags = [came - packet.t for came, packet in zip(reading.arrivals, packets, strict=True)][20:]
    assert min(lags) > -0.1
    assert np.median(lags) < 0.25
    assert [frame.t for frame in reading.frames] == times[: len(reading.frames)]


@pytest.mark.usefixtures("rtsp")
def test_h265_over_rtsp(tmp_path: Path) -> None:
    video = make_video(
        tmp_path / "a.mp4", frames=40, fps=25, codec="libx265", options={"x265-params": "log-level=none"}
    )
    with RtspServer(video, codec="h265") as server:
        reading = read(source(server.url, live=True), until=enough(20))
    assert reading.info.codec == "hevc"
    assert len(reading.frames) > 10


@pytest.mark.usefixtures("rtsp")
def test_an_rtsp_server_that_stops_and_starts_again(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", frames=100, fps=25, gop=25)
    server = RtspServer(video)
    with server:
        camera = source(server.url, live=True)

        def stop(reading: Reading) -> bool:
            if len(reading.packets) >= 5:
                server.stop()
            return False

        lost = read(camera, until=stop)
        assert re.search("closed the connection", str(lost.end))
        with pytest.raises(SourceError, match="refused the connection"):
            camera.open(2)
        server.start()
        back = read(camera, session=3, until=enough(5))
        assert {packet.session for packet in back.packets} == {3}


@pytest.mark.usefixtures("rtsp")
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("rtsp://127.0.0.1:{port}/cam", "refused the user or password"),
        ("rtsp://me:wrong@127.0.0.1:{port}/cam", "refused the user or password"),
        ("rtsp://me:right@127.0.0.1:{port}/other", "has no such stream"),
        ("rtsp://me:right@127.0.0.1:{port}/cam", None),
    ],
)
def test_an_rtsp_camera_with_a_password(tmp_path: Path, address: str, reason: str | None) -> None:
    with RtspServer(make_video(tmp_path / "a.mp4"), auth="me:right") as server:
        camera = source(address.format(port=server.port), live=True)
        if reason is None:
            assert camera.open(1).codec == "h264"
            camera.close()
            return
        with pytest.raises(SourceError, match=reason) as raised:
            camera.open(1)
        assert "wrong" not in str(raised.value)
        assert "right@" not in str(raised.value)
