"""The visit documents of the archive: what one says of its visit."""

from collections.abc import Iterator
from datetime import datetime

from homeassistant.util.json import JSON_DECODE_EXCEPTIONS, json_loads

from .clips import Facts
from .fields import DIRECTION, MOMENT, SLUG
from .history import Crossing


def facts_of(document: bytes, camera: str) -> Facts | None:
    """What a visit document says; None for one that is not understood."""
    try:
        data = json_loads(document)
    except JSON_DECODE_EXCEPTIONS:
        return None
    match data:
        case {
            "max_people": int(people),
            "max_confidence": float(confidence) | int(confidence),
            "duration_s": float(duration_s) | int(duration_s),
            "clips": [*clips],
            **more,
        }:
            return Facts(
                people=people,
                confidence=confidence,
                duration_s=duration_s,
                clips=len(clips),
                zones=zones_of(more.get("zones")),
                crossings=tuple(_crossings(more.get("crossings"), camera)),
            )
    return None


def zones_of(value: object) -> tuple[str, ...]:
    """The zones of a list that may hold anything."""
    found = value if isinstance(value, list) else []
    return tuple(zone for zone in found if isinstance(zone, str) and SLUG.fullmatch(zone))


def _crossings(value: object, camera: str) -> Iterator[Crossing]:
    for each in value if isinstance(value, list) else []:
        match each:
            case {"line": str(line), "direction": str(direction), "ts": str(text)} if (
                SLUG.fullmatch(line) and DIRECTION.fullmatch(direction) and (moment := _moment(text))
            ):
                yield Crossing(camera=camera, line=line, direction=direction, ts=moment)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if MOMENT.fullmatch(text) else None
    except ValueError:
        return None
