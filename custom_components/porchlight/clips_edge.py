"""Clips read from the edge itself, by its HTTP API."""

from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientResponse, ClientTimeout, hdrs
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JSON_DECODE_EXCEPTIONS, json_loads
from yarl import URL

from .access import CONF_TOKEN, CONF_URL
from .clips import (
    GIVEN,
    LIST_TIMEOUT,
    STREAM_TIMEOUT,
    Bounded,
    ClipGoneError,
    ClipUnknownError,
    Facts,
    Hour,
    Kind,
    Reach,
    Ref,
    ShortMemory,
    StoredVisit,
    asked,
    began,
    is_visit_id,
    whole,
)
from .documents import zones_of
from .fields import SLUG

#: The edge has no posters; its snapshot is a picture of the same visit.
FILES: Final[Mapping[Kind, str]] = {
    Kind.CLIP: "clip.mp4",
    Kind.POSTER: "snapshot.jpg",
    Kind.SNAPSHOT: "snapshot.jpg",
}
PAGE_VISITS: Final = 200
#: Ten thousand visits in one day are no porch.
MAX_PAGES: Final = 50
#: Each day takes a request of its own.
MAX_DAYS: Final = 60
LIVE_S: Final = 15.0


class EdgeStore:
    """What an edge still has."""

    def __init__(self, hass: HomeAssistant, config: Mapping[str, str], reach: Reach) -> None:
        """`config` is the entry's `clips`, see `access.py`."""
        self._hass = hass
        self._session = async_get_clientsession(hass)
        self._reach = reach
        self._url = URL(config[CONF_URL]) / "api/v1"
        self._headers: dict[str, str] = {hdrs.AUTHORIZATION: f"Bearer {config[CONF_TOKEN]}"}
        self._days: ShortMemory[list[date]] = ShortMemory(hass.loop.time)
        self._pages: ShortMemory[list[dict[str, Any]]] = ShortMemory(hass.loop.time)
        #: By visit: an edge looks a visit up without being told the camera.
        self._cameras: Bounded[str, str] = Bounded()

    async def cameras(self) -> frozenset[str]:
        """Those that it watches now."""
        match await self._json(self._url / "cameras"):
            case [*bodies]:
                ids = (body.get("id") for body in bodies if isinstance(body, dict))
                return frozenset(each for each in ids if isinstance(each, str) and SLUG.fullmatch(each))
        raise self._reach.unreachable("the list of cameras is none")

    async def days(self, camera: str) -> list[date]:
        """The latest local days with a visit, newest first."""
        return await self._days.get(camera, LIVE_S, lambda: self._find_days(camera))

    async def visits(self, camera: str, start: datetime, end: datetime) -> list[StoredVisit]:
        """Visits that began in `start <= t < end` and have a file, newest first."""
        bodies = await self._pages.get((camera, start, end), LIVE_S, lambda: self._find_visits(camera, start, end))
        found = [visit for body in bodies if (visit := _visit(body, camera))]
        self._cameras.update({visit.id: camera for visit in found})
        return [visit for visit in found if visit.clips or visit.snapshot]

    async def facts(self, camera: str, visits: Iterable[str]) -> dict[str, Facts]:
        """None but those that came with the visits."""
        return {}

    async def crossings(self, camera: str, line: str, start: datetime, end: datetime) -> Counter[Hour]:
        """How often a line was crossed in each hour."""
        span = {"from": start.astimezone(UTC).isoformat(), "to": end.astimezone(UTC).isoformat()}
        query = {"camera": camera, "line": line, "bucket": "hour", "tz": self._hass.config.time_zone, **span}
        match await self._json((self._url / "traffic").with_query(query)):
            case {"buckets": [*buckets]}:
                return Counter(dict(pair for bucket in buckets for pair in _hour(bucket)))
        raise self._reach.unreachable("the traffic is none")

    @asynccontextmanager
    async def open(self, ref: Ref, method: str, headers: Mapping[str, str]) -> AsyncGenerator[ClientResponse]:
        """The answer to a request for a file."""
        if await self._camera_of(ref.visit_id) != ref.camera:
            raise ClipUnknownError
        url = self._url / "visits" / ref.visit_id / FILES[ref.kind]
        if ref.kind is Kind.CLIP and ref.n > 1:
            url = url.with_query(n=ref.n)
        async with self._ask(method, url, headers, STREAM_TIMEOUT) as response:
            yield response

    async def _find_days(self, camera: str) -> list[date]:
        days: list[date] = []
        until: datetime | None = None
        while len(days) < MAX_DAYS:
            query = {"camera": camera, "limit": "1"} | ({"to": until.isoformat()} if until else {})
            visits = [visit for body in (await self._page(query))[0] if (visit := _visit(body, camera))]
            if not visits:
                break
            days.append(dt_util.as_local(visits[0].started_at).date())
            until = dt_util.start_of_local_day(days[-1]).astimezone(UTC)
        return days

    async def _find_visits(self, camera: str, start: datetime, end: datetime) -> list[dict[str, Any]]:
        span = {"from": start.astimezone(UTC).isoformat(), "to": end.astimezone(UTC).isoformat()}
        query = {"camera": camera, "limit": str(PAGE_VISITS), **span}
        bodies: list[dict[str, Any]] = []
        for _ in range(MAX_PAGES):
            found, following = await self._page(query)
            bodies += found
            if following is None:
                return bodies
            query["cursor"] = following
        raise self._reach.unreachable(f"more than {MAX_PAGES * PAGE_VISITS} visits in a day")

    async def _page(self, query: Mapping[str, str]) -> tuple[list[dict[str, Any]], str | None]:
        """Some visits, and where those after them begin."""
        match await self._json((self._url / "visits").with_query(query)):
            case {"visits": [*bodies], "next": str() | None as following}:
                return [body for body in bodies if isinstance(body, dict)], following
        raise self._reach.unreachable("the list of visits is none")

    async def _camera_of(self, visit_id: str) -> str:
        if visit_id not in self._cameras:
            match await self._json(self._url / "visits" / visit_id):
                case {"camera": str(camera)}:
                    self._cameras[visit_id] = camera
                case _:
                    raise self._reach.unreachable("the visit is none")
        return self._cameras[visit_id]

    async def _json(self, url: URL) -> object:
        async with self._ask("GET", url, {}, LIST_TIMEOUT) as response:
            body = await whole(response, self._reach)
        try:
            return json_loads(body)
        except JSON_DECODE_EXCEPTIONS as error:
            raise self._reach.unreachable("an answer that is no JSON") from error

    @asynccontextmanager
    async def _ask(
        self, method: str, url: URL, headers: Mapping[str, str], limits: ClientTimeout
    ) -> AsyncGenerator[ClientResponse]:
        """An answer that gives what was asked for; raises what any other means."""
        asking = asked(self._session, self._reach, method, url, {**headers, **self._headers}, limits)
        async with asking as response:
            status = response.status
            if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                raise self._reach.refused("invalid_token", f"HTTP {status}")
            if status not in (*GIVEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
                raise self._reach.unreachable(f"HTTP {status}")
            self._reach.fine()
            if status == HTTPStatus.GONE:
                raise ClipGoneError
            if status == HTTPStatus.NOT_FOUND:
                raise ClipUnknownError
            yield response


def _visit(body: Mapping[str, Any], camera: str) -> StoredVisit | None:
    """A visit as the edge tells of it; None for one that is not understood."""
    match body:
        case {
            "visit_id": str(visit_id),
            "camera": str(of),
            "duration_s": float(duration_s) | int(duration_s),
            "max_people": int(people),
            "max_confidence": float(confidence) | int(confidence),
            "snapshot": bool(snapshot),
            "clips": [*clips],
        } if is_visit_id(visit_id) and of == camera:
            told = [clip for clip in clips if isinstance(clip, dict)]
            numbers = sorted(n for clip in told if isinstance(n := clip.get("n"), int))
            facts = Facts(
                people=people,
                confidence=confidence,
                duration_s=duration_s,
                clips=len(numbers),
                zones=zones_of(body.get("zones")),
            )
            return StoredVisit(
                id=visit_id,
                started_at=began(visit_id),
                clips=tuple(numbers),
                posters=frozenset(),
                snapshot=snapshot,
                facts=facts,
                uris=tuple(
                    clip["uri"] for clip in clips if isinstance(clip, dict) and isinstance(clip.get("uri"), str)
                ),
            )
    return None


def _hour(bucket: object) -> Iterator[tuple[Hour, int]]:
    """What an hour of the edge's traffic says."""
    match bucket:
        case {"start": str(text), "in": int(inward), "out": int(outward)} if start := dt_util.parse_datetime(text):
            yield ("in", dt_util.as_utc(start)), inward
            yield ("out", dt_util.as_utc(start)), outward
