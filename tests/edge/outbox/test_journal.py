from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.core.evidence import StoredEvent, VisitRecord
from edge_detector.core.types import Settings, VisitStats
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.testing import MemoryJournal


@pytest.fixture
def journal(database: Database) -> SqliteJournal:
    return SqliteJournal(database)


def visit(visit_id: str = "V1", *, started: float = 10.0, ended: bool = False) -> VisitRecord:
    return VisitRecord(
        visit_id=visit_id,
        camera="door",
        started_utc=started,
        last_seen_utc=started + 5.5,
        stats=VisitStats(max_people=3, max_confidence=0.875, mean_inference_ms=9.25),
        zones=("porch", "steps"),
        clips=2,
        ended=ended,
    )


def event(number: int) -> StoredEvent:
    return StoredEvent(id=f"E{number}", camera="door", payload=f'{{"n": {number}}}')


def test_visit_comes_back_as_it_went_in(journal: SqliteJournal) -> None:
    journal.put_visit(visit())
    assert journal.visits() == (visit(),)


def test_visit_is_replaced(journal: SqliteJournal) -> None:
    journal.put_visit(visit())
    journal.put_visit(replace(visit(), clips=3, ended=True))
    assert journal.visits() == (replace(visit(), clips=3, ended=True),)


def test_visits_are_found_by_id_and_by_whether_they_ended(journal: SqliteJournal) -> None:
    late, early, over = visit("V1", started=30.0), visit("V2", started=20.0), visit("V3", started=10.0, ended=True)
    for each in (late, early, over):
        journal.put_visit(each)
    assert journal.visits() == (over, early, late)
    assert journal.visits(ended=False) == (early, late)
    assert journal.visits(ended=True) == (over,)
    assert journal.visits(visit_id="V2") == (early,)
    assert journal.visits(visit_id="V2", ended=True) == ()
    assert journal.visits(visit_id="V9") == ()


@pytest.mark.parametrize("in_memory", [False, True])  # the fake pages as the real one does
def test_visits_page_backwards_within_bounds(journal: SqliteJournal, in_memory: bool) -> None:
    reader: SqliteJournal | MemoryJournal = MemoryJournal() if in_memory else journal
    visits = [visit(f"V{n}", started=float(n)) for n in range(1, 6)]
    visits[2] = replace(visits[2], camera="yard")
    for each in visits[::-1]:
        reader.put_visit(each)
    one, two, three, four, five = visits
    assert list(reader.page(limit=2)) == [five, four]
    assert list(reader.page(before="V4", limit=2)) == [three, two]
    assert list(reader.page(first="V2", before="V4", limit=9)) == [three, two]
    assert list(reader.page(camera="door", limit=3)) == [five, four, two]
    assert list(reader.page(camera="yard", before="V3", limit=3)) == []
    assert list(reader.page(before="V2", limit=9)) == [one]


def test_events_come_in_order_until_they_are_acknowledged(journal: SqliteJournal) -> None:
    for number in (3, 1, 2):
        journal.append_event(event(number))
    assert journal.next_events(2) == (event(3), event(1))
    journal.ack_event("E1")
    assert journal.next_events(9) == (event(3), event(2))


def test_event_is_taken_once_even_after_it_was_acknowledged(journal: SqliteJournal) -> None:
    journal.append_event(event(1))
    journal.append_event(replace(event(1), payload="other"))
    assert journal.next_events(9) == (event(1),)
    journal.ack_event("E1")
    journal.append_event(event(1))
    assert journal.next_events(9) == ()


def test_unknown_and_repeated_acknowledgements_change_nothing(journal: SqliteJournal) -> None:
    journal.append_event(event(1))
    journal.append_event(event(2))
    for event_id in ("E9", "E1", "E1"):
        journal.ack_event(event_id)
    assert journal.next_events(9) == (event(2),)


def test_acknowledged_ids_are_forgotten_in_the_end_and_unsent_events_never(database: Database) -> None:
    journal = SqliteJournal(database, remembered_events=3)
    for number in range(1, 7):
        journal.append_event(event(number))
    for number in range(2, 7):
        journal.ack_event(f"E{number}")
    for number in range(1, 7):
        journal.append_event(event(number))
    # E4 to E6 are among the last three; E1 was never sent; E2 and E3 were forgotten and taken anew
    assert journal.next_events(9) == (event(1), event(2), event(3))


def test_settings_are_kept_by_camera(journal: SqliteJournal) -> None:
    assert journal.settings("door") is None
    quiet = Settings(armed=False, confidence=0.65, max_clip_s=12.5)
    assert journal.settings("door", quiet) == quiet
    assert journal.settings("door") == quiet
    assert journal.settings("garden") is None
    assert journal.settings("door", Settings()) == Settings()


def test_settings_of_another_version_are_read_as_far_as_known(database: Database) -> None:
    database.run("put_settings", {"camera": "door", "settings": '{"armed": false, "colour": "green"}'})
    assert SqliteJournal(database).settings("door") == Settings(armed=False)


def test_all_of_it_survives_a_crash(path: Path, journal: SqliteJournal) -> None:
    journal.put_visit(visit())
    journal.append_event(event(1))
    journal.settings("door", Settings(record=False))
    after = Database(path)  # the first connection was never closed
    again = SqliteJournal(after)
    assert again.visits(ended=False) == (visit(),)
    assert again.next_events(9) == (event(1),)
    assert again.settings("door") == Settings(record=False)
    after.close()
