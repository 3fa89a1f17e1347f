"""Who stands where: polygons on the picture, and the people whose feet are inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from edge_detector.core.types import Box, Track

#: x and y in 0..1 of the frame.
Point = tuple[float, float]

#: Fewer corners enclose nothing.
MIN_POINTS = 3

#: Who was not seen in a zone for longer has left it; less is a box that trembled, or was not found.
_LEFT_S = 2.0

#: A point this near to an edge is on it (twice the area of the triangle they make).
_ON_EDGE = 1e-9


class ZoneKind(StrEnum):
    """What a zone is for."""

    #: People in it are counted.
    COUNT = "count"
    #: They are counted, and only people who have been in such a zone make a visit.
    REQUIRED = "required"
    #: Nothing in it is looked at: neither motion nor people whose feet are in it.
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A polygon on the picture; an `Outline` checks it."""

    id: str
    name: str
    points: tuple[Point, ...]
    kind: ZoneKind = ZoneKind.COUNT

    def holds(self, point: Point) -> bool:
        """Whether the point is inside or on the edge."""
        x, y = point
        inside = False
        for a, b in _edges(self.points):
            if _on_segment(point, a, b):
                return True
            if (a[1] > y) != (b[1] > y) and x < a[0] + (y - a[1]) * (b[0] - a[0]) / (b[1] - a[1]):
                inside = not inside
        return inside


def foot(box: Box) -> Point:
    """Where a person stands: the middle of the box's lower edge."""
    return (box.x1 + box.x2) / 2, box.y2


def stands(track: Track) -> Point:
    """Where somebody who is followed stands, also when the feet are hidden for a moment."""
    return track.feet or foot(track.box)


def count(zones: Sequence[Zone], tracks: Sequence[Track]) -> tuple[tuple[str, int], ...]:
    """Every zone's id with the number of people whose feet are in it, in the zones' order, also where it is 0."""
    feet = [stands(track) for track in tracks]
    return tuple((zone.id, sum(zone.holds(point) for point in feet)) for zone in zones)


class Dwell:
    """How long people have been in zones without leaving them for more than a moment."""

    def __init__(self) -> None:
        """Nobody has been anywhere."""
        #: Zone and track to when they came together, and when they were last together.
        self._stays: dict[tuple[str, int], tuple[float, float]] = {}

    def update(self, t: float, zones: Sequence[Zone], tracks: Sequence[Track]) -> tuple[tuple[str, float], ...]:
        """The zones with somebody in them at `t`, and for how long the one who is longest there has been."""
        stays = {key: stay for key, stay in self._stays.items() if t - stay[1] <= _LEFT_S}
        longest: dict[str, float] = {}
        for zone in zones:
            for track in tracks:
                if zone.holds(stands(track)):
                    since = stays.get((zone.id, track.id), (t, t))[0]
                    stays[zone.id, track.id] = since, t
                    longest[zone.id] = max(longest.get(zone.id, 0.0), t - since)
        self._stays = stays
        return tuple(longest.items())


def polygon_faults(points: Sequence[Point]) -> Iterator[tuple[int | None, str]]:
    """Why the points make no polygon: each fault with the point that has it, None when it is of the whole."""
    if len(points) < MIN_POINTS:
        yield None, f"has {len(points)} points, a polygon needs at least {MIN_POINTS}"
    outside = [(i, fault) for i, point in enumerate(points) if (fault := point_fault(point))]
    yield from outside
    if not outside and len(points) >= MIN_POINTS and _crosses_itself(points):
        yield None, "has edges that cross or touch each other, or a corner twice"


def point_fault(point: Point) -> str | None:
    """Why the point does not lie on the picture, None when it does."""
    x, y = point
    return None if 0 <= x <= 1 and 0 <= y <= 1 else f"is ({x:g}, {y:g}): x and y must be within 0 and 1"


def _edges(points: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(points, (*points[1:], points[0]), strict=True))


def _turn(a: Point, b: Point, c: Point) -> float:
    """Twice the area of the triangle, positive when a, b, c turn clockwise on the picture."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _on_segment(p: Point, a: Point, b: Point) -> bool:
    between = min(a[0], b[0]) <= p[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= p[1] <= max(a[1], b[1])
    return between and abs(_turn(a, b, p)) <= _ON_EDGE


def _segments_meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the segments a b and c d share a point."""
    if _on_segment(c, a, b) or _on_segment(d, a, b) or _on_segment(a, c, d) or _on_segment(b, c, d):
        return True
    return (_turn(a, b, c) > 0) != (_turn(a, b, d) > 0) and (_turn(c, d, a) > 0) != (_turn(c, d, b) > 0)


def _crosses_itself(points: Sequence[Point]) -> bool:
    """Whether two edges meet anywhere but in the corner that neighbours share."""
    edges = _edges(points)
    last = len(edges) - 1
    for (i, (a, b)), (j, (c, d)) in combinations(enumerate(edges), 2):
        if j == i + 1:
            meet = a == b or c == d or _on_segment(d, a, b) or _on_segment(a, c, d)
        elif (i, j) == (0, last):
            meet = _on_segment(c, a, b) or _on_segment(b, c, d)
        else:
            meet = _segments_meet(a, b, c, d)
        if meet:
            return True
    return False
