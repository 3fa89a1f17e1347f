"""Where things stand that look like people: listed, suppressed, and taken notice of again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, StrictBool

from edge_detector.core import naming
from edge_detector.core.still import Spot
from edge_detector.web.fields import CameraPath, CameraQuery, Slug
from edge_detector.web.problems import unknown
from edge_detector.web.sources import Sources

SpotPath = Annotated[str, Path(pattern=Slug, examples=["s1793872800"])]


class SpotBody(BaseModel):
    """Where something stands that looks like a person and has not moved for long."""

    camera: str
    id: str
    #: x1, y1, x2, y2 in 0..1 of the picture.
    box: tuple[float, float, float, float]
    since: str
    #: When it was seen last.
    seen: str
    #: It has been there for days: the owner may want to suppress it.
    proposed: bool
    #: It makes no visits and is not counted.
    suppressed: bool


class SpotChange(BaseModel):
    """What the owner wants of it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"suppressed": True}})

    suppressed: StrictBool


class SpotRoutes:
    """Lists them and hands on what is wanted."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def add_to(self, router: APIRouter) -> None:
        """Give them their paths."""
        router.get("/spots")(self.spots)
        router.put("/spots/{camera}/{spot}")(self.change)

    def spots(self, camera: CameraQuery = None) -> list[SpotBody]:
        """Things that are proposed for suppression, and those that are suppressed."""
        cameras = [name for name in self._sources.cameras if camera in {None, name}]
        return [
            _body(name, spot)
            for name in cameras
            for spot in self._sources.spots.spots(name)
            if spot.proposed or spot.suppressed
        ]

    def change(self, camera: CameraPath, spot: SpotPath, change: SpotChange) -> SpotBody:
        """Take no more notice of what stands there, or take notice again."""
        known = self._sources.spots.spots(camera) if camera in self._sources.cameras else ()
        found = next((one for one in known if one.id == spot), None)
        if found is None:
            raise unknown(f"spot {spot} at camera {camera}")
        wanted = self._sources.spots.suppress if change.suppressed else self._sources.spots.unsuppress
        wanted(camera, spot)
        return _body(camera, found.told(suppressed=change.suppressed))


def _body(camera: str, spot: Spot) -> SpotBody:
    return SpotBody(
        camera=camera,
        id=spot.id,
        box=(spot.box.x1, spot.box.y1, spot.box.x2, spot.box.y2),
        since=naming.iso8601(spot.since_utc),
        seen=naming.iso8601(spot.seen_utc),
        proposed=spot.proposed,
        suppressed=spot.suppressed,
    )
