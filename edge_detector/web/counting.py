"""The calls of the counting server, for those who come from there: same requests, same answers."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, StrictInt

from edge_detector.core.masking import masked_url
from edge_detector.core.places import CAMERA, LINE, Place
from edge_detector.web.sources import Sources
from edge_detector.web.traffic import LAST_UTC

#: Local time, as that server wrote it.
FORM = "%Y-%m-%d %H:%M:%S.%f"
NO_RECORDS, WRONG_ID = "No records found", "Wrong processor id"


class TrafficAsked(BaseModel):
    """Who passed, and when."""

    model_config = ConfigDict(json_schema_extra={"example": {"proc_id": 3, "start_ts": "2026-11-20 00:00:00.0"}})

    #: The number of a zone or line, see `/api/v1/zones`.
    proc_id: StrictInt
    #: Local time as `YYYY-MM-DD HH:MM:SS.f`, or ISO 8601.
    start_ts: str
    #: Now when absent.
    stop_ts: str | None = None


class ObjectsAsked(BaseModel):
    """Who is there, and when."""

    model_config = ConfigDict(json_schema_extra={"example": {"proc_id": 2}})

    proc_id: StrictInt
    #: Now when absent.
    ts: str | None = None


class Failed(BaseModel):
    """It could not be told, and why."""

    err: bool
    msg: str


class Passed(BaseModel):
    """How many passed, and when the first and the last of them did."""

    err: bool
    traffic: int
    min_ts: str
    max_ts: str


class There(BaseModel):
    """How many are there, by a record of this time."""

    err: bool
    count: int
    ts: str


class Watched(BaseModel):
    """One camera."""

    watching: bool
    url: str


class Counting:
    """Answers them from the history."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def add_to(self, app: FastAPI, *, dependencies: list[Any], responses: dict[int | str, Any]) -> None:
        """Give them their paths, which are at the root."""
        router = APIRouter(tags=["counting server"], dependencies=dependencies, responses=responses)
        wrong: dict[int | str, Any] = {400: {"model": Failed, "description": "What was sent is wrong"}}
        router.post("/traffic", response_model=Passed | Failed, responses=wrong)(self.traffic)
        router.post("/objects", response_model=There | Failed, responses=wrong)(self.objects)
        router.get("/statusWatch")(self.status)
        app.include_router(router)

    def traffic(self, asked: TrafficAsked) -> JSONResponse:
        """People who passed over a line, or into a zone, in an interval."""
        try:
            first = self._utc(asked.start_ts)
            last = self._sources.utc() if asked.stop_ts is None else self._utc(asked.stop_ts)
        except ValueError as error:
            return _failed(str(error), HTTPStatus.BAD_REQUEST)
        place = self._place(asked.proc_id)
        passages = None if place is None else self._sources.history.passages(place, first, last)
        if passages is None or passages.first_utc is None or passages.last_utc is None:
            return _failed(NO_RECORDS)
        times = {"min_ts": self._local(passages.first_utc), "max_ts": self._local(passages.last_utc)}
        return JSONResponse({"err": False, "traffic": passages.count, **times})

    def objects(self, asked: ObjectsAsked) -> JSONResponse:
        """People in a zone, or inside by a camera's lines, at a time."""
        try:
            utc = self._sources.utc() if asked.ts is None else self._utc(asked.ts)
        except ValueError as error:
            return _failed(str(error), HTTPStatus.BAD_REQUEST)
        place = self._place(asked.proc_id)
        if place is None:
            return _failed(WRONG_ID)
        since, count = self._sources.history.present(self._present(place), utc) or (utc, 0)
        return JSONResponse({"err": False, "count": count, "ts": self._local(since)})

    def status(self) -> dict[str, Watched]:
        """Every camera, whether it is watched, and its address without credentials."""
        board, number = self._sources.board, self._sources.number
        return {
            str(number(name, CAMERA, "")): Watched(
                watching=board.camera(name).status.online, url=masked_url(source.address)
            )
            for name, source in self._sources.cameras.items()
        }

    def _place(self, number: int) -> Place | None:
        places = (place for place in self._sources.history.places() if place.kind != CAMERA)
        return next((place for place in places if place.number == number), None)

    def _present(self, place: Place) -> Place:
        """Where presence is kept: of all lines of a camera together."""
        if place.kind != LINE:
            return place
        number = self._sources.number(place.camera, CAMERA, "")
        return Place(number=number, camera=place.camera, kind=CAMERA, id="")

    def _utc(self, text: str) -> float:
        """A moment; raises ValueError for what is none."""
        try:
            moment = datetime.fromisoformat(text.strip())
            moment = moment.replace(tzinfo=self._sources.zone) if moment.tzinfo is None else moment
            return min(max(0.0, moment.timestamp()), LAST_UTC)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"Not a time: {text:.40}, write YYYY-MM-DD HH:MM:SS.f") from error

    def _local(self, utc: float) -> str:
        return datetime.fromtimestamp(utc, UTC).astimezone(self._sources.zone).strftime(FORM)


def _failed(message: str, status: HTTPStatus = HTTPStatus.OK) -> JSONResponse:
    return JSONResponse({"err": True, "msg": message}, status)
