"""What a node's messages say: frozen values, read from payloads that may hold anything.

Each `parse_…` returns the value, or a `Refusal` that tells why the payload was not understood; none raises. Unknown
keys are ignored, wrong or missing ones refuse the whole message.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.util.json import json_loads

from .const import SCHEMA, EventType

SLUG: Final = re.compile(r"[a-z0-9_]{1,40}")
ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
DIRECTION: Final = re.compile("in|out")
SHA256: Final = re.compile(r"[0-9a-f]{64}")
MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z", re.ASCII)
API_URL: Final = re.compile(r"https?://[^\s?#@]{1,2000}")
URI: Final = re.compile(r"(?:s3://|file:|https?://)[^\s?#]{1,2000}")

#: An announcement of 64 cameras with 16 zones each stays below this.
MAX_JSON_BYTES: Final = 262_144
#: Phones refuse larger pictures in a notification.
MAX_IMAGE_BYTES: Final = 10_000_000
#: More of them are no porch; entities are made for each.
MAX_CAMERAS: Final = 64
MAX_PLACES: Final = 32
MAX_NAME: Final = 100
MAX_TEXT: Final = 1000
#: Counts that only grow stay exact in JSON up to here.
MAX_WHOLE: Final = 2**53
MAX_PEOPLE: Final = 10_000
#: Ten years: what is counted in seconds or milliseconds never lasts longer, and a date stays a date.
MAX_SECONDS: Final = 3.2e8
#: Dates outside would overflow in some time zone or database.
YEARS: Final = range(2000, 2200)

JPEG_START: Final = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a message was not understood."""

    #: The same word for all messages with this fault: `size`, `json`, `schema`, `field`, `image` or `unknown`.
    kind: str
    detail: str


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

    def read(body: _Fields) -> Announce:
        schema = body.whole("schema", MAX_WHOLE)
        if schema != SCHEMA:
            raise _FaultError("schema", f"schema is {schema}, understood is {SCHEMA}")
        if body.text("node", SLUG) != node:
            raise _FaultError("field", "node is not that of the topic")
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
        )

    return _parse(payload, read)


def parse_state(payload: bytes) -> CameraState | Refusal:
    """The payload of `<camera>/state`."""

    def read(body: _Fields) -> CameraState:
        return CameraState(
            online=body.flag("online"),
            person=body.flag("person"),
            count=body.whole("count", MAX_PEOPLE),
            confidence=body.number("confidence", 1.0),
            zones={key: each.whole("count", MAX_PEOPLE) for key, each in body.mapping("zones")},
            lines={
                key: (each.whole("in", MAX_WHOLE), each.whole("out", MAX_WHOLE)) for key, each in body.mapping("lines")
            },
            visit_id=body.or_none("visit_id", _ulid),
            since=body.or_none("since", _Fields.moment),
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

    def read(body: _Fields) -> Settings:
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

    def read(body: _Fields) -> Health:
        outbox, detector = body.inner("outbox"), body.inner("detector")
        return Health(
            pending=outbox.whole("pending", MAX_WHOLE),
            oldest_s=outbox.number("oldest_s", MAX_SECONDS),
            stored=outbox.whole("stored", MAX_WHOLE),
            failed=outbox.whole("failed", MAX_WHOLE),
            last_error=outbox.or_none("last_error", _Fields.prose),
            disk_free_bytes=body.whole("disk_free_bytes", MAX_WHOLE),
            cpu_percent=body.number("cpu_percent", 100.0 * MAX_CAMERAS),
            memory_bytes=body.whole("memory_bytes", MAX_WHOLE),
            temperature_c=body.or_none("temperature_c", lambda of, key: of.number(key, 200.0, low=-100.0)),
            uptime_s=body.number("uptime_s", MAX_SECONDS),
            backend=detector.prose("backend", MAX_NAME, empty=True),
            model=detector.prose("model", MAX_NAME, empty=True),
            inference_ms=detector.number("inference_ms", MAX_SECONDS),
        )

    return _parse(payload, read)


def parse_event(payload: bytes) -> Event | Refusal:
    """The payload of `<camera>/event`; a type that is not known here is refused with the kind `unknown`."""

    def read(body: _Fields) -> Event:
        name = body.prose("event_type", MAX_NAME)
        try:
            event_type = EventType(name)
        except ValueError:
            raise _FaultError("unknown", f"event_type is {name!r}") from None
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


class _FaultError(Exception):
    """A fault of one message; never leaves this module."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(kind=kind, detail=detail)


class _Fields:
    """The keys of one JSON object, each read as the type that it must have."""

    __slots__ = ("_data",)

    def __init__(self, data: object) -> None:
        if not isinstance(data, dict):
            raise _FaultError("field", f"an object was expected, not {_shown(data)}")
        self._data: dict[str, Any] = data

    def text(self, key: str, pattern: re.Pattern[str]) -> str:
        """A text that matches the whole pattern."""
        value = self._get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._fault(key)
        return value

    def prose(self, key: str, limit: int = MAX_TEXT, *, empty: bool = False) -> str:
        """A text for people, cut at `limit` characters, with a space for what cannot be printed."""
        value = self._get(key)
        if not isinstance(value, str):
            raise self._fault(key)
        shown = "".join(each if each.isprintable() else " " for each in value[:limit]).strip()
        if not (shown or empty):
            raise self._fault(key)
        return shown

    def flag(self, key: str) -> bool:
        """True or false, nothing that merely counts as such."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._fault(key)
        return value

    def whole(self, key: str, high: int) -> int:
        """A whole number from 0 to `high`."""
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
            raise self._fault(key)
        return value

    def number(self, key: str, high: float, *, low: float = 0.0) -> float:
        """A number from `low` to `high`."""
        value = self._get(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise self._fault(key)
        return float(value)

    def moment(self, key: str) -> datetime:
        """A point in time, as UTC."""
        text = self.text(key, MOMENT)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise self._fault(key) from None
        if value.year not in YEARS:
            raise self._fault(key)
        return value

    def or_none[T](self, key: str, read: Callable[[_Fields, str], T]) -> T | None:
        """None where the message says null, else what `read` makes of it."""
        return None if self._get(key) is None else read(self, key)

    def inner(self, key: str) -> _Fields:
        """An object within this one."""
        return _Fields(self._get(key))

    def inner_or_none(self, key: str) -> _Fields | None:
        """The same, or None where the message says null."""
        return None if self._get(key) is None else self.inner(key)

    def objects(self, key: str, limit: int) -> list[_Fields]:
        """A list of at most `limit` objects."""
        value = self._get(key)
        if not isinstance(value, list) or len(value) > limit:
            raise self._fault(key)
        return [_Fields(each) for each in value]

    def mapping(self, key: str) -> list[tuple[str, _Fields]]:
        """An object whose keys are slugs and whose values are objects."""
        value = self._get(key)
        if not isinstance(value, dict) or len(value) > MAX_PLACES or not all(map(SLUG.fullmatch, value)):
            raise self._fault(key)
        return [(name, _Fields(each)) for name, each in value.items()]

    def slugs(self, key: str) -> list[str]:
        """A list of slugs."""
        value = self._get(key)
        if not isinstance(value, list) or len(value) > MAX_PLACES:
            raise self._fault(key)
        if not all(isinstance(each, str) and SLUG.fullmatch(each) for each in value):
            raise self._fault(key)
        return list(value)

    def uri(self, key: str) -> str:
        """An address without its query, in which a signature would stand."""
        value = self._get(key)
        if not isinstance(value, str) or not (match := URI.match(value)):
            raise self._fault(key)
        if len(value) > match.end() and value[match.end()] not in "?#":
            raise self._fault(key)
        return match[0]

    def _get(self, key: str) -> object:
        try:
            return self._data[key]
        except KeyError:
            raise _FaultError("field", f"{key} is missing") from None

    def _fault(self, key: str) -> _FaultError:
        return _FaultError("field", f"{key} is {_shown(self._data[key])}")


def _parse[T](payload: bytes, read: Callable[[_Fields], T]) -> T | Refusal:
    if len(payload) > MAX_JSON_BYTES:
        return Refusal(kind="size", detail=f"{len(payload)} bytes, at most {MAX_JSON_BYTES} are read")
    try:
        return read(_Fields(json_loads(payload)))
    except _FaultError as fault:
        return fault.refusal
    except ValueError as error:
        return Refusal(kind="json", detail=str(error)[:MAX_NAME])


def _shown(value: object) -> str:
    """A value of any kind as a few characters for the log."""
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    return ascii(value)[:MAX_NAME]


def _ulid(body: _Fields, key: str) -> str:
    return body.text(key, ULID)


def _places(body: _Fields, key: str) -> tuple[Place, ...]:
    places = tuple(
        Place(id=each.text("id", SLUG), name=each.prose("name", MAX_NAME)) for each in body.objects(key, MAX_PLACES)
    )
    _unique(key, places)
    return places


def _camera(body: _Fields) -> Camera:
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
        raise _FaultError("field", f"{key} has an id twice")


def _clip(body: _Fields) -> Clip:
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


def _clip_fields(body: _Fields) -> dict[str, Any]:
    clip = _clip(body)
    return {
        "uri": clip.uri,
        "url": clip.url,
        "started_at": clip.started_at.isoformat(),
        "duration_s": clip.duration_s,
        "max_people": clip.max_people,
        "max_confidence": clip.max_confidence,
    }


def _reason(body: _Fields) -> dict[str, Any]:
    return {"reason": body.prose("reason")}


_EVENT_FIELDS: Final[Mapping[EventType, Callable[[_Fields], dict[str, Any]]]] = {
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
