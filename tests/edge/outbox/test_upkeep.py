"""What keeps the ledger within bounds, on the real database."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.core.evidence import ItemKind, ItemState, VisitRecord
from edge_detector.core.quota import Load
from edge_detector.core.types import VisitStats
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.upkeep import SqliteUpkeep
from tests.edge.outbox.items import item

NOW = 1000.0


@pytest.fixture
def ledger(database: Database) -> SqliteLedger:
    return SqliteLedger(database)


@pytest.fixture
def upkeep(database: Database) -> SqliteUpkeep:
    return SqliteUpkeep(database)


def put(ledger: SqliteLedger, state: ItemState, n: int = 1, kind: ItemKind = ItemKind.CLIP) -> None:
    each = item(kind, n=n, created=10.0 * n)
    ledger.add(each)
    ledger.settle(replace(each, state=state, next_try_utc=NOW + n))


def test_load_counts_what_may_go(ledger: SqliteLedger, upkeep: SqliteUpkeep) -> None:
    assert upkeep.load() == Load()
    for n, state in enumerate(reversed(ItemState), 1):
        put(ledger, state, n)
    assert upkeep.load() == Load(bytes=2000, oldest_utc=10.0)


def test_waiting_are_those_that_may_go(ledger: SqliteLedger, upkeep: SqliteUpkeep) -> None:
    for n, state in enumerate(reversed(ItemState), 1):
        put(ledger, state, n)
    assert [found.state for found in upkeep.waiting()] == [ItemState.FAILED, ItemState.SAVED]


@pytest.mark.parametrize(
    ("state", "kind", "forgotten"),
    [
        (ItemState.SAVED, ItemKind.CLIP, True),
        (ItemState.FAILED, ItemKind.CLIP, True),
        (ItemState.UPLOADING, ItemKind.CLIP, False),  # it may be delivered any moment
        (ItemState.UPLOADING, ItemKind.PARTIAL, True),  # whatever comes of it, the whole clip has taken its place
        (ItemState.STORED, ItemKind.PARTIAL, False),
        (ItemState.STORED, ItemKind.CLIP, False),
        (ItemState.PURGED, ItemKind.CLIP, False),
    ],
)
def test_forget(
    state: ItemState, kind: ItemKind, *, forgotten: bool, ledger: SqliteLedger, upkeep: SqliteUpkeep
) -> None:
    put(ledger, state, kind=kind)
    (found,) = ledger.items()
    assert not upkeep.forget(replace(found, sha256="other content")), "it has other content by now"
    assert upkeep.forget(found) is forgotten
    assert len(ledger.items()) == (not forgotten)


def test_forgotten_delivery_that_ends_changes_nothing(ledger: SqliteLedger, upkeep: SqliteUpkeep) -> None:
    put(ledger, ItemState.UPLOADING, kind=ItemKind.PARTIAL)
    (found,) = ledger.items()
    upkeep.forget(found)
    ledger.settle(replace(found, state=ItemState.STORED))
    assert ledger.items() == ()


def test_hasten_makes_due(ledger: SqliteLedger, upkeep: SqliteUpkeep) -> None:
    for n, state in enumerate((ItemState.SAVED, ItemState.SAVED, ItemState.FAILED, ItemState.STORED), 1):
        put(ledger, state, n)
    assert ledger.claim(now_utc=NOW, limit=9) == ()
    assert upkeep.hasten(NOW) == 2
    assert upkeep.hasten(NOW) == 0
    assert len(ledger.claim(now_utc=NOW, limit=9)) == 2


def test_delivered_files_are_pruned_in_steps_and_go_on_counting(ledger: SqliteLedger, upkeep: SqliteUpkeep) -> None:
    for n in range(1, 6):
        put(ledger, ItemState.PURGED, n)
    put(ledger, ItemState.STORED, 6)
    put(ledger, ItemState.SAVED, 7)
    assert [upkeep.prune(55.0, 2, history_before_utc=0.0) for _ in range(4)] == [2, 2, 1, 0]
    assert [found.n for found in ledger.items()] == [6, 7]
    assert (ledger.backlog(NOW).stored, ledger.backlog(NOW).pending) == (6, 1)


def test_what_waits_is_never_pruned(ledger: SqliteLedger, upkeep: SqliteUpkeep) -> None:
    for n, state in enumerate((ItemState.SAVED, ItemState.UPLOADING, ItemState.FAILED), 1):
        put(ledger, state, n)
    assert upkeep.prune(NOW, 9, history_before_utc=NOW) == 0
    assert len(ledger.items()) == 3


def test_ended_visits_are_pruned(database: Database, upkeep: SqliteUpkeep) -> None:
    journal = SqliteJournal(database)
    for number, ended in enumerate((True, False, True)):
        journal.put_visit(
            VisitRecord(
                visit_id=f"V{number}",
                camera="door",
                started_utc=10.0 * number,
                last_seen_utc=10.0 * number,
                stats=VisitStats(),
                ended=ended,
            )
        )
    assert upkeep.prune(0.0, 9, history_before_utc=15.0) == 1
    assert [visit.visit_id for visit in journal.visits()] == ["V1", "V2"]


def test_other_programs_are_noticed_once_and_this_one_is_not(path: Path, ledger: SqliteLedger) -> None:
    mine = Database(path)
    upkeep = SqliteUpkeep(mine)
    SqliteLedger(mine).add(item(n=1))
    assert not upkeep.touched()
    ledger.add(item(n=2))
    assert [upkeep.touched(), upkeep.touched()] == [True, False]
    ledger.items()
    ledger.reset()
    assert not upkeep.touched(), "nothing was changed"
    mine.close()
