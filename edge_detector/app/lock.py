"""One edge a data folder: a lock that the system itself releases when its holder ends, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path

from edge_detector.core.errors import PorchlightError
from edge_detector.files import explain, make_folder

LOCK_NAME = "porchlight.lock"
#: Whoever looks whether the lock is held, holds it for a moment: an edge that starts just then waits this long.
LOOK_S = 2.0

_POLL_S = 0.05
_HELD = (errno.EWOULDBLOCK, errno.EACCES)


class FolderLock:
    """The right to record into a data folder and to deliver from it; at most one process has it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / LOCK_NAME
        self._descriptor: int | None = None

    def take(self, wait_s: float = LOOK_S) -> None:
        """Take the lock; raises PorchlightError when another process keeps it for longer than `wait_s`."""
        deadline = time.monotonic() + wait_s
        while not self.try_take():
            if time.monotonic() > deadline:
                raise PorchlightError(
                    f"Another Porchlight (process {self.holder()}) works on the data folder {self._folder}: stop it, or"
                    " give this one a folder of its own by node.data_dir"
                )
            time.sleep(_POLL_S)

    def try_take(self) -> bool:
        """Take the lock if nobody has it; raises PorchlightError when the folder cannot be written to."""
        try:
            make_folder(self._folder)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise PorchlightError(explain(error, self._path)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _sign(descriptor, self._folder)
        except OSError as error:
            os.close(descriptor)
            if error.errno in _HELD:
                return False
            raise PorchlightError(explain(error, self._path)) from error
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let others have it; nothing happens when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def is_held(self) -> bool:
        """Has another process the lock now?"""
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in _HELD
        finally:
            os.close(descriptor)
        return False

    def holder(self) -> str:
        """The number of the process that took the lock last."""
        with suppress(OSError):
            return self._path.read_text(encoding="ascii").strip() or "unknown"
        return "unknown"


def need_folder(folder: Path) -> None:
    """Raise PorchlightError when an edge cannot work on this data folder now, before anything long is begun."""
    lock = FolderLock(folder)
    lock.take()
    lock.release()


def _sign(descriptor: int, folder: Path) -> None:
    """Leave this process's number for whoever is refused; the folder's owner must be able to do so after root did."""
    owner = folder.stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
