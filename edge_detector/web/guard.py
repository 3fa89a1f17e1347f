"""Stands before every route: asks who it is, takes no more than a small body, and makes every answer safe to show."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_detector.web.door import Door
from edge_detector.web.problems import Problem

#: The outlines of a camera with all zones and lines that it may have fit in well.
BODY_LIMIT_BYTES = 128 * 1024
#: Within this the whole body has come.
BODY_LIMIT_S = 10.0
#: Who is refused while the body still comes gets the answer only if the rest is taken off the wire: so much of it, for
#: so long.
DRAIN_LIMIT_BYTES = 8 * 1024 * 1024
DRAIN_LIMIT_S = 3.0
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})
#: A page made of our answers may load and do nothing, no other site may hold them, and nobody guesses their type.
_SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)


class Guard:
    """The ASGI application around the routes."""

    body_limit_s = BODY_LIMIT_S
    drain_limit_bytes = DRAIN_LIMIT_BYTES
    drain_limit_s = DRAIN_LIMIT_S

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let one WebSocket in."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_missing(message["headers"])]
            await send(message)

        refusal = self._door.refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, send_safely)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._request(scope, receive, send_safely)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = 0 if scope["method"] in _WITHOUT_BODY else BODY_LIMIT_BYTES
        coming = _Coming(receive)
        headers = Headers(scope=scope)
        # The HTTP parser has refused what is no number.
        if int(headers.get("content-length", "0")) > limit or (not limit and "transfer-encoding" in headers):
            await self._refuse(_too_large(limit), scope, coming, send)
            return
        try:
            async with asyncio.timeout(self.body_limit_s):
                body = await _whole(coming, limit) if limit else b""
        except TimeoutError:
            problem = Problem(HTTPStatus.REQUEST_TIMEOUT, "slow", "The body did not come", headers=_HANG_UP)
            await self._refuse(problem, scope, coming, send)
            return
        if body is None:
            await self._refuse(_too_large(limit), scope, coming, send)
        else:
            await self._app(scope, _once(body, receive) if limit else receive, send)

    async def _refuse(self, problem: Problem, scope: Scope, coming: _Coming, send: Send) -> None:
        """Answer, take what still comes, and hang up: the other way round the answer would be lost on its way."""

        async def send_and_wait(message: Message) -> None:
            if message["type"] == "http.response.body":
                await send({**message, "more_body": True})
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.drain_limit_s):
                        await _drain(coming, self.drain_limit_bytes)
                message = {"type": "http.response.body"}
            await send(message)

        await problem.answer_at(scope["path"])(scope, coming, send_and_wait)


class _Coming:
    """A request's body, and whether there is more of it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.more = True

    async def __call__(self) -> Message:
        message = await self._receive()
        self.more = message.get("more_body", False)
        return message


_HANG_UP = {"Connection": "close"}


async def _whole(coming: _Coming, limit: int) -> bytes | None:
    """The body; None when it is larger than it may be."""
    body = bytearray()
    while coming.more:
        body += (await coming()).get("body", b"")
        if len(body) > limit:
            return None
    return bytes(body)


async def _drain(coming: _Coming, limit: int) -> None:
    """Take what comes, up to a limit, until the body or the client ends."""
    while coming.more and limit >= 0:
        limit -= len((await coming()).get("body", b""))


def _once(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read already, then what else comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return waiting.pop() if waiting else await receive()

    return next_message


def _too_large(limit: int) -> Problem:
    message = f"A body may have {limit} bytes" if limit else "Nothing here takes a body"
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", message, headers=_HANG_UP)


def _missing(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    found = {name for name, _ in headers}
    return [(name, value) for name, value in _SAFE_HEADERS if name not in found]
