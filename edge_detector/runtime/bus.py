"""Facts from threads to the loop, and to every consumer in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from edge_detector.core.errors import LedgerError
from edge_detector.core.facts import CameraStats, Fact, Health, VisitUpdated
from edge_detector.runtime.supervisor import guarded

_LOG = logging.getLogger(__name__)

Consumer = Callable[[Fact], Awaitable[None]]

#: Facts that wait; far more than a minute of a busy node.
QUEUE_LIMIT = 1000
#: These are told again soon, so one may be missed when the consumers are behind.
_REPEATED = (CameraStats, Health, VisitUpdated)


class FactBus:
    """Hands the facts one after the other to the consumers, each fact to all of them in the order of subscription.

    So the first consumer (the events' journal) has kept a fact before the second one (the visits' journal) marks it
    as done, and a crash between them repeats an event rather than losing it.
    """

    def __init__(self) -> None:
        """Bind to the running loop."""
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[tuple[Fact, asyncio.Future[None] | None]] = asyncio.Queue()
        self._consumers: list[tuple[str, Consumer]] = []
        self._task = asyncio.create_task(self._run(), name="facts")
        #: Repeated facts that were left out because the consumers were behind.
        self.dropped = 0

    def subscribe(self, name: str, consumer: Consumer) -> None:
        """Add a consumer behind those there are; `name` stands in the log when it fails."""
        self._consumers.append((name, consumer))

    def post(self, fact: Fact) -> None:
        """Tell a fact from any thread; never blocks. After the loop's end it is ignored."""
        try:
            self._loop.call_soon_threadsafe(self._put, fact)
        except RuntimeError:
            _LOG.debug("%s came after the end", type(fact).__name__)

    async def tell(self, fact: Fact) -> None:
        """Tell a fact from the loop and wait until every consumer has dealt with it.

        Raises LedgerError when one of them could not keep it; to tell it again does no harm.
        """
        done: asyncio.Future[None] = self._loop.create_future()
        self._queue.put_nowait((fact, done))
        await done

    async def settled(self) -> None:
        """Wait until all that was told has been dealt with."""
        await asyncio.sleep(0)
        await self._queue.join()

    async def stop(self) -> None:
        """Deal with what was told, then end."""
        await self.settled()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _put(self, fact: Fact) -> None:
        if self._queue.qsize() >= QUEUE_LIMIT and isinstance(fact, _REPEATED):
            self.dropped += 1
            return
        self._queue.put_nowait((fact, None))

    async def _run(self) -> None:
        while True:
            fact, done = await self._queue.get()
            refused: list[LedgerError] = []
            for name, consumer in self._consumers:
                await guarded(name, _noting(consumer(fact), refused))
            if done is not None and not done.done():
                if refused:
                    done.set_exception(refused[0])
                else:
                    done.set_result(None)
            self._queue.task_done()


async def _noting(call: Awaitable[None], refused: list[LedgerError]) -> None:
    try:
        await call
    except LedgerError as error:
        refused.append(error)
        raise
