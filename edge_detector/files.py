"""Files that survive a power cut: written whole or not at all, and faults of the disk told in a sentence."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from pathlib import Path

#: What an unfinished `write_atomic` leaves is hidden by the leading dot and ends so.
_UNFINISHED = ".tmp"
#: An unfinished file younger than this may still be being written by another thread.
LEFTOVER_AGE_S = 60.0

_REASONS = {
    errno.ENOSPC: "the disk is full: make room there or choose another folder",
    errno.EDQUOT: "the disk quota is used up: make room there or choose another folder",
    errno.EFBIG: "the file would be larger than is allowed there",
    errno.EROFS: "the disk is read-only: mount it for writing or choose another folder",
    errno.EACCES: "permission is denied: give this program's user the right to write there",
    errno.EPERM: "permission is denied: give this program's user the right to write there",
    errno.EEXIST: "something else is in its place: move it away",
    errno.ENOTDIR: "something else is in the place of a folder: move it away",
    errno.EIO: "the disk reports a fault: check it, an SD card may be worn out",
}


def write_atomic(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Make `path` hold `data`, whole or not at all, also after a power cut; raises OSError.

    `mode` is what everybody may do with it, from its first byte on; as the system has it when None.
    """
    temporary = path.with_name(f".{path.name}{_UNFINISHED}")
    try:
        with temporary.open("wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what a crash left of unfinished writes in `folder`."""
    for path in folder.glob(f".*{_UNFINISHED}"):
        if time.time() - path.stat().st_mtime > LEFTOVER_AGE_S:
            path.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents, so that they are still there after a power cut; raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make new, renamed and removed names in `folder` durable; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file(path: Path) -> None:
    """Make the content of `path` durable; raises OSError."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hex; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def explain(error: OSError, path: Path) -> str:
    """What the disk refused, as a sentence with the remedy and without a full stop."""
    reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
    return f"Cannot write to {path}: {reason}"
