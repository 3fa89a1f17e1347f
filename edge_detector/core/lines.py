"""Lines that people walk over, and which way is in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_detector.core.zones import Point


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
