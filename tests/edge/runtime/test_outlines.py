from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_detector.core.facts import Fact, OutlineChanged
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.types import Command, Redraw
from edge_detector.outbox.database import Database
from edge_detector.outbox.outlines import SqliteOutlines
from edge_detector.ports import OutlineShelf
from edge_detector.runtime.outlines import Outlines
from edge_detector.testing import FakeClock

CONFIGURED = Outline(lines=(Line(id="gate", name="Gate", start=(0.0, 0.5), end=(1.0, 0.5)),))
DRAWN = Outline()


class Obedient:
    """A camera that keeps what it is told."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def command(self, command: Command) -> None:
        """Keep it."""
        self.commands.append(command)


def make(shelf: OutlineShelf) -> tuple[Outlines, Obedient, list[Fact]]:
    camera, facts = Obedient(), list[Fact]()
    outlines = Outlines(
        cameras={"door": camera}, configured={"door": CONFIGURED}, shelf=shelf, clock=FakeClock(), tell=facts.append
    )
    return outlines, camera, facts


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[SqliteOutlines]:
    database = Database(tmp_path / "porchlight.db")
    yield SqliteOutlines(database)
    database.close()


def test_configured_outline_counts_until_something_is_drawn(shelf: SqliteOutlines) -> None:
    outlines, camera, facts = make(shelf)
    outlines.start()
    assert outlines.outline("door") is CONFIGURED
    assert not outlines.is_drawn("door")
    assert camera.commands == [Redraw(t=FakeClock().now(), outline=CONFIGURED)]
    assert facts == [OutlineChanged(camera="door", t=FakeClock().now(), outline=CONFIGURED)]


def test_what_is_drawn_is_applied_and_survives_a_restart(shelf: SqliteOutlines) -> None:
    outlines, camera, facts = make(shelf)
    outlines.draw("door", DRAWN)
    assert (outlines.outline("door"), outlines.is_drawn("door")) == (DRAWN, True)
    assert [type(one) for one in (*camera.commands, *facts)] == [Redraw, OutlineChanged]
    after, camera, _ = make(shelf)
    after.start()
    assert camera.commands == [Redraw(t=FakeClock().now(), outline=DRAWN)]


def test_drawing_is_erased(shelf: SqliteOutlines) -> None:
    outlines, camera, _ = make(shelf)
    outlines.draw("door", DRAWN)
    outlines.erase("door")
    assert not outlines.is_drawn("door")
    assert camera.commands[-1] == Redraw(t=FakeClock().now(), outline=CONFIGURED)
    assert make(shelf)[0].outline("door") is CONFIGURED
