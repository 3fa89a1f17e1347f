import logging
import os
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import pytest

from edge_detector.core.errors import RecordError
from edge_detector.core.evidence import ClipFile
from edge_detector.core.naming import ulid
from edge_detector.core.types import Packet, StreamInfo, VisitStats
from edge_detector.files import sha256_of
from edge_detector.recorder import nal
from edge_detector.recorder.fragments import scan
from edge_detector.recorder.writer import Mp4Writer
from tests.edge.recorder.streams import FORMS, HEIGHT, WIDTH, Stream, later, payloads, read, shown_times, stream
from tests.paths import media

VISIT = ulid(1_700_000_000_000, 7)
START_UTC = 1_700_000_000.25
STATS = VisitStats(max_people=2, max_confidence=0.873, mean_inference_ms=9.0)


@pytest.fixture
def writer(tmp_path: Path) -> Mp4Writer:
    return Mp4Writer(camera="door", folder=tmp_path / "spool")


def begin(writer: Mp4Writer, info: StreamInfo, *, n: int = 1, trigger_s: float = 1.0) -> None:
    writer.open(stream=info, visit_id=VISIT, n=n, start_utc=START_UTC, trigger_s=trigger_s)


def record(writer: Mp4Writer, info: StreamInfo, packets: list[Packet], *, n: int = 1) -> ClipFile:
    begin(writer, info, n=n)
    for packet in packets:
        writer.write(packet)
    return writer.close(STATS)


def only(folder: Path, ending: str) -> Path:
    (path,) = folder.glob(f"*{ending}")
    return path


def pictures(codec: str, packets: list[Packet]) -> list[tuple[bytes, ...]]:
    """The coded slices of each packet, whatever parts them."""
    return [slices(codec, packet.data) for packet in packets]


def slices(codec: str, data: bytes) -> tuple[bytes, ...]:
    found = nal.units(data) if nal.is_annex_b(data) else length_prefixed_units(data)
    return tuple(unit for unit in found if not nal.is_parameter_set(codec, unit))


def length_prefixed_units(data: bytes) -> tuple[bytes, ...]:
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return tuple(found)


# --- what a clip is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_clip_from_the_first_packet_holds_each_one_and_plays_to_its_end(form: str, writer: Mp4Writer) -> None:
    source = stream(form)
    clip = record(writer, source.info, source.packets)
    assert [slices(source.info.codec, data) for data in payloads(clip.path)] == pictures(
        source.info.codec, source.packets
    )
    times = shown_times(clip.path)
    assert times == pytest.approx([index / 10 for index in range(len(source.packets))])
    assert clip.duration_s == len(source.packets) / 10


@pytest.mark.parametrize("form", FORMS)
def test_clip_from_a_later_key_frame_begins_at_zero_and_decodes_whole(form: str, writer: Mp4Writer) -> None:
    source = stream(form)
    packets = later(source, start=1)
    leading = [packet for packet in packets if packet.pts < packets[0].pts]
    clip = record(writer, source.info, packets)
    times = shown_times(clip.path)
    assert len(payloads(clip.path)) == len(times) == len(packets) - len(leading)
    assert times == pytest.approx([index / 10 for index in range(len(times))])
    assert bool(leading) == ("open" in form)


@pytest.mark.parametrize("form", ["h264", "h264 open", "hevc"])
def test_length_prefixed_packets_are_copied_to_the_byte(form: str, writer: Mp4Writer) -> None:
    source = stream(form)
    clip = record(writer, source.info, source.packets)
    assert payloads(clip.path) == [packet.data for packet in source.packets]


def test_camera_recording_is_copied_to_the_byte(writer: Mp4Writer) -> None:
    with av.open(str(media("one-by-one-person-detection.mp4"))) as container:
        source = read(container)
    packets = later(source, start=2)[:200]
    clip = record(writer, source.info, packets)
    assert payloads(clip.path) == [packet.data for packet in packets]
    assert shown_times(clip.path) == pytest.approx([index / 10 for index in range(200)])
    assert clip.duration_s == 20.0


def test_clip_tells_its_facts_in_its_name(writer: Mp4Writer) -> None:
    source = stream("h264")
    clip = record(writer, source.info, source.packets, n=3)
    assert clip.path.name == f"1700000000250-4000-2-873-9-{WIDTH}x{HEIGHT}-{VISIT}-3.mp4"
    assert clip == ClipFile(
        camera="door",
        visit_id=VISIT,
        n=3,
        path=clip.path,
        poster=clip.path.with_suffix(".jpg"),
        start_utc=START_UTC,
        duration_s=4.0,
        bytes=clip.path.stat().st_size,
        sha256=sha256_of(clip.path),
        width=WIDTH,
        height=HEIGHT,
        stats=STATS,
    )
    assert sorted(path.suffix for path in clip.path.parent.iterdir()) == [".jpg", ".mp4"]


@pytest.mark.parametrize(("form", "tag"), [("h264", "avc1"), ("hevc", "hvc1"), ("hevc in band", "hvc1")])
def test_index_stands_in_front_and_the_tag_is_one_that_phones_play(form: str, tag: str, writer: Mp4Writer) -> None:
    source = stream(form)
    clip = record(writer, source.info, source.packets)
    data = clip.path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    assert b"moof" not in data
    with av.open(str(clip.path)) as container:
        assert container.streams.video[0].codec_context.codec_tag == tag


def test_equal_packets_give_equal_bytes(tmp_path: Path) -> None:
    source = stream("h264 open")
    first, second = (
        record(Mp4Writer(camera="door", folder=tmp_path / name), source.info, source.packets) for name in "ab"
    )
    assert first.sha256 == second.sha256
    assert first.poster is not None
    assert second.poster is not None
    assert first.poster.read_bytes() == second.poster.read_bytes()


@pytest.mark.parametrize(("trigger_s", "brightness"), [(0.0, 30), (1.25, 30 + 12 * 4), (99.0, 30 + 39 * 4)])
def test_poster_is_the_picture_of_the_trigger(trigger_s: float, brightness: int, writer: Mp4Writer) -> None:
    source = stream("h264")
    begin(writer, source.info, trigger_s=trigger_s)
    for packet in source.packets:
        writer.write(packet)
    poster = writer.close(STATS).poster
    assert poster is not None
    image = cv2.imread(str(poster))
    assert image is not None
    assert image.shape == (HEIGHT, WIDTH, 3)
    darkest = sorted(image[:, :, 1].flatten())[image.shape[0] * image.shape[1] // 3]
    assert darkest == pytest.approx(brightness, abs=3)


def test_poster_that_fails_does_not_fail_the_clip(writer: Mp4Writer, caplog: pytest.LogCaptureFixture) -> None:
    source = stream("h264")
    broken = [replace(packet, data=b"\0\0\0\1\x65") for packet in source.packets]
    clip = record(writer, source.info, broken)
    assert clip.poster is None
    assert len(payloads(clip.path)) == len(broken)
    assert "No poster" in caplog.text


# --- times ----------------------------------------------------------------------------------------------------------


def test_uneven_times_and_the_last_duration_are_kept(writer: Mp4Writer) -> None:
    source = stream("h264 plain")
    ticks = [0, 9000, 9500, 45000, 46000]
    packets = [
        replace(packet, pts=5_000_000 + tick, dts=5_000_000 + tick, duration=0.25)
        for packet, tick in zip(source.packets, ticks, strict=False)
    ]
    clip = record(writer, source.info, packets)
    assert shown_times(clip.path) == pytest.approx([tick / 90_000 for tick in ticks], abs=1e-4)
    assert clip.duration_s == pytest.approx(46_000 / 90_000 + 0.25, abs=1e-3)


@pytest.mark.parametrize("time_base", [(1, 1000), (1, 90_000), (1001, 30_000), (1, 25)])
def test_any_time_base_is_kept(time_base: tuple[int, int], writer: Mp4Writer) -> None:
    source = stream("h264 plain")
    packets = [replace(packet, pts=index, dts=index, duration=0.0) for index, packet in enumerate(source.packets)]
    clip = record(writer, replace(source.info, time_base=time_base), packets)
    tick_s = time_base[0] / time_base[1]
    assert shown_times(clip.path) == pytest.approx([index * tick_s for index in range(len(packets))], abs=1e-5)


def test_times_that_stand_still_or_go_back_lose_no_packet(writer: Mp4Writer) -> None:
    source = stream("h264 plain")
    ticks = [0, 9000, 9000, 8000, 27_000]
    packets = [replace(packet, pts=tick, dts=tick) for packet, tick in zip(source.packets, ticks, strict=False)]
    clip = record(writer, source.info, packets)
    times = shown_times(clip.path)
    assert len(times) == len(packets)
    assert all(before < after for before, after in pairwise(times))


# --- while it is written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["h264 annex b", "hevc"])
def test_each_packet_is_in_a_playable_file_when_write_returns(form: str, writer: Mp4Writer, tmp_path: Path) -> None:
    source = stream(form)
    begin(writer, source.info)
    part = only(tmp_path / "spool", ".part")
    for count, packet in enumerate(source.packets, 1):
        writer.write(packet)
        assert len(scan(part).samples) == count
        assert scan(part).end == part.stat().st_size
    assert len(shown_times(part)) == len(source.packets)
    assert part.name == f"1700000000250-{VISIT}-1.part"


@pytest.mark.parametrize(("every_s", "expected"), [(1.0, 4), (0.35, 10), (100.0, 1)])
def test_the_disk_is_synced_now_and_then(
    every_s: float, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[None] = []
    real = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: synced.append(real(descriptor)))
    now = [0.0]
    writer = Mp4Writer(camera="door", folder=tmp_path, sync_every_s=every_s, now=lambda: now[0])
    source = stream("h264")
    begin(writer, source.info)
    for packet in source.packets:
        writer.write(packet)
        now[0] += 0.1
    assert len(synced) == expected


# --- what is refused ------------------------------------------------------------------------------------------------


def refused(source: Stream, packet: Packet, writer: Mp4Writer) -> str:
    begin(writer, source.info)
    with pytest.raises(RecordError) as caught:
        writer.write(packet)
    return str(caught.value)


def test_clip_begins_with_a_key_frame(writer: Mp4Writer) -> None:
    source = stream("h264")
    assert "key frame" in refused(source, source.packets[1], writer)


def test_stream_without_parameter_sets_is_refused(writer: Mp4Writer) -> None:
    source = stream("h264 in band")
    bare = replace(source.packets[0], data=b"\0\0\0\1\x65\x88\x84")
    assert "parameter sets" in refused(source, bare, writer)


def test_codec_that_mp4_does_not_hold_is_refused(writer: Mp4Writer) -> None:
    source = stream("h264")
    foreign = Stream(replace(source.info, codec="rawvideo"), source.packets)
    assert "does not fit into an MP4 file" in refused(foreign, source.packets[0], writer)


def test_clip_without_a_packet_is_an_error_and_leaves_nothing(writer: Mp4Writer, tmp_path: Path) -> None:
    begin(writer, stream("h264").info)
    with pytest.raises(RecordError, match="holds no picture"):
        writer.close(STATS)
    assert list((tmp_path / "spool").iterdir()) == []


def test_writing_and_closing_want_an_open_clip(writer: Mp4Writer) -> None:
    with pytest.raises(RecordError, match="No clip of door is open"):
        writer.write(stream("h264").packets[0])
    with pytest.raises(RecordError, match="No clip of door is open"):
        writer.close(STATS)


def test_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("no folder")
    writer = Mp4Writer(camera="door", folder=tmp_path / "spool")
    with pytest.raises(RecordError, match=re.escape(str(tmp_path / "spool"))):
        begin(writer, stream("h264").info)


# --- recovery -------------------------------------------------------------------------------------------------------


def crashed(folder: Path, source: Stream, count: int, *, n: int = 1) -> Path:
    """A part as a killed program leaves it."""
    writer = Mp4Writer(camera="door", folder=folder)
    begin(writer, source.info, n=n)
    for packet in source.packets[:count]:
        writer.write(packet)
    return only(folder, f"{VISIT}-{n}.part")


def damage_nothing(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (lambda data: data, 20),  # killed between two packets
        (lambda data: data[:-1], 19),  # the last packet is not whole
        (lambda data: data[:-30] + bytes(30), 20),  # its end was never written: whole by its size
        (lambda data: data + bytes(5000), 20),  # the disk gave zeros
        (lambda data: data + data[-300:], 20),  # something that is no packet
        (lambda data: data[: data.index(b"mdat") + 4], 0),  # not one packet is whole
        (lambda data: data[:100], 0),  # not even the header
        (damage_nothing, 0),  # nothing at all
        (lambda data: bytes(len(data)), 0),  # only zeros
    ],
)
def test_crash_is_salvaged_up_to_the_last_whole_packet(
    damage: Callable[[bytes], bytes], kept: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    source = stream("h264 plain")
    part = crashed(tmp_path, source, 20)
    part.write_bytes(damage(part.read_bytes()))
    clips = Mp4Writer(camera="door", folder=tmp_path).recover(lambda _: STATS)
    assert not part.exists()
    if kept:
        assert len(payloads(clips[0].path)) == kept
        assert clips[0].duration_s == kept / 10
        assert clips[0].stats == STATS
    else:
        assert clips == []
        assert "held no whole picture" in caplog.text
        assert list(tmp_path.iterdir()) == []


def test_recovered_clip_is_the_one_that_close_would_have_made(tmp_path: Path) -> None:
    source = stream("hevc")
    crashed(tmp_path / "crashed", source, 25)
    (recovered,) = Mp4Writer(camera="door", folder=tmp_path / "crashed").recover(lambda _: STATS)
    closed = record(Mp4Writer(camera="door", folder=tmp_path / "closed"), source.info, source.packets[:25])
    assert recovered.sha256 == closed.sha256
    assert recovered.poster is not None
    assert closed.poster is not None
    assert recovered.poster.read_bytes() == closed.poster.read_bytes()


def test_recover_returns_all_finished_clips_and_may_be_repeated(tmp_path: Path) -> None:
    source = stream("h264")
    writer = Mp4Writer(camera="door", folder=tmp_path)
    finished = record(writer, source.info, source.packets)
    crashed(tmp_path, source, 15, n=2)
    first = writer.recover(lambda visit_id: STATS if visit_id == VISIT else VisitStats())
    assert {clip.n for clip in first} == {1, 2}
    assert finished in first
    assert writer.recover(lambda _: VisitStats()) == first


def test_recover_asks_before_it_reads_a_clip(tmp_path: Path) -> None:
    source = stream("h264")
    clip = record(Mp4Writer(camera="door", folder=tmp_path), source.info, source.packets)
    writer = Mp4Writer(camera="door", folder=tmp_path, known_sha256={clip.path: "remembered"}.get)
    assert [found.sha256 for found in writer.recover(lambda _: STATS)] == ["remembered"]


def test_recover_leaves_the_open_clip_and_foreign_files_alone(
    writer: Mp4Writer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = stream("h264")
    begin(writer, source.info)
    writer.write(source.packets[0])
    folder = tmp_path / "spool"
    foreign = [folder / "notes.part", folder / "holiday.mp4", folder / f"{VISIT}.json"]
    for path in foreign:
        path.write_text("not ours")
    assert writer.recover(lambda _: STATS) == []
    assert "notes.part is left alone" in caplog.text
    for packet in source.packets[1:]:
        writer.write(packet)
    assert len(payloads(writer.close(STATS).path)) == len(source.packets)
    assert all(path.read_text() == "not ours" for path in foreign)


def test_crash_after_the_rename_makes_no_second_clip(tmp_path: Path) -> None:
    source = stream("h264")
    part = crashed(tmp_path, source, 20)
    begun = part.read_bytes()
    (clip,) = Mp4Writer(camera="door", folder=tmp_path).recover(lambda _: STATS)
    part.write_bytes(begun)
    part.with_suffix(".remux").write_bytes(b"half")
    again = Mp4Writer(camera="door", folder=tmp_path).recover(lambda _: VisitStats(max_people=9))
    assert again == [clip]
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jpg", ".mp4"]


def test_missing_poster_is_made_again_and_the_same(tmp_path: Path) -> None:
    source = stream("h264")
    writer = Mp4Writer(camera="door", folder=tmp_path)
    poster = record(writer, source.info, source.packets).poster
    assert poster is not None
    before = poster.read_bytes()
    poster.unlink()
    assert [clip.poster for clip in writer.recover(lambda _: STATS)] == [poster]
    assert poster.read_bytes() == before


def test_part_that_cannot_be_finished_now_waits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    part = crashed(tmp_path, stream("h264"), 20)
    data = bytearray(part.read_bytes())
    data[data.index(b"mdia") : data.index(b"mdia") + 4] = b"xxxx"
    part.write_bytes(data)
    assert Mp4Writer(camera="door", folder=tmp_path).recover(lambda _: STATS) == []
    assert part.read_bytes() == data
    assert "waits to be recovered" in caplog.text


def test_clip_that_was_never_closed_stays_for_recovery(writer: Mp4Writer) -> None:
    source = stream("h264")
    begin(writer, source.info)
    writer.write(source.packets[0])
    second = record(writer, source.info, source.packets, n=2)
    assert {clip.n for clip in writer.recover(lambda _: STATS)} == {1, second.n}


def test_damaged_clip_is_returned_without_a_poster(tmp_path: Path) -> None:
    source = stream("h264")
    writer = Mp4Writer(camera="door", folder=tmp_path)
    clip = record(writer, source.info, source.packets)
    assert clip.poster is not None
    clip.poster.unlink()
    clip.path.write_bytes(b"bad sectors")
    (found,) = writer.recover(lambda _: STATS)
    assert (found.poster, found.bytes) == (None, 11)
    assert found.sha256 == sha256_of(clip.path)


def test_name_that_is_taken_keeps_the_part(tmp_path: Path) -> None:
    source = stream("h264")
    writer = Mp4Writer(camera="door", folder=tmp_path)
    name = record(writer, source.info, source.packets).path.name
    blocked = Mp4Writer(camera="door", folder=tmp_path / "blocked")
    begin(blocked, source.info)
    for packet in source.packets:
        blocked.write(packet)
    (tmp_path / "blocked" / name / "inside").mkdir(parents=True)
    with pytest.raises(RecordError, match="Cannot write to"):
        blocked.close(STATS)
    assert len(scan(only(tmp_path / "blocked", ".part")).samples) == len(source.packets)
    (tmp_path / "blocked" / name / "inside").rmdir()
    (tmp_path / "blocked" / name).rmdir()
    assert [clip.path.name for clip in blocked.recover(lambda _: STATS)] == [name]
