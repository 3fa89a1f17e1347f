"""Lines that people walk over, and which way is in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge_detector.core.types import Track
from edge_detector.core.zones import Point, stands

#: Who is nearer to a line than this many own heights is on it, on neither side: boxes tremble by a few hundredths...
_ON_LINE_HEIGHTS = 0.06
#: ...but of somebody who has only just come less is asked, for who comes in beside a line goes over it next.
_NEW_ON_LINE_HEIGHTS = 0.03
#: Who is further from it is on that side; who is not must be seen there twice in a row, for a box may be wrong once...
_CLEAR_HEIGHTS = 0.3
_SIGHTINGS = 2
#: ...and a line is so many heights longer at both ends, for the same reason.
_END_HEIGHTS = 0.1
#: Keeps a division by a box without height finite.
_TINY_HEIGHT = 1e-6
#: Somebody who has not been seen for so long is forgotten; the tracker gave them up long before.
_FORGET_S = 30.0


class Direction(StrEnum):
    """Which way somebody crosses a line."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A directed line on the picture; an `Outline` checks it.

    Go along it from `start` to `end`, as it lies on the picture: on the right hand is inside. So a line drawn from left
    to right has its inside below it, and one drawn downwards has it on its left as one looks at the picture. The page
    draws an arrow across the line that points inside: for the direction (dx, dy) in pixels that is (-dy, dx).
    """

    id: str
    name: str
    start: Point
    end: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Somebody has gone over a line."""

    line: str
    direction: Direction
    #: Whose track it was.
    track: int


@dataclass(slots=True)
class _Walk:
    """How somebody stands to a line."""

    seen_t: float
    #: Distance to the line when last seen, in own heights; positive is inside.
    distance: float
    #: Where that was along the line: 0 at its start, 1 at its end.
    along: float
    #: The side that the person is on for sure, +1 inside and -1 outside; 0 while only seen on the line.
    side: int = 0
    #: The side last seen on, and how often in a row.
    seen_side: int = 0
    sightings: int = 0
    #: Whether the line itself, not its prolongation, was stepped over when last its sides were changed.
    between_ends: bool = False


class LineWatch:
    """Who goes over which line: seen clearly on one side and then clearly on the other, between the line's ends.

    Who stands on a line, or trembles on it, or turns back on it, has not crossed it; who goes over it and comes back
    has, once each way.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        """Watch these."""
        self._lines = tuple(lines)
        self._walks: dict[tuple[str, int], _Walk] = {}

    def redraw(self, lines: Sequence[Line]) -> None:
        """Watch these from now on; what is known of those that stay as they were is kept."""
        kept = {line.id for line in lines if line in self._lines}
        self._lines = tuple(lines)
        self._walks = {key: walk for key, walk in self._walks.items() if key[0] in kept}

    def update(self, t: float, people: Sequence[Track], *, aspect: float) -> tuple[Crossing, ...]:
        """The crossings that show with the people seen at `t`; `aspect` is the frame's width over its height."""
        self._walks = {key: walk for key, walk in self._walks.items() if t - walk.seen_t <= _FORGET_S}
        found = []
        for line in self._lines:
            for person in people:
                direction = self._step(t, line, person, aspect)
                if direction is not None:
                    found.append(Crossing(line=line.id, direction=direction, track=person.id))
        return tuple(found)

    def _step(self, t: float, line: Line, person: Track, aspect: float) -> Direction | None:
        distance, along, height = _place(line, person, aspect)
        walk = self._walks.setdefault((line.id, person.id), _Walk(t, distance, along))
        if (walk.distance > 0) != (distance > 0):
            share = walk.distance / (walk.distance - distance)
            walk.between_ends = -height <= walk.along + share * (along - walk.along) <= 1 + height
        walk.seen_t, walk.distance, walk.along = t, distance, along
        on_line = _ON_LINE_HEIGHTS if walk.side else _NEW_ON_LINE_HEIGHTS
        side = 0 if abs(distance) < on_line else 1 if distance > 0 else -1
        walk.sightings = walk.sightings + 1 if side == walk.seen_side else 1
        walk.seen_side = side
        if not side or side == walk.side or (walk.sightings < _SIGHTINGS and abs(distance) < _CLEAR_HEIGHTS):
            return None
        before, walk.side = walk.side, side
        if not before or not walk.between_ends:
            return None
        return Direction.IN if side > 0 else Direction.OUT


def _place(line: Line, person: Track, aspect: float) -> tuple[float, float, float]:
    """Distance from the line in own heights, positive inside; place along it, 0 to 1; what the ends give, alike."""
    (ax, ay), (bx, by), (x, y) = line.start, line.end, stands(person)
    dx, dy, px, py = (bx - ax) * aspect, by - ay, (x - ax) * aspect, y - ay
    length, height = math.hypot(dx, dy), max(person.box.y2 - person.box.y1, _TINY_HEIGHT)
    return (dx * py - dy * px) / length / height, (dx * px + dy * py) / length**2, _END_HEIGHTS * height / length
