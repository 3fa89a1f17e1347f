"""The places that a configuration is written in, each as one layer: a YAML file, add-on options, the environment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from edge_detector.config.describe import Where, find
from edge_detector.core.errors import ConfigError

PREFIX = "PORCHLIGHT__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong."""

    where: Where
    #: What is wrong, as the rest of a sentence that begins with the path.
    problem: str
    #: What is allowed there, and how to mend it.
    hint: str = ""
    #: File and line, or the variable's name.
    origin: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one place says."""

    values: Any
    #: Where each value was written.
    origins: Mapping[Where, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    #: False when it could not be read to its end.
    whole: bool = True


def given(entries: Mapping[Where, object], origins: Mapping[Where, str] | None = None) -> Layer:
    """Values that the program itself hands in, such as those of the command line; None means not set."""
    values: Any = {}
    for where, value in entries.items():
        if value is not None:
            values = merge(values, _nested(where, value))
    return Layer(values=values, origins=origins or {})


def yaml_file(path: Path) -> Layer:
    """A YAML file; a scalar stays the text that it is written as, so that `0123`, `on` and `1.10` lose nothing."""
    return yaml_text(read(path), path.name)


def read(path: Path) -> str:
    """The text of a configuration file; raises ConfigError."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"The configuration {path} cannot be read: {reason}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The configuration {path} is no text in UTF-8: save it as that") from error


def yaml_text(text: str, name: str) -> Layer:
    """YAML, as `yaml_file`; `name` stands in the origins."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        return Layer(values={}, faults=(_syntax_fault(error, name),), whole=False)
    reading = _Reading(name)
    values = None if node is None else reading.build(node, ())
    return Layer(values=values, origins=reading.origins, faults=tuple(reading.faults))


class _Reading:
    """Builds plain values from YAML nodes and keeps the lines they stand in."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: set[int] = set()
        self.origins: dict[Where, str] = {}
        self.faults: list[Fault] = []

    def build(self, node: yaml.Node, where: Where) -> Any:  # noqa: ANN401 - any value
        """The value of a node."""
        self.origins.setdefault(where, self._line(node))
        if node.tag.startswith("!"):
            hint = f"Put a text that begins with `!` in quotes; a secret may also come from {variable(where)}"
            self._fault(where, node, "has a tag, and none is known here", hint)
            return None
        if id(node) in self._open:
            self._fault(where, node, "holds itself", "Remove the alias")
            return None
        self._open.add(id(node))
        value = self._value(node, where)
        self._open.discard(id(node))
        return value

    def _value(self, node: yaml.Node, where: Where) -> Any:  # noqa: ANN401 - any value
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*where, index)) for index, item in enumerate(node.value)]
        return None if node.tag == "tag:yaml.org,2002:null" else node.value

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._fault(where, key, "has a list or a group where a key should be", "A key is a word and a colon")
                continue
            place = (*where, key.value)
            if key.value in values:
                hint = f"It stands in {self.origins[place]} already: keep one of the two"
                self._fault(place, key, "is written twice", hint)
                continue
            self.origins[place] = self._line(key)
            values[key.value] = self.build(value, place)
        return values

    def _line(self, node: yaml.Node) -> str:
        return f"{self._name} line {node.start_mark.line + 1}"

    def _fault(self, where: Where, node: yaml.Node, problem: str, hint: str) -> None:
        self.faults.append(Fault(where=where, problem=problem, hint=hint, origin=self._line(node)))


def _syntax_fault(error: yaml.YAMLError, name: str) -> Fault:
    """Where the text is no YAML. What PyYAML quotes of it is left out: it may be a piece of a password."""
    hint = "Check the indentation and the quotes there: a value with `: `, ` #`, or an odd first character needs quotes"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        mark = error.problem_mark
        said = error.problem or "something is wrong"
        problem = re.sub(r" ?'[^'<]{2,}'", "", said)
        if "'\\t'" in said:
            hint = "Indent with spaces: YAML takes no tabs"
        origin = f"{name} line {mark.line + 1}, column {mark.column + 1}"
        return Fault(where=(), problem=f"is no YAML: {problem}", hint=hint, origin=origin)
    return Fault(where=(), problem="is no YAML: it holds a character that is not allowed", hint=hint, origin=name)


def options_file(path: Path) -> Layer:
    """The options of the add-on: JSON, cameras and zones as lists with an `id` each; an empty text means not set."""
    try:
        values = json.loads(read(path))
    except json.JSONDecodeError as error:
        origin = f"{path.name} line {error.lineno}, column {error.colno}"
        return Layer(values={}, faults=(Fault(where=(), problem="is no JSON", origin=origin),), whole=False)
    faults: list[Fault] = []
    return Layer(values=_by_id(values, (), faults), origins={(): path.name}, faults=tuple(faults))


def _by_id(value: Any, where: Where, faults: list[Fault]) -> Any:  # noqa: ANN401 - any value
    """Lists of objects with ids as mappings; without what was left empty."""
    if isinstance(value, dict):
        return {key: _by_id(entry, (*where, key), faults) for key, entry in value.items() if entry != ""}
    if not isinstance(value, list) or not where or where[-1] not in {"cameras", "zones"}:
        return value
    found: dict[str, Any] = {}
    for index, entry in enumerate(value):
        name = entry.get("id") if isinstance(entry, dict) else None
        if not name or str(name) in found:
            problem = "is used twice" if name else "is missing"
            faults.append(Fault(where=(*where, index, "id"), problem=problem, hint="Each needs an id of its own"))
            continue
        rest = {key: inner for key, inner in entry.items() if key != "id"}
        found[str(name)] = _by_id(rest, (*where, str(name)), faults)
    return found


def environment(variables: Mapping[str, str]) -> Layer:
    """`PORCHLIGHT__SECTION__KEY`: texts as they are, lists and groups as YAML; an empty variable means not set."""
    values: dict[str, Any] = {}
    origins: dict[Where, str] = {}
    faults: list[Fault] = []
    for name, text in sorted(variables.items()):
        if not name.startswith(PREFIX) or not text:
            continue
        where = tuple(name.removeprefix(PREFIX).lower().split("__"))
        spec = find(where)
        layer = Layer(values=text) if spec is None or spec.text else yaml_text(text, name)
        faults += [Fault(where=where, problem=fault.problem, hint=fault.hint, origin=name) for fault in layer.faults]
        origins[where] = name
        if layer.whole:
            values = merge(values, _nested(where, layer.values))
    return Layer(values=values, origins=origins, faults=tuple(faults))


def variable(where: Where) -> str:
    """The environment variable of a place."""
    return PREFIX + "__".join(str(step).upper() for step in where)


def merge(base: Any, over: Any) -> Any:  # noqa: ANN401 - any values
    """Two layers as one: groups are joined, all else of `over` wins but what has no value."""
    if over is None:
        return base
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {**base, **{key: merge(base[key], value) if key in base else value for key, value in over.items()}}


def origin_of(where: Where, layers: list[Layer]) -> str:
    """Where a value was written: by the last layer that knows the nearest place."""
    for place in _upwards(where):
        for layer in reversed(layers):
            if place in layer.origins:
                return layer.origins[place]
    return ""


def _upwards(where: Where) -> Iterator[Where]:
    for length in range(len(where), -1, -1):
        yield where[:length]


def _nested(where: Where, value: Any) -> Any:  # noqa: ANN401 - any value
    for step in reversed(where):
        value = {step: value}
    return value
