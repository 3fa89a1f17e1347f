"""What has a number for the counting calls, and what happened there."""

from __future__ import annotations

from dataclasses import dataclass

CAMERA, ZONE, LINE = "camera", "zone", "line"


#: How much happened: visits, crossings of lines to their inside, and back. A plain tuple, for there are thousands.
Counts = tuple[int, int, int]
NOTHING: Counts = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A camera, or one of its zones or lines."""

    #: Never given again, also when the place is gone.
    number: int
    camera: str
    #: `camera`, `zone` or `line`.
    kind: str
    #: Empty for a camera.
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passages:
    """People who passed a place in an interval, and when the first and the last of them did."""

    count: int
    first_utc: float | None
    last_utc: float | None
