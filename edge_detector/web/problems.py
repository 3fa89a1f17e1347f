"""What the API answers when it cannot do what was asked: one JSON form for every error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from edge_detector.core.errors import PorchlightError

#: Soon enough for a person, late enough for a camera to come back.
RETRY_AFTER_S = 5

#: The calls of the counting server have errors of their own form.
COUNTING_PATHS = frozenset({"/traffic", "/objects", "/statusWatch"})
_CODES = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.NOT_ACCEPTABLE: "not_acceptable",
}


class Problem(Exception):  # noqa: N818 - an answer rather than a fault
    """The request is answered with this."""

    def __init__(
        self, status: HTTPStatus, code: str, message: str, *, headers: Mapping[str, str] | None = None, **more: object
    ) -> None:
        """`code` is for programs, `message` for people; `more` stands beside them."""
        super().__init__(message)
        self._status = status
        self._body = {"error": {"code": code, "message": message, **more}}
        self._headers = dict(headers or {})
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            self._headers.setdefault("Retry-After", str(RETRY_AFTER_S))

    @property
    def answer(self) -> JSONResponse:
        """The response."""
        return self.answer_at("")

    def answer_at(self, path: str) -> JSONResponse:
        """The response on a path: where the counting server's clients look, in its form too."""
        counted = {"err": True, "msg": str(self)} if path in COUNTING_PATHS else {}
        return JSONResponse(counted | self._body, self._status, self._headers)


def unknown(what: str) -> Problem:
    """Nobody knows it."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"There is no {what}")


def invalid(faults: Sequence[tuple[str, str]]) -> Problem:
    """What was sent is wrong: each place with what is wrong there."""
    message = "; ".join(f"{where}: {message}" if where else message for where, message in faults)
    told = [{"where": where, "message": message} for where, message in faults]
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", message, faults=told)


def _fault(fault: Mapping[str, Any]) -> tuple[str, str]:
    """Where, without the `body` or `query` before it, and what."""
    _, *place = fault["loc"]
    return ".".join(str(step) for step in place), str(fault["msg"])


def answer_problems(app: FastAPI) -> None:
    """Let every error be answered in the one form."""

    @app.exception_handler(Problem)
    async def _(request: Request, problem: Problem) -> JSONResponse:
        return problem.answer_at(request.url.path)

    @app.exception_handler(HTTPException)
    async def _(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        problem = Problem(
            status, _CODES.get(status, "bad_request"), status.description or status.phrase, headers=error.headers
        )
        return problem.answer_at(request.url.path)

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, error: RequestValidationError) -> JSONResponse:
        if any(fault["loc"][0] == "path" for fault in error.errors()):
            return unknown("such thing").answer  # an id that no thing can have
        faults = [_fault(fault) for fault in error.errors()]
        if request.url.path in COUNTING_PATHS:
            message = "; ".join(f"{where}: {message}" for where, message in faults)
            return JSONResponse({"err": True, "msg": message}, HTTPStatus.BAD_REQUEST)
        if any(fault["loc"][0] == "body" for fault in error.errors()):
            return invalid(faults).answer
        said = "; ".join(f"{where}: {message}" for where, message in faults)
        return Problem(HTTPStatus.BAD_REQUEST, "bad_request", said).answer

    @app.exception_handler(PorchlightError)
    async def _(request: Request, error: PorchlightError) -> JSONResponse:
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", str(error)).answer_at(request.url.path)

    @app.exception_handler(Exception)
    async def _(request: Request, _: Exception) -> JSONResponse:
        message = "Something went wrong that should not, the log of the edge says more"
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message).answer_at(request.url.path)
