"""What is wrong with a configuration, all of it at once, for its owner: place, value, what is allowed, a hint."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_detector.config.base import IN_WORDS, SLUG
from edge_detector.config.describe import Spec, Where, allowed, find, leaves, place_of
from edge_detector.config.layers import Fault
from edge_detector.core.errors import ConfigError
from edge_detector.core.masking import MASK, masked_url

#: Longer values are cut.
_SHOWN_CHARS = 60
#: What pydantic appends to the place of a key that is itself wrong.
_KEY = "[key]"
#: A list that is too short because its items are wrong: they are told already.
_CONSEQUENCES = {"too_short"}


def faults_of(error: ValidationError) -> list[Fault]:
    """Every fault that pydantic found, in the order of the models."""
    details: list[ErrorDetails] = [
        {**detail, "loc": place_of(detail["loc"])} for detail in error.errors(include_url=False)
    ]
    places = [detail["loc"] for detail in details]
    return [
        _fault(detail)
        for detail in details
        if detail["type"] not in _CONSEQUENCES
        or not any(len(place) > len(detail["loc"]) and place[: len(detail["loc"])] == detail["loc"] for place in places)
    ]


def config_error(faults: Sequence[Fault]) -> ConfigError:
    """All faults as one error, numbered."""
    count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
    lines = [f"{number}. {_line(fault)}" for number, fault in enumerate(faults, start=1)]
    return ConfigError("\n  ".join([f"The configuration has {count}:", *lines]))


def path_of(where: Where) -> str:
    """A place as its owner writes it: `cameras.door.zones.porch.points[0]`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{_key(step)}" for step in where)
    return text.removeprefix(".") or "the configuration"


def _line(fault: Fault) -> str:
    origin = f" ({fault.origin})" if fault.origin else ""
    hint = f". {fault.hint}" if fault.hint else ""
    return f"{path_of(fault.where)}{origin} {fault.problem}{hint}"


def _key(key: str) -> str:
    """A key, up to where it is none: in `password:hunter2` the colon lacks its space, and the rest is a secret."""
    shown = re.match(r"[\w <>-]{0,40}", key)
    return key if shown and shown.end() == len(key) else f"{shown.group() if shown else ''}…"


def _fault(detail: ErrorDetails) -> Fault:
    where: Where = detail["loc"]
    if where and where[-1] == _KEY:
        return Fault(where=where[:-1], problem="is no id", hint=f"Allowed: {IN_WORDS[SLUG]}")
    spec = find(where)
    if spec is None:
        return _unknown(where)
    if detail["type"] == "extra_forbidden":
        return Fault(where=where, problem="is for another kind", hint=f"It goes with {_kinds_with(where)}")
    if detail["type"] == "missing" or detail["input"] in ({}, []):
        problem = "is missing" if detail["type"] == "missing" else "is empty"
        return Fault(where=where, problem=problem, hint=_needed(where, spec))
    if detail["type"] == "value_error":
        return Fault(where=where, problem=str(detail["ctx"]["error"]))
    problem = f"is {_shown(detail['input'], spec)}"
    return Fault(where=where, problem=problem, hint=f"Allowed: {allowed(spec)}")


def _kinds_with(where: Where) -> str:
    """The values of the key `type` beside this key that allow it."""
    around = find(where[:-1])
    models = [model for model in around.models if where[-1] in model.model_fields] if around else []
    return " or ".join(f"`type: {model.model_fields['type'].default}`" for model in models)


def _needed(where: Where, spec: Spec) -> str:
    if where == ("cameras",):
        return "Name at least one camera with its source, as in examples/minimal.yaml"
    return spec.description.rstrip(".")


def _unknown(where: Where) -> Fault:
    around = find(where[:-1])
    known = around.keys if around else []
    key = str(where[-1])
    elsewhere = [path_of(place) for place, _ in leaves() if place[-1] == key]
    near = difflib.get_close_matches(key.lower(), known, n=1)
    if near:
        hint = f"Did you mean `{near[0]}`?"
    elif elsewhere:
        hint = f"There is `{elsewhere[0]}`"
    else:
        hint = "Known here: " + ", ".join(f"`{name}`" for name in known)
    return Fault(where=where, problem="is no known key", hint=hint)


def _shown(value: Any, spec: Spec) -> str:  # noqa: ANN401 - any value
    """A value that may be shown, else its kind: a group or list may hold a secret, as may text in place of a group."""
    if isinstance(value, dict):
        return "a group of keys"
    if isinstance(value, list):
        return "a list"
    if not (spec.text or spec.annotation in {bool, int, float}):
        return "a single value"
    if value == "":
        return "empty"
    text = MASK if spec.secret else masked_url(str(value))
    return f"`{text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + '…'}`"
