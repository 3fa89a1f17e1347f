"""Keeps what waits on the local disk within its quota, and the ledger small."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from edge_detector.core.evidence import Item, ItemKind, ItemState
from edge_detector.core.facts import ClipLost, ClipSaved, Fact
from edge_detector.core.quota import Drop, QuotaPolicy, choose, is_exceeded
from edge_detector.ports import Clock, Upkeep
from edge_detector.runtime.supervisor import guarded

_LOG = logging.getLogger(__name__)

#: How often it looks when no clip comes.
INTERVAL_S = 60.0
#: Delivered files stay in the list of files this long, for whoever asks what became of them.
REMEMBERED_S = 30 * 86_400.0
#: Rows removed at a time, so that nobody waits for the database.
PRUNE_ROWS = 200


class Housekeeper:
    """Looks after each clip, and now and then."""

    def __init__(
        self,
        *,
        upkeep: Upkeep,
        clock: Clock,
        tell: Callable[[ClipLost], Awaitable[None]],
        free_bytes: Callable[[], int],
        policy: QuotaPolicy,
        keep_s: float,
    ) -> None:
        """`tell` returns when every consumer has kept the fact; `free_bytes` asks the disk.

        Visits and what was counted are kept for `keep_s`.
        """
        self._upkeep = upkeep
        self._clock = clock
        self._tell = tell
        self._free_bytes = free_bytes
        self._policy = policy
        self._keep_s = keep_s
        self._wake = asyncio.Event()

    async def handle(self, fact: Fact) -> None:
        """A clip came: look soon."""
        if isinstance(fact, ClipSaved):
            self._wake.set()

    async def run(self) -> None:
        """Keep house until cancelled."""
        while True:
            self._wake.clear()
            await guarded("Housekeeping", self.step())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(INTERVAL_S):
                    await self._wake.wait()

    async def step(self) -> None:
        """Give up what exceeds the quota, and forget what is long done."""
        for drop in await asyncio.to_thread(self._surplus):
            await self._drop(drop)
        await asyncio.to_thread(self._prune)

    def _surplus(self) -> tuple[Drop, ...]:
        load, free_bytes, now_utc = self._upkeep.load(), self._free_bytes(), self._utc()
        if not is_exceeded(load, free_bytes=free_bytes, now_utc=now_utc, policy=self._policy):
            return ()
        waiting = self._upkeep.waiting()
        ghosts = [item for item in waiting if item.state is ItemState.FAILED and not item.path.exists()]
        for ghost in ghosts:  # told long ago, and no burden on the disk
            self._upkeep.forget(ghost)
        return choose(
            [item for item in waiting if item not in ghosts],
            replace(load, bytes=load.bytes - sum(ghost.bytes for ghost in ghosts)),
            free_bytes=free_bytes,
            now_utc=now_utc,
            policy=self._policy,
        )

    async def _drop(self, drop: Drop) -> None:
        """First the ledger, so that nobody delivers it meanwhile; a crash before the end finds the file and repeats."""
        item = drop.item
        if not await asyncio.to_thread(self._upkeep.forget, item):
            return
        _LOG.warning("%s is given up before it was delivered: %s", item.path.name, drop.reason)
        if item.kind is ItemKind.CLIP:
            await self._tell(self._lost(item, drop.reason))
        await asyncio.to_thread(item.path.unlink, missing_ok=True)

    def _lost(self, item: Item, reason: str) -> ClipLost:
        return ClipLost(
            camera=item.camera,
            visit_id=item.visit_id,
            n=item.n,
            t=self._clock.now(),
            utc=self._utc(),
            reason=reason,
        )

    def _prune(self) -> None:
        now_utc = self._utc()
        self._upkeep.prune(now_utc - REMEMBERED_S, PRUNE_ROWS, history_before_utc=now_utc - self._keep_s)

    def _utc(self) -> float:
        return self._clock.utc(self._clock.now())
