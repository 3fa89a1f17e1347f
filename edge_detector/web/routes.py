"""The paths of the API, and what each gives."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import AwareDatetime, BaseModel

from edge_detector.core import naming
from edge_detector.core.board import CameraView
from edge_detector.core.evidence import ItemKind
from edge_detector.web import metrics
from edge_detector.web.evidence import Evidence, FileAnswer
from edge_detector.web.guard import OPEN_PATH
from edge_detector.web.live import LiveAnswer, Pictures, Viewers, mjpeg_answer, offline, transport_stream
from edge_detector.web.problems import Problem, answer_problems, unknown
from edge_detector.web.sources import CameraSource, Sources
from edge_detector.web.visits import VisitBody, VisitPage, Visits

PREFIX = "/api/v1"
#: A ULID: nothing else is looked for, on disk or in the database.
_ULID = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
PAGE_VISITS, MOST_VISITS = 50, 200

VisitId = Annotated[str, Path(pattern=_ULID)]
#: Which of a visit's clips.
N = Annotated[int, Query(ge=1, le=10_000)]


class CameraBody(BaseModel):
    """One camera."""

    id: str
    name: str
    online: bool
    #: Pixels; 0 until it was online for the first time.
    width: int
    height: int
    #: As over MQTT.
    state: dict[str, Any]


class Routes:
    """All that can be asked."""

    def __init__(self, sources: Sources, viewers: Viewers) -> None:
        self._sources = sources
        self._viewers = viewers
        self._evidence = Evidence(sources.ledger, sources.archive)
        self._visits = Visits(sources.visits, self._evidence)
        self._pictures = {name: Pictures(camera.frames, sources.encoder) for name, camera in sources.cameras.items()}

    def application(self) -> FastAPI:
        """The ASGI application, still without its guard."""
        app = FastAPI(title="Porchlight", version=self._sources.version, openapi_url=None)  # so no docs either
        answer_problems(app)
        app.get(OPEN_PATH)(self.alive)
        router = APIRouter(prefix=PREFIX)
        router.get("/health")(self.health)
        router.get("/metrics")(self.metrics)
        router.get("/cameras")(self.cameras)
        router.get("/cameras/{camera}/frame.jpg")(self.frame)
        router.get("/cameras/{camera}/live.mjpeg")(self.live_mjpeg)
        router.get("/cameras/{camera}/live.ts")(self.live_ts)
        router.get("/visits")(self.visits)
        router.get("/visits/{visit_id}")(self.visit)
        router.api_route("/visits/{visit_id}/clip.mp4", methods=["GET", "HEAD"])(self.clip)
        router.api_route("/visits/{visit_id}/snapshot.jpg", methods=["GET", "HEAD"])(self.snapshot)
        app.include_router(router)
        return app

    # --- now ----------------------------------------------------------------------------------------------------------

    async def alive(self) -> PlainTextResponse:
        """The program runs."""
        return PlainTextResponse("ok\n")

    async def health(self) -> dict[str, Any]:
        """How the node is, as over MQTT."""
        health = self._sources.board.health
        if health is None:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "The edge has just started, ask again")
        return dict(self._sources.health_body(health))

    async def metrics(self) -> Response:
        """The same and more for Prometheus."""
        text = metrics.render(self._sources.board, version=self._sources.version, viewers=self._viewers.count)
        return Response(text, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def cameras(self) -> list[CameraBody]:
        """Every camera and what it sees."""
        return [self._camera_body(view) for view in self._sources.board.cameras]

    async def frame(self, camera: str) -> Response:
        """The newest picture of a camera."""
        source = self._camera(camera)
        made = await self._pictures[camera].newest()
        if made is None:
            raise offline(source.name)
        return Response(made[1], media_type="image/jpeg")

    async def live_mjpeg(self, camera: str) -> Response:
        """The pictures of a camera as they are analysed."""
        return mjpeg_answer(self._viewers, self._camera(camera), self._pictures[camera])

    async def live_ts(self, camera: str) -> Response:
        """The packets of a camera as it sends them."""
        source = self._camera(camera)
        if not self._sources.board.camera(camera).status.online:
            raise offline(source.name)
        return LiveAnswer(self._viewers, partial(transport_stream, source, self._sources.open_muxer), "video/mp2t")

    # --- before -------------------------------------------------------------------------------------------------------

    def visits(
        self,
        camera: Annotated[str | None, Query(pattern=f"^{naming.SLUG.pattern}$")] = None,
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
        cursor: Annotated[str | None, Query(pattern=_ULID)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_VISITS)] = PAGE_VISITS,
    ) -> VisitPage:
        """Visits, newest first."""
        return self._visits.page(camera=camera, since=since, until=until, cursor=cursor, limit=limit)

    def visit(self, visit_id: VisitId) -> VisitBody:
        """One visit."""
        return self._visits.one(visit_id)

    def clip(self, request: Request, visit_id: VisitId, n: N = 1) -> Response:
        """A clip of a visit."""
        return FileAnswer(self._evidence.open(visit_id, ItemKind.CLIP, n), request)

    def snapshot(self, request: Request, visit_id: VisitId) -> Response:
        """The best picture of a visit."""
        return FileAnswer(self._evidence.open(visit_id, ItemKind.SNAPSHOT), request)

    def _camera(self, name: str) -> CameraSource:
        found = self._sources.cameras.get(name)
        if found is None:
            raise unknown(f"camera {name:.40}")
        return found

    def _camera_body(self, view: CameraView) -> CameraBody:
        status = view.status
        return CameraBody(
            id=status.camera,
            name=self._sources.cameras[status.camera].name,
            online=status.online,
            width=view.width,
            height=view.height,
            state=dict(self._sources.state_body(status)),
        )
