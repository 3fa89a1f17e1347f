"""The paths of the API, and what each gives."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from pydantic import AwareDatetime, BaseModel
from starlette.websockets import WebSocket

from edge_detector.core import naming
from edge_detector.core.board import CameraView
from edge_detector.core.evidence import ItemKind
from edge_detector.core.facts import Fact
from edge_detector.web import guide, metrics
from edge_detector.web.audience import Audience, attend
from edge_detector.web.changes import Changes
from edge_detector.web.counting import Counting
from edge_detector.web.door import LOGIN_PATH, OPEN_PATH
from edge_detector.web.evidence import Evidence, FileAnswer
from edge_detector.web.fields import EVERYWHERE, CameraPath, CameraQuery, N, Slug, Ulid, VisitPath, errors
from edge_detector.web.limits import Patience
from edge_detector.web.live import LiveAnswer, Pictures, Viewers, mjpeg_answer, offline, transport_stream
from edge_detector.web.login import Login
from edge_detector.web.pages import Pages
from edge_detector.web.problems import Problem, answer_problems, unknown
from edge_detector.web.questions import Questions
from edge_detector.web.schema import schema
from edge_detector.web.sources import CameraSource, Sources
from edge_detector.web.spots import SpotRoutes
from edge_detector.web.told import told
from edge_detector.web.visits import VisitBody, VisitPage, Visits

PREFIX = "/api/v1"
PAGE_VISITS, MOST_VISITS = 50, 200


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


class OutboxBody(BaseModel):
    """What waits for the archive."""

    pending: int
    oldest_s: float
    stored: int
    failed: int
    last_error: str | None


class DetectorBody(BaseModel):
    """What finds people."""

    backend: str
    model: str
    inference_ms: float


class HealthBody(BaseModel):
    """How the node is."""

    outbox: OutboxBody
    disk_free_bytes: int
    cpu_percent: float
    memory_bytes: int
    #: Null where the board does not tell.
    temperature_c: float | None
    #: Why the board is looked at less; null while it is not.
    throttled: str | None
    uptime_s: float
    detector: DetectorBody


class Routes:
    """All that can be asked."""

    def __init__(self, sources: Sources, viewers: Viewers, audience: Audience, patience: Patience) -> None:
        self._sources = sources
        self._viewers = viewers
        self._audience = audience
        self._patience = patience
        self._evidence = Evidence(sources.ledger, sources.archive)
        self._visits = Visits(sources.visits, self._evidence)
        self._pictures = {name: Pictures(camera.frames, sources.encoder) for name, camera in sources.cameras.items()}
        self._pages = Pages()
        #: What listeners were told last of each camera.
        self._shown: dict[str, dict[str, Any]] = {}

    def application(self, login: Login) -> FastAPI:
        """The ASGI application, still without its guard."""
        app = FastAPI(title="Porchlight", version=self._sources.version, openapi_url=None, description=guide.ABOUT)
        answer_problems(app)
        app.get(OPEN_PATH, response_class=PlainTextResponse)(self.alive)
        self._add_pages(app, login)
        costly = [Depends(self._patience.ask)]
        router = APIRouter(prefix=PREFIX, responses=errors(*EVERYWHERE), dependencies=costly)
        self._add_now(router)
        self._add_past(router)
        questions = Questions(self._sources)
        questions.add_to(router)
        Changes(self._sources, questions).add_to(router)
        SpotRoutes(self._sources).add_to(router)
        app.include_router(router)
        Counting(self._sources).add_to(app, dependencies=costly, responses=errors(401, 403, 408, 413, 429, 503))
        app.add_api_websocket_route(f"{PREFIX}/ws", self.listen)
        app.get("/{path:path}", include_in_schema=False)(self.page)
        return app

    def tell(self, fact: Fact) -> None:
        """Tell whoever listens of a fact that the board has taken in, and of its camera when that changed."""
        self._audience.tell(told(fact))
        if (camera := getattr(fact, "camera", "")) in self._sources.cameras:
            body = self._camera_body(self._sources.board.camera(camera)).model_dump()
            if self._shown.get(camera) != body:
                self._shown[camera] = body
                self._audience.tell({"type": "camera", **body})

    def _add_pages(self, app: FastAPI, login: Login) -> None:
        app.post(LOGIN_PATH, include_in_schema=False)(login.enter)
        app.post("/logout", include_in_schema=False)(login.leave)
        app.get(f"{PREFIX}/openapi.json", include_in_schema=False)(lambda: schema(app))
        app.get(f"{PREFIX}/docs", include_in_schema=False)(lambda: HTMLResponse(guide.page(schema(app))))

    def _add_now(self, router: APIRouter) -> None:
        router.get("/health", response_model=None, responses={200: {"model": HealthBody}})(self.health)
        router.get("/metrics", response_class=PlainTextResponse)(self.metrics)
        router.get("/cameras")(self.cameras)
        jpeg, parts, ts = (
            guide.binary("image/jpeg"),
            guide.binary("multipart/x-mixed-replace"),
            guide.binary("video/mp2t"),
        )
        router.get("/cameras/{camera}/frame.jpg", response_class=Response, responses=jpeg)(self.frame)
        router.get("/cameras/{camera}/live.mjpeg", response_class=Response, responses=parts)(self.live_mjpeg)
        router.get("/cameras/{camera}/live.ts", response_class=Response, responses=ts)(self.live_ts)

    def _add_past(self, router: APIRouter) -> None:
        router.get("/visits")(self.visits)
        router.get("/visits/{visit_id}")(self.visit)
        for path, endpoint, kind in (
            ("clip.mp4", self.clip, "video/mp4"),
            ("snapshot.jpg", self.snapshot, "image/jpeg"),
        ):
            responses = {**guide.ranged(kind), **errors(410, 416)}
            for method in ("GET", "HEAD"):
                router.add_api_route(
                    f"/visits/{{visit_id}}/{path}",
                    endpoint,
                    methods=[method],
                    response_class=Response,
                    responses=responses,
                    operation_id=f"{method.lower()}_{endpoint.__name__}",
                )

    # --- now ----------------------------------------------------------------------------------------------------------

    async def alive(self) -> PlainTextResponse:
        """The program runs."""
        return PlainTextResponse("ok\n")

    async def page(self, request: Request, path: str) -> Response:
        """A file of the page."""
        return self._pages.answer(request, path)

    async def listen(self, socket: WebSocket) -> None:
        """Hear what happens as it happens."""
        await attend(socket, self._audience, self._hello)

    def _hello(self) -> dict[str, Any]:
        health = self._sources.board.health
        return {
            "type": "hello",
            "version": self._sources.version,
            "ts": naming.iso8601(self._sources.utc()),
            "cameras": [self._camera_body(view).model_dump() for view in self._sources.board.cameras],
            "health": None if health is None else dict(self._sources.health_body(health)),
        }

    async def health(self) -> dict[str, Any]:
        """How the node is, as over MQTT."""
        health = self._sources.board.health
        if health is None:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "The edge has just started, ask again")
        return dict(self._sources.health_body(health))

    async def metrics(self) -> Response:
        """The same and more for Prometheus."""
        text = metrics.render(
            self._sources.board,
            version=self._sources.version,
            viewers=self._viewers.count,
            listeners=self._audience.count,
            listeners_dropped=self._audience.dropped,
        )
        return Response(text, headers={"Content-Type": metrics.CONTENT_TYPE})

    async def cameras(self) -> list[CameraBody]:
        """Every camera and what it sees."""
        return [self._camera_body(view) for view in self._sources.board.cameras]

    async def frame(self, camera: CameraPath) -> Response:
        """The newest picture of a camera."""
        source = self._camera(camera)
        made = await self._pictures[camera].newest()
        if made is None:
            raise offline(source.name)
        return Response(made[1], media_type="image/jpeg")

    async def live_mjpeg(self, camera: CameraPath) -> Response:
        """The pictures of a camera as they are analysed."""
        return mjpeg_answer(self._viewers, self._camera(camera), self._pictures[camera])

    async def live_ts(self, camera: CameraPath) -> Response:
        """The packets of a camera as it sends them."""
        source = self._camera(camera)
        if not self._sources.board.camera(camera).status.online:
            raise offline(source.name)
        return LiveAnswer(self._viewers, partial(transport_stream, source, self._sources.open_muxer), "video/mp2t")

    # --- before -------------------------------------------------------------------------------------------------------

    def visits(
        self,
        camera: CameraQuery = None,
        zone: Annotated[str | None, Query(pattern=Slug)] = None,
        since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
        until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
        cursor: Annotated[str | None, Query(pattern=Ulid)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_VISITS)] = PAGE_VISITS,
    ) -> VisitPage:
        """Visits, newest first."""
        return self._visits.page(camera=camera, zone=zone, since=since, until=until, cursor=cursor, limit=limit)

    def visit(self, visit_id: VisitPath) -> VisitBody:
        """One visit."""
        return self._visits.one(visit_id)

    def clip(self, request: Request, visit_id: VisitPath, n: N = 1) -> Response:
        """A clip of a visit."""
        return FileAnswer(self._evidence.open(visit_id, ItemKind.CLIP, n), request)

    def snapshot(self, request: Request, visit_id: VisitPath) -> Response:
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
