"""Counting goes on where it was."""

from pathlib import Path

from edge_detector.core.facts import Fact, LineCrossed, LinesCounted, OccupancyChanged
from edge_detector.core.types import Command, SetOccupancy
from edge_detector.outbox.database import Database
from edge_detector.outbox.history import SqliteHistory
from edge_detector.runtime.counts import resume
from edge_detector.testing import FakeClock


class Heard:
    def __init__(self) -> None:
        self.commands: list[Command] = []

    def command(self, command: Command) -> None:
        self.commands.append(command)


def test_cameras_go_on_with_what_was_counted_before(tmp_path: Path) -> None:
    database = Database(tmp_path / "porchlight.db")
    diary, told, door, yard = SqliteHistory(database), list[Fact](), Heard(), Heard()
    diary.note(LineCrossed(camera="door", visit_id="", t=0.0, utc=5.0, line="sill", direction="in"))
    diary.note(OccupancyChanged(camera="door", t=0.0, utc=5.0, count=1, reason="crossed"))
    clock = FakeClock()
    resume({"door": door, "yard": yard}, diary=diary, clock=clock, tell=told.append)
    database.close()
    t = clock.now()
    assert told == [
        LinesCounted(camera="door", t=t, lines=(("sill", 1, 0),)),
        LinesCounted(camera="yard", t=t),
    ]
    assert door.commands == [SetOccupancy(t=t, count=1, utc=5.0, reason="restart")]
    assert yard.commands == []
