"""The archive is away for an hour while visitors come and go, on real files and a real ledger."""

import gc
import random
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_detector.core import naming
from edge_detector.core.documents import Origin
from edge_detector.core.errors import RetryableStoreError, StoreError
from edge_detector.core.evidence import ClipFile, Item, ItemKind, Stored
from edge_detector.core.facts import (
    ClipLost,
    ClipSaved,
    DetectorInfo,
    FileStored,
    Health,
    SnapshotReady,
    VisitEnded,
    VisitStarted,
)
from edge_detector.core.quota import QuotaPolicy
from edge_detector.core.retry import RetryPolicy
from edge_detector.core.types import ClipEnd, VisitStats
from edge_detector.files import sha256_of, write_atomic
from edge_detector.mqtt import messages
from edge_detector.outbox.database import Database
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.upkeep import SqliteUpkeep
from edge_detector.runtime.bookkeeper import Bookkeeper, Place
from edge_detector.runtime.delivery import Delivery
from edge_detector.runtime.housekeeper import Housekeeper
from edge_detector.testing import FakeClock, FakeStore

HOUR_S = 3600.0
MINUTE_S = 60.0
#: How often delivery looks, in simulated time.
STEP_S = 10.0
CLIP_BYTES = 50_000
#: Two thirds of what comes in the hour.
MAX_BYTES = 2_000_000
#: What the program's own objects may grow by in three quarters of an hour: a tenth of what came in.
GROWTH_BYTES = 200_000

STATS = VisitStats(max_people=1, max_confidence=0.8, mean_inference_ms=12)
ORIGIN = Origin(node="porch", camera="door", model="m", backend="b", pre_roll_s=4.0, version="0.1.0")
AWAY = "The archive cannot be reached: check the network"


class Bucket(FakeStore):
    """An archive that is away until it is back."""

    def __init__(self) -> None:
        super().__init__()
        self.error: StoreError | None = RetryableStoreError(AWAY)
        self.tried = 0

    def put(self, item: Item) -> Stored:
        self.tried += 1
        if self.error is not None:
            raise self.error
        return super().put(item)


class Porch:
    """A node from its facts to its archive, on a clock that the test moves."""

    def __init__(self, spool: Path, database: Database) -> None:
        self.spool = spool
        self.clock = FakeClock()
        self.bucket = Bucket()
        self.ledger = SqliteLedger(database)
        upkeep = SqliteUpkeep(database)
        self.lost: list[ClipLost] = []
        self.bookkeeper = Bookkeeper(
            places={"door": Place(spool=spool, origin=ORIGIN)},
            ledger=self.ledger,
            journal=SqliteJournal(database),
            diary=SqliteHistory(database),
            clock=self.clock,
            write_file=write_atomic,
            wake=lambda: None,
        )
        self.delivery = Delivery(
            ledger=self.ledger,
            upkeep=upkeep,
            store=self.bucket,
            clock=self.clock,
            tell=self._tell,
            held=tuple,
            retry=RetryPolicy(),
            random01=random.Random(1).random,
            parallel=1,  # so that the order of delivery is that of the claims
        )
        self.housekeeper = Housekeeper(
            upkeep=upkeep,
            clock=self.clock,
            tell=self._tell,
            free_bytes=lambda: 10**12,
            policy=QuotaPolicy(max_bytes=MAX_BYTES),
            keep_s=400 * 86_400.0,
        )

    async def _tell(self, fact: FileStored | ClipLost) -> None:
        if isinstance(fact, ClipLost):
            self.lost.append(fact)
        self.bookkeeper.keep(fact)

    def visit(self) -> None:
        """Somebody comes, is filmed, and goes."""
        t, utc = self.clock.t, self.clock.utc(self.clock.t)
        visit_id = naming.ulid(round(utc * 1000), 7)
        self.bookkeeper.keep_start(
            VisitStarted(camera="door", visit_id=visit_id, t=t, utc=utc, count=1, confidence=0.8)
        )
        self.bookkeeper.keep(
            SnapshotReady(
                camera="door", visit_id=visit_id, t=t, utc=utc, jpeg=visit_id.encode() * 40, count=1, confidence=0.8
            )
        )
        self.bookkeeper.keep(
            ClipSaved(t=t, clip=self._clip(visit_id, utc), start_t=t, end_t=t + 10, end=ClipEnd.STOPPED)
        )
        self.bookkeeper.keep(
            VisitEnded(camera="door", visit_id=visit_id, t=t + 10, utc=utc + 10, duration_s=10.0, stats=STATS, clips=1)
        )

    def _clip(self, visit_id: str, utc: float) -> ClipFile:
        name = naming.ClipName(
            start_ms=round(utc * 1000),
            duration_ms=10_000,
            max_people=1,
            confidence_permille=800,
            inference_ms=12,
            width=64,
            height=48,
            visit_id=visit_id,
            n=1,
        )
        path = self.spool / f"{name.stem}.mp4"
        path.write_bytes(visit_id.encode() * (CLIP_BYTES // len(visit_id)))
        return ClipFile(
            camera="door",
            visit_id=visit_id,
            n=1,
            path=path,
            poster=None,
            start_utc=utc,
            duration_s=10.0,
            bytes=path.stat().st_size,
            sha256=sha256_of(path),
            width=64,
            height=48,
            stats=STATS,
        )

    def health(self) -> dict[str, object]:
        """What the health topic says of the outbox now."""
        utc = self.clock.utc(self.clock.t)
        body = messages.health(
            Health(
                t=self.clock.t,
                utc=utc,
                backlog=self.ledger.backlog(utc),
                disk_free_bytes=0,
                cpu_percent=0.0,
                memory_bytes=0,
                temperature_c=None,
                uptime_s=0.0,
                detector=DetectorInfo(backend="b", model="m"),
            )
        )
        outbox = body["outbox"]
        assert isinstance(outbox, dict)
        return outbox

    def spool_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.spool.iterdir())


@pytest.fixture
def porch(tmp_path: Path) -> Iterator[Porch]:
    database = Database(tmp_path / "porchlight.db")
    (tmp_path / "spool").mkdir()
    yield Porch(tmp_path / "spool", database)
    database.close()


def memory_bytes() -> int:
    """What the program's own lines hold. The test's own lists and pytest's kept log records are no part of it."""
    gc.collect()
    snapshot = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/edge_detector/*")])
    return sum(trace.size for trace in snapshot.traces)


async def test_hour_without_an_archive(porch: Porch) -> None:
    memory: list[int] = []
    tracemalloc.start()
    for minute in range(60):
        porch.visit()
        await porch.housekeeper.step()
        assert porch.spool_bytes() <= MAX_BYTES
        for _ in range(round(MINUTE_S / STEP_S)):
            await porch.delivery.drain()
            porch.clock.t += STEP_S
        if minute in {15, 59}:
            memory.append(memory_bytes())
    tracemalloc.stop()
    assert memory[1] - memory[0] < GROWTH_BYTES

    assert porch.bucket.tried < 60, "an archive that is away is not asked for each file and minute"
    outbox = porch.health()
    assert outbox["pending"] == 180 - len(porch.lost)
    assert outbox["oldest_s"] == HOUR_S
    assert (outbox["stored"], outbox["failed"], outbox["last_error"]) == (0, 0, AWAY)

    kept_clips = 60 - len(porch.lost)
    assert MAX_BYTES / CLIP_BYTES * 0.9 <= kept_clips < 60
    assert [lost.visit_id for lost in porch.lost] == sorted(lost.visit_id for lost in porch.lost), "the oldest went"
    assert {lost.reason for lost in porch.lost} == {"more than 2 MB waited for the archive"}

    porch.bucket.error = None
    porch.clock.t += RetryPolicy().cap_s
    await porch.delivery.drain()
    kinds = [key.partition("/")[0] for key in porch.bucket.puts]
    assert Counter(kinds) == {"snapshots": 60, "clips": kept_clips, "visits": 60}
    assert kinds[1:] == sorted(kinds[1:], key=["snapshots", "clips", "visits"].index), "all but the file that found out"
    for kind in ("snapshots", "clips", "visits"):
        of_kind = [key for key in porch.bucket.puts[1:] if key.startswith(kind)]
        assert of_kind == sorted(of_kind), "the oldest first"
    lost_keys = {
        naming.archive_key(ItemKind.CLIP, node="porch", camera="door", visit_id=lost.visit_id) for lost in porch.lost
    }
    assert not lost_keys & set(porch.bucket.puts)
    assert list(porch.spool.iterdir()) == []
    outbox = porch.health()
    assert (outbox["pending"], outbox["oldest_s"], outbox["stored"]) == (0, 0.0, 120 + kept_clips)
    assert outbox["last_error"] is None
