"""Events from the journal to the broker: one at a time, in order, each acknowledged before the next."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from edge_detector.core.errors import LedgerError
from edge_detector.core.evidence import StoredEvent
from edge_detector.ports import Journal

_LOG = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

#: A broker that has not acknowledged an event after this time is sent it again, under the same id.
ACK_S = 10.0
#: Before the next try after the connection or the journal failed.
RETRY_S = 1.0
#: What another process appended (`porchlight outbox forget`) is seen within this.
LOOK_S = 5.0
#: Events kept in memory alone while the disk takes none; the oldest go.
MOST_UNKEPT = 1000
#: Events read from the journal at once.
BATCH = 50


class JournalThread:
    """Calls that may wait for the disk, in order, on one thread."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mqtt journal")

    async def run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call it there and wait here."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(call, *args, **kwargs))

    def stop(self) -> None:
        """Finish what was begun; later calls raise RuntimeError."""
        self._executor.shutdown()


class EventQueue:
    """Keeps events until the broker has them; all methods belong to the loop."""

    def __init__(
        self,
        *,
        journal: Journal,
        thread: JournalThread,
        send: Callable[[StoredEvent], int | None],
        ack_s: float = ACK_S,
        look_s: float = LOOK_S,
    ) -> None:
        """`send` publishes and returns the message's number."""
        self._journal = journal
        self._thread = thread
        self._send = send
        self._ack_s = ack_s
        self._look_s = look_s
        self._open = asyncio.Event()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._appending = 0
        self._under_way: tuple[int, asyncio.Future[bool]] | None = None
        #: What the disk refused, by id.
        self._unkept: dict[str, StoredEvent] = {}

    async def append(self, event: StoredEvent) -> None:
        """Keep an event; it is on the disk when this returns.

        Raises LedgerError when the disk refuses; it is asked again with each event and before each look at the journal.
        """
        self._idle.clear()
        self._appending += 1
        self._unkept[event.id] = event
        try:
            await self._keep_waiting()
        finally:
            self._appending -= 1
            self._wake.set()

    def open(self) -> None:
        """The broker listens: send what waits."""
        self._open.set()

    def close(self) -> None:
        """The broker is away: keep everything."""
        self._open.clear()
        self._settle(acknowledged=False)

    def acked(self, mid: int) -> None:
        """The broker acknowledged a message, maybe one of ours."""
        if self._under_way and self._under_way[0] == mid:
            self._settle(acknowledged=True)

    async def drain(self, limit_s: float) -> None:
        """Wait until nothing waits, `limit_s` at most; not at all while the broker is away."""
        if self._open.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._idle.wait()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._open.wait()
            try:
                sent = await self._send_waiting()
            except LedgerError as error:
                _LOG.warning("Events cannot be sent: %s", error)
                sent = False
            if not sent:
                await asyncio.sleep(RETRY_S)

    async def _send_waiting(self) -> bool:
        """Send one batch, or wait for something to send; False when the broker did not take an event."""
        self._wake.clear()
        await self._keep_waiting()
        events = await self._thread.run(self._journal.next_events, BATCH)
        if not events:
            if not self._appending:
                self._idle.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._wake.wait()
        for event in events:
            if not await self._acknowledged(event):
                return False
            await self._thread.run(self._journal.ack_event, event.id)
        return True

    async def _keep_waiting(self) -> None:
        """Append what the disk refused before, in order."""
        while self._unkept:
            event = next(iter(self._unkept.values()))
            try:
                await self._thread.run(self._journal.append_event, event)
            except LedgerError:
                if len(self._unkept) > MOST_UNKEPT:
                    _LOG.warning("Event %s is forgotten: too many wait for room on the disk", event.id)
                    self._unkept.pop(event.id, None)
                raise
            self._unkept.pop(event.id, None)

    async def _acknowledged(self, event: StoredEvent) -> bool:
        """Publish one event and wait for the broker's word."""
        mid = self._send(event) if self._open.is_set() else None
        if mid is None:
            return False
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._under_way = (mid, future)
        try:
            async with asyncio.timeout(self._ack_s):
                return await future
        except TimeoutError:
            _LOG.warning("The MQTT broker has not acknowledged event %s, it is sent again", event.id)
            return False
        finally:
            self._under_way = None

    def _settle(self, *, acknowledged: bool) -> None:
        if self._under_way and not self._under_way[1].done():
            self._under_way[1].set_result(acknowledged)
