"""The recorder killed at random moments, and the disk full at every one."""

import errno
import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from edge_detector.core.errors import RecordError
from edge_detector.core.naming import ulid
from edge_detector.core.types import VisitStats
from edge_detector.recorder.writer import Mp4Writer
from tests.edge.recorder.streams import Stream, bigger, payloads, shown_times, stream
from tests.paths import ROOT

VISIT = ulid(1_700_000_000_000, 7)
KILLS = 15
#: Long enough for a few clips: writing, closing, poster.
LONGEST_RUN_S = 0.3


class Victim:
    """The recording program, to be killed again and again."""

    def __init__(self, folder: Path, source: Stream) -> None:
        pickled = folder.with_suffix(".pickle")
        pickled.write_bytes(pickle.dumps(source))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.edge.recorder.crashing", str(pickled), str(folder), VISIT],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run_and_kill(self, *, n: int, after_s: float) -> dict[int, int]:
        """Let it record from clip `n` on and kill it; how many packets of each clip were surely written."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{n}\n")
        self._process.stdin.flush()
        ready, pid = self._process.stdout.readline().split()
        assert ready == "ready"
        time.sleep(after_s)
        os.kill(int(pid), signal.SIGKILL)
        written = {}
        while (line := self._process.stdout.readline()) != "dead\n":
            _, clip, packets = line.split()
            written[int(clip)] = int(packets)
        return written

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def test_kill_at_any_moment_loses_no_packet_whose_write_returned(tmp_path: Path) -> None:
    chance = random.Random(5)
    source = stream("h264 open")
    folder = tmp_path / "spool"
    written: dict[int, int] = {}
    with Victim(folder, source) as victim:
        for kill in range(KILLS):
            # Numbers of its own, for a clip may have been begun whose first packet nobody heard of.
            written |= victim.run_and_kill(n=1 + 1000 * kill, after_s=chance.uniform(0, LONGEST_RUN_S))
    clips = Mp4Writer(camera="door", folder=folder).recover(lambda _: VisitStats())
    found = {clip.n: clip for clip in clips}
    assert len(clips) == len(found), "a clip came back twice"
    assert set(written) <= set(found)
    assert any(written[n] < max(written.values()) for n in written), "no kill hit a clip that was being written"
    sent = [packet.data for packet in source.packets]
    for n, clip in found.items():
        data = payloads(clip.path)
        assert data == sent[: len(data)]
        assert len(data) >= written.get(n, 1)
        assert shown_times(clip.path)[0] == 0.0
    assert {path.suffix for path in folder.iterdir()} == {".mp4", ".jpg"}


# --- full disks -----------------------------------------------------------------------------------------------------


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: as good as a full disk, and needs no rights."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB; mounting one needs rights that not everybody has."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no right to mount a small disk: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def write_until_refused(writer: Mp4Writer, *, size: int) -> tuple[int, str]:
    """Write packets of `size` bytes for ever; how many were taken, and the sentence that ended it."""
    source = stream("h264 plain")
    writer.open(stream=source.info, visit_id=VISIT, n=1, start_utc=1_700_000_000.0, trigger_s=1.0)
    for count in range(100_000):
        try:
            writer.write(bigger(source.packets[count % len(source.packets)], size))
        except RecordError as error:
            return count, str(error)
    raise AssertionError("the disk never filled")


def test_full_disk_keeps_what_was_written_as_it_is(small_disk: Path) -> None:
    writer = Mp4Writer(camera="door", folder=small_disk)
    count, sentence = write_until_refused(writer, size=100_000)
    assert count > 30
    assert "the disk is full: make room" in sentence
    clip = writer.close(VisitStats())
    assert len(payloads(clip.path)) == count
    assert clip.path.read_bytes().count(b"moof") == count
    assert Mp4Writer(camera="door", folder=small_disk).recover(lambda _: VisitStats()) == [clip]


def test_disk_too_full_for_a_second_copy_makes_a_clip_that_plays(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (small_disk / "filler").write_bytes(bytes(3 << 20))
    source = stream("h264 open")
    writer = Mp4Writer(camera="door", folder=small_disk)
    writer.open(stream=source.info, visit_id=VISIT, n=1, start_utc=1_700_000_000.0, trigger_s=1.0)
    for packet in source.packets:
        writer.write(packet)
    clip = writer.close(VisitStats())
    assert len(shown_times(clip.path)) == len(source.packets)
    assert clip.poster is not None
    assert "stays fragmented" in caplog.text


def test_disk_without_room_for_a_name_says_so(small_disk: Path) -> None:
    with pytest.raises(OSError, match=str(errno.ENOSPC)):
        (small_disk / "filler").write_bytes(bytes(5 << 20))
    writer = Mp4Writer(camera="door", folder=small_disk)
    source = stream("h264")
    writer.open(stream=source.info, visit_id=VISIT, n=1, start_utc=1_700_000_000.0, trigger_s=1.0)
    with pytest.raises(RecordError, match="the disk is full"):
        writer.write(source.packets[0])
    with pytest.raises(RecordError, match="holds no picture"):
        writer.close(VisitStats())


def test_packet_that_fits_only_in_part_is_taken_back(tmp_path: Path) -> None:
    writer = Mp4Writer(camera="door", folder=tmp_path)
    with largest_file(50_000):
        count, sentence = write_until_refused(writer, size=7000)
    assert count == 6
    assert "larger than is allowed" in sentence
    clip = writer.close(VisitStats())
    assert len(payloads(clip.path)) == count


def test_copy_that_fails_half_way_leaves_the_fragmented_clip(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = stream("h264")
    writer = Mp4Writer(camera="door", folder=tmp_path)
    writer.open(stream=source.info, visit_id=VISIT, n=1, start_utc=1_700_000_000.0, trigger_s=1.0)
    for packet in source.packets:
        writer.write(packet)
    with largest_file(1500):
        clip = writer.close(VisitStats())
    assert len(payloads(clip.path)) == len(source.packets)
    assert "stays fragmented" in caplog.text
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jpg", ".mp4"]
