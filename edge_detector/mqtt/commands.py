"""What others tell the edge over MQTT: parsed with every bound checked, refused whole with a reason, never raising."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from edge_detector.core.types import Settings
from edge_detector.mqtt.messages import ONLINE

#: The longest honest command has some 150 bytes.
MAX_COMMAND_BYTES = 2048

#: How much of a strange value a reason repeats.
_QUOTE_CHARACTERS = 40

#: Lowest and highest allowed value of each number in `Settings`.
Bounds = Mapping[str, tuple[float, float]]

_KEYS = tuple(field.name for field in fields(Settings))


class Action(StrEnum):
    """What may be asked for on the `do` topic."""

    SNAPSHOT = "snapshot"
    TEST_CLIP = "test_clip"
    RESET_OCCUPANCY = "reset_occupancy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a message was refused: names the key, the value and what is allowed."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who shows this node in place of MQTT discovery; nobody when `by` is empty."""

    by: str
    #: Identifiers of devices of MQTT discovery that the claimant still sees, and has taken away again.
    left: tuple[str, ...] = ()


def parse_set(payload: bytes, *, current: Settings, bounds: Bounds) -> Settings | Refusal:
    """The settings with the changes that a `set` message asks for; one wrong entry refuses all."""
    body = _object(payload)
    if isinstance(body, Refusal):
        return body
    for key, value in body.items():
        if fault := _fault(key, value, current, bounds):
            return Refusal(reason=fault)
    changes: dict[str, Any] = {key: _typed(value) for key, value in body.items()}
    return replace(current, **changes)


def parse_do(payload: bytes) -> Action | Refusal:
    """The action that a `do` message asks for."""
    body = _object(payload)
    if isinstance(body, Refusal):
        return body
    action = body.pop("action", None)
    if body:
        return Refusal(reason=f"unknown key {_quote(next(iter(body)))}: allowed is action")
    if not isinstance(action, str) or action not in tuple(Action):
        return Refusal(reason=f"action is {_quote(action)}: allowed are {', '.join(Action)}")
    return Action(action)


def parse_claim(payload: bytes) -> Claim | Refusal:
    """Who claims the node; an empty payload releases it."""
    if not payload:
        return Claim(by="")
    body = _object(payload)
    if isinstance(body, Refusal):
        return body
    by = body.get("by")
    if not isinstance(by, str) or not by:
        return Refusal(reason=f"by is {_quote(by)}: needed is the claimant's name")
    left = body.get("left")
    return Claim(by=by, left=tuple(map(str, left)) if isinstance(left, list) else ())


def is_birth(payload: bytes) -> bool:
    """Whether Home Assistant says that it has just come up."""
    return payload == ONLINE.encode()


def _object(payload: bytes) -> dict[str, object] | Refusal:
    """The payload as a JSON object."""
    if len(payload) > MAX_COMMAND_BYTES:
        return Refusal(reason=f"the message has {len(payload)} bytes: allowed are {MAX_COMMAND_BYTES}")
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):  # no JSON, no UTF-8, or nested without end
        return Refusal(reason=f"the message is no JSON: {_quote(payload.decode(errors='replace'))}")
    if not isinstance(body, dict):
        return Refusal(reason=f"the message is no JSON object: {_quote(body)}")
    return body


def _fault(key: str, value: object, current: Settings, bounds: Bounds) -> str | None:
    """What is wrong with one entry of a `set` message."""
    if key not in _KEYS:
        return f"unknown setting {_quote(key)}: allowed are {', '.join(_KEYS)}"
    if isinstance(getattr(current, key), bool):
        return None if isinstance(value, bool) else f"{key} is {_quote(value)}: allowed are true and false"
    low, high = bounds[key]
    # A bool is an int to Python; NaN is a number that is in no range.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        return f"{key} is {_quote(value)}: allowed are numbers from {low:g} to {high:g}"
    return None


def _typed(value: object) -> bool | float:
    """A checked value in the type that the settings have: 20 becomes 20.0."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else bool(value)


def _quote(value: object) -> str:
    """A value as JSON writes it, escaped and shortened."""
    text = json.dumps(value)
    return text if len(text) <= _QUOTE_CHARACTERS else f"{text[:_QUOTE_CHARACTERS]}…"
