"""Facts as the WebSocket tells them: plain JSON, without pictures and without this program's own clock."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import singledispatch
from pathlib import Path
from typing import Any

from edge_detector.core.drawing import plain
from edge_detector.core.evidence import ClipFile
from edge_detector.core.facts import Fact
from edge_detector.core.naming import iso8601
from edge_detector.core.outline import Outline
from edge_detector.core.types import Track, VisitStats

#: Pictures have a path of their own; monotonic seconds and local paths mean nothing to others; an address may hold a
#: signature.
_UNTOLD = frozenset({"t", "start_t", "end_t", "jpeg", "path", "poster", "url"})
_TIMES = {"utc": "ts", "start_utc": "started_at", "since_utc": "since", "seen_utc": "seen"}
#: Pairs of an id and a number.
_COUNTS = frozenset({"zones", "dropped"})
_DIGITS = 4


def type_of(fact: object) -> str:
    """`VisitStarted` as `visit_started`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(fact).__name__).lower()


def told(fact: Fact) -> dict[str, Any]:
    """The message of a fact."""
    return {"type": type_of(fact), **_fields(fact)}


def people(camera: str, utc: float, tracks: tuple[Track, ...]) -> dict[str, Any]:
    """The message of who is where."""
    return {
        "type": "people",
        "camera": camera,
        "ts": iso8601(utc),
        "people": [
            {"id": track.id, "box": [round(side, _DIGITS) for side in track.box], "score": round(track.score, 3)}
            for track in tracks
        ],
    }


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any dataclass of the core
    found: dict[str, Any] = {}
    for field in fields(value):
        inner = getattr(value, field.name)
        if field.name in _UNTOLD:
            continue
        if field.name in _TIMES:
            found[_TIMES[field.name]] = iso8601(inner)
        elif isinstance(inner, ClipFile | VisitStats | Outline):
            found |= _plain(inner)
        elif field.name in _COUNTS:
            found[field.name] = dict(inner) if inner and isinstance(inner[0], tuple) else list(inner)
        else:
            found[field.name] = _plain(inner)
    return found


@singledispatch
def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a fact
    return _fields(value) if is_dataclass(value) else value


@_plain.register
def _(value: float) -> float:
    return round(value, _DIGITS)


@_plain.register
def _(value: Enum) -> Any:  # noqa: ANN401 - its value
    return value.value


@_plain.register
def _(value: Path) -> str:
    return value.name


@_plain.register
def _(value: Outline) -> dict[str, Any]:
    return plain(value)


@_plain.register
def _(value: tuple) -> list[Any]:  # type: ignore[type-arg]
    return [_plain(inner) for inner in value]
