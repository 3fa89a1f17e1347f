"""All that leaves the node for the archive: delivery with its pace and hours, early copies, and their quota."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from edge_detector.app import parts
from edge_detector.app.system import local_minute
from edge_detector.config import Config, DeliveryConfig
from edge_detector.core.evidence import ItemKind, ItemState
from edge_detector.core.facts import Fact
from edge_detector.core.quota import QuotaPolicy
from edge_detector.core.retry import RetryPolicy
from edge_detector.outbox.database import Database
from edge_detector.outbox.desk import Filter, LedgerDesk
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.upkeep import SqliteUpkeep
from edge_detector.ports import Clock
from edge_detector.recorder.early import copy_whole
from edge_detector.runtime.bookkeeper import Place
from edge_detector.runtime.delivery import Delivery, all_kinds
from edge_detector.runtime.early import EarlyCopies
from edge_detector.runtime.housekeeper import Housekeeper
from edge_detector.runtime.pace import Throttle
from edge_detector.runtime.supervisor import guarded

#: At the end: how long files that are under way may take; what is not over then begins anew at the next start.
STOP_S = 5.0

_DAY_S = 86_400


class Outbound:
    """Made of the configuration; `start`, then `stop`, once each."""

    def __init__(  # noqa: PLR0913 - what it is put together of, by name
        self,
        config: Config,
        *,
        folder: Path,
        database: Database,
        places: Mapping[str, Place],
        clock: Clock,
        tell: Callable[[Fact], Awaitable[None]],
        held: Callable[[], Sequence[str]],
    ) -> None:
        """`folder` is the data folder, `places` tell where each camera's files wait."""
        section = config.delivery
        ledger, upkeep = SqliteLedger(database), SqliteUpkeep(database)
        self._ledger, self._desk = ledger, LedgerDesk(database)
        self._upkeep = upkeep
        self._throttle = Throttle(clock, bytes_per_s=section.max_bytes_per_s)
        self.store = parts.open_store(config, folder, pace=self._throttle)
        self._delivery = Delivery(
            ledger=ledger,
            upkeep=upkeep,
            store=self.store,
            clock=clock,
            tell=tell,
            held=held,
            kinds=kinds_by_hour(section),
            retry=RetryPolicy(),
            random01=random.SystemRandom().random,
            parallel=config.archive.parallel,
        )
        self._early = EarlyCopies(
            places=places,
            ledger=ledger,
            upkeep=upkeep,
            clock=clock,
            cut=copy_whole,
            wanted=lambda camera: self._delivery.takes(camera, ItemKind.PARTIAL),
            wake=self._delivery.wake,
            after_s=section.early_copy_s if parts.is_elsewhere(config) else 0.0,
        )
        self._housekeeper = Housekeeper(
            upkeep=upkeep,
            clock=clock,
            tell=tell,
            free_bytes=lambda: shutil.disk_usage(folder).free,
            policy=quota(section),
            keep_s=config.history.keep_days * _DAY_S,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """A file waits."""
        self._delivery.wake()

    async def handle(self, fact: Fact) -> None:
        """Whatever happens; comes after it was written down."""
        await self._delivery.handle(fact)
        await self._early.handle(fact)
        await self._housekeeper.handle(fact)

    def start(self) -> None:
        """Begin to deliver."""
        self._tasks = [
            asyncio.create_task(self._delivery.run(), name="delivery"),
            asyncio.create_task(self._housekeeper.run(), name="housekeeping"),
            asyncio.create_task(self._warm(), name="archive"),
        ]

    async def _warm(self) -> None:
        """Make the archive's client, which takes a second on a Pi: better now than when somebody is at the door."""
        await guarded("The archive", asyncio.to_thread(self.store.address, "clips"))

    def clean(self) -> None:
        """Before anything is recorded: remove what a crash left of early copies, and of files that the archive has."""
        self._early.clean()
        remove_delivered(self._desk, self._ledger)

    def checksums(self) -> Mapping[Path, str]:
        """Those of all files that wait, so that nobody need read a backlog of gigabytes at the start."""
        return {item.path: item.sha256 for item in self._upkeep.waiting()}

    async def stop(self) -> None:
        """Let what is under way end, or end it; all clips are closed by now."""
        await self._early.stop()
        self._delivery.stop()
        delivery, housekeeping, opening = self._tasks
        await opening
        housekeeping.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await asyncio.shield(delivery)
        self._throttle.stop()
        delivery.cancel()
        await asyncio.gather(delivery, housekeeping, return_exceptions=True)


def remove_delivered(desk: LedgerDesk, ledger: SqliteLedger) -> None:
    """Take the last step of files that a crash came before: the archive has them."""
    for item in desk.find(Filter(states=(ItemState.STORED,))):
        item.path.unlink(missing_ok=True)
        ledger.settle(replace(item, state=ItemState.PURGED))


def quota(section: DeliveryConfig) -> QuotaPolicy:
    """What may wait."""
    return QuotaPolicy(
        max_bytes=section.max_bytes,
        max_age_s=None if section.max_age_days is None else section.max_age_days * _DAY_S,
        min_free_bytes=section.min_free_bytes,
    )


def kinds_by_hour(
    section: DeliveryConfig, minute: Callable[[], int] = local_minute
) -> Callable[[], Sequence[ItemKind]]:
    """What may go now; `minute` is that of the day in local time."""
    window = section.window
    if window is None:
        return all_kinds
    otherwise = (ItemKind.SNAPSHOT,) if section.snapshots_always else ()
    return lambda: all_kinds() if window.holds(minute()) else otherwise
