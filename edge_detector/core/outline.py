"""All that is drawn on a camera's picture: zones and lines, checked as a whole."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_detector.core.errors import OutlineError
from edge_detector.core.lines import Line
from edge_detector.core.zones import Zone, ZoneKind, point_fault, polygon_faults

#: More than anybody draws on one picture; every one costs time with every picture.
MAX_ZONES = 32
MAX_LINES = 32
MAX_POINTS = 64
MAX_NAME_CHARACTERS = 80
#: A shorter line, in 0..1 of the frame, has no sides to speak of.
MIN_LINE_LENGTH = 0.02

_SLUG = re.compile(r"[a-z0-9_]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with an outline, and where: `zones.0.points.2`, counted from 0."""

    where: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A camera's zones and lines; raises OutlineError with every fault that they have."""

    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()

    def __post_init__(self) -> None:
        """Check all of it."""
        if faults := (*_zones_faults(self.zones), *_lines_faults(self.lines)):
            raise OutlineError(faults)

    @property
    def counted(self) -> tuple[Zone, ...]:
        """The zones in which people are counted."""
        return tuple(zone for zone in self.zones if zone.kind is not ZoneKind.IGNORE)

    def of_kind(self, kind: ZoneKind) -> tuple[Zone, ...]:
        """The zones of one kind."""
        return tuple(zone for zone in self.zones if zone.kind is kind)


def _zones_faults(zones: Sequence[Zone]) -> Iterator[Fault]:
    if len(zones) > MAX_ZONES:
        yield Fault(where="zones", message=f"are {len(zones)}, at most {MAX_ZONES} are allowed")
    for i, zone in enumerate(zones):
        if len(zone.points) > MAX_POINTS:
            many = f"has {len(zone.points)} points, at most {MAX_POINTS} are allowed"
            yield Fault(where=f"zones.{i}.points", message=many)
            continue
        for j, message in polygon_faults(zone.points):
            yield Fault(where=f"zones.{i}.points" if j is None else f"zones.{i}.points.{j}", message=message)
    yield from _named_faults("zones", [(zone.id, zone.name) for zone in zones])


def _lines_faults(lines: Sequence[Line]) -> Iterator[Fault]:
    if len(lines) > MAX_LINES:
        yield Fault(where="lines", message=f"are {len(lines)}, at most {MAX_LINES} are allowed")
    for i, line in enumerate(lines):
        ends = [(end, point_fault(point)) for end, point in (("start", line.start), ("end", line.end))]
        yield from (Fault(where=f"lines.{i}.{end}", message=message) for end, message in ends if message)
        if math.dist(line.start, line.end) < MIN_LINE_LENGTH:
            short = f"is too short: at least {MIN_LINE_LENGTH:g} of the picture"
            yield Fault(where=f"lines.{i}", message=short)
    yield from _named_faults("lines", [(line.id, line.name) for line in lines])


def _named_faults(what: str, named: Sequence[tuple[str, str]]) -> Iterator[Fault]:
    times = Counter(key for key, _ in named)
    for i, (key, name) in enumerate(named):
        if not _SLUG.fullmatch(key):
            yield Fault(where=f"{what}.{i}.id", message="must be 1 to 40 lower-case letters, digits and `_`")
        elif times[key] > 1:
            yield Fault(where=f"{what}.{i}.id", message=f"is {key} more than once: each needs an id of its own")
        if not 0 < len(name) <= MAX_NAME_CHARACTERS:
            yield Fault(where=f"{what}.{i}.name", message=f"must have 1 to {MAX_NAME_CHARACTERS} characters")
