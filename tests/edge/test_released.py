"""What every released version wrote is taken over whole; script/keep_release.py keeps it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge_detector.config.load import load
from edge_detector.core.errors import LedgerError
from edge_detector.core.places import CAMERA, LINE, ZONE
from edge_detector.outbox.database import Database, load_migrations
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from tests.paths import ROOT

RELEASES = sorted((ROOT / "tests" / "released").iterdir())
VISIT = "01KAK9YGG0000000000000000A"


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def release(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture
def database(release: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "porchlight.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((release / "porchlight.sql").read_text())
    database = Database(path)
    yield database
    database.close()


def test_there_are_releases() -> None:
    assert "0.1.0" in {path.name for path in RELEASES}


def test_visits_settings_and_events_are_kept(database: Database) -> None:
    journal = SqliteJournal(database)
    (visit,) = journal.visits()
    assert (visit.visit_id, visit.camera, visit.zones, visit.clips, visit.ended) == (VISIT, "door", ("mat",), 1, True)
    assert visit.stats.max_people == 2
    settings = journal.settings("door")
    assert settings is not None
    assert (settings.armed, settings.confidence) == (False, 0.65)
    assert [event.id for event in journal.next_events(5)] == [VISIT]


def test_files_that_waited_still_wait(database: Database) -> None:
    ledger = SqliteLedger(database)
    ledger.reset()
    assert ledger.backlog(1e10).pending == 1


def test_history_goes_on(database: Database) -> None:
    history = SqliteHistory(database)
    assert {(place.kind, place.id) for place in history.places()} == {(CAMERA, ""), (ZONE, "mat"), (LINE, "step")}
    assert [(line, inward, outward) for line, inward, outward in history.totals("door")] == [("step", 1, 0)]
    inside = history.inside("door")
    assert inside is not None
    assert inside[1] == 1


def test_its_configuration_still_holds(release: Path) -> None:
    config = load(release / "porchlight.yaml")
    assert config.node.id == "porch"
    assert list(config.cameras["door"].zones) == ["doormat"]


def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "porchlight.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(load_migrations()) + 1}")
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"written by a newer Porchlight .* update Porchlight"):
        Database(path)
    assert path.read_bytes() == before
