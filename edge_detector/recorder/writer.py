"""Writes one camera's clips to disk, packet by packet, so that a crash leaves what was written."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from edge_detector.core.errors import RecordError
from edge_detector.core.evidence import ClipFile
from edge_detector.core.naming import part_name
from edge_detector.core.types import Packet, StreamInfo, VisitStats
from edge_detector.files import explain, make_folder, remove_leftovers, sync_folder
from edge_detector.recorder.finish import comment_of, finish, finished_clips, parts
from edge_detector.recorder.muxer import FragmentMuxer

_LOG = logging.getLogger(__name__)

#: How much a power cut may take; more often wears out an SD card, and each sync holds the recorder up.
SYNC_EVERY_S = 1.0


class Mp4Writer:
    """A ClipWriter for one camera: MP4 files of the camera's own packets in one folder."""

    def __init__(
        self,
        *,
        camera: str,
        folder: Path,
        sync_every_s: float = SYNC_EVERY_S,
        known_sha256: Callable[[Path], str | None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`known_sha256` saves `recover` from reading clips whose checksum somebody remembers."""
        self._camera = camera
        self._folder = folder
        self._sync_every_s = sync_every_s
        self._known_sha256 = known_sha256
        self._now = now
        self._file: _PartFile | None = None

    def open(self, *, stream: StreamInfo, visit_id: str, n: int, start_utc: float, trigger_s: float) -> None:
        """Begin a clip; `trigger_s` is the moment that started it, in seconds from its first packet.

        Raises RecordError when the disk refuses. A clip that was not closed stays for `recover`.
        """
        self._let_go()
        path = self._folder / part_name(start_ms=round(start_utc * 1000), visit_id=visit_id, n=n)
        muxer = FragmentMuxer(stream, comment=comment_of(trigger_s))
        try:
            make_folder(self._folder)
            self._file = _PartFile(path, muxer=muxer, sync_every_s=self._sync_every_s, now=self._now)
        except OSError as error:
            raise RecordError(explain(error, path)) from error

    def write(self, packet: Packet) -> None:
        """Append one packet, the first a key frame; the kernel has it when this returns.

        A picture that is shown before the first one is left out: it refers to one before the clip. Raises RecordError
        when the disk refuses; the packets before stay.
        """
        file = self._current()
        try:
            file.add(packet)
        except OSError as error:
            raise RecordError(explain(error, file.path)) from error

    def close(self, stats: VisitStats) -> ClipFile:
        """Finish the clip, make it seekable, name it, make its poster; raises RecordError, keeping what is there."""
        path = self._current().path
        self._let_go()
        clip = finish(path, camera=self._camera, stats=stats)
        if clip is None:
            raise RecordError(f"The clip {path.stem} holds no picture")
        return clip

    def recover(self, stats_of: Callable[[str], VisitStats]) -> Sequence[ClipFile]:
        """Finish what a crash left, and return every finished clip that lies in the folder.

        A clip that cannot be finished now is logged and stays for the next time.
        """
        remove_leftovers(self._folder)
        for path, name in parts(self._folder):
            if self._file is not None and path == self._file.path:
                continue
            try:
                finish(path, camera=self._camera, stats=stats_of(name.visit_id))
            except RecordError as error:
                _LOG.warning("%s waits to be recovered: %s", path.name, error)
        return finished_clips(self._folder, camera=self._camera, known_sha256=self._known_sha256)

    def _current(self) -> _PartFile:
        if self._file is None:
            raise RecordError(f"No clip of {self._camera} is open")
        return self._file

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class _PartFile:
    """A clip's file while it is being written: whole packets only, synced now and then."""

    def __init__(self, path: Path, *, muxer: FragmentMuxer, sync_every_s: float, now: Callable[[], float]) -> None:
        self.path = path
        self._muxer = muxer
        self._sync_every_s = sync_every_s
        self._now = now
        self._synced_t: float | None = None
        self._end = 0
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        sync_folder(path.parent)

    def add(self, packet: Packet) -> None:
        data = self._muxer.add(packet)
        try:
            _write_all(self._descriptor, data)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise
        self._end += len(data)
        if self._synced_t is None or self._now() - self._synced_t >= self._sync_every_s:
            os.fdatasync(self._descriptor)
            self._synced_t = self._now()

    def close(self) -> None:
        os.close(self._descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
