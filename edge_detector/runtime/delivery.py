"""Brings files from the ledger to the archive: a put, its fact, then the ledger, then the local file goes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from edge_detector.core.documents import clip_of
from edge_detector.core.errors import StoreError
from edge_detector.core.evidence import Item, ItemKind, ItemState, Stored
from edge_detector.core.facts import FileStored
from edge_detector.core.retry import GiveUp, RetryPolicy, decide
from edge_detector.ports import Clock, Ledger, ObjectStore

_LOG = logging.getLogger(__name__)

#: How long delivery sleeps when nothing is due and nobody wakes it.
IDLE_S = 1.0


class Delivery:
    """Claims due files, at most `parallel` at a time, and settles each."""

    def __init__(  # noqa: PLR0913 - the parts of the pipeline, by name
        self,
        *,
        ledger: Ledger,
        store: ObjectStore,
        clock: Clock,
        tell: Callable[[FileStored], Awaitable[None]],
        held: Callable[[], Sequence[str]],
        retry: RetryPolicy,
        random01: Callable[[], float],
        parallel: int = 2,
    ) -> None:
        """`tell` returns when every consumer has kept the fact; `held` names cameras whose files must wait."""
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self.tell = tell
        self._held = held
        self._retry = retry
        self._random01 = random01
        self._parallel = parallel
        self._wake = asyncio.Event()
        self._failing = False
        self._stopping = False

    def wake(self) -> None:
        """Something new is in the ledger."""
        self._wake.set()

    def stop(self) -> None:
        """Let `run` return after the files that are under way."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Deliver until `stop`."""
        while not self._stopping:
            self._wake.clear()
            if not await self.step():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_S):
                        await self._wake.wait()

    async def drain(self) -> None:
        """Deliver all that is due now."""
        while await self.step():
            pass

    async def step(self) -> int:
        """Claim and deliver one batch; how many files it held."""
        items = await asyncio.to_thread(
            self._ledger.claim, now_utc=self._utc(), limit=self._parallel, held=tuple(self._held())
        )
        await asyncio.gather(*(self._deliver(item) for item in items))
        return len(items)

    async def _deliver(self, item: Item) -> None:
        try:
            stored = await asyncio.to_thread(self._store.put, item)
        except StoreError as error:
            await self._failed(item, error)
            return
        if self._failing:
            self._failing = False
            _LOG.info("The archive takes files again")
        await self.tell(self._fact(item, stored))
        await asyncio.to_thread(self._finish, item)

    def _finish(self, item: Item) -> None:
        """The store has it and everybody knows: only now may the local file go."""
        self._ledger.settle(replace(item, state=ItemState.STORED, last_error=None))
        item.path.unlink(missing_ok=True)
        self._ledger.settle(replace(item, state=ItemState.PURGED, last_error=None))

    async def _failed(self, item: Item, error: StoreError) -> None:
        attempts = item.attempts + 1
        if not item.path.exists():  # a better snapshot took its place, and the ledger has that; or somebody removed it
            await self._settle(item, state=ItemState.FAILED, attempts=attempts, last_error=f"{item.path} is gone")
            return
        decision = decide(
            attempts=attempts, error=error, now_utc=self._utc(), random01=self._random01(), policy=self._retry
        )
        level = logging.DEBUG if self._failing else logging.WARNING
        _LOG.log(level, "%s was not delivered: %s", item.path.name, error)
        self._failing = True
        if isinstance(decision, GiveUp):
            await self._settle(item, state=ItemState.FAILED, attempts=attempts, last_error=str(error))
        else:
            waiting = replace(item, next_try_utc=decision.utc)
            await self._settle(waiting, state=ItemState.SAVED, attempts=attempts, last_error=str(error))

    async def _settle(self, item: Item, *, state: ItemState, attempts: int, last_error: str) -> None:
        row = replace(item, state=state, attempts=attempts, last_error=last_error)
        await asyncio.to_thread(self._ledger.settle, row)

    def _fact(self, item: Item, stored: Stored) -> FileStored:
        return FileStored(
            camera=item.camera,
            visit_id=item.visit_id,
            n=item.n,
            kind=item.kind,
            utc=self._utc(),
            uri=stored.uri,
            url=stored.url,
            sha256=item.sha256,
            bytes=item.bytes,
            clip=clip_of(item) if item.kind is ItemKind.CLIP else None,
        )

    def _utc(self) -> float:
        return self._clock.utc(self._clock.now())
