"""Things that look like people: kept over restarts, suppressed and shown again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_detector.core.facts import CameraUp, SpotsChanged
from edge_detector.core.still import Spot
from edge_detector.core.types import Box, Command, Suppress, Unsuppress
from edge_detector.outbox.database import Database
from edge_detector.outbox.spots import SqliteSpots
from edge_detector.runtime.spots import Spots
from edge_detector.testing import FakeClock

COAT = Spot(id="s1", box=Box(0.1, 0.2, 0.3, 0.4), since_utc=1.5, seen_utc=9.5, looks=3, suppressed=True)


class Obedient:
    """A camera that keeps what it is told."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def command(self, command: Command) -> None:
        """Keep it."""
        self.commands.append(command)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "porchlight.db")
    yield database
    database.close()


async def test_what_a_camera_finds_is_known_and_kept(database: Database) -> None:
    camera, shelf = Obedient(), SqliteSpots(database)
    spots = Spots(cameras={"door": camera}, shelf=shelf, clock=FakeClock())
    assert spots.spots("door") == ()
    await spots.handle(SpotsChanged(camera="door", t=1.0, utc=2.0, spots=(COAT,)))
    await spots.handle(CameraUp(camera="door", t=1.0, utc=2.0, width=4, height=2))
    assert spots.spots("door") == (COAT,)
    assert Spots(cameras={"door": camera}, shelf=shelf, clock=FakeClock()).spots("door") == (COAT,)


def test_the_owner_suppresses_and_shows_again(database: Database) -> None:
    camera, shelf, clock = Obedient(), SqliteSpots(database), FakeClock(5.0)
    shelf.put("door", [COAT])
    spots = Spots(cameras={"door": camera}, shelf=shelf, clock=clock)
    assert spots.suppress("door", "s1")
    assert spots.unsuppress("door", "s1")
    assert not spots.suppress("door", "s2")
    assert not spots.unsuppress("door", "s2")
    assert camera.commands[:2] == [Suppress(t=5.0, spot="s1"), Unsuppress(t=5.0, spot="s1")]


@pytest.mark.parametrize(
    "kept", ["{", "[1]", '[{"id": "s1"}]', '[{"id": "s1", "box": 3}]', '[{"box": [1, 2, 3, 4], "new": 1}]']
)
def test_what_cannot_be_read_is_forgotten(database: Database, kept: str, caplog: pytest.LogCaptureFixture) -> None:
    database.run("put_spots", {"camera": "door", "spots": kept})
    assert SqliteSpots(database).get("door") == ()
    assert "door" in caplog.text
