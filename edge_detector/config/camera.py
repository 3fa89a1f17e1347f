"""One camera: where its pictures come from and what is done with them."""

from __future__ import annotations

import math
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from edge_detector.config.base import TIME, Section, Slug
from edge_detector.core.lines import Line
from edge_detector.core.outline import (
    MAX_LINES,
    MAX_NAME_CHARACTERS,
    MAX_POINTS,
    MAX_ZONES,
    MIN_LINE_LENGTH,
    Outline,
)
from edge_detector.core.zones import MIN_POINTS, Zone, ZoneKind, polygon_faults

#: What an address may begin with; without any, it is the path of a file or device.
SCHEMES = frozenset({"rtsp", "rtsps", "http", "https", "file", "rpicam", "scene"})
ADDRESS_HINT = "rtsp://192.0.2.7/stream1, http://…, /dev/video0, rpicam://, scene://door or the path of a video file"

Point = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]


class ZoneConfig(Section):
    """A polygon of the picture in which people are counted by their feet."""

    name: str = Field(
        default="", max_length=MAX_NAME_CHARACTERS, description="Shown to people; the zone's id when empty."
    )
    points: tuple[Point, ...] = Field(
        min_length=MIN_POINTS,
        max_length=MAX_POINTS,
        description="Corners in order, each as [x, y] in 0..1 of the picture from its upper left.",
    )

    kind: ZoneKind = Field(
        default=ZoneKind.COUNT,
        description="`count` counts the people in it. `required` does too, and only people who have been in such a "
        "zone make a visit. In `ignore`, neither motion nor people are looked at.",
    )

    @field_validator("points")
    @classmethod
    def _make_a_polygon(cls, points: tuple[Point, ...]) -> tuple[Point, ...]:
        for _, message in polygon_faults(points):
            raise ValueError(f"{message}: list each corner once, in order around the zone")
        return points


class LineConfig(Section):
    """A line of the picture over which people are counted, in and out."""

    name: str = Field(default="", max_length=MAX_NAME_CHARACTERS, description="Shown to people; the id when empty.")
    start: Point = Field(description="Where it begins, as [x, y] in 0..1 of the picture from its upper left.")
    end: Point = Field(description="Where it ends; for who goes along it from `start`, inside is on the right hand.")

    @model_validator(mode="after")
    def _have_two_sides(self) -> Self:
        if math.dist(self.start, self.end) < MIN_LINE_LENGTH:
            raise ValueError(f"is too short: start and end must be at least {MIN_LINE_LENGTH:g} of the picture apart")
        return self


def _address(value: str) -> str:
    text = value.strip()
    if not text:
        raise ValueError(f"is empty: give {ADDRESS_HINT}")
    scheme, divider, _ = text.partition("://")
    if divider and scheme.lower() not in SCHEMES:
        raise ValueError(f"has a scheme that is not known: give {ADDRESS_HINT}")
    return text


Address = Annotated[str, AfterValidator(_address)]


class CameraConfig(Section):
    """A camera; its key in `cameras` is its id."""

    # Addresses may hold a password, so they are left out of the model's repr.
    source: Address = Field(
        repr=False,
        description=f"Where the recorded stream comes from: {ADDRESS_HINT}. "
        "A user and password go before the host, as `user:password@`, with `@`, `/`, `:`, `#` and `%` in them "
        "percent-encoded.",
    )
    detect_source: Address | None = Field(
        default=None,
        repr=False,
        description="A smaller stream of the same camera for detection; the recorded one when absent.",
    )
    name: str = Field(default="", max_length=80, description="Shown to people; the camera's id when empty.")
    enabled: bool = Field(default=True, description="Whether this camera is watched at all.")
    armed: bool = Field(default=True, description="Whether visits are looked for; may be changed at run time.")
    record: bool = Field(default=True, description="Whether clips are recorded; may be changed at run time.")
    upload: bool = Field(default=True, description="Whether files go to the archive; may be changed at run time.")
    loop: bool = Field(default=False, description="Begin a video file again when it ends.")
    zones: dict[Slug, ZoneConfig] = Field(default_factory=dict, max_length=MAX_ZONES, description="Zones by id.")
    lines: dict[Slug, LineConfig] = Field(default_factory=dict, max_length=MAX_LINES, description="Lines by id.")
    occupancy_reset: Annotated[str, StringConstraints(pattern=TIME)] | None = Field(
        default=None,
        description="When nobody is inside any more, each day, whatever the lines counted, such as `04:00`; never when "
        "absent.",
    )

    def outline(self) -> Outline:
        """The zones and lines as the core counts by them."""
        zones = (
            Zone(id=key, name=zone.name or key, points=zone.points, kind=zone.kind) for key, zone in self.zones.items()
        )
        lines = (
            Line(id=key, name=line.name or key, start=line.start, end=line.end) for key, line in self.lines.items()
        )
        return Outline(zones=tuple(zones), lines=tuple(lines))
