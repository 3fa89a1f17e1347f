import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.core.errors import LedgerError
from edge_detector.core.evidence import Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.facts import Backlog
from edge_detector.core.types import VisitStats
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import ABSURD_WAIT_S, SqliteLedger
from tests.edge.outbox.items import item

NOW = 1000.0
#: What the ledger promises at this size, with room for a busy machine; measured here: see the test.
MANY_ROWS = 10_000
CLAIM_LIMIT_S = 0.05
#: `PRAGMA synchronous` when a commit waits for the disk.
FULL = 2


@pytest.fixture
def ledger(database: Database) -> SqliteLedger:
    return SqliteLedger(database)


def visit(visit_id: str, *, ended: bool) -> VisitRecord:
    return VisitRecord(
        visit_id=visit_id, camera="door", started_utc=1.0, last_seen_utc=2.0, stats=VisitStats(), ended=ended
    )


def claim_all(ledger: SqliteLedger) -> list[str]:
    return [claimed.key for claimed in ledger.claim(now_utc=NOW, limit=1000)]


def settle(ledger: SqliteLedger, what: Item, state: ItemState) -> ItemState:
    """Settle, and tell what became of it."""
    ledger.settle(replace(what, state=state))
    return next(found.state for found in ledger.items() if found.key == what.key)


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_item_comes_back_as_it_went_in(ledger: SqliteLedger) -> None:
    ledger.add(item())
    assert ledger.items() == (item(),)


def test_items_come_oldest_first_of_one_visit_or_of_all(ledger: SqliteLedger) -> None:
    second, first, other = item(created=20.0, n=2), item(created=10.0), item(visit="V2", created=15.0)
    for each in (second, first, other):
        ledger.add(each)
    assert ledger.items() == (first, other, second)
    assert ledger.items(visit_id="V1") == (first, second)
    assert ledger.items(limit=1) == (first,)


def test_same_file_again_changes_nothing(ledger: SqliteLedger) -> None:
    ledger.add(item())
    assert settle(ledger, item(), ItemState.STORED) is ItemState.STORED
    ledger.add(item())
    assert ledger.items() == (replace(item(), state=ItemState.STORED),)


@pytest.mark.parametrize("state", ItemState)
def test_other_content_under_the_key_begins_anew(state: ItemState, ledger: SqliteLedger) -> None:
    ledger.add(item())
    ledger.settle(replace(item(), state=state, attempts=4, next_try_utc=5000.0, last_error="no"))
    ledger.add(item(sha256="bb", path="/spool/new"))
    assert ledger.items() == (item(sha256="bb", path="/spool/new"),)


@pytest.mark.parametrize(
    ("state", "begins_anew"),
    [
        (ItemState.SAVED, True),  # the name of a clip changed with its figures: the old path leads nowhere
        (ItemState.UPLOADING, True),
        (ItemState.FAILED, True),
        (ItemState.STORED, False),  # it is in the archive, wherever it was
        (ItemState.PURGED, False),
    ],
)
def test_same_file_at_another_place(state: ItemState, *, begins_anew: bool, ledger: SqliteLedger) -> None:
    ledger.add(item())
    ledger.settle(replace(item(), state=state))
    moved = item(path="/spool/moved")
    ledger.add(moved)
    assert ledger.items() == ((moved,) if begins_anew else (replace(item(), state=state),))


# --- claiming -------------------------------------------------------------------------------------------------------


def test_files_go_in_the_order_of_kinds_each_by_age(ledger: SqliteLedger) -> None:
    kinds = list(ItemKind)
    for number, kind in enumerate(reversed(kinds)):
        ledger.add(item(kind, visit=f"V{number}b", created=50.0 + number))
        ledger.add(item(kind, visit=f"V{number}a", created=40.0 + number))
    expected = [f"{kind}/V{len(kinds) - 1 - kinds.index(kind)}{age}-1" for kind in kinds for age in "ab"]
    assert claim_all(ledger) == expected


def test_what_is_claimed_is_claimed_once(ledger: SqliteLedger) -> None:
    ledger.add(item())
    (claimed,) = ledger.claim(now_utc=NOW, limit=5)
    assert claimed == replace(item(), state=ItemState.UPLOADING)
    assert ledger.claim(now_utc=NOW, limit=5) == ()


def test_limit_is_kept(ledger: SqliteLedger) -> None:
    for n in range(1, 6):
        ledger.add(item(n=n))
    assert [len(ledger.claim(now_utc=NOW, limit=2)) for _ in range(4)] == [2, 2, 1, 0]


def test_file_waits_for_its_next_try(ledger: SqliteLedger) -> None:
    ledger.add(item())
    ledger.settle(replace(item(), attempts=1, next_try_utc=NOW, last_error="refused"))
    assert ledger.claim(now_utc=NOW - 0.001, limit=1) == ()
    (claimed,) = ledger.claim(now_utc=NOW, limit=1)
    assert (claimed.attempts, claimed.last_error) == (1, "refused")


def test_only_the_wanted_kinds_are_claimed(ledger: SqliteLedger) -> None:
    for kind in ItemKind:
        ledger.add(item(kind))
    assert [found.kind for found in ledger.claim(now_utc=NOW, limit=9, kinds=[ItemKind.SNAPSHOT])] == ["snapshot"]
    assert ledger.claim(now_utc=NOW, limit=9, kinds=[]) == ()


@pytest.mark.parametrize(
    ("ahead_s", "due"),
    [
        (1.0, False),
        (ABSURD_WAIT_S - 1, False),  # the longest wish of any store is far below
        (ABSURD_WAIT_S + 1, True),  # the clock was years ahead when that was written
    ],
)
def test_wait_that_no_clock_can_mean_is_none(ahead_s: float, *, due: bool, ledger: SqliteLedger) -> None:
    ledger.add(item())
    ledger.settle(replace(item(), next_try_utc=NOW + ahead_s, last_error="refused"))
    assert bool(claim_all(ledger)) is due


def test_files_of_held_cameras_wait(ledger: SqliteLedger) -> None:
    for camera in ("door", "garden", "yard"):
        ledger.add(item(visit=camera, camera=camera))
    claimed = ledger.claim(now_utc=NOW, limit=9, held=("door", "yard"))
    assert [found.camera for found in claimed] == ["garden"]
    assert len(ledger.claim(now_utc=NOW, limit=9)) == 2


@pytest.mark.parametrize(
    ("other", "goes"),
    [
        (ItemState.SAVED, False),  # not tried yet
        (ItemState.UPLOADING, False),  # on its way
        (ItemState.STORED, True),
        (ItemState.PURGED, True),
        (ItemState.FAILED, True),  # given up: the rest of the visit must not be lost with it
    ],
)
def test_document_waits_for_the_other_files_of_its_visit(other: ItemState, *, goes: bool, ledger: SqliteLedger) -> None:
    document = item(ItemKind.DOCUMENT)
    clip = item()
    ledger.add(document)
    ledger.add(clip)
    ledger.settle(replace(clip, state=other, next_try_utc=NOW + 1))
    ledger.add(item(visit="V2"))
    claimed = {found.key for found in ledger.claim(now_utc=NOW, limit=9)}
    assert (document.key in claimed) is goes


@pytest.mark.parametrize(
    ("known", "ended", "goes"),
    [
        (True, False, False),  # somebody is still there
        (True, True, True),
        (False, False, True),  # a database that was lost: files adopted from their names
    ],
)
def test_document_waits_for_the_end_of_its_visit(
    known: bool, ended: bool, goes: bool, database: Database, ledger: SqliteLedger
) -> None:
    if known:
        SqliteJournal(database).put_visit(visit("V1", ended=ended))
    ledger.add(item(ItemKind.DOCUMENT))
    assert bool(claim_all(ledger)) is goes


def test_two_threads_never_claim_the_same_file(ledger: SqliteLedger) -> None:
    for n in range(1, 201):
        ledger.add(item(n=n))
    claimed: list[str] = []
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        while found := ledger.claim(now_utc=NOW, limit=3):
            claimed.extend(each.key for each in found)

    threads = [threading.Thread(target=work, name=f"claimer {number}") for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 200


def test_two_connections_never_claim_the_same_file(path: Path, ledger: SqliteLedger) -> None:
    ledger.add(item())
    other = Database(path)
    assert [len(each.claim(now_utc=NOW, limit=1)) for each in (ledger, SqliteLedger(other))] == [1, 0]
    other.close()


# --- settling -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (ItemState.SAVED, ItemState.STORED, ItemState.STORED),  # delivered
        (ItemState.UPLOADING, ItemState.SAVED, ItemState.SAVED),  # try again later
        (ItemState.UPLOADING, ItemState.FAILED, ItemState.FAILED),  # given up
        (ItemState.STORED, ItemState.PURGED, ItemState.PURGED),  # removed from the local disk
        (ItemState.FAILED, ItemState.PURGED, ItemState.PURGED),  # forgotten
        (ItemState.STORED, ItemState.SAVED, ItemState.STORED),  # never backwards
        (ItemState.STORED, ItemState.UPLOADING, ItemState.STORED),
        (ItemState.STORED, ItemState.FAILED, ItemState.STORED),
        (ItemState.PURGED, ItemState.STORED, ItemState.PURGED),
        (ItemState.PURGED, ItemState.SAVED, ItemState.PURGED),
        (ItemState.FAILED, ItemState.STORED, ItemState.FAILED),
        (ItemState.FAILED, ItemState.SAVED, ItemState.FAILED),
    ],
)
def test_states_move_forward_only(
    before: ItemState, after: ItemState, expected: ItemState, ledger: SqliteLedger
) -> None:
    ledger.add(item())
    assert settle(ledger, item(), before) is before
    assert settle(ledger, item(), after) is expected


def test_settling_the_old_content_does_not_touch_the_new(ledger: SqliteLedger) -> None:
    ledger.add(item())
    (old,) = ledger.claim(now_utc=NOW, limit=1)
    ledger.add(item(sha256="bb"))
    assert settle(ledger, old, ItemState.STORED) is ItemState.SAVED
    assert [found.sha256 for found in ledger.claim(now_utc=NOW, limit=1)] == ["bb"]


def test_start_puts_uploads_back(path: Path, ledger: SqliteLedger) -> None:
    for n in (1, 2, 3):
        ledger.add(item(n=n))
    ledger.claim(now_utc=NOW, limit=2)
    after_crash = Database(path)
    assert SqliteLedger(after_crash).reset() == 2
    assert SqliteLedger(after_crash).reset() == 0
    assert len(claim_all(SqliteLedger(after_crash))) == 3
    after_crash.close()


# --- the backlog ----------------------------------------------------------------------------------------------------


def test_empty_ledger_has_no_backlog(ledger: SqliteLedger) -> None:
    assert ledger.backlog(NOW) == Backlog()


def test_nothing_waits_since_the_future(ledger: SqliteLedger) -> None:
    """It was made while the clock was ahead."""
    ledger.add(item(created=NOW + 3600))
    assert ledger.backlog(NOW) == Backlog(pending=1, oldest_s=0.0)


def test_backlog_tells_what_waits_how_long_and_why(ledger: SqliteLedger) -> None:
    states = [*ItemState, ItemState.SAVED]
    for n, state in enumerate(states, 1):
        each = item(n=n, created=100.0 * n)
        ledger.add(each)
        ledger.settle(replace(each, state=state, next_try_utc=float(n), last_error=f"error {n}"))
    assert ledger.backlog(NOW) == Backlog(pending=3, oldest_s=900.0, stored=2, failed=1, last_error="error 6")


def test_error_of_a_delivered_file_is_no_longer_told(ledger: SqliteLedger) -> None:
    ledger.add(item())
    ledger.settle(replace(item(), last_error="refused"))
    assert ledger.backlog(NOW).last_error == "refused"
    ledger.settle(replace(item(), state=ItemState.STORED, last_error="refused"))
    assert ledger.backlog(NOW).last_error is None


# --- size -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(database: Database, ledger: SqliteLedger) -> SqliteLedger:
    """A long outage: every visit has all its files waiting, and its document cannot go yet."""
    with database.transaction():
        for number in range(MANY_ROWS // len(ItemKind)):
            for kind in ItemKind:
                ledger.add(item(kind, visit=f"V{number:05d}", created=float(number)))
    return ledger


@pytest.mark.serial
@pytest.mark.parametrize(
    "due",
    [
        "all",  # the archive is back
        "documents",  # all the others are on their way, so that each document must be looked at, in vain
        "none",  # all wait for their next try
    ],
)
def test_claim_and_settle_are_fast_with_many_rows(due: str, many: SqliteLedger) -> None:
    if due == "documents":
        many.claim(now_utc=NOW * 10, limit=MANY_ROWS * 4 // 5)
    now_utc = -1.0 if due == "none" else NOW * 10
    many.claim(now_utc=now_utc, limit=1)
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        claimed = many.claim(now_utc=now_utc, limit=2)
        for each in claimed:
            many.settle(replace(each, state=ItemState.STORED))
        times.append(time.perf_counter() - begun)
        assert len(claimed) == (2 if due == "all" else 0)
    assert min(times) < CLAIM_LIMIT_S


# --- what a power cut may take ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "durable"),
    [
        (ItemState.SAVED, False),  # the next start tries it again anyway
        (ItemState.UPLOADING, False),
        (ItemState.STORED, True),  # only then may the local file go
        (ItemState.PURGED, False),  # the next start sees that the file is gone
        (ItemState.FAILED, True),  # it was told as lost
    ],
)
def test_only_what_no_restart_finds_out_waits_for_the_disk(
    state: ItemState, *, durable: bool, database: Database, ledger: SqliteLedger
) -> None:
    ledger.add(item())
    said: list[str] = []
    database._connection.set_trace_callback(said.append)
    ledger.settle(replace(item(), state=state))
    assert any("synchronous = NORMAL" in statement for statement in said) is not durable
    assert synchronous(database) == FULL


def test_claims_do_not_wait_for_the_disk_and_all_else_does(database: Database, ledger: SqliteLedger) -> None:
    said: list[str] = []
    database._connection.set_trace_callback(said.append)
    ledger.claim(now_utc=NOW, limit=1)
    assert "synchronous = NORMAL" in said[0]
    said.clear()
    ledger.add(item())
    assert synchronous(database) == FULL
    assert not any("NORMAL" in statement for statement in said)


def test_failure_inside_leaves_no_writes_unsafe_after_it(database: Database) -> None:
    with pytest.raises(LedgerError), database.quick():
        database.run("settle_item", {"key": object()})  # type: ignore[dict-item]
    assert synchronous(database) == FULL


def synchronous(database: Database) -> int:
    level: int = database._connection.execute("PRAGMA synchronous").fetchone()[0]
    return level
