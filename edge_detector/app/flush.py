"""Delivers what waits, at once: here when no edge runs, else by watching the running one do it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_detector.app import parts
from edge_detector.app.outbox import OPEN, WAITING, Outbox, write_as_before
from edge_detector.core.evidence import Item, ItemState
from edge_detector.core.facts import ClipLost, Fact
from edge_detector.core.retry import RetryPolicy
from edge_detector.mqtt.events import event_of
from edge_detector.runtime.delivery import Delivery
from edge_detector.runtime.papers import correct

POLL_S = 0.2
#: When nothing is under way and nothing has changed for so long, what is left waits for something else than time.
STALL_S = 5.0
#: An archive that refused so many files and took none will not take the next one either.
MAX_REFUSALS = 3
#: Somebody looks on: the next file is tried soon after one that was refused, and none twice.
PATIENCE = RetryPolicy(base_s=0.5, patient_attempts=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a flush is."""

    files: int
    bytes: int
    done_files: int = 0
    done_bytes: int = 0
    #: Files that the archive refused, and what it said last.
    refused: int = 0
    last_error: str | None = None
    #: An edge that is running does the work.
    by_edge: bool = False
    #: Files that were not tried: they wait for the end of their visit, or their camera keeps its files back.
    untried: int = 0


Show = Callable[[Progress], None]


async def flush(outbox: Outbox, show: Show, *, stall_s: float = STALL_S) -> Progress:
    """Try every waiting file once; `show` is called several times a second. What came out of it."""
    with outbox.alone() as alone:
        outbox.desk.hasten(now_utc=outbox.utc())
        watch = _Watch(outbox, by_edge=not alone)
        if not alone:
            return await _watched(watch, show, stall_s)
        delivery = _delivery(outbox)
        work = asyncio.create_task(delivery.run(), name="delivery")
        try:
            return await _watched(watch, show, stall_s, work)
        finally:
            delivery.stop()
            await work


async def _watched(watch: _Watch, show: Show, stall_s: float, work: asyncio.Task[None] | None = None) -> Progress:
    """Look until there is nothing more to see."""
    loop = asyncio.get_running_loop()
    seen, seen_at = watch.look(), loop.time()
    while not watch.over and loop.time() - seen_at < stall_s:
        show(seen)
        if work is None:
            await asyncio.sleep(POLL_S)
        else:
            await asyncio.wait({work}, timeout=POLL_S)
        now = watch.look()
        if now != seen or watch.busy:
            seen, seen_at = now, loop.time()
    show(seen)
    return seen


class _Watch:
    """Looks how far the files are that waited at the beginning."""

    def __init__(self, outbox: Outbox, *, by_edge: bool) -> None:
        self._outbox = outbox
        self._by_edge = by_edge
        self._files = {item.key: item for item in outbox.find(states=WAITING)}
        #: Something is under way.
        self.busy = False
        #: There is nothing to wait for.
        self.over = False

    def look(self) -> Progress:
        """How far they are now."""
        left = self._left()
        refused = [item for key, item in left.items() if self._was_refused(self._files[key], item)]
        done = [item for key, item in self._files.items() if key not in left]
        self.busy = any(item.state is ItemState.UPLOADING for item in left.values())
        hopeless = not done and len(refused) >= MAX_REFUSALS
        deserted = self._by_edge and not self._outbox.lock.is_held()
        self.over = len(refused) == len(left) or hopeless or deserted
        return Progress(
            files=len(self._files),
            bytes=sum(item.bytes for item in self._files.values()),
            done_files=len(done),
            done_bytes=sum(item.bytes for item in done),
            refused=len(refused),
            last_error=next((item.last_error for item in reversed(refused)), None),
            by_edge=self._by_edge,
            untried=len(left) - len(refused),
        )

    def _left(self) -> Mapping[str, Item]:
        found = self._outbox.find(states=OPEN)
        return {item.key: item for item in found if item.key in self._files}

    def _was_refused(self, before: Item, now: Item) -> bool:
        return now.state is ItemState.FAILED or (now.state is ItemState.SAVED and now.attempts > before.attempts)


def _delivery(outbox: Outbox) -> Delivery:
    """Brings files to the archive as a running edge does, but for the broker: events wait for the next run."""
    config = outbox.config

    async def tell(fact: Fact) -> None:
        if isinstance(fact, ClipLost):
            await asyncio.to_thread(correct, outbox.ledger, write_as_before, fact.visit_id, lost=fact.n)
        event = event_of(fact)
        if event is not None:
            await asyncio.to_thread(outbox.journal.append_event, event.stored())

    def held() -> list[str]:
        kept = {name: outbox.journal.settings(name) or config.settings(name) for name in config.cameras}
        return [name for name, settings in kept.items() if not settings.upload]

    return Delivery(
        ledger=outbox.ledger,
        upkeep=outbox.upkeep,
        store=parts.open_store(config, parts.data_dir(config)),
        clock=outbox.clock,
        tell=tell,
        held=held,
        retry=PATIENCE,
        random01=random.SystemRandom().random,
        parallel=config.archive.parallel,
    )
