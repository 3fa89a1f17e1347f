"""How many people are inside."""

import pytest

from edge_detector.core.lines import Direction
from edge_detector.core.occupancy import Occupancy

IN, OUT = Direction.IN, Direction.OUT
HOUR_S = 3600.0


def day(utc: float) -> int:
    """A day that begins at four."""
    return int((utc - 4 * HOUR_S) // (24 * HOUR_S))


@pytest.mark.parametrize(
    ("ways", "count"),
    [((IN, IN, OUT), 1), ((OUT, OUT, IN), 1), ((IN, OUT, OUT), 0), ((), 0)],
)
def test_who_came_in_less_who_went_out(ways: tuple[Direction, ...], count: int) -> None:
    occupancy = Occupancy()
    for way in ways:
        occupancy.crossed(way)
    assert occupancy.count == count


def test_nobody_leaves_an_empty_house() -> None:
    occupancy = Occupancy()
    assert not occupancy.crossed(OUT)
    assert occupancy.crossed(IN)


def test_the_owner_says_how_many_there_are() -> None:
    occupancy = Occupancy()
    occupancy.set(5, 0.0)
    assert occupancy.count == 5
    occupancy.set(-1, 0.0)
    assert occupancy.count == 0
    assert not occupancy.pass_time(1e9)


def test_each_day_begins_with_nobody() -> None:
    occupancy = Occupancy(day)
    assert not occupancy.pass_time(2 * HOUR_S)
    occupancy.crossed(IN)
    assert not occupancy.pass_time(3.9 * HOUR_S)
    assert occupancy.pass_time(4 * HOUR_S)
    assert occupancy.count == 0
    assert not occupancy.pass_time(28 * HOUR_S)  # nobody was there anyway


def test_a_day_that_began_while_the_program_was_off_counts() -> None:
    occupancy = Occupancy(day)
    occupancy.set(2, 3 * HOUR_S)
    assert occupancy.pass_time(5 * HOUR_S)
    occupancy.set(2, 5 * HOUR_S)
    assert not occupancy.pass_time(6 * HOUR_S)


def test_a_clock_that_is_set_back_begins_no_day() -> None:
    occupancy = Occupancy(day)
    occupancy.set(2, 5 * HOUR_S)
    assert not occupancy.pass_time(3 * HOUR_S)
    assert not occupancy.pass_time(5 * HOUR_S)
    assert occupancy.count == 2
