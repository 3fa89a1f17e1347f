from collections.abc import Sequence
from dataclasses import replace

import pytest

from edge_detector.core.errors import LedgerError
from edge_detector.core.evidence import Item, ItemKind, ItemState, StoredEvent
from edge_detector.outbox.database import Database
from edge_detector.outbox.desk import Filter, LedgerDesk
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from tests.edge.outbox.items import item

NOW = 1000.0
SNAPSHOT = item(ItemKind.SNAPSHOT, created=1.0)
CLIP = item(created=2.0)
SECOND = item(n=2, created=3.0)
OTHER = item(visit="V2", camera="garden", created=4.0)
DOCUMENT = item(ItemKind.DOCUMENT, visit="V2", camera="garden", created=5.0)
ALL = (SNAPSHOT, CLIP, SECOND, OTHER, DOCUMENT)
#: Where each of them is, in the order of ALL.
STATES = (ItemState.PURGED, ItemState.SAVED, ItemState.FAILED, ItemState.UPLOADING, ItemState.STORED)


@pytest.fixture
def ledger(database: Database) -> SqliteLedger:
    filled = SqliteLedger(database)
    for each, state in zip(ALL, STATES, strict=True):
        filled.add(each)
        filled.settle(replace(each, state=state, attempts=3, next_try_utc=NOW + 60, last_error="it was refused"))
    return filled


@pytest.fixture
def desk(database: Database, ledger: SqliteLedger) -> LedgerDesk:
    return LedgerDesk(database)


def by_key(desk: LedgerDesk) -> dict[str, Item]:
    return {found.key: found for found in desk.find(Filter(), limit=100)}


def event_of(lost: Item) -> StoredEvent | None:
    return StoredEvent(id=lost.key, camera=lost.camera, payload="{}") if lost.kind is ItemKind.CLIP else None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        # no condition
        (Filter(), ALL),
        # one condition
        (Filter(states=[ItemState.FAILED, ItemState.SAVED]), (CLIP, SECOND)),
        (Filter(kinds=[ItemKind.SNAPSHOT, ItemKind.DOCUMENT]), (SNAPSHOT, DOCUMENT)),
        (Filter(cameras=["garden"]), (OTHER, DOCUMENT)),
        # a key is one file, a visit all of its files, and both may stand beside each other
        (Filter(names=[CLIP.key]), (CLIP,)),
        (Filter(names=["V1"]), (SNAPSHOT, CLIP, SECOND)),
        (Filter(names=[DOCUMENT.key, "V1"]), (SNAPSHOT, CLIP, SECOND, DOCUMENT)),
        # all conditions together
        (Filter(names=["V1"], kinds=[ItemKind.CLIP], states=[ItemState.FAILED], cameras=["door"]), (SECOND,)),
        # nothing is like that
        (Filter(names=["V1"], cameras=["garden"]), ()),
        (Filter(names=['V1"; DROP TABLE items']), ()),
    ],
)
def test_find(desk: LedgerDesk, wanted: Filter, found: Sequence[Item]) -> None:
    assert [each.key for each in desk.find(wanted, limit=100)] == [each.key for each in found]


def test_find_stops_at_the_limit_with_the_oldest(desk: LedgerDesk) -> None:
    assert [each.key for each in desk.find(Filter(), limit=2)] == [SNAPSHOT.key, CLIP.key]


def test_retry_makes_waiting_and_failed_files_due_and_touches_no_others(desk: LedgerDesk) -> None:
    before = by_key(desk)
    assert desk.retry(list(before), now_utc=NOW) == 2
    after = by_key(desk)
    for each in (CLIP, SECOND):
        assert after[each.key] == replace(
            before[each.key], state=ItemState.SAVED, attempts=0, next_try_utc=NOW, last_error="it was refused"
        )
    for each in (SNAPSHOT, OTHER, DOCUMENT):
        assert after[each.key] == before[each.key]


def test_retry_is_of_the_named_files_alone(desk: LedgerDesk) -> None:
    assert desk.retry([SECOND.key, "unknown"], now_utc=NOW) == 1
    assert by_key(desk)[CLIP.key].next_try_utc == NOW + 60
    assert desk.retry([], now_utc=NOW) == 0


def test_file_that_is_due_stays_due_by_a_clock_that_was_set_back(desk: LedgerDesk) -> None:
    desk.retry([CLIP.key], now_utc=NOW)
    desk.retry([CLIP.key], now_utc=NOW + 5)
    assert by_key(desk)[CLIP.key].next_try_utc == NOW


def test_hasten_makes_all_waiting_files_due_and_keeps_their_attempts(desk: LedgerDesk) -> None:
    assert desk.hasten(now_utc=NOW) == 1
    hastened = by_key(desk)[CLIP.key]
    assert (hastened.next_try_utc, hastened.attempts) == (NOW, 3)
    assert desk.hasten(now_utc=NOW) == 0


def test_give_up_spares_what_is_under_way_or_delivered(desk: LedgerDesk, database: Database) -> None:
    given_up = desk.give_up([each.key for each in ALL], reason="enough", event_of=event_of)
    assert {each.key for each in given_up} == {CLIP.key, SECOND.key}
    states = {key: (found.state, found.last_error) for key, found in by_key(desk).items()}
    assert states[CLIP.key] == states[SECOND.key] == (ItemState.FAILED, "enough")
    assert states[OTHER.key] == (ItemState.UPLOADING, "it was refused")
    assert {event.id for event in SqliteJournal(database).next_events(10)} == {CLIP.key, SECOND.key}


def test_give_up_again_tells_nothing_twice(desk: LedgerDesk, database: Database) -> None:
    for _ in range(2):
        assert len(desk.give_up([CLIP.key], reason="enough", event_of=event_of)) == 1
    assert len(SqliteJournal(database).next_events(10)) == 1


def test_give_up_is_whole_or_not_at_all(desk: LedgerDesk, database: Database) -> None:
    def fail(lost: Item) -> StoredEvent | None:
        raise LedgerError(f"no event for {lost.key}")

    with pytest.raises(LedgerError):
        desk.give_up([CLIP.key], reason="enough", event_of=fail)
    assert by_key(desk)[CLIP.key].state is ItemState.SAVED


def test_drop_removes_given_up_files_alone(desk: LedgerDesk) -> None:
    desk.drop([each.key for each in ALL])
    assert set(by_key(desk)) == {each.key for each in ALL} - {SECOND.key}
