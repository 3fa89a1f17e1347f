import random
import sqlite3
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge_detector.core import naming
from edge_detector.core.calendar import Bucket, spans, starts
from edge_detector.core.evidence import ItemKind, ItemState, VisitRecord
from edge_detector.core.facts import CameraUp, LineCrossed, OccupancyChanged, VisitEnded, VisitStarted, VisitUpdated
from edge_detector.core.places import CAMERA, LINE, ZONE, Passages, Place
from edge_detector.core.types import VisitStats
from edge_detector.outbox.database import Database, load_migrations
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.upkeep import SqliteUpkeep
from tests.edge.outbox.items import item

#: 2026-03-28T00:00:00+01:00, a day before the clock goes forward.
BEGUN = 1_774_652_400.0
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def history(database: Database) -> SqliteHistory:
    return SqliteHistory(database)


def visit(
    utc: float, n: int = 0, *, camera: str = "door", zones: Sequence[str] = (), ended: bool = True
) -> VisitRecord:
    return VisitRecord(
        visit_id=naming.ulid(round(utc * 1000), n),
        camera=camera,
        started_utc=utc,
        last_seen_utc=utc + 5,
        stats=VisitStats(),
        zones=tuple(zones),
        ended=ended,
    )


def crossed(utc: float, way: str = "in", *, line: str = "gate", track: int = 1, camera: str = "door") -> LineCrossed:
    return LineCrossed(camera=camera, visit_id="", t=0.0, utc=utc, line=line, direction=way, track=track)


def place(history: SqliteHistory, kind: str, place_id: str = "", camera: str = "door") -> Place:
    history.number(camera, kind, place_id)
    return next(one for one in history.places() if (one.camera, one.kind, one.id) == (camera, kind, place_id))


def counted(
    history: SqliteHistory,
    places: Sequence[Place],
    first: float,
    last: float,
    bucket: Bucket,
    zone: str = "Europe/Berlin",
) -> dict[tuple[str, str], int]:
    """By way and the beginning of the bucket."""
    where = ZoneInfo(zone)
    parts = list(spans(first, last, where))
    begun = {key: start for span in parts for key, start in starts(span, bucket, where)}
    return {
        (way, begun[key]): count
        for key, counts in history.traffic(places, parts, bucket).items()
        for way, count in zip(("visit", "in", "out"), counts, strict=True)
        if count
    }


# --- numbers --------------------------------------------------------------------------------------------------------


def test_numbers_last_and_are_given_once(path: Path, database: Database, history: SqliteHistory) -> None:
    first = [history.number("door", kind, name) for kind, name in ((CAMERA, ""), (ZONE, "mat"), (LINE, "mat"))]
    assert first == [1, 2, 3]
    assert history.number("door", ZONE, "mat") == 2
    beside = Database(path)
    other = SqliteHistory(beside)
    assert [other.number("door", ZONE, "mat"), other.number("yard", ZONE, "mat")] == [2, 4]
    beside.close()
    assert [(one.number, one.kind, one.id) for one in history.places()][1] == (2, ZONE, "mat")


# --- counting -------------------------------------------------------------------------------------------------------


def test_fact_that_is_told_again_counts_once(database: Database, history: SqliteHistory) -> None:
    journal = SqliteJournal(database)
    for _ in range(3):
        journal.put_visit(visit(BEGUN, zones=["mat"]))
        history.note(crossed(BEGUN))
        history.note(crossed(BEGUN, track=2))  # somebody beside them
        history.note(crossed(BEGUN, "out"))
    begun = "2026-03-28T00:00:00+01:00"
    crossings = {("in", begun): 2, ("out", begun): 1}
    assert counted(history, [place(history, LINE, "gate")], BEGUN, BEGUN + 3600, Bucket.HOUR) == crossings
    assert counted(history, [place(history, CAMERA)], BEGUN, BEGUN + 3600, Bucket.HOUR) == {
        ("visit", begun): 1,
        **crossings,
    }
    assert counted(history, [place(history, ZONE, "mat")], BEGUN, BEGUN + 60, Bucket.MINUTE) == {("visit", begun): 1}


def test_zone_that_is_entered_late_counts_its_visit_once(database: Database, history: SqliteHistory) -> None:
    journal = SqliteJournal(database)
    journal.put_visit(visit(BEGUN, ended=False))
    journal.put_visit(visit(BEGUN, zones=["mat"], ended=False))
    journal.put_visit(visit(BEGUN, zones=["mat", "step"]))
    for name in ("mat", "step"):
        assert sum(counted(history, [place(history, ZONE, name)], BEGUN, BEGUN + 9000, Bucket.DAY).values()) == 1


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia"])
@pytest.mark.parametrize("bucket", list(Bucket))
def test_counts_are_those_of_the_events_one_by_one(
    database: Database, history: SqliteHistory, zone: str, bucket: Bucket
) -> None:
    chance = random.Random(zone + bucket.name)
    journal, where = SqliteJournal(database), ZoneInfo(zone)
    days = 3 * 86_400
    moments = [
        BEGUN + chance.choice([chance.random() * days, 900.0 * chance.randrange(days // 900)]) for _ in range(300)
    ]
    with database.transaction():
        for n, utc in enumerate(moments):
            journal.put_visit(visit(utc, n, zones=["mat"] if n % 3 else []))
    for n, utc in enumerate(moments):
        history.note(crossed(utc, "in" if n % 2 else "out", track=n))
    for _ in range(6):
        first, last = sorted(
            BEGUN + chance.choice([chance.random() * days, 900.0 * n]) for n in (chance.randrange(288), 7)
        )
        expected: Counter[tuple[str, str]] = Counter()
        for n, utc in enumerate(moments):
            if first <= utc < last:
                begun = _begun(utc, bucket, where)
                expected["visit", begun] += 1
                expected["in" if n % 2 else "out", begun] += 1
        assert counted(history, [place(history, CAMERA)], first, last, bucket, zone) == expected
        crossings = {key: count for key, count in expected.items() if key[0] != "visit"}
        assert counted(history, [place(history, LINE, "gate")], first, last, bucket, zone) == crossings


def _begun(utc: float, bucket: Bucket, where: ZoneInfo) -> str:
    local = datetime.fromtimestamp(utc, UTC).astimezone(where).replace(second=0, microsecond=0)
    if bucket is Bucket.DAY:
        return datetime(local.year, local.month, local.day, tzinfo=where).isoformat()
    return (local if bucket is Bucket.MINUTE else local.replace(minute=0)).isoformat()


# --- who was there --------------------------------------------------------------------------------------------------


def seen(utc: float, count: int, fact: type[VisitStarted | VisitUpdated] = VisitUpdated) -> VisitStarted | VisitUpdated:
    more: dict[str, Any] = {"stats": VisitStats()} if fact is VisitUpdated else {}
    return fact(
        camera="door", visit_id="V", t=0.0, utc=utc, count=count, confidence=0.9, zones=(("mat", count),), **more
    )


def test_zone_is_known_at_any_time(history: SqliteHistory) -> None:
    history.note(seen(10.0, 1, VisitStarted))
    for utc, count in ((11.0, 1), (12.0, 3), (13.0, 2)):
        history.note(seen(utc, count))
    history.note(
        VisitEnded(
            camera="door", visit_id="V", t=0.0, utc=13.0, duration_s=3.0, stats=VisitStats(), clips=0, zones=("mat",)
        )
    )
    mat = place(history, ZONE, "mat")
    assert history.present(mat, 9.9) is None
    assert [history.present(mat, utc) for utc in (10.0, 11.9, 12.0, 13.0, 99.0)] == [
        (10.0, 1),
        (10.0, 1),
        (12.0, 3),
        (13.0, 2),
        (13.001, 0),
    ]
    assert history.passages(mat, 0.0, 99.0) == Passages(count=3, first_utc=10.0, last_utc=12.0)
    assert history.passages(mat, 10.5, 99.0) == Passages(count=2, first_utc=12.0, last_utc=12.0)
    assert history.passages(mat, 20.0, 99.0) == Passages(count=0, first_utc=None, last_utc=None)


def test_line_tells_who_passed_either_way(history: SqliteHistory) -> None:
    for utc, way in ((10.0, "in"), (20.0, "out"), (30.0, "in")):
        history.note(crossed(utc, way))
    gate = place(history, LINE, "gate")
    assert history.passages(gate, 10.0, 20.0) == Passages(count=2, first_utc=10.0, last_utc=20.0)
    assert history.passages(gate, 31.0, 99.0) == Passages(count=0, first_utc=None, last_utc=None)


def test_occupancy_is_known_at_any_time(history: SqliteHistory) -> None:
    for utc, count in ((10.0, 1), (20.0, 2), (30.0, 0)):
        history.note(OccupancyChanged(camera="door", t=0.0, utc=utc, count=count, reason="crossed"))
    history.note(CameraUp(camera="door", t=0.0, utc=40.0, width=1, height=1))
    assert history.present(place(history, CAMERA), 25.0) == (20.0, 2)
    assert history.present(place(history, CAMERA), 99.0) == (30.0, 0)


# --- age and upgrades -----------------------------------------------------------------------------------------------


def test_old_history_goes_and_the_rest_stays(database: Database, history: SqliteHistory) -> None:
    journal, upkeep = SqliteJournal(database), SqliteUpkeep(database)
    for day in range(4):
        utc = BEGUN + day * 86_400
        journal.put_visit(visit(utc, zones=["mat"]))
        history.note(crossed(utc))
        history.note(seen(utc, day + 1))
    bound = BEGUN + 2 * 86_400
    while upkeep.prune(0.0, 2, history_before_utc=bound):
        pass
    assert len(journal.visits()) == 2
    for one, count in (
        (place(history, CAMERA), 4),
        (place(history, ZONE, "mat"), 2),
        (place(history, LINE, "gate"), 2),
    ):
        for bucket in (Bucket.DAY, Bucket.MINUTE):
            assert sum(counted(history, [one], BEGUN, BEGUN + 9 * 86_400, bucket).values()) == count, one
    assert history.present(place(history, ZONE, "mat"), bound - 1) is None
    assert database._connection.execute("SELECT count(*) FROM zone_visits").fetchone()[0] == 2


def test_visit_finds_its_files_when_the_ledger_has_forgotten_them(database: Database) -> None:
    ledger, upkeep = SqliteLedger(database), SqliteUpkeep(database)
    record = visit(BEGUN)
    SqliteJournal(database).put_visit(record)
    kinds = (ItemKind.CLIP, ItemKind.SNAPSHOT, ItemKind.POSTER, ItemKind.DOCUMENT)
    for kind in kinds:
        added = item(kind, visit=record.visit_id)
        ledger.add(added)
        database._connection.execute("UPDATE items SET state = 'stored'")
    before = {found.kind: found for found in ledger.items(visit_id=record.visit_id)}
    assert upkeep.prune(2e9, 100, history_before_utc=0.0) == len(kinds)
    found = ledger.items(visit_id=record.visit_id)
    assert {one.kind for one in found} == {ItemKind.CLIP, ItemKind.SNAPSHOT}
    for one in found:
        same = before[one.kind]
        assert (one.key, one.path, one.sha256, one.bytes) == (same.key, same.path, same.sha256, same.bytes)
        assert one.state is ItemState.PURGED
    assert not ledger.items()
    assert ledger.backlog(0.0).stored == len(kinds)
    upkeep.prune(0.0, 100, history_before_utc=BEGUN + 1)
    assert not ledger.items(visit_id=record.visit_id)


def test_older_database_brings_its_visits_along(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:
        for script in load_migrations()[:2]:
            old.executescript(script)
        for n, zones in enumerate(('["mat"]', "[]", '["mat","step"]')):
            utc = BEGUN + n * 3600
            values = (naming.ulid(round(utc * 1000), n), utc, utc, zones)
            old.execute("INSERT INTO visits VALUES (?, 'door', ?, ?, 1, 0.9, 9.0, ?, 1, 1)", values)
        old.commit()
    database = Database(path)
    history = SqliteHistory(database)
    found = {
        name: sum(counted(history, [place(history, kind, name)], BEGUN, BEGUN + 86_400, Bucket.DAY).values())
        for kind, name in ((CAMERA, ""), (ZONE, "mat"), (ZONE, "step"))
    }
    assert found == {"": 3, "mat": 2, "step": 1}
    page = SqliteJournal(database).page(camera="door", zone="mat", limit=9)
    assert [record.started_utc for record in page] == [BEGUN + 7200, BEGUN]
    database.close()


def test_what_was_counted_of_a_line_survives_what_is_forgotten(history: SqliteHistory, database: Database) -> None:
    for n in range(3):
        history.note(crossed(BEGUN + n))
    history.note(crossed(BEGUN + 3, "out", line="sill"))
    history.note(crossed(BEGUN, camera="back"))
    SqliteUpkeep(database).prune(0.0, 100, history_before_utc=BEGUN + 86_400)
    assert history.totals("door") == (("gate", 3, 0), ("sill", 0, 1))
    assert history.totals("shed") == ()


def test_how_many_are_inside_is_what_was_told_last(history: SqliteHistory) -> None:
    assert history.inside("door") is None
    for n, count in enumerate((1, 2, 1)):
        history.note(OccupancyChanged(camera="door", t=0.0, utc=BEGUN + n, count=count, reason="crossed"))
    assert history.inside("door") == (BEGUN + 2, 1)


def test_crossings_are_those_of_the_visit(history: SqliteHistory) -> None:
    record = visit(BEGUN)
    mine = replace(crossed(BEGUN + 1, "out"), visit_id=record.visit_id)
    for fact in (crossed(BEGUN + 1), mine, replace(mine, utc=BEGUN + 2, direction="in")):
        history.note(fact)
    found = history.crossings(record)
    assert [(crossing.utc, crossing.line, crossing.direction) for crossing in found] == [
        (BEGUN + 1, "gate", "out"),
        (BEGUN + 2, "gate", "in"),
    ]
