"""The events of the contract: which fact makes which, under an id that is the same whenever it is made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import singledispatch

from edge_detector.core.evidence import ItemKind, StoredEvent
from edge_detector.core.facts import (
    CameraDown,
    CameraUp,
    ClipLost,
    Fact,
    FileStored,
    LineCrossed,
    Rejected,
    VisitEnded,
    VisitStarted,
)
from edge_detector.core.naming import event_id, iso8601, ulid_ms
from edge_detector.mqtt.messages import CONFIDENCE_DIGITS, Body, last_clip, to_json


class EventType(StrEnum):
    """What can happen, in the order of the contract."""

    PERSON_ARRIVED = "person_arrived"
    PERSON_LEFT = "person_left"
    SNAPSHOT_STORED = "snapshot_stored"
    CLIP_STORED = "clip_stored"
    CLIP_LOST = "clip_lost"
    LINE_CROSSED = "line_crossed"
    CAMERA_DOWN = "camera_down"
    CAMERA_UP = "camera_up"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of a camera, as `<node>/<camera>/event` carries it."""

    id: str
    camera: str
    event_type: EventType
    #: None for events that belong to no visit.
    visit_id: str | None
    utc: float
    #: The type's own fields.
    fields: Mapping[str, object] = field(default_factory=dict)

    def body(self) -> Body:
        """The JSON object."""
        head: Body = {
            "id": self.id,
            "event_type": self.event_type.value,
            "visit_id": self.visit_id,
            "ts": iso8601(self.utc),
        }
        return head | {key: value for key, value in self.fields.items() if key not in head}

    def stored(self) -> StoredEvent:
        """The form in which the journal keeps it."""
        return StoredEvent(id=self.id, camera=self.camera, payload=to_json(self.body()))


@singledispatch
def event_of(fact: Fact) -> Event | None:
    """The event that a fact makes, None when it makes none; the same fact always makes the same id."""
    del fact
    return None


@event_of.register
def _(fact: VisitStarted) -> Event:
    fields = {
        "count": fact.count,
        "confidence": round(fact.confidence, CONFIDENCE_DIGITS),
        "zones": [zone for zone, count in fact.zones if count],
    }
    return _of_visit(fact, EventType.PERSON_ARRIVED, fields)


@event_of.register
def _(fact: VisitEnded) -> Event:
    fields = {
        "duration_s": round(fact.duration_s, 3),
        "max_people": fact.stats.max_people,
        "max_confidence": round(fact.stats.max_confidence, CONFIDENCE_DIGITS),
    }
    return _of_visit(fact, EventType.PERSON_LEFT, fields)


@event_of.register
def _(fact: FileStored) -> Event | None:
    if fact.kind is ItemKind.SNAPSHOT:
        # A better picture under the same key is a new event, the same picture stored twice is not.
        return _of_visit(fact, EventType.SNAPSHOT_STORED, {"uri": fact.uri}, fact.sha256)
    clip = last_clip(fact) if fact.kind is ItemKind.CLIP else None
    return None if clip is None else _of_visit(fact, EventType.CLIP_STORED, clip, fact.n)


@event_of.register
def _(fact: ClipLost) -> Event:
    return _of_visit(fact, EventType.CLIP_LOST, {"reason": fact.reason}, fact.n)


@event_of.register
def _(fact: LineCrossed) -> Event:
    fields = {"line": fact.line, "direction": fact.direction}
    n = f"{fact.line} {fact.direction} {fact.track} {iso8601(fact.utc)}"
    make = _of_visit if fact.visit_id else _of_camera
    return make(fact, EventType.LINE_CROSSED, fields, n)


@event_of.register
def _(fact: CameraDown) -> Event:
    return _of_camera(fact, EventType.CAMERA_DOWN, {"reason": fact.reason})


@event_of.register
def _(fact: CameraUp) -> Event:
    return _of_camera(fact, EventType.CAMERA_UP, {})


@event_of.register
def _(fact: Rejected) -> Event:
    return _of_camera(fact, EventType.REJECTED, {"reason": fact.reason}, fact.reason)


def _of_visit(
    fact: VisitStarted | VisitEnded | FileStored | ClipLost | LineCrossed,
    event_type: EventType,
    fields: Mapping[str, object],
    n: int | str = 0,
) -> Event:
    """An event of a visit; `n` tells it from the visit's other events of this type."""
    ms = ulid_ms(fact.visit_id)
    return Event(
        id=event_id(ms=ms, camera=fact.camera, visit_id=fact.visit_id, event_type=event_type, n=n),
        camera=fact.camera,
        event_type=event_type,
        visit_id=fact.visit_id,
        utc=fact.utc,
        fields=fields,
    )


def _of_camera(
    fact: CameraDown | CameraUp | LineCrossed | Rejected,
    event_type: EventType,
    fields: Mapping[str, object],
    n: int | str = 0,
) -> Event:
    """An event that belongs to no visit: its millisecond tells it from others of this type."""
    ms = round(fact.utc * 1000)
    return Event(
        id=event_id(ms=ms, camera=fact.camera, visit_id="", event_type=event_type, n=n),
        camera=fact.camera,
        event_type=event_type,
        visit_id=None,
        utc=fact.utc,
        fields=fields,
    )
