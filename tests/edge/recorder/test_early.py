"""Copies of a clip that is being written: whole packets, playable at any moment, at no cost to the writer."""

import threading
import time
from pathlib import Path

import pytest

from edge_detector.core.naming import ulid
from edge_detector.core.types import VisitStats
from edge_detector.files import sha256_of
from edge_detector.recorder.early import copy_whole
from edge_detector.recorder.writer import Mp4Writer
from tests.edge.recorder.streams import FORMS, payloads, shown_times, stream

VISIT = ulid(1_700_000_000_000, 7)


@pytest.fixture
def writer(tmp_path: Path) -> Mp4Writer:
    return Mp4Writer(camera="door", folder=tmp_path)


def begin(writer: Mp4Writer, form: str) -> None:
    writer.open(stream=stream(form).info, visit_id=VISIT, n=1, start_utc=1_700_000_000.0, trigger_s=1.0)


def part(folder: Path) -> Path:
    (path,) = folder.glob("*.part")
    return path


@pytest.mark.parametrize("form", FORMS)
def test_copy_plays_whenever_it_is_made(form: str, tmp_path: Path, writer: Mp4Writer) -> None:
    begin(writer, form)
    target = tmp_path / "copy.partial"
    for count, packet in enumerate(stream(form).packets, 1):
        writer.write(packet)
        if count % 7 == 1:
            assert copy_whole(part(tmp_path), target) == sha256_of(target)
            assert len(payloads(target)) == count
            assert len(shown_times(target)) == count
    writer.close(VisitStats())


def test_damaged_end_is_left_out(tmp_path: Path, writer: Mp4Writer) -> None:
    begin(writer, "h264")
    for packet in stream("h264").packets[:10]:
        writer.write(packet)
    path = part(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    target = tmp_path / "copy.partial"
    assert copy_whole(path, target) is not None
    assert len(shown_times(target)) == 9


@pytest.mark.parametrize("there", [True, False])  # no packet yet; or the clip was finished just then
def test_nothing_to_copy(tmp_path: Path, *, there: bool) -> None:
    path = tmp_path / "clip.part"
    if there:
        path.touch()
    assert copy_whole(path, tmp_path / "copy.partial") is None
    assert not (tmp_path / "copy.partial").exists()


def test_disk_that_refuses_is_told(tmp_path: Path, writer: Mp4Writer) -> None:
    begin(writer, "h264")
    writer.write(stream("h264").packets[0])
    with pytest.raises(OSError, match="Is a directory"):
        copy_whole(part(tmp_path), tmp_path)


def test_copies_beside_a_writer_disturb_neither(tmp_path: Path, writer: Mp4Writer) -> None:
    packets = stream("h264", 55).packets
    begin(writer, "h264")
    writer.write(packets[0])
    path, done = part(tmp_path), threading.Event()
    copies: list[Path] = []

    def copy() -> None:
        while not done.is_set():
            target = tmp_path / f"{len(copies)}.partial"
            assert copy_whole(path, target) == sha256_of(target)
            copies.append(target)

    thread = threading.Thread(target=copy)
    thread.start()
    for packet in packets[1:]:
        writer.write(packet)
        time.sleep(0.001)
    done.set()
    thread.join()
    clip = writer.close(VisitStats())
    whole = payloads(clip.path)
    assert len(whole) == len(packets)
    assert len(copies) > 3
    for target in copies:
        found = payloads(target)
        assert found == whole[: len(found)]
