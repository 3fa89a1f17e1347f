"""What can be asked of the past and of the program itself: traffic, occupancy, the log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel

from edge_detector.core import naming
from edge_detector.core.places import CAMERA
from edge_detector.web.fields import CameraQuery, Slug
from edge_detector.web.sources import Sources
from edge_detector.web.traffic import BucketName, Traffic, TrafficBody, interval, zone_of

LOG_LINES, MOST_LOG_LINES = 200, 1000


class OccupancyBody(BaseModel):
    """How many are inside, by those who came in over the camera's lines less those who left."""

    camera: str
    count: int
    #: Since when; null when nobody has ever come in.
    since: str | None


class LogLineBody(BaseModel):
    """One line of the log."""

    ts: str
    level: str
    logger: str
    message: str


class LogBody(BaseModel):
    """The end of the log."""

    lines: list[LogLineBody]


class Questions:
    """Reads only."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._traffic = Traffic(sources.history)

    def add_to(self, router: APIRouter) -> None:
        """Give them their paths."""
        router.get("/traffic", response_model=TrafficBody)(self.traffic)
        router.get("/occupancy")(self.occupancy)
        router.get("/log")(self.log)

    def traffic(  # noqa: PLR0913, PLR0917 - one argument a parameter of the request
        self,
        camera: CameraQuery = None,
        zone: Annotated[str | None, Query(pattern=Slug)] = None,
        line: Annotated[str | None, Query(pattern=Slug)] = None,
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
        bucket: BucketName = "hour",
        tz: Annotated[str | None, Query(max_length=60)] = None,
    ) -> Response:
        """How many visits there were and how many people crossed lines, by minute, hour or day."""
        now = datetime.fromtimestamp(self._sources.utc(), UTC)
        first, last = interval(since, until, now)
        answer = self._traffic.answer(
            places=self._traffic.places(camera=camera, zone=zone, line=line),
            first=first,
            last=last,
            bucket=bucket,
            zone=zone_of(tz, self._sources.zone),
        )
        return Response(answer, media_type="application/json")

    def occupancy(self, camera: CameraQuery = None) -> list[OccupancyBody]:
        """How many are inside now, camera by camera."""
        cameras = [name for name in self._sources.cameras if camera in {None, name}]
        return [self.inside(name) for name in cameras]

    def inside(self, camera: str) -> OccupancyBody:
        """How many are inside at one camera."""
        now = self._sources.utc()
        place = next(
            (one for one in self._sources.history.places() if (one.camera, one.kind) == (camera, CAMERA)), None
        )
        since, count = (place and self._sources.history.present(place, now)) or (None, 0)
        return OccupancyBody(camera=camera, count=count, since=None if since is None else naming.iso8601(since))

    def log(self, lines: Annotated[int, Query(ge=1, le=MOST_LOG_LINES)] = LOG_LINES) -> LogBody:
        """The last lines of the program's log, oldest first, without secrets."""
        return LogBody(
            lines=[
                LogLineBody(ts=naming.iso8601(line.utc), level=line.level, logger=line.logger, message=line.text)
                for line in self._sources.log()[-lines:]
            ]
        )
