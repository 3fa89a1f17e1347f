"""What stands in paths and queries, and the form of every error, as the schema tells them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict

Slug = "^[a-z0-9_]{1,40}$"
#: A ULID: nothing else is looked for, on disk or in the database.
Ulid = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"

CameraPath = Annotated[str, Path(pattern=Slug, examples=["door"])]
CameraQuery = Annotated[str | None, Query(pattern=Slug)]
VisitPath = Annotated[str, Path(pattern=Ulid, examples=["01M7YQ4254GDE9XSE5SHQR13TV"])]
#: Which of a visit's clips.
N = Annotated[int, Query(ge=1, le=10_000)]


class FaultBody(BaseModel):
    """One thing that is wrong in what was sent."""

    #: Such as `zones.0.points`.
    where: str
    message: str


class ErrorBody(BaseModel):
    """What went wrong."""

    model_config = ConfigDict(extra="allow")

    #: For programs.
    code: str
    #: For people.
    message: str
    #: Only where something was sent that is wrong.
    faults: list[FaultBody] | None = None


class Error(BaseModel):
    """Every error has this form."""

    error: ErrorBody


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a path, for its documentation."""
    return {status: {"model": Error, "description": _TOLD[status]} for status in statuses}


_TOLD = {
    400: "A parameter makes no sense",
    401: "The token is missing or wrong",
    403: "A browser's session, but not the edge's own page",
    404: "There is no such camera, visit, clip or path",
    405: "This path takes other methods",
    408: "The body did not come",
    410: "The file is in the archive, where this edge cannot read it, or is lost",
    412: "Somebody else was quicker",
    413: "The body is too large",
    416: "The range begins behind the end of the file",
    422: "What was sent is wrong: `faults` tell where",
    429: "Too many requests",
    503: "Not now: the camera is offline, all seats are taken, or the disk fails",
}
#: What every path may answer.
EVERYWHERE = (400, 401, 403, 404, 405, 408, 413, 422, 429, 503)
