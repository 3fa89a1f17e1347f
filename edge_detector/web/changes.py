"""What can be changed from outside: zones and lines, settings, occupancy; and what a camera can be told to do."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool

from edge_detector.core.types import Settings
from edge_detector.web.fields import CameraPath, errors
from edge_detector.web.problems import invalid, unknown
from edge_detector.web.questions import OccupancyBody, Questions
from edge_detector.web.sources import Sources
from edge_detector.web.zones import OutlineBody, OutlineDrawn, OutlinesBody, Zones, etag

IfMatch = Annotated[str | None, Header(description="The `ETag` of what is to be replaced.")]
Figure = Annotated[float, Field(allow_inf_nan=False, strict=True)]
#: More than any doorway lets in.
MOST_INSIDE = 100_000


class SettingsBody(BaseModel):
    """What may change at run time."""

    armed: bool
    record: bool
    upload: bool
    confidence: float
    max_clip_s: float
    min_clip_gap_s: float


class CameraSettingsBody(BaseModel):
    """A camera's settings, and between what its numbers may be."""

    camera: str
    settings: SettingsBody
    bounds: dict[str, tuple[float, float]]


class SettingsChange(BaseModel):
    """Any of the settings."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"armed": True, "confidence": 0.5}})

    armed: StrictBool = True
    record: StrictBool = True
    upload: StrictBool = True
    confidence: Figure = 0.0
    max_clip_s: Figure = 0.0
    min_clip_gap_s: Figure = 0.0


class Inside(BaseModel):
    """How many are inside."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=0, le=MOST_INSIDE, strict=True)] = 0


class Order(BaseModel):
    """What a camera is to do."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"action": "snapshot"}})

    action: Literal["snapshot", "test_clip"]


class Changes:
    """Checks, then hands on."""

    def __init__(self, sources: Sources, questions: Questions) -> None:
        self._sources = sources
        self._questions = questions
        self._zones = Zones(sources)

    def add_to(self, router: APIRouter) -> None:
        """Give them their paths."""
        router.get("/zones")(self.all_zones)
        router.get("/zones/{camera}")(self.zones)
        router.put("/zones/{camera}", responses=errors(412))(self.draw)
        router.delete("/zones/{camera}", responses=errors(412))(self.erase)
        router.get("/settings")(self.all_settings)
        router.get("/settings/{camera}")(self.settings)
        router.patch("/settings/{camera}")(self.change)
        router.post("/occupancy/{camera}/reset")(self.reset)
        router.post("/cameras/{camera}/do", status_code=202)(self.do)

    # --- zones and lines ----------------------------------------------------------------------------------------------

    def all_zones(self) -> OutlinesBody:
        """All cameras' zones and lines."""
        return self._zones.all()

    def zones(self, camera: CameraPath, answer: Response) -> OutlineBody:
        """A camera's zones and lines."""
        return _tagged(self._zones.one(self._known(camera)), answer)

    def draw(self, camera: CameraPath, drawn: OutlineDrawn, answer: Response, if_match: IfMatch = None) -> OutlineBody:
        """Replace a camera's zones and lines, at once and for good, whole or not at all."""
        return _tagged(self._zones.draw(self._known(camera), drawn, if_match), answer)

    def erase(self, camera: CameraPath, answer: Response, if_match: IfMatch = None) -> OutlineBody:
        """Go back to the zones and lines of the configuration."""
        return _tagged(self._zones.erase(self._known(camera), if_match), answer)

    # --- settings and orders ------------------------------------------------------------------------------------------

    def all_settings(self) -> list[CameraSettingsBody]:
        """All cameras' settings."""
        return [self.settings(camera) for camera in self._sources.cameras]

    def settings(self, camera: CameraPath) -> CameraSettingsBody:
        """A camera's settings."""
        settings = self._sources.controls.settings(self._known(camera))
        return CameraSettingsBody(
            camera=camera, settings=SettingsBody(**asdict(settings)), bounds=dict(self._sources.bounds)
        )

    def change(self, camera: CameraPath, change: SettingsChange) -> CameraSettingsBody:
        """Change some of a camera's settings, all of those that are sent or none."""
        changes: dict[str, Any] = change.model_dump(exclude_unset=True)
        before: Settings = self._sources.controls.settings(self._known(camera))
        faults = [
            (name, f"must be from {low:g} to {high:g}")
            for name, (low, high) in self._sources.bounds.items()
            if name in changes and not low <= changes[name] <= high
        ]
        if faults:
            raise invalid(faults)
        self._sources.controls.change(camera, replace(before, **changes))
        return self.settings(camera)

    def reset(self, camera: CameraPath, inside: Annotated[Inside, Body()] = Inside()) -> OccupancyBody:  # noqa: B008
        """Say how many are inside; nobody when nothing is said."""
        self._sources.controls.set_occupancy(self._known(camera), inside.count)
        return OccupancyBody(camera=camera, count=inside.count, since=None)

    def do(self, camera: CameraPath, order: Order) -> Order:
        """Let a camera take a picture or record a clip now."""
        controls = self._sources.controls
        act = controls.take_snapshot if order.action == "snapshot" else controls.test_clip
        act(self._known(camera))
        return order

    def _known(self, camera: str) -> str:
        if camera not in self._sources.cameras:
            raise unknown(f"camera {camera}")
        return camera


def _tagged(body: OutlineBody, answer: Response) -> OutlineBody:
    answer.headers["ETag"] = etag(body)
    return body
