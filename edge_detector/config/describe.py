"""What the models say of their fields: looked up by path, and what a field allows in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from edge_detector.config.base import IN_WORDS
from edge_detector.config.root import Config

#: Where a value stands: keys, and indices of lists.
Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What is known of one place in the configuration."""

    annotation: Any
    #: Bounds and patterns, as pydantic keeps them.
    metadata: tuple[Any, ...] = ()
    description: str = ""

    @property
    def models(self) -> tuple[type[BaseModel], ...]:
        """The section that stands here, if one does; several where its key `type` chooses one."""
        choices = get_args(self.annotation) if get_origin(self.annotation) in _UNIONS else (self.annotation,)
        found = [_plain(choice).annotation for choice in choices]
        return tuple(choice for choice in found if isinstance(choice, type) and issubclass(choice, BaseModel))

    @property
    def keys(self) -> list[str]:
        """The keys that may stand in the section."""
        return list(dict.fromkeys(name for model in self.models for name in model.model_fields))

    @property
    def secret(self) -> bool:
        """Must the value never be shown?"""
        return self.annotation is SecretStr

    @property
    def text(self) -> bool:
        """Is the value taken as it is written?"""
        return self.annotation in {str, SecretStr, Path} or get_origin(self.annotation) is Literal

    def bound(self, name: str) -> Any:  # noqa: ANN401 - a number or a pattern
        """One constraint by its name in pydantic, such as `ge`; None when there is none."""
        return next((found for entry in self.metadata if (found := getattr(entry, name, None)) is not None), None)


_UNIONS = {Union, UnionType}

#: The whole configuration.
ROOT = Spec(annotation=Config)


def spec_of(field: FieldInfo) -> Spec:
    """A field of a section."""
    found = _plain(field.annotation)
    return Spec(
        annotation=found.annotation,
        metadata=(*field.metadata, *found.metadata),
        description=field.description or "",
    )


def find(where: Sequence[str | int]) -> Spec | None:
    """What stands at this place; None when nobody knows it."""
    spec: Spec | None = ROOT
    for step in where:
        spec = _child(spec, step) if spec else None
    return spec


def place_of(steps: Sequence[str | int]) -> Where:
    """Where pydantic's own place is in the file: it names the choice where a key `type` chooses the section."""
    where: Where = ()
    rest = iter(steps)
    for step in rest:
        spec = find(where)
        chosen = step if spec is None or len(spec.models) < 2 else next(rest, None)  # noqa: PLR2004 - a choice
        where = where if chosen is None else (*where, chosen)
    return where


def leaves(spec: Spec = ROOT, where: Where = ()) -> Iterator[tuple[Where, Spec]]:
    """Every place that takes a value, with `<id>` for the ids that the owner chooses."""
    if spec.models:
        for name in spec.keys:
            yield from leaves(_field(spec, name), (*where, name))
    elif get_origin(spec.annotation) is dict:
        yield from leaves(_plain(get_args(spec.annotation)[1]), (*where, "<id>"))
    else:
        yield where, spec


def allowed(spec: Spec) -> str:
    """What may be written here, in words."""
    if get_origin(spec.annotation) is Literal:
        return "one of " + ", ".join(f"`{choice}`" for choice in get_args(spec.annotation))
    if spec.annotation is bool:
        return "`true` or `false`"
    if spec.annotation in {int, float}:
        return _number(spec)
    if spec.text:
        return _text(spec)
    return _several(spec)


def _several(spec: Spec) -> str:
    if get_origin(spec.annotation) is tuple:
        return "[x, y] from 0 to 1" if _item(spec) is None else "a list of at least 3 corners [x, y]"
    return "a group of keys, each indented under this one"


def _item(spec: Spec) -> Spec | None:
    """What a list holds; None for what is no list."""
    arguments = get_args(spec.annotation)
    is_list = get_origin(spec.annotation) is tuple and arguments[-1] is Ellipsis
    return _plain(arguments[0]) if is_list else None


def _child(spec: Spec, step: str | int) -> Spec | None:
    if spec.models:
        return _field(spec, str(step)) if str(step) in spec.keys else None
    arguments = get_args(spec.annotation)
    if get_origin(spec.annotation) is dict:
        return _plain(arguments[1])
    if get_origin(spec.annotation) is tuple and isinstance(step, int):
        return _item(spec) or (_plain(arguments[step]) if step < len(arguments) else None)
    return None


def _field(spec: Spec, name: str) -> Spec:
    """A key of a section; where several sections have it, as the first of them says, with the choices of all."""
    found = [spec_of(model.model_fields[name]) for model in spec.models if name in model.model_fields]
    choices = [choice for one in found if get_origin(one.annotation) is Literal for choice in get_args(one.annotation)]
    return replace(found[0], annotation=Literal[tuple(dict.fromkeys(choices))]) if choices else found[0]


def _plain(annotation: Any) -> Spec:  # noqa: ANN401 - any annotation
    """An annotation without `Annotated` and `| None`, what they held beside it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        inner = _plain(arguments[0])
        return Spec(annotation=inner.annotation, metadata=(*inner.metadata, *_metadata(arguments[1:])))
    if origin in _UNIONS:
        others = [argument for argument in arguments if argument is not NoneType]
        return _plain(others[0]) if len(others) == 1 else Spec(annotation=annotation)
    return Spec(annotation=annotation)


def _metadata(entries: Sequence[Any]) -> Iterator[Any]:
    for entry in entries:
        yield from entry.metadata if isinstance(entry, FieldInfo) else (entry,)


def _number(spec: Spec) -> str:
    kind = "a whole number" if spec.annotation is int else "a number"
    multiple = spec.bound("multiple_of")
    text = f"{kind} from {spec.bound('ge'):g} to {spec.bound('le'):g}"
    return f"{text}, a multiple of {multiple}" if multiple else text


def _text(spec: Spec) -> str:
    if spec.annotation is Path:
        return "a path"
    pattern, longest = spec.bound("pattern"), spec.bound("max_length")
    if pattern:
        return IN_WORDS[pattern]
    return f"text of at most {longest} characters" if longest else "text"
