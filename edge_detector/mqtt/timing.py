"""When a message goes out: not too often, and a picture before the event that it belongs to."""

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


class PictureFirst:
    """Holds an event back until its visit's picture is out, for `limit_s` after `expect` at most; on the loop only."""

    def __init__(self, limit_s: float) -> None:
        """Bind to the running loop."""
        self._limit_s = limit_s
        self._loop = asyncio.get_running_loop()
        #: By event: its visit, and when it goes out anyhow.
        self._expected: dict[str, tuple[str, float]] = {}
        #: By visit: whether its picture is out.
        self._out: dict[str, asyncio.Event] = {}

    def expect(self, event_id: str, visit_id: str) -> None:
        """The visit's first picture belongs before this event."""
        self._expected[event_id] = (visit_id, self._loop.time() + self._limit_s)
        self._out[visit_id] = asyncio.Event()

    def pictured(self, visit_id: str) -> None:
        """A picture of this visit is out."""
        if visit_id in self._out:
            self._out[visit_id].set()

    async def wait(self, event_id: str) -> None:
        """Return when the event may go: at once for one that nothing is expected before."""
        if event_id not in self._expected:
            return
        visit_id, deadline = self._expected.pop(event_id)
        try:
            async with asyncio.timeout_at(deadline):
                await self._out[visit_id].wait()
        except TimeoutError:
            pass
        finally:
            del self._out[visit_id]
