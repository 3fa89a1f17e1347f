"""Polygons and who stands in them."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.types import Box, Track
from edge_detector.core.zones import Point, Zone, count, foot, polygon_faults

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
#: A square without its right upper quarter.
CORNER = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0))


def zone(*points: Point, name: str = "porch") -> Zone:
    return Zone(id=name, name=name.title(), points=points)


def track(x: float, y: float, number: int = 1) -> Track:
    return Track(id=number, box=Box(x - 0.05, y - 0.3, x + 0.05, y), score=0.9, age=1.0, hits=3, seen_t=1.0)


@pytest.mark.parametrize(
    ("points", "point", "inside"),
    [
        (SQUARE, (0.5, 0.5), True),
        (SQUARE, (0.1, 0.5), False),  # left of it
        (SQUARE, (0.9, 0.5), False),  # right of it
        (SQUARE, (0.5, 0.1), False),  # above
        (SQUARE, (0.5, 0.9), False),  # below
        (SQUARE, (0.2, 0.5), True),  # on an edge
        (SQUARE, (0.8, 0.8), True),  # on a corner
        (SQUARE, (0.9, 0.8), False),  # in line with an edge, beyond it
        (CORNER, (0.75, 0.25), False),  # in the missing quarter
        (CORNER, (0.25, 0.5), True),  # level with the inner corner
        (CORNER, (0.75, 0.75), True),
        (tuple(reversed(CORNER)), (0.75, 0.25), False),  # either way round
        (tuple(reversed(CORNER)), (0.75, 0.75), True),
    ],
)
def test_a_zone_holds_points(points: tuple[Point, ...], point: Point, inside: bool) -> None:
    assert zone(*points).holds(point) is inside


@pytest.mark.parametrize(
    ("points", "complaint"),
    [
        ((), "0 points"),
        (((0.1, 0.1), (0.9, 0.9)), "2 points"),
        (((0.1, 0.1), (1.2, 0.1), (0.5, 0.9)), r"\(1.2, 0.1\)"),  # outside the picture
        (((0.1, -0.1), (0.9, 0.1), (0.5, 0.9)), r"\(0.1, -0.1\)"),
        (((0.1, 0.1), (math.nan, 0.1), (0.5, 0.9)), "within 0 and 1"),
        (((0, 0), (1, 1), (1, 0), (0, 1)), "cross"),  # an hourglass
        (((0, 0), (1, 0), (1, 0), (0.5, 1)), "cross"),  # a corner twice in a row
        (((0, 0), (1, 0), (0.5, 1), (0, 0)), "cross"),  # closed by hand
        (((0, 0), (0.5, 0.5), (1, 1)), "cross"),  # all on one line
        (((0, 0), (1, 0), (0.5, 0), (0.5, 1)), "cross"),  # an edge that runs back over the one before
        (((0.5, 0), (0, 0), (1, 0), (1, 1)), "cross"),
        (((0.5, 0), (1, 1), (0.2, 1), (0, 0), (1, 0)), "cross"),  # the last edge runs over the first corner
        (((0, 0), (1, 0), (0, 1), (0, 0.5), (0.5, 0), (0, 0.2)), "cross"),  # a corner on another edge
        (((0.5, 0), (1, 1), (0.2, 1), (1, 0), (0, 0)), "cross"),  # the last edge but one crosses the first
        (((0, 0), (0.4, 0), (0.4, 0.4), (0.8, 0.4), (0.8, 0.8), (0.4, 0.4), (0, 0.8)), "cross"),  # a shared corner
        (((0.3, 0), (0.6, 0), (1, 1), (0.8, 0)), "cross"),  # the closing edge lies over the first
    ],
)
def test_points_that_make_no_polygon_are_refused(points: tuple[Point, ...], complaint: str) -> None:
    assert any(re.search(complaint, message) for _, message in polygon_faults(points))


def test_every_point_outside_the_picture_is_named() -> None:
    points = ((0.1, 0.1), (1.2, 0.1), (0.5, 0.9), (0.4, -0.1))
    assert [where for where, _ in polygon_faults(points)] == [1, 3]


def test_a_polygon_has_no_fault() -> None:
    assert not list(polygon_faults(SQUARE))
    assert not list(polygon_faults(CORNER))


def test_a_corner_of_180_degrees_is_allowed() -> None:
    assert zone((0, 0), (0.5, 0), (1, 0), (1, 1), (0, 1)).holds((0.5, 0.5))


def test_feet_are_in_the_middle_of_the_lower_edge() -> None:
    assert foot(Box(0.2, 0.1, 0.4, 0.9)) == pytest.approx((0.3, 0.9))


def test_every_zone_is_counted_in_order_also_without_anybody() -> None:
    zones = (zone(*SQUARE, name="porch"), zone(*CORNER, name="yard"), zone((0.9, 0), (1, 0), (1, 0.1), name="gate"))
    tracks = (track(0.3, 0.7), track(0.1, 0.95, 2), track(0.75, 0.3, 3))
    assert count(zones, tracks) == (("porch", 2), ("yard", 2), ("gate", 0))
    assert count(zones, ()) == (("porch", 0), ("yard", 0), ("gate", 0))
    assert count((), tracks) == ()


def test_who_is_cut_by_the_lower_edge_of_the_picture_stands_on_it() -> None:
    assert count([zone((0, 0.5), (1, 0.5), (1, 1), (0, 1))], [track(0.5, 1.0)]) == (("porch", 1),)


unit = st.floats(0.01, 0.99)


@given(unit, unit, st.integers(3, 12), st.floats(0.05, 1))
def test_a_regular_polygon_holds_its_middle_and_nothing_beyond_its_corners(
    x: float, y: float, corners: int, share: float
) -> None:
    radius = share * min(x, y, 1 - x, 1 - y)
    angles = [2 * math.pi * i / corners for i in range(corners)]
    round_about = zone(*((x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles))
    assert round_about.holds((x, y))
    assert not any(
        round_about.holds((x + 1.01 * radius * math.cos(a), y + 1.01 * radius * math.sin(a))) for a in angles
    )
