"""What a node's messages say: frozen values, read from payloads that may hold anything.

Each `parse_…` returns the value, or a `Refusal` that tells why the payload was not understood; none raises. Unknown
keys are ignored, wrong or missing ones refuse the whole message.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.util.json import json_loads

from .const import ANSWERS_CLAIMS, SCHEMA, EventType
from .fields import (
    API_URL,
    DIRECTION,
    JPEG_START,
    MAX_CAMERAS,
    MAX_IMAGE_BYTES,
    MAX_JSON_BYTES,
    MAX_NAME,
    MAX_PEOPLE,
    MAX_PLACES,
    MAX_SECONDS,
    MAX_WHOLE,
    SHA256,
    SLUG,
    ULID,
    FaultError,
    Fields,
    Refusal,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A zone or a line of a camera."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """What is fixed about a camera."""

    id: str
    name: str
    width: int
    height: int
    zones: tuple[Place, ...] = ()
    lines: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """What a node is, and which cameras it has."""

    node: str
    name: str
    version: str
    model: str
    cameras: tuple[Camera, ...]
    #: Where its own HTTP API answers; None when it does not.
    api_url: str | None
    #: A claim that is heard is answered with the status.
    answers_claims: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """Who is in front of a camera now."""

    online: bool
    person: bool
    count: int
    #: 0 to 1.
    confidence: float
    #: People in each zone.
    zones: Mapping[str, int]
    #: Crossings of each line, inward and outward, since it was drawn.
    lines: Mapping[str, tuple[int, int]]
    #: People inside, by the lines; None where the edge does not tell.
    occupancy: int | None
    visit_id: str | None
    since: datetime | None
    ts: datetime
    fps: float
    inference_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A clip in the archive."""

    visit_id: str
    uri: str
    #: Without query: no signature ever enters a state.
    url: str
    started_at: datetime
    duration_s: float
    max_people: int
    max_confidence: float
    bytes: int
    sha256: str
    stored_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may be changed about a camera from here."""

    armed: bool
    record: bool
    upload: bool
    confidence: float
    max_clip_s: float
    min_clip_gap_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a node is."""

    pending: int
    oldest_s: float
    stored: int
    failed: int
    last_error: str | None
    disk_free_bytes: int
    cpu_percent: float
    memory_bytes: int
    temperature_c: float | None
    #: Why less is analysed than should be; None when all is.
    throttled: str | None
    uptime_s: float
    backend: str
    model: str
    inference_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, once."""

    id: str
    type: EventType
    visit_id: str | None
    ts: datetime
    #: The type's own fields, as JSON values.
    fields: Mapping[str, Any]


def raw(payload: str | bytes | bytearray) -> bytes:
    """The payload as bytes; the MQTT integration hands over text where another subscription has asked for text."""
    return payload.encode() if isinstance(payload, str) else bytes(payload)


def parse_announce(payload: bytes, node: str) -> Announce | Refusal:
    """The announcement of this node; a `schema` higher than ours is refused with the kind `schema`."""

    def read(body: Fields) -> Announce:
        schema = body.whole("schema", MAX_WHOLE)
        if schema != SCHEMA:
            raise FaultError("schema", f"schema is {schema}, understood is {SCHEMA}")
        if body.text("node", SLUG) != node:
            raise FaultError("field", "node is not that of the topic")
        cameras = tuple(_camera(each) for each in body.objects("cameras", MAX_CAMERAS))
        _unique("cameras", cameras)
        api = body.inner_or_none("api")
        return Announce(
            node=node,
            name=body.prose("name", MAX_NAME),
            version=body.prose("version", MAX_NAME),
            model=body.prose("model", MAX_NAME, empty=True),
            cameras=cameras,
            api_url=None if api is None else api.text("url", API_URL),
            answers_claims=ANSWERS_CLAIMS in body.names("features"),
        )

    return _parse(payload, read)


def parse_state(payload: bytes) -> CameraState | Refusal:
    """The payload of `<camera>/state`."""

    def read(body: Fields) -> CameraState:
        return CameraState(
            online=body.flag("online"),
            person=body.flag("person"),
            count=body.whole("count", MAX_PEOPLE),
            confidence=body.number("confidence", 1.0),
            zones={key: each.whole("count", MAX_PEOPLE) for key, each in body.mapping("zones")},
            lines={
                key: (each.whole("in", MAX_WHOLE), each.whole("out", MAX_WHOLE)) for key, each in body.mapping("lines")
            },
            occupancy=body.if_there("occupancy", lambda of, key: of.whole(key, MAX_PEOPLE)),
            visit_id=body.or_none("visit_id", _ulid),
            since=body.or_none("since", Fields.moment),
            ts=body.moment("ts"),
            fps=body.number("fps", 1000.0),
            inference_ms=body.number("inference_ms", MAX_SECONDS),
        )

    return _parse(payload, read)


def parse_clip(payload: bytes) -> Clip | Refusal:
    """The payload of `<camera>/last_clip`."""
    return _parse(payload, _clip)


def parse_settings(payload: bytes) -> Settings | Refusal:
    """The payload of `<camera>/settings`."""

    def read(body: Fields) -> Settings:
        return Settings(
            armed=body.flag("armed"),
            record=body.flag("record"),
            upload=body.flag("upload"),
            confidence=body.number("confidence", 1.0),
            max_clip_s=body.number("max_clip_s", MAX_SECONDS),
            min_clip_gap_s=body.number("min_clip_gap_s", MAX_SECONDS),
        )

    return _parse(payload, read)


def parse_health(payload: bytes) -> Health | Refusal:
    """The payload of `<node>/health`."""

    def read(body: Fields) -> Health:
        outbox, detector = body.inner("outbox"), body.inner("detector")
        return Health(
            pending=outbox.whole("pending", MAX_WHOLE),
            oldest_s=outbox.number("oldest_s", MAX_SECONDS),
            stored=outbox.whole("stored", MAX_WHOLE),
            failed=outbox.whole("failed", MAX_WHOLE),
            last_error=outbox.or_none("last_error", Fields.prose),
            disk_free_bytes=body.whole("disk_free_bytes", MAX_WHOLE),
            cpu_percent=body.number("cpu_percent", 100.0 * MAX_CAMERAS),
            memory_bytes=body.whole("memory_bytes", MAX_WHOLE),
            temperature_c=body.or_none("temperature_c", lambda of, key: of.number(key, 200.0, low=-100.0)),
            throttled=body.if_there("throttled", Fields.prose),
            uptime_s=body.number("uptime_s", MAX_SECONDS),
            backend=detector.prose("backend", MAX_NAME, empty=True),
            model=detector.prose("model", MAX_NAME, empty=True),
            inference_ms=detector.number("inference_ms", MAX_SECONDS),
        )

    return _parse(payload, read)


def parse_event(payload: bytes) -> Event | Refusal:
    """The payload of `<camera>/event`; a type that is not known here is refused with the kind `unknown`."""

    def read(body: Fields) -> Event:
        name = body.prose("event_type", MAX_NAME)
        try:
            event_type = EventType(name)
        except ValueError:
            raise FaultError("unknown", f"event_type is {name!r}") from None
        return Event(
            id=_ulid(body, "id"),
            type=event_type,
            visit_id=body.or_none("visit_id", _ulid),
            ts=body.moment("ts"),
            fields=_EVENT_FIELDS[event_type](body),
        )

    return _parse(payload, read)


def parse_image(payload: bytes) -> bytes | Refusal:
    """The payload of `<camera>/image`: the bytes of a JPEG file."""
    if len(payload) > MAX_IMAGE_BYTES:
        return Refusal(kind="size", detail=f"{len(payload)} bytes, at most {MAX_IMAGE_BYTES} are read")
    if not payload.startswith(JPEG_START):
        return Refusal(kind="image", detail="it is no JPEG file")
    return payload


def _parse[T](payload: bytes, read: Callable[[Fields], T]) -> T | Refusal:
    if len(payload) > MAX_JSON_BYTES:
        return Refusal(kind="size", detail=f"{len(payload)} bytes, at most {MAX_JSON_BYTES} are read")
    try:
        return read(Fields(json_loads(payload)))
    except FaultError as fault:
        return fault.refusal
    except ValueError as error:
        return Refusal(kind="json", detail=str(error)[:MAX_NAME])


def _ulid(body: Fields, key: str) -> str:
    return body.text(key, ULID)


def _places(body: Fields, key: str) -> tuple[Place, ...]:
    places = tuple(
        Place(id=each.text("id", SLUG), name=each.prose("name", MAX_NAME)) for each in body.objects(key, MAX_PLACES)
    )
    _unique(key, places)
    return places


def _camera(body: Fields) -> Camera:
    return Camera(
        id=body.text("id", SLUG),
        name=body.prose("name", MAX_NAME),
        width=body.whole("width", MAX_WHOLE),
        height=body.whole("height", MAX_WHOLE),
        zones=_places(body, "zones"),
        lines=_places(body, "lines"),
    )


def _unique(key: str, things: tuple[Camera, ...] | tuple[Place, ...]) -> None:
    if len({each.id for each in things}) < len(things):
        raise FaultError("field", f"{key} has an id twice")


def _clip(body: Fields) -> Clip:
    return Clip(
        visit_id=_ulid(body, "visit_id"),
        uri=body.uri("uri"),
        url=body.uri("url"),
        started_at=body.moment("started_at"),
        duration_s=body.number("duration_s", MAX_SECONDS),
        max_people=body.whole("max_people", MAX_PEOPLE),
        max_confidence=body.number("max_confidence", 1.0),
        bytes=body.whole("bytes", MAX_WHOLE),
        sha256=body.text("sha256", SHA256),
        stored_at=body.moment("stored_at"),
    )


def _clip_fields(body: Fields) -> dict[str, Any]:
    clip = _clip(body)
    return {
        "uri": clip.uri,
        "url": clip.url,
        "started_at": clip.started_at.isoformat(),
        "duration_s": clip.duration_s,
        "max_people": clip.max_people,
        "max_confidence": clip.max_confidence,
    }


def _reason(body: Fields) -> dict[str, Any]:
    return {"reason": body.prose("reason")}


_EVENT_FIELDS: Final[Mapping[EventType, Callable[[Fields], dict[str, Any]]]] = {
    EventType.PERSON_ARRIVED: lambda body: {
        "count": body.whole("count", MAX_PEOPLE),
        "confidence": body.number("confidence", 1.0),
        "zones": body.slugs("zones"),
    },
    EventType.PERSON_LEFT: lambda body: {
        "duration_s": body.number("duration_s", MAX_SECONDS),
        "max_people": body.whole("max_people", MAX_PEOPLE),
        "max_confidence": body.number("max_confidence", 1.0),
    },
    EventType.SNAPSHOT_STORED: lambda body: {"uri": body.uri("uri")},
    EventType.CLIP_STORED: _clip_fields,
    EventType.CLIP_LOST: _reason,
    EventType.LINE_CROSSED: lambda body: {
        "line": body.text("line", SLUG),
        "direction": body.text("direction", DIRECTION),
    },
    EventType.CAMERA_DOWN: _reason,
    EventType.CAMERA_UP: lambda _: {},
    EventType.REJECTED: _reason,
}
