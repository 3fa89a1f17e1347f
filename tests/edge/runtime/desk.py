"""A delivery between a ledger and a store, for the runtime's tests."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_detector.core.errors import LedgerError, StoreError
from edge_detector.core.evidence import Item, ItemKind, ItemState
from edge_detector.core.facts import ClipLost, FileStored
from edge_detector.core.retry import RetryPolicy
from edge_detector.runtime.delivery import Delivery
from edge_detector.testing import FakeClock, FakeStore, MemoryLedger
from tests.edge.runtime.values import VISIT

CLIP_STEM = f"1700000000000-2000-1-800-12-64x48-{VISIT}-1"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens in other threads."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in threads of the delivery's own
            await asyncio.sleep(0.005)


class Desk:
    """A ledger, a store and a delivery between them."""

    def __init__(
        self,
        folder: Path,
        *failures: StoreError,
        parallel: int = 1,
        max_attempts: int | None = None,
        store: FakeStore | None = None,
        ledger: MemoryLedger | None = None,
    ) -> None:
        self.folder = folder
        self.ledger = ledger or MemoryLedger()
        self.store = store or FakeStore(*failures)
        self.kinds: Sequence[ItemKind] = tuple(ItemKind)
        self.clock = FakeClock()
        self.held: list[str] = []
        self.lost: list[ClipLost] = []
        self.told: list[tuple[FileStored, ItemState, bool]] = []
        #: How many facts the consumers cannot keep before they can.
        self.unkept = 0
        self.delivery = Delivery(
            ledger=self.ledger,
            upkeep=self.ledger,
            store=self.store,
            clock=self.clock,
            tell=self._tell,
            held=lambda: self.held,
            kinds=lambda: self.kinds,
            retry=RetryPolicy(base_s=10, max_attempts=max_attempts),
            random01=lambda: 1.0,
            parallel=parallel,
        )

    def add(self, name: str, kind: ItemKind = ItemKind.SNAPSHOT, sha256: str = "00") -> Item:
        path = self.folder / name
        path.write_bytes(b"evidence")
        item = Item(
            key=f"{kind}/{name}",
            kind=kind,
            camera="door",
            visit_id=VISIT,
            n=1,
            path=path,
            bytes=8,
            sha256=sha256,
            content_type="image/jpeg",
            created_utc=self.clock.utc(self.clock.now()),
        )
        self.ledger.add(item)
        return item

    def states(self) -> Sequence[ItemState]:
        return [item.state for item in self.ledger.items()]

    async def _tell(self, fact: FileStored | ClipLost) -> None:
        if self.unkept:
            self.unkept -= 1
            raise LedgerError("the disk is full")
        if isinstance(fact, ClipLost):
            self.lost.append(fact)
            return
        item = self.ledger.items()[0]
        self.told.append((fact, item.state, item.path.exists()))
