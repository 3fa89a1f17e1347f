"""The archive as a folder: a second disk, a USB stick or a network mount."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from urllib.parse import quote

from edge_detector.core.errors import FileRefusedError, PermanentStoreError, RetryableStoreError, StoreError
from edge_detector.core.evidence import Item, ItemKind, Stored
from edge_detector.core.naming import partial_key, whole_key
from edge_detector.files import explain, make_folder, sha256_of, sync_folder
from edge_detector.ports import Pace

_CHUNK_BYTES = 1 << 18
_CHECK_NAME = ".porchlight-check"
_CHECK_CONTENT = b"Porchlight writes this to see whether it can, and removes it.\n"
_GIB = 1 << 30

#: Somebody has to mend these; all else (full, unmounted, stale) may be better at the next try.
_PERMANENT = frozenset(
    {
        errno.EACCES,
        errno.EEXIST,
        errno.EINVAL,
        errno.EISDIR,
        errno.ENAMETOOLONG,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)


class FolderStore:
    """An ObjectStore in a folder. No metadata of its own: the visit document beside the clip holds the facts."""

    def __init__(self, root: Path, *, pace: Pace | None = None) -> None:
        """`pace` is asked before each piece of a file, for a folder may be mounted over a slow line."""
        self._root = root.absolute()
        self._pace = pace or _at_once

    def put(self, item: Item) -> Stored:
        """Copy the file to its key, durable and with its checksum read back; the same again changes nothing.

        Raises RetryableStoreError or PermanentStoreError.
        """
        target = self._target(item.key)
        try:
            if not _holds(target, item):
                _copy(item, target, self._pace)
            self._remove_partial(item)
        except OSError as error:
            raise _store_error(error, target) from error
        return self.address(item.key)

    def address(self, key: str) -> Stored:
        """Where an object lies."""
        uri = self.uri(key)
        return Stored(uri=uri, url=uri)

    def check(self) -> str:
        """Write, read and remove a small file; a sentence on what was found, or StoreError with the remedy."""
        path = self._root / _CHECK_NAME
        try:
            make_folder(self._root)
            path.write_bytes(_CHECK_CONTENT)
            read = path.read_bytes()
            path.unlink()
            free = shutil.disk_usage(self._root).free
        except OSError as error:
            raise _store_error(error, path) from error
        if read != _CHECK_CONTENT:
            raise PermanentStoreError(f"{self._root} does not give back what was written: check the disk")
        return f"The folder {self._root} takes files, {free / _GIB:.1f} GiB free"

    def locate(self, key: str) -> Path | None:
        """The file of an object; None when there is none."""
        try:
            target = self._target(key)
        except PermanentStoreError:
            return None
        return target if target.is_file() else None

    def uri(self, key: str) -> str:
        """Where the object of a key lies."""
        return f"file://{quote(str(self._target(key)), safe='/=')}"

    def _remove_partial(self, item: Item) -> None:
        """An early copy goes when the whole clip is there, whichever of the two came last."""
        if item.kind is ItemKind.CLIP:
            self._target(partial_key(item.key)).unlink(missing_ok=True)
        elif item.kind is ItemKind.PARTIAL and self._target(whole_key(item.key)).exists():
            self._target(item.key).unlink(missing_ok=True)

    def _target(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        if not parts or key.startswith("/") or ".." in parts:
            raise FileRefusedError(f"The key {key!r} leads out of the archive")
        return self._root.joinpath(*parts)


def _at_once(_: Item, __: int) -> None:
    """A local disk needs no pace."""


def _holds(target: Path, item: Item) -> bool:
    return target.is_file() and target.stat().st_size == item.bytes and sha256_of(target) == item.sha256


def _copy(item: Item, target: Path, pace: Pace) -> None:
    try:
        source = item.path.open("rb")
    except OSError as error:
        raise FileRefusedError(f"{item.path} cannot be read: {error.strerror}") from error
    temporary = target.with_name(f".{target.name}.tmp")
    with source:
        make_folder(target.parent)
        try:
            read, written = _write(source, temporary, partial(pace, item))
            _compare(item, read, written)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    sync_folder(target.parent)


def _write(source: BinaryIO, target: Path, pace: Callable[[int], None]) -> tuple[str, str]:
    """Copy, make durable, and read back from the disk itself; the checksums of what was read and of what is there."""
    digest = hashlib.sha256()
    with target.open("wb+") as file:
        while chunk := source.read(_CHUNK_BYTES):
            pace(len(chunk))
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return digest.hexdigest(), sha256_of(target)


def _compare(item: Item, read: str, written: str) -> None:
    if read != item.sha256:
        raise FileRefusedError(f"{item.path} is no longer what was recorded: its checksum has changed")
    if written != item.sha256:
        raise RetryableStoreError(f"{item.key} was damaged on its way to the disk: check the disk")


def _store_error(error: OSError, path: Path) -> StoreError:
    kind = PermanentStoreError if error.errno in _PERMANENT else RetryableStoreError
    return kind(explain(error, path))
