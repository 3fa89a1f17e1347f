"""The cameras' zones and lines as JSON: shown, drawn anew, and brought back to what is configured."""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_detector.core.drawing import outline_of, plain
from edge_detector.core.errors import OutlineError
from edge_detector.core.outline import MAX_LINES, MAX_NAME_CHARACTERS, MAX_POINTS, MAX_ZONES
from edge_detector.core.places import CAMERA, LINE, ZONE
from edge_detector.core.zones import MIN_POINTS, ZoneKind
from edge_detector.web.evidence import matches
from edge_detector.web.problems import Problem, invalid
from edge_detector.web.sources import Sources

Coordinate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
PointBody = tuple[Coordinate, Coordinate]
Id = Annotated[str, Field(pattern="^[a-z0-9_]{1,40}$")]
#: The id when empty.
Name = Annotated[str, Field(max_length=MAX_NAME_CHARACTERS)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ZoneDrawn(_Strict):
    """A zone as it is drawn."""

    id: Id
    name: Name = ""
    kind: ZoneKind = ZoneKind.COUNT
    points: Annotated[list[PointBody], Field(min_length=MIN_POINTS, max_length=MAX_POINTS)]


class LineDrawn(_Strict):
    """A line as it is drawn: who goes along it from start to end has inside on the right hand."""

    id: Id
    name: Name = ""
    start: PointBody
    end: PointBody


class OutlineDrawn(_Strict):
    """All zones and lines of a camera."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "zones": [
                    {
                        "id": "mat",
                        "name": "Door mat",
                        "kind": "count",
                        "points": [[0.1, 0.5], [0.9, 0.5], [0.9, 1], [0.1, 1]],
                    }
                ],
                "lines": [{"id": "gate", "name": "Gate", "start": [0.1, 0.6], "end": [0.9, 0.6]}],
            }
        },
    )

    zones: Annotated[list[ZoneDrawn], Field(max_length=MAX_ZONES)] = []
    lines: Annotated[list[LineDrawn], Field(max_length=MAX_LINES)] = []


class ZoneBody(ZoneDrawn):
    """A zone, with its number for the counting calls."""

    number: int


class LineBody(LineDrawn):
    """A line, with its number for the counting calls."""

    number: int


class OutlineBody(BaseModel):
    """A camera's zones and lines."""

    camera: str
    number: int
    name: str
    #: `file` while the configuration counts, `drawn` once somebody drew here.
    origin: Literal["file", "drawn"]
    zones: list[ZoneBody]
    lines: list[LineBody]


class OutlinesBody(BaseModel):
    """Those of all cameras."""

    cameras: list[OutlineBody]


class Zones:
    """Shows and changes them."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def all(self) -> OutlinesBody:
        """Those of all cameras."""
        return OutlinesBody(cameras=[self.one(camera) for camera in self._sources.cameras])

    def one(self, camera: str) -> OutlineBody:
        """Those of a camera that there is."""
        outline = plain(self._sources.outlines.outline(camera))
        number = self._sources.number
        return OutlineBody(
            camera=camera,
            number=number(camera, CAMERA, ""),
            name=self._sources.cameras[camera].name,
            origin="drawn" if self._sources.outlines.is_drawn(camera) else "file",
            zones=[ZoneBody(**zone, number=number(camera, ZONE, zone["id"])) for zone in outline["zones"]],
            lines=[LineBody(**line, number=number(camera, LINE, line["id"])) for line in outline["lines"]],
        )

    def draw(self, camera: str, drawn: OutlineDrawn, condition: str | None) -> OutlineBody:
        """Replace them; raises Problem when they are wrong, or no longer what the condition names."""
        self._check(camera, condition)
        body = drawn.model_dump(mode="json")
        for one in (*body["zones"], *body["lines"]):
            one["name"] = one["name"].strip() or one["id"]
        try:
            outline = outline_of(body)
        except OutlineError as error:
            raise invalid([(fault.where, fault.message) for fault in error.faults]) from error
        self._sources.outlines.draw(camera, outline)
        return self.one(camera)

    def erase(self, camera: str, condition: str | None) -> OutlineBody:
        """Go back to what is configured; raises Problem when they are no longer what the condition names."""
        self._check(camera, condition)
        self._sources.outlines.erase(camera)
        return self.one(camera)

    def _check(self, camera: str, condition: str | None) -> None:
        if condition is not None and not matches(condition, etag(self.one(camera))):
            message = "Somebody else has drawn meanwhile: look again"
            raise Problem(HTTPStatus.PRECONDITION_FAILED, "changed", message)


def etag(body: BaseModel) -> str:
    """Stands for what a body says."""
    text = json.dumps(body.model_dump(mode="json"), sort_keys=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
