"""One camera: where its pictures come from and what is done with them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from edge_detector.config.base import Section, Slug
from edge_detector.core.zones import MIN_POINTS, Zone

ADDRESS_HINT = "rtsp://192.0.2.7/stream1, http://…, /dev/video0, rpicam://, scene://door or the path of a video file"

Point = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]


class ZoneConfig(Section):
    """A polygon of the picture in which people are counted by their feet."""

    name: str = Field(default="", max_length=80, description="Shown to people; the zone's id when empty.")
    points: tuple[Point, ...] = Field(
        min_length=MIN_POINTS,
        max_length=64,
        description="Corners in order, each as [x, y] in 0..1 of the picture from its upper left.",
    )

    @field_validator("points")
    @classmethod
    def _make_a_polygon(cls, points: tuple[Point, ...]) -> tuple[Point, ...]:
        try:
            Zone(id="here", name="", points=points)
        except ValueError as error:
            text = str(error).removeprefix("zone here ")
            raise ValueError(f"{text}: list each corner once, in order around the zone") from error
        return points


def _address(value: str) -> str:
    text = value.strip()
    if not text:
        raise ValueError(f"is empty: give {ADDRESS_HINT}")
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
    zones: dict[Slug, ZoneConfig] = Field(default_factory=dict, max_length=32, description="Zones by id.")

    def zone_values(self) -> tuple[Zone, ...]:
        """The zones as the core counts them."""
        return tuple(Zone(id=key, name=zone.name or key, points=zone.points) for key, zone in self.zones.items())
