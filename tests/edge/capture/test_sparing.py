"""What is decoded, by what, and that nothing is lost by decoding less: on real files."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from edge_detector.capture import sparing
from edge_detector.capture.hardware import Codec, Hardware
from edge_detector.capture.sparing import Thrift
from edge_detector.core.errors import SourceEnded
from edge_detector.core.thrift import IdleDecode
from tests.edge.capture.reading import HostClock, Reading, read
from tests.edge.capture.test_pyav import B_FRAMES, X265, source
from tests.videos import make_video

STREAMS = [
    ("plain.mp4", {}),
    ("bframes.mp4", {"options": B_FRAMES}),  # open GOP: a decoder holds each key frame back
    ("hevc.mp4", {"codec": "libx265", "options": X265}),
    ("plain.ts", {}),
]


def times(reading: Reading) -> list[float]:
    assert isinstance(reading.end, SourceEnded)
    return [round(frame.t, 2) for frame in reading.frames]


def sparse(path: Path, *, busy: tuple[float, float] = (99, 99), mode: IdleDecode = IdleDecode.KEYFRAMES) -> Reading:
    """Ten pictures a second, a key frame each second; somebody is there from the packet at the first time on."""
    thrift = Thrift(idle_decode=mode, idle=lambda t: not busy[0] <= t < busy[1])
    return read(source(path, thrift=thrift))


@pytest.mark.parametrize(("name", "how"), STREAMS)
def test_key_frames_alone_are_shown_while_nobody_is_there_and_all_packets_are_handed_on(
    tmp_path: Path, name: str, how: dict[str, Any]
) -> None:
    video = make_video(tmp_path / name, frames=40, **how)
    reading = sparse(video)
    assert times(reading) == [0.0, 1.0, 2.0, 3.0]
    assert reading.data == read(source(video)).data


@pytest.mark.parametrize(("name", "how"), STREAMS)
def test_from_one_packet_to_the_next_everything_is_decoded_again(
    tmp_path: Path, name: str, how: dict[str, Any]
) -> None:
    video = make_video(tmp_path / name, frames=40, **how)
    everything = {round(frame.t, 2): frame for frame in read(source(video)).frames}
    seen = sparse(video, busy=(1.55, 2.85))
    shown = times(seen)
    assert shown[:2] == [0.0, 1.0]
    assert shown[-1] == 3.0
    # Pictures that are shown out of order come a few later.
    assert set(shown) >= {2.0, 2.1, 2.2, 2.3, 2.4}
    assert min(t for t in shown if t > 1.0) <= 1.9
    for frame in seen.frames:
        whole = everything[round(frame.t, 2)].image
        assert not frame.exact or (frame.image == whole).all(), f"another picture at {frame.t:.1f} s"
        assert np.abs(frame.image.astype(np.int16) - whole).mean() < 2, "a glance shows something else"
    # While nobody was there a glance was enough; who came in between was seen exactly, from the key frame before on.
    assert [round(frame.t, 2) for frame in seen.frames if not frame.exact] == [0.0, 1.0, 3.0]


def test_without_reordering_the_very_next_picture_is_shown(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", frames=40)
    assert times(sparse(video, busy=(1.55, 1.75)))[:5] == [0.0, 1.0, 1.6, 1.7, 2.0]


def test_after_too_long_a_gap_the_next_key_frame_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparing, "_KEPT_PACKETS", 3)
    video = make_video(tmp_path / "a.mp4", frames=40)
    assert times(sparse(video, busy=(1.55, 2.25))) == [0.0, 1.0, 2.0, 2.1, 2.2, 3.0]


@pytest.mark.parametrize(("gop", "shown"), [(5, 14), (10, 40)])  # half a second is short enough, a second is not
def test_auto_keeps_the_promise(tmp_path: Path, gop: int, shown: int) -> None:
    video = make_video(tmp_path / "a.mp4", frames=40, gop=gop)
    # Of short groups all is decoded until they are known: up to the third key frame.
    expected = [n / 10 for n in range(40) if gop == 10 or n < 10 or n % 5 == 0]
    assert times(sparse(video, mode=IdleDecode.AUTO)) == pytest.approx(expected)
    assert len(expected) == (40 if gop == 10 else 16), shown


def test_a_stream_that_is_encoded_here_is_decoded_whole(tmp_path: Path) -> None:
    video = make_video(tmp_path / "motion.avi", codec="mjpeg", pix_fmt="yuvj422p", full_range=True)
    reading = sparse(video)
    assert len(reading.frames) == len(reading.packets) == 30


def test_key_frames_that_nobody_wants_are_not_decoded_either(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", frames=40, gop=5)
    spare = Thrift(idle_decode=IdleDecode.KEYFRAMES, idle=lambda t: t < 2.75, spare=lambda t: round(t * 10) % 10 == 5)
    seen = read(source(video, thrift=spare))
    # The first picture after the calm needs a key frame that was passed over.
    assert times(seen) == pytest.approx([0.0, 1.0, 2.0, *(n / 10 for n in range(28, 40))])
    everything = {round(frame.t, 2): frame for frame in read(source(video)).frames}
    assert all((frame.image == everything[round(frame.t, 2)].image).all() for frame in seen.frames if frame.exact)


@pytest.mark.parametrize("idle", [False, True])
def test_pictures_that_stand_alone_are_decoded_only_when_they_are_wanted(tmp_path: Path, *, idle: bool) -> None:
    video = make_video(tmp_path / "motion.avi", codec="mjpeg", pix_fmt="yuvj422p", full_range=True)
    thrift = Thrift(idle_decode=IdleDecode.AUTO, idle=lambda _: idle, spare=lambda t: round(t * 10) % 5 != 0)
    reading = read(source(video, packets=False, thrift=thrift))
    assert times(reading) == pytest.approx([n / 2 for n in range(6)])


@pytest.mark.parametrize(("name", "how"), STREAMS)
def test_a_picture_that_others_refer_to_is_never_left_out(tmp_path: Path, name: str, how: dict[str, Any]) -> None:
    video = make_video(tmp_path / name, **how)
    whole = read(source(video))
    reading = read(source(video, thrift=Thrift(spare=lambda t: round(t * 10) % 2 == 1)))
    assert times(reading) == times(whole)
    assert all((a.image == b.image).all() for a, b in zip(reading.frames, whole.frames, strict=True))


class SlowClock(HostClock):
    """The clock of a machine on which each decoded picture takes longer than its share of the time."""

    def __init__(self, picture_s: float) -> None:
        self._picture_s = picture_s
        self._spent_s = 0.0

    def now(self) -> float:
        return super().now() + self._spent_s

    def decoded(self, _: float) -> bool:
        self._spent_s += self._picture_s
        return True


@pytest.mark.parametrize(("name", "how"), STREAMS)
def test_who_falls_behind_looks_at_key_frames_alone_and_records_everything(
    tmp_path: Path, name: str, how: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    video = make_video(tmp_path / name, frames=60, **how)
    clock = SlowClock(picture_s=0.25)  # there is one each 0.1 s
    seen = read(source(video, clock=clock, live=True), wants=clock.decoded)
    assert seen.data == read(source(video)).data
    shown = [round(frame.t - seen.frames[0].t, 2) for frame in seen.frames]
    assert shown[-3:] == [3.0, 4.0, 5.0]
    assert all(frame.exact for frame in seen.frames)
    assert [record.message for record in caplog.records if "more than this machine can decode" in record.message]


def test_who_sends_nothing_but_key_frames_is_not_told_to_send_less(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    video = make_video(tmp_path / "motion.avi", codec="mjpeg", pix_fmt="yuvj422p", full_range=True)
    clock = SlowClock(picture_s=0.25)
    seen = read(source(video, clock=clock, live=True, packets=False), wants=clock.decoded)
    assert len(seen.frames) == 30
    assert "more than this machine can decode" not in caplog.text


def test_a_replay_takes_the_time_it_takes(tmp_path: Path) -> None:
    video = make_video(tmp_path / "plain.mp4", frames=60)
    clock = SlowClock(picture_s=0.25)
    assert len(read(source(video, clock=clock), wants=clock.decoded).frames) == 60


class Flaky:
    """A decoder in hardware that breaks: the one in software behind it."""

    def __init__(self, software: VideoCodecContext, *, at: int, how: str) -> None:
        codec = av.CodecContext.create(software.name, "r")
        assert isinstance(codec, VideoCodecContext)
        codec.extradata = software.extradata
        self._codec = codec
        self._left, self._how = at, how

    def decode(self, packet: av.Packet[av.VideoStream] | None) -> list[av.VideoFrame]:
        self._left -= 1
        if self._left < 0 and self._how == "error":
            raise av.error.OSError(5, "the device is gone")
        pictures = self._codec.decode(packet)
        if self._left < 0 and self._how == "size":
            return [picture.reformat(width=32, height=32) for picture in pictures]
        return [] if self._left < 0 else pictures

    def flush_buffers(self) -> None:
        self._codec.flush_buffers()


def flaky(at: int, how: str) -> Callable[[VideoCodecContext], Codec]:
    return lambda software: Flaky(software, at=at, how=how)


REASONS = {"error": "the device is gone", "size": "changed its picture to 32x32", "silence": "it gives no pictures"}


@pytest.mark.parametrize("how", REASONS)
@pytest.mark.parametrize("at", [0, 1, 17, 20])
def test_hardware_that_fails_loses_no_picture(
    tmp_path: Path, how: str, at: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sparing, "_SILENT_PACKETS", 3)
    video = make_video(tmp_path / "a.mp4", frames=40)
    whole = read(source(video))
    reading = read(source(video, thrift=Thrift(hardware=flaky(at, how))))
    assert times(reading) == times(whole)
    assert all((a.image == b.image).all() for a, b in zip(reading.frames, whole.frames, strict=True))
    assert reading.data == whole.data
    (told,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "is decoded in software from now on, not in hardware: " in told.message
    assert told.message.endswith(REASONS[how])


def test_hardware_that_fails_after_too_many_packets_costs_no_more_than_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sparing, "_KEPT_PACKETS", 3)
    video = make_video(tmp_path / "a.mp4", frames=40)
    shown = times(read(source(video, thrift=Thrift(hardware=flaky(17, "error")))))
    assert shown == [n / 10 for n in range(40) if not 17 <= n < 20]


def test_hardware_that_is_not_there_is_told_once_and_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    video = make_video(tmp_path / "a.mp4")
    wanted = source(video, thrift=Thrift(hardware=Hardware("v4l2m2m", name="door", devices=tmp_path)))
    first, second = read(wanted, session=1), read(wanted, session=2)
    assert times(first) == times(second) == times(read(source(video)))
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "door is decoded in software: v4l2m2m cannot be used here"
    ]


@pytest.mark.parametrize("wanted", ["vaapi", "drm", "cuda", "qsv"])
def test_no_way_that_is_absent_stops_a_camera(tmp_path: Path, wanted: str) -> None:
    video = make_video(tmp_path / "a.mp4")
    reading = read(source(video, thrift=Thrift(hardware=Hardware(wanted, name="door", devices=tmp_path))))
    assert len(reading.frames) == 30


def test_auto_tries_only_what_has_a_device(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    video = make_video(tmp_path / "a.mp4")
    read(source(video, thrift=Thrift(hardware=Hardware("auto", name="door", devices=tmp_path))))
    assert caplog.records == []
    (tmp_path / "dri").mkdir()
    (tmp_path / "dri" / "renderD128").touch()
    (tmp_path / "video10").touch()
    read(source(video, thrift=Thrift(hardware=Hardware("auto", name="door", devices=tmp_path))))
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "door is decoded in software: v4l2m2m, vaapi cannot be used here")
    ]
