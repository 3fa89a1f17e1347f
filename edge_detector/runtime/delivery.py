"""Brings files from the ledger to the archive: a put, its fact, then the ledger, then the local file goes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial

from edge_detector.core.documents import clip_of
from edge_detector.core.errors import FileRefusedError, LedgerError, PermanentStoreError, StoreError
from edge_detector.core.evidence import Item, ItemKind, ItemState, Stored
from edge_detector.core.facts import ClipLost, Fact, FileStored, SnapshotReady
from edge_detector.core.outage import Outage
from edge_detector.core.retry import GiveUp, RetryPolicy, decide
from edge_detector.ports import Clock, Ledger, ObjectStore, Upkeep
from edge_detector.runtime.supervisor import apart, guarded

_LOG = logging.getLogger(__name__)

#: How long delivery sleeps when nothing is due and nobody wakes it; a flush by the owner is seen within this.
IDLE_S = 1.0


def all_kinds() -> Sequence[ItemKind]:
    """On a line that costs nothing everything may go at any hour."""
    return tuple(ItemKind)


class Delivery:
    """Claims due files, at most `parallel` at a time and one snapshot beside them, and settles each.

    The archive as a whole is given pauses when it fails, see `Outage`; a single file that it refuses waits alone.
    """

    def __init__(  # noqa: PLR0913 - the parts of the pipeline, by name
        self,
        *,
        ledger: Ledger,
        upkeep: Upkeep,
        store: ObjectStore,
        clock: Clock,
        tell: Callable[[FileStored | ClipLost], Awaitable[None]],
        held: Callable[[], Sequence[str]],
        retry: RetryPolicy,
        random01: Callable[[], float],
        kinds: Callable[[], Sequence[ItemKind]] = all_kinds,
        parallel: int = 2,
    ) -> None:
        """`tell` returns when every consumer has kept the fact, and raises LedgerError when one could not.

        `held` names cameras whose files must wait.
        `kinds` says what may go at this hour.
        """
        self._ledger = ledger
        self._upkeep = upkeep
        self._store = store
        self._clock = clock
        self.tell = tell
        self._held = held
        self._kinds = kinds
        self._retry = retry
        self._random01 = random01
        self._parallel = parallel
        self._running: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._stopping = False
        self._outage = Outage(retry, random01)
        #: Whether what others do to the ledger is looked for; what they did before an outage does not end its pause.
        self._watching = False
        self._ledger_refused = False

    def wake(self) -> None:
        """Something new is in the ledger."""
        self._wake.set()

    def takes(self, camera: str, kind: ItemKind) -> bool:
        """Would such a file of this camera go now?"""
        return self._outage.well and kind in self._kinds() and camera not in self._held()

    async def handle(self, fact: Fact) -> None:
        """Somebody is at the door: an archive that was away is looked for again soon."""
        if isinstance(fact, SnapshotReady) and fact.visit:
            self._outage.hurry()

    def stop(self) -> None:
        """Let `run` return after the files that are under way."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Deliver until `stop`; when cancelled, files under way are left as they are."""
        try:
            while not self._stopping:
                self._wake.clear()
                if not await self._begin_safely():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(IDLE_S):
                            await self._wake.wait()
            await asyncio.gather(*self._running)
        finally:
            for task in self._running:
                task.cancel()

    async def drain(self) -> None:
        """Deliver all that is due now."""
        while await self.step():
            pass

    async def step(self) -> int:
        """Deliver as many files as may be under way at once; how many there were."""
        begun = await self._begin()
        await asyncio.gather(*self._running)
        return begun

    # --- what may go --------------------------------------------------------------------------------------------------

    async def _begin_safely(self) -> int:
        try:
            begun = await self._begin()
        except LedgerError as error:
            _LOG.log(logging.DEBUG if self._ledger_refused else logging.WARNING, "Delivery waits: %s", error)
            self._ledger_refused = True
            return 0
        self._ledger_refused = False
        return begun

    async def _begin(self) -> int:
        """Claim what may go now and begin to deliver it; how many files."""
        limit, kinds = await self._room()
        if limit <= 0 or not kinds:
            return 0
        items = await asyncio.to_thread(
            self._ledger.claim, now_utc=self._utc(), limit=limit, held=tuple(self._held()), kinds=kinds
        )
        for item in items:
            task = asyncio.create_task(self._work(item), name=f"delivery of {item.key}")
            self._running.add(task)
            task.add_done_callback(self._over)
        return len(items)

    async def _room(self) -> tuple[int, Sequence[ItemKind]]:
        """How many files of which kinds may join those under way."""
        if await self._is_asked():
            self._outage.end_pause()
        kinds = self._kinds()
        room = self._outage.room(self._clock.now(), self._parallel) - len(self._running)
        if room == 0 and self._outage.well:  # clips on a slow line keep no snapshot waiting
            return 1, tuple(kind for kind in kinds if kind is ItemKind.SNAPSHOT)
        return room, kinds

    async def _is_asked(self) -> bool:
        """Has the owner been at work on the ledger since the outage began, and so asks for a try?"""
        if self._outage.well:
            self._watching = False
            return False
        touched = await asyncio.to_thread(self._upkeep.touched)
        before, self._watching = self._watching, True
        return touched and before

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    # --- one file -----------------------------------------------------------------------------------------------------

    async def _work(self, item: Item) -> None:
        if not await guarded(f"Delivery of {item.key}", self._deliver(item)):
            await self._failed(item, StoreError("an unforeseen fault, which the log tells"))

    async def _deliver(self, item: Item) -> None:
        try:  # apart, for an upload that hangs must not keep others from their threads, nor the program from its end
            stored = await apart(f"delivery of {item.key}", partial(self._store.put, item))
        except StoreError as error:
            await self._failed(item, error)
            return
        await self._worked()
        if await self._written(partial(self.tell, self._fact(item, stored))):
            await self._written(partial(asyncio.to_thread, self._finish, item))

    async def _worked(self) -> None:
        if not self._outage.well:
            _LOG.info("The archive takes files again")
        if self._outage.worked():
            await self._written(partial(asyncio.to_thread, self._upkeep.hasten, self._utc()))

    def _finish(self, item: Item) -> None:
        """The store has it and everybody knows: only now may the local file go."""
        self._ledger.settle(replace(item, state=ItemState.STORED, last_error=None))
        item.path.unlink(missing_ok=True)
        self._ledger.settle(replace(item, state=ItemState.PURGED, last_error=None))

    # --- failures -----------------------------------------------------------------------------------------------------

    async def _failed(self, item: Item, error: StoreError) -> None:
        if self._stopping:  # cut short: the next run begins it anew
            await self._settled(item, state=ItemState.SAVED)
            return
        tried = replace(item, attempts=item.attempts + 1, last_error=str(error))
        if not item.path.exists():  # a better snapshot took its place, and the ledger has that; or somebody removed it
            await self._given_up(tried, "its file was removed before it was delivered")
            return
        self._note(tried, error)
        decision = decide(
            attempts=tried.attempts,
            error=error,
            now_utc=self._utc(),
            random01=self._random01(),
            policy=self._retry,
        )
        if isinstance(decision, GiveUp):
            await self._given_up(tried, decision.reason)
            return
        patient = tried.attempts <= self._retry.patient_attempts and not isinstance(error, FileRefusedError)
        pause_s = self._outage.remaining_s(self._clock.now())
        waiting = replace(tried, next_try_utc=(self._utc() if patient else decision.utc) + pause_s)
        await self._settled(waiting, state=ItemState.SAVED)

    def _note(self, item: Item, error: StoreError) -> None:
        """Tell the user once, and give an archive that is at fault a pause."""
        if isinstance(error, FileRefusedError):
            news = item.attempts == 1
        else:
            news = self._outage.failed(error, self._clock.now())
        mend = "; everything waits until that is mended" if isinstance(error, PermanentStoreError) else ""
        _LOG.log(logging.WARNING if news else logging.DEBUG, "%s was not delivered: %s%s", item.path.name, error, mend)

    async def _given_up(self, item: Item, reason: str) -> None:
        if item.kind is ItemKind.CLIP:
            t = self._clock.now()
            lost = ClipLost(
                camera=item.camera, visit_id=item.visit_id, n=item.n, t=t, utc=self._clock.utc(t), reason=reason
            )
            if not await self._written(partial(self.tell, lost)):
                return
        await self._settled(replace(item, last_error=reason), state=ItemState.FAILED)

    async def _settled(self, item: Item, *, state: ItemState) -> None:
        await self._written(partial(asyncio.to_thread, self._ledger.settle, replace(item, state=state)))

    async def _written(self, write: Callable[[], Awaitable[object]]) -> bool:
        """Write to the ledger or journal; a disk that refuses is asked again, until it takes it or the program ends.

        False at the end of the program: the next run repeats the whole step.
        """
        while True:
            try:
                await write()
            except LedgerError as error:
                _LOG.warning("How a delivery went is not written down yet: %s", error)
                if self._stopping:
                    return False
                await asyncio.sleep(IDLE_S)
            else:
                return True

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
