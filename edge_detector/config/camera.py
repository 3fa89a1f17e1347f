"""One camera: where its pictures come from and what is done with them."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from edge_detector.config.base import Section
from edge_detector.core.zones import Zone

ADDRESS_HINT = (
    "an address such as rtsp://user:password@192.0.2.7/stream1, http://…, /dev/video0, rpicam://, "
    "scene://door or the path of a video file"
)

Point = tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]]


class ZoneConfig(Section):
    """A polygon of the picture in which people are counted."""

    name: str = Field(default="", max_length=80, description="Shown to people; the zone's id when empty.")
    points: tuple[Point, ...] = Field(
        min_length=3, max_length=64, description="Corners as [x, y] in 0..1 of the picture, in order."
    )


def _address(value: str) -> str:
    text = value.strip()
    if not text:
        msg = f"is empty: give {ADDRESS_HINT}"
        raise ValueError(msg)
    return text


Address = Annotated[str, AfterValidator(_address)]


class CameraConfig(Section):
    """A camera; its key in `cameras` is its id."""

    source: Address = Field(description=f"Where the recorded stream comes from: {ADDRESS_HINT}.")
    detect_source: Address | None = Field(
        default=None, description="A smaller stream of the same camera for detection; the recorded one when absent."
    )
    name: str = Field(default="", max_length=80, description="Shown to people; the camera's id when empty.")
    enabled: bool = Field(default=True, description="Whether this camera is watched at all.")
    armed: bool = Field(default=True, description="Whether visits are looked for; may be changed at run time.")
    record: bool = Field(default=True, description="Whether clips are recorded; may be changed at run time.")
    upload: bool = Field(default=True, description="Whether files go to the archive; may be changed at run time.")
    loop: bool = Field(default=False, description="Begin a video file again when it ends.")
    zones: dict[str, ZoneConfig] = Field(default_factory=dict, description="Zones by id.")

    def zone_values(self) -> tuple[Zone, ...]:
        """The zones as the core counts them."""
        return tuple(Zone(id=key, name=zone.name or key, points=zone.points) for key, zone in self.zones.items())


