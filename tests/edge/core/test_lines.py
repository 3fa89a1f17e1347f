"""Who goes over which line, which way: once, and only who has been clearly on both sides."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.lines import Direction, Line, LineWatch
from edge_detector.core.types import Box, Track
from edge_detector.core.zones import Point

IN, OUT = Direction.IN, Direction.OUT
#: Across the picture from left to right: inside is below.
SILL = Line(id="sill", name="Sill", start=(0.2, 0.5), end=(0.8, 0.5))
#: Up the picture: inside is to the right.
GATE = Line(id="gate", name="Gate", start=(0.5, 0.9), end=(0.5, 0.3))
HEIGHT = 0.2


def track(point: Point, number: int = 1, height: float = HEIGHT) -> Track:
    x, y = point
    return Track(id=number, box=Box(x - 0.03, y - height, x + 0.03, y), score=0.9, age=1.0, hits=3, seen_t=1.0)


def walked(line: Line, *points: Point, step_s: float = 0.2, aspect: float = 1.0) -> list[Direction]:
    watch = LineWatch([line])
    return [
        crossing.direction
        for n, point in enumerate(points)
        for crossing in watch.update(n * step_s, [track(point)], aspect=aspect)
    ]


def down(*ys: float, x: float = 0.5) -> list[Point]:
    return [(x, y) for y in ys]


@pytest.mark.parametrize(
    ("points", "ways"),
    [
        (down(0.4, 0.45, 0.49, 0.52, 0.6), [IN]),
        (down(0.6, 0.4), [OUT]),
        (down(0.4, 0.6, 0.4, 0.6), [IN, OUT, IN]),  # there and back, each time for good
        (down(0.4, 0.49, 0.505, 0.495, 0.51, 0.492, 0.49, 0.4), []),  # stood on it and turned back
        (down(0.4, 0.49, 0.505, 0.495, 0.51, 0.492, 0.6), [IN]),  # stood on it and went on
        (down(0.4, 0.51, 0.51, 0.51), []),  # has only just set foot on it
        (down(0.5, 0.51, 0.6, 0.7), []),  # was never seen on the other side
        (down(0.5, 0.4, 0.6), [IN]),  # came up on the line
        (down(0.4, 0.6, x=0.1), []),  # past its start
        (down(0.4, 0.6, x=0.9), []),  # past its end
        ([(0.1, 0.4), (0.1, 0.6), (0.5, 0.6), (0.5, 0.4)], [OUT]),  # round its end, and back over it
        ([(0.7, 0.4), (0.95, 0.49), (0.95, 0.51), (0.7, 0.6)], []),  # round its end, though the straight way is over it
        ([(0.15, 0.4), (0.25, 0.5), (0.4, 0.65)], [IN]),  # over it aslant
        ([(0.0, 0.45), (0.2, 0.65)], []),  # the same, past its start
        (down(0.4, 0.6, x=0.81), [IN]),  # at its end: boxes are not exact
        (down(0.4, 0.54, 0.4, 0.4), []),  # one box was wrong
        (down(0.4, 0.54, 0.54, 0.4, 0.4), [IN, OUT]),  # two are not
        (down(0.46, 0.6), []),  # was hardly seen on the other side
        (down(0.46, 0.46, 0.6), [IN]),
        (down(0.492, 0.492, 0.6), [IN]),  # came in close beside it
        (down(0.496, 0.496, 0.6), []),  # came in on it
        (down(0.492, 0.6), []),  # was beside it in one picture
        (down(0.492, 0.492, 0.508, 0.508, 0.508), []),  # stands on it since
        ([], []),
    ],
)
def test_a_crossing_is_counted_once_and_for_good(points: Sequence[Point], ways: list[Direction]) -> None:
    assert walked(SILL, *points) == ways


@pytest.mark.parametrize(
    ("line", "points", "way"),
    [
        (GATE, [(0.4, 0.6), (0.6, 0.6)], IN),
        (GATE, [(0.6, 0.6), (0.4, 0.6)], OUT),
        (Line(id="x", name="x", start=GATE.end, end=GATE.start), [(0.4, 0.6), (0.6, 0.6)], OUT),
    ],
)
def test_inside_is_on_the_right_hand(line: Line, points: list[Point], way: Direction) -> None:
    assert walked(line, *points) == [way]


def test_near_people_have_to_go_further_than_far_ones() -> None:
    for height, ways in ((0.1, [IN]), (0.5, [])):
        watch = LineWatch([SILL])
        seen = [
            crossing.direction
            for n, y in enumerate((0.3, 0.515, 0.515))
            for crossing in watch.update(n * 0.2, [track((0.5, y), 1, height)], aspect=1.0)
        ]
        assert seen == ways


def test_a_box_without_height_does_no_harm() -> None:
    watch = LineWatch([SILL])
    flat = [track((0.5, 0.4), 1, 0.0), track((0.5, 0.6), 1, 0.0)]
    assert [c.direction for person in flat for c in watch.update(0.0, [person], aspect=1.0)] == [IN]


def test_everybody_is_counted_by_themselves_on_every_line() -> None:
    watch = LineWatch([SILL, GATE])
    watch.update(0.0, [track((0.4, 0.4), 1), track((0.6, 0.6), 2)], aspect=1.0)
    found = watch.update(0.2, [track((0.4, 0.6), 1), track((0.4, 0.4), 2)], aspect=1.0)
    assert [(c.line, c.direction, c.track) for c in found] == [("sill", IN, 1), ("sill", OUT, 2), ("gate", OUT, 2)]


def test_who_is_missed_for_a_while_crosses_all_the_same() -> None:
    watch = LineWatch([SILL])
    watch.update(0.0, [track((0.5, 0.4))], aspect=1.0)
    watch.update(0.2, [], aspect=1.0)
    assert watch.update(2.0, [track((0.5, 0.6))], aspect=1.0)


def test_who_is_long_gone_is_forgotten() -> None:
    watch = LineWatch([SILL])
    watch.update(0.0, [track((0.5, 0.4))], aspect=1.0)
    assert not watch.update(60.0, [track((0.5, 0.6))], aspect=1.0)


def test_lines_are_drawn_anew_while_somebody_is_on_the_way() -> None:
    moved = Line(id="gate", name="Gate", start=(0.1, 0.9), end=(0.1, 0.3))
    watch = LineWatch([SILL, GATE])
    watch.update(0.0, [track((0.4, 0.4))], aspect=1.0)
    watch.redraw([SILL, moved])
    found = watch.update(0.2, [track((0.6, 0.6))], aspect=1.0)
    assert [(c.line, c.direction) for c in found] == [("sill", IN)]


side = st.floats(0.35, 0.65)


@given(st.lists(side, min_size=2, max_size=30))
def test_ins_and_outs_take_turns_and_come_out_even(ys: list[float]) -> None:
    ways = walked(SILL, *down(*ys))
    assert all(a is not b for a, b in pairwise(ways))
    if ways and abs(ys[-1] - 0.5) > 0.06:  # clear of the line at once
        assert (ways[-1] is IN) == (ys[-1] > 0.5)
