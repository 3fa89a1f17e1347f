"""How a camera is right now: a pure fold of facts into what its retained state message says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch

from edge_detector.core.facts import (
    CameraDown,
    CameraStats,
    CameraUp,
    Fact,
    LineCrossed,
    LinesCounted,
    OccupancyChanged,
    OutlineChanged,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)

Counts = tuple[tuple[str, int], ...]
#: Line id, people in, people out.
Crossed = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStatus:
    """One camera's state; while it is not online nobody is there, whatever was seen before."""

    camera: str
    online: bool = False
    #: A visit goes on.
    person: bool = False
    #: People seen now; may be 0 while a visit is held open.
    count: int = 0
    confidence: float = 0.0
    #: Zone id to the number of people in it, every zone of the camera.
    zones: Counts = ()
    #: Line id, people in, people out, every line of the camera.
    lines: Crossed = ()
    #: The same of lines that are not drawn, in case they are again: what is counted never becomes less.
    undrawn: Crossed = ()
    #: People inside: in less out, never below zero.
    occupancy: int = 0
    #: The visit that goes on, None when there is none.
    visit_id: str | None = None
    #: Since when `person` is what it is: the visit's start, or when somebody was last seen; None when never told.
    since_utc: float | None = None
    #: When the latest fact was.
    utc: float = 0.0
    fps: float = 0.0
    inference_ms: float = 0.0


def initial(camera: str, *, zones: Sequence[str] = (), lines: Sequence[str] = (), utc: float = 0.0) -> CameraStatus:
    """A camera of which nothing is known yet but the ids of its zones and lines."""
    return CameraStatus(
        camera=camera, zones=tuple((zone, 0) for zone in zones), lines=tuple((line, 0, 0) for line in lines), utc=utc
    )


def fold(status: CameraStatus, fact: Fact) -> CameraStatus:
    """The state after a fact; the very same object when the fact says nothing of it."""
    if getattr(fact, "camera", None) != status.camera:
        return status
    return _fold(fact, status)


@singledispatch
def _fold(fact: Fact, status: CameraStatus) -> CameraStatus:
    del fact
    return status


@_fold.register
def _(fact: CameraUp, status: CameraStatus) -> CameraStatus:
    return replace(status, online=True, utc=fact.utc)


@_fold.register
def _(fact: CameraDown, status: CameraStatus) -> CameraStatus:
    return replace(_nobody(status, fact.utc), online=False, utc=fact.utc)


@_fold.register
def _(fact: VisitStarted, status: CameraStatus) -> CameraStatus:
    return _somebody(status, fact)


@_fold.register
def _(fact: VisitUpdated, status: CameraStatus) -> CameraStatus:
    return _somebody(status, fact)


@_fold.register
def _(fact: VisitEnded, status: CameraStatus) -> CameraStatus:
    if fact.visit_id != status.visit_id:
        return status
    # It ended when somebody was last seen, which is before it was found to have ended.
    return replace(_nobody(status, fact.utc), utc=max(status.utc, fact.utc))


@_fold.register
def _(fact: LineCrossed, status: CameraStatus) -> CameraStatus:
    known = {line: (inward, outward) for line, inward, outward in (*status.undrawn, *status.lines)}
    inward, outward = known.get(fact.line, (0, 0))
    known[fact.line] = (inward + 1, outward) if fact.direction == "in" else (inward, outward + 1)
    return replace(_counted(status, [line for line, _, _ in status.lines], known), utc=fact.utc)


@_fold.register
def _(fact: LinesCounted, status: CameraStatus) -> CameraStatus:
    known = {line: (inward, outward) for line, inward, outward in (*status.undrawn, *status.lines, *fact.lines)}
    return _counted(status, [line for line, _, _ in status.lines], known)


@_fold.register
def _(fact: OutlineChanged, status: CameraStatus) -> CameraStatus:
    known = {line: (inward, outward) for line, inward, outward in (*status.undrawn, *status.lines)}
    inside = dict(status.zones)
    return replace(
        _counted(status, [line.id for line in fact.outline.lines], known),
        zones=tuple((zone.id, inside.get(zone.id, 0)) for zone in fact.outline.counted),
    )


@_fold.register
def _(fact: OccupancyChanged, status: CameraStatus) -> CameraStatus:
    return replace(status, occupancy=fact.count, utc=max(status.utc, fact.utc))


@_fold.register
def _(fact: CameraStats, status: CameraStatus) -> CameraStatus:
    return replace(status, fps=fact.fps, inference_ms=fact.inference_ms)


def _counted(status: CameraStatus, drawn: Sequence[str], known: Mapping[str, tuple[int, int]]) -> CameraStatus:
    """The status with the counts of the lines that are drawn, and apart from them those of all others."""
    return replace(
        status,
        lines=tuple((line, *known.get(line, (0, 0))) for line in drawn),
        undrawn=tuple((line, *ways) for line, ways in known.items() if line not in drawn),
    )


def _somebody(status: CameraStatus, fact: VisitStarted | VisitUpdated) -> CameraStatus:
    """A visit goes on; a fact that comes after the camera went down is late and says nothing of now."""
    if not status.online:
        return status
    same = fact.visit_id == status.visit_id
    return replace(
        status,
        person=True,
        count=fact.count,
        confidence=fact.confidence,
        zones=_zones(status.zones, fact.zones),
        visit_id=fact.visit_id,
        since_utc=status.since_utc if same else fact.utc,
        utc=fact.utc,
    )


def _nobody(status: CameraStatus, utc: float) -> CameraStatus:
    return replace(
        status,
        person=False,
        count=0,
        confidence=0.0,
        zones=_zones(status.zones, ()),
        visit_id=None,
        since_utc=utc if status.person else status.since_utc,
    )


def _zones(known: Counts, seen: Counts) -> Counts:
    """Every known zone with what is in it now; one that is drawn no more may still be told of for a moment."""
    inside = dict(seen)
    return tuple((zone, inside.get(zone, 0)) for zone, _ in known)
