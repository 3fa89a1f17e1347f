"""The visits and crossings of one node that were heard of: a pure log, bounded in time and number.

It counts the visits of today, and answers `get_visits` and `get_traffic` with the help of `past.py`. Home Assistant
keeps it over a restart; what happens while it is down is in the archive alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Self

from .const import EventType
from .models import Event

#: A month can be compared with the one before it by long-term statistics, not by this.
KEPT: Final = timedelta(days=31)
#: A busy porch has a hundred visits a day.
MAX_VISITS: Final = 5000
MAX_CROSSINGS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody was in front of a camera."""

    id: str
    camera: str
    started_at: datetime
    #: None while it lasts, or when its end was not heard.
    ended_at: datetime | None = None
    duration_s: float | None = None
    max_people: int = 0
    max_confidence: float = 0.0
    zones: tuple[str, ...] = ()
    #: Where the clips lie in the archive.
    clips: tuple[str, ...] = ()
    snapshot: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        ended = None if self.ended_at is None else self.ended_at.isoformat()
        return asdict(self) | {
            "started_at": self.started_at.isoformat(),
            "ended_at": ended,
            "zones": list(self.zones),
            "clips": list(self.clips),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `as_dict`."""
        ended = data["ended_at"]
        return cls(
            **{
                **data,
                "started_at": datetime.fromisoformat(data["started_at"]),
                "ended_at": None if ended is None else datetime.fromisoformat(ended),
                "zones": tuple(data["zones"]),
                "clips": tuple(data["clips"]),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """Somebody walked over a line."""

    camera: str
    line: str
    direction: str
    ts: datetime


class VisitLog:
    """Visits and crossings in the order in which they were heard."""

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}
        self._crossings: list[Crossing] = []

    def apply(self, camera: str, event: Event, now: datetime) -> bool:
        """Take in an event that was not seen before; false when it tells nothing of a visit or a crossing."""
        if event.type is EventType.LINE_CROSSED:
            line, direction = event.fields["line"], event.fields["direction"]
            self._crossings.append(Crossing(camera=camera, line=line, direction=direction, ts=event.ts))
        elif event.visit_id is not None and event.type in _OF_VISIT:
            visit = self._visits.get(event.visit_id) or Visit(id=event.visit_id, camera=camera, started_at=event.ts)
            self._visits[event.visit_id] = _changed(visit, event)
        else:
            return False
        self._bound(now - KEPT)
        return True

    def visit(self, visit_id: str) -> Visit | None:
        """One that was heard of."""
        return self._visits.get(visit_id)

    def visits(
        self, *, camera: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[Visit]:
        """Visits that began from `start` until before `end`, newest first."""
        for visit in sorted(self._visits.values(), key=lambda each: (each.started_at, each.id), reverse=True):
            if (camera is None or visit.camera == camera) and _within(visit.started_at, start, end):
                yield visit

    def crossings(
        self, *, camera: str | None = None, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[Crossing]:
        """Crossings from `start` until before `end`, oldest first."""
        for crossing in self._crossings:
            if (camera is None or crossing.camera == camera) and _within(crossing.ts, start, end):
                yield crossing

    def count_since(self, camera: str, start: datetime) -> int:
        """How many visits of a camera began since."""
        return sum(each.camera == camera and each.started_at >= start for each in self._visits.values())

    def latest(self, camera: str) -> datetime | None:
        """When the latest visit of a camera began."""
        return max((each.started_at for each in self._visits.values() if each.camera == camera), default=None)

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "visits": [visit.as_dict() for visit in self._visits.values()],
            "crossings": [
                [crossing.camera, crossing.line, crossing.direction, crossing.ts.isoformat()]
                for crossing in self._crossings
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `as_dict`."""
        log = cls()
        log._visits = {each["id"]: Visit.from_dict(each) for each in data["visits"]}
        log._crossings = [
            Crossing(camera=camera, line=line, direction=direction, ts=datetime.fromisoformat(ts))
            for camera, line, direction, ts in data["crossings"]
        ]
        return log

    def _bound(self, oldest: datetime) -> None:
        """Forget what is too old, and the first heard where there are too many; both lie in the order of hearing."""
        while self._crossings and (len(self._crossings) > MAX_CROSSINGS or self._crossings[0].ts < oldest):
            del self._crossings[0]
        while self._visits:
            first = next(iter(self._visits.values()))
            if len(self._visits) <= MAX_VISITS and first.started_at >= oldest:
                break
            del self._visits[first.id]


_OF_VISIT: Final = {
    EventType.PERSON_ARRIVED,
    EventType.PERSON_LEFT,
    EventType.SNAPSHOT_STORED,
    EventType.CLIP_STORED,
}


def _changed(visit: Visit, event: Event) -> Visit:
    """The visit with what one of its events adds."""
    fields = event.fields
    match event.type:
        case EventType.PERSON_ARRIVED:
            return replace(
                visit,
                started_at=event.ts,
                max_people=max(visit.max_people, fields["count"]),
                max_confidence=max(visit.max_confidence, fields["confidence"]),
                zones=tuple(fields["zones"]),
            )
        case EventType.PERSON_LEFT:
            return replace(
                visit,
                started_at=min(visit.started_at, event.ts - timedelta(seconds=fields["duration_s"])),
                ended_at=event.ts,
                duration_s=fields["duration_s"],
                max_people=fields["max_people"],
                max_confidence=fields["max_confidence"],
            )
        case EventType.SNAPSHOT_STORED:
            return replace(visit, snapshot=fields["uri"])
        case _:
            return replace(visit, clips=tuple(dict.fromkeys((*visit.clips, fields["uri"]))))


def _within(moment: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or moment >= start) and (end is None or moment < end)
