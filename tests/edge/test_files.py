import errno
import hashlib
import os
from pathlib import Path

import pytest

from edge_detector import files


def test_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.jpg"
    files.write_atomic(path, b"first")
    files.write_atomic(path, b"second")
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_secrets_can_be_read_by_nobody_else_from_the_first_byte_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[int] = []
    sync = os.fsync

    def spy(descriptor: int) -> None:
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    (tmp_path / ".key.tmp").write_bytes(b"what a crash left")
    files.write_atomic(tmp_path / "key", b"secret", mode=0o600)
    assert modes[0] == 0o600
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.jpg"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError, match=r"directory|not empty"):
        files.write_atomic(path, b"data")
    assert list(tmp_path.iterdir()) == [path]
    assert (path / "inside").exists()


def test_old_leftovers_are_removed_and_young_ones_stay(tmp_path: Path) -> None:
    old, young, foreign = tmp_path / ".a.jpg.tmp", tmp_path / ".b.jpg.tmp", tmp_path / "c.tmp"
    for path in (old, young, foreign):
        path.write_bytes(b"half")
    for path in (old, foreign):
        os.utime(path, (0, 0))
    files.remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == [young, foreign]


def test_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    files.make_folder(tmp_path / "a" / "b" / "c")
    files.make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_checksum_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"evidence")
    files.sync_file(path)
    assert files.sha256_of(path) == hashlib.sha256(b"evidence").hexdigest()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, "Cannot write to /data: the disk is full: make room there or choose another folder"),
        (errno.EROFS, "Cannot write to /data: the disk is read-only: mount it for writing or choose another folder"),
        (errno.ENXIO, "Cannot write to /data: no such device or address"),  # not one whose remedy is known
    ],
)
def test_fault_is_told_with_its_remedy(number: int, expected: str) -> None:
    assert files.explain(OSError(number, os.strerror(number)), Path("/data")) == expected


def test_fault_without_a_number_is_told_as_it_is() -> None:
    assert files.explain(OSError("odd"), Path("/data")) == "Cannot write to /data: odd"
