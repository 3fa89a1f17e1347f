"""When a message goes out: at once, but not too often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Throttle(Generic[T]):
    """Calls `send` with the newest value: at once after a pause, else when the interval is over; on the loop only."""

    def __init__(self, send: Callable[[T], None], interval_s: float) -> None:
        """Bind to the running loop."""
        self._send = send
        self._interval_s = interval_s
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._next = self._loop.time()

    def offer(self, value: T, *, urgent: bool = False) -> None:
        """Send `value` now or at the interval's end, unless a newer one comes; `urgent` sends it now in any case."""
        self.cancel()
        if urgent or self._loop.time() >= self._next:
            self._flush(value)
        else:
            self._timer = self._loop.call_at(self._next, self._flush, value)

    def cancel(self) -> None:
        """Forget what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self, value: T) -> None:
        self._timer = None
        self._next = self._loop.time() + self._interval_s
        self._send(value)
