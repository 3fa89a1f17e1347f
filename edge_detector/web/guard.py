"""Stands before every route: asks for the token, refuses what no route takes, and makes every answer safe to show."""

from __future__ import annotations

from http import HTTPStatus

from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_detector.web.auth import Lock
from edge_detector.web.problems import Problem

#: The one path that needs no token: is the program alive?
OPEN_PATH = "/healthz"
#: No route reads a body.
BODY_LIMIT_BYTES = 0
#: A page made of our answers may load and do nothing, no other site may hold them, and nobody guesses their type.
_SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
#: Basic is offered for players and browsers that know nothing else; FFmpeg wants it in a line of its own.
_CHALLENGES = ('Bearer realm="porchlight"', 'Basic realm="porchlight", charset="UTF-8"')


class Guard:
    """The ASGI application around the routes."""

    def __init__(self, app: ASGIApp, lock: Lock) -> None:
        self._app = app
        self._lock = lock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_missing(message["headers"])]
            await send(message)

        refusal = self._refusal(scope["path"], dict(scope["headers"]))
        await (refusal or self._app)(scope, receive, send_safely)

    def _refusal(self, path: str, headers: dict[bytes, bytes]) -> Response | None:
        if path == OPEN_PATH:
            return None
        authorization = headers.get(b"authorization")
        if authorization is None or not self._lock.opens(authorization):
            return _unauthorized("token_missing" if authorization is None else "token_wrong")
        if b"transfer-encoding" in headers or _length(headers) > BODY_LIMIT_BYTES:
            headers_back = {"Connection": "close"}
            return Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", "Nothing here takes a body", headers=headers_back
            ).answer
        return None


def _unauthorized(code: str) -> Response:
    message = "Send the token of this edge: Authorization: Bearer <token>"
    answer = Problem(HTTPStatus.UNAUTHORIZED, code, message).answer
    for challenge in _CHALLENGES:
        answer.headers.append("WWW-Authenticate", challenge)
    return answer


def _length(headers: dict[bytes, bytes]) -> int:
    """The announced length of the body; the HTTP parser has refused what is no number."""
    return int(headers.get(b"content-length", b"0"))


def _missing(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    found = {name for name, _ in headers}
    never_kept = ((b"cache-control", b"no-store"),)
    return [(name, value) for name, value in (*_SAFE_HEADERS, *never_kept) if name not in found]
