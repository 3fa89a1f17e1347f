"""What entities are made for: the node, its cameras, their zones and lines, and the inside that lines make."""

from collections.abc import Iterator
from dataclasses import dataclass

from .models import Announce


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """The node, a camera, or a zone, a line or the inside of one."""

    camera: str = ""
    zone: str = ""
    line: str = ""
    #: What lies behind all lines of the camera.
    inside: bool = False

    @property
    def prefix(self) -> str:
        """What its unique ids begin with, after the node; no slug holds a dash, so that none is that of another."""
        if self.zone:
            return f"{self.camera}-zone-{self.zone}-"
        if self.line:
            return f"{self.camera}-line-{self.line}-"
        if self.inside:
            return f"{self.camera}-lines-"
        return f"{self.camera}-" if self.camera else ""


def names_of(announce: Announce) -> dict[Part, str]:
    """Every part of a node, and its name."""
    return dict(_names(announce))


def _names(announce: Announce) -> Iterator[tuple[Part, str]]:
    yield Part(), announce.name
    for camera in announce.cameras:
        yield Part(camera.id), camera.name
        for zone in camera.zones:
            yield Part(camera.id, zone=zone.id), zone.name
        if camera.lines:
            yield Part(camera.id, inside=True), camera.name
        for line in camera.lines:
            yield Part(camera.id, line=line.id), line.name
