"""Slows uploads down to a bandwidth that they share, and ends them when the program does."""

from __future__ import annotations

import threading

from edge_detector.core.bandwidth import TokenBucket
from edge_detector.core.errors import RetryableStoreError
from edge_detector.core.evidence import Item, ItemKind
from edge_detector.ports import Clock

#: The lowest limit; no store waits much longer for the next piece, whatever snapshots have gone before it.
SLOWEST_BYTES_PER_S = 1_000.0


class Throttle:
    """A Pace for all uploads together; called from their threads.

    Snapshots do not wait: the alert's picture is small, and what comes after pays for it.
    """

    def __init__(self, clock: Clock, *, bytes_per_s: float | None, stopped: threading.Event | None = None) -> None:
        """None: as fast as the line goes. `stopped` is waited for between pieces, and set by `stop`."""
        self._clock = clock
        self._bucket = TokenBucket(bytes_per_s) if bytes_per_s is not None else None
        self._lock = threading.Lock()
        self._stopped = stopped or threading.Event()

    def __call__(self, item: Item, size: int) -> None:
        """Return when `size` more bytes of a file may go; raises RetryableStoreError after `stop`."""
        wait_s = self._wait_s(size)
        if self._stopped.wait(0.0 if item.kind is ItemKind.SNAPSHOT else wait_s):
            raise RetryableStoreError("Porchlight ended before the file was delivered")

    def stop(self) -> None:
        """Let nothing more go."""
        self._stopped.set()

    def _wait_s(self, size: int) -> float:
        if self._bucket is None:
            return 0.0
        with self._lock:
            wait_s = self._bucket.take(size, self._clock.now())
        return min(wait_s, size / SLOWEST_BYTES_PER_S)
