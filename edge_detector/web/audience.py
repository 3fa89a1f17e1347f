"""Those who hear on the WebSocket what happens: each with a bounded queue, and hung up on when it is full."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from edge_detector.web.problems import Problem

#: As many pages as a household has open, and some programs.
LISTENERS_LIMIT = 64
#: Messages that wait for one listener: half a minute of somebody walking about.
QUEUE_LIMIT = 300
#: "Try again later": the first message says how things are.
BEHIND_CODE = 1013
GOING_CODE = 1001


class Listener:
    """What one has yet to hear."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._news = asyncio.Event()
        #: Set when it is hung up on, and why.
        self.ended = asyncio.Event()
        self.code = GOING_CODE

    def tell(self, text: str) -> bool:
        """Add a message; False when there are too many already."""
        if len(self._waiting) >= QUEUE_LIMIT:
            self.end(BEHIND_CODE)
            return False
        self._waiting.append(text)
        self._news.set()
        return True

    def end(self, code: int) -> None:
        """Hang up."""
        self.code = code
        self.ended.set()

    async def next(self) -> str:
        """The next message."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class Audience:
    """All who listen; on the loop only."""

    def __init__(self, limit: int = LISTENERS_LIMIT) -> None:
        """At most `limit` at a time."""
        self._limit = limit
        self._listeners: set[Listener] = set()
        self._closed = False
        #: How many were hung up on because they did not keep up.
        self.dropped = 0

    @property
    def count(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def tell(self, message: Mapping[str, Any]) -> None:
        """Tell everybody; never waits."""
        if not self._listeners:
            return
        text = to_text(message)
        for listener in tuple(self._listeners):
            if not listener.tell(text):
                self._listeners.discard(listener)
                self.dropped += 1

    def check(self) -> None:
        """Raise Problem when no more can listen."""
        if self._closed or len(self._listeners) >= self._limit:
            message = f"{self._limit} listen already, as many as are let in"
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_listeners", message)

    @contextmanager
    def seat(self) -> Iterator[Listener]:
        """Listen; raises Problem when there are too many."""
        self.check()
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Hang up on everybody, and let nobody in."""
        self._closed = True
        for listener in self._listeners:
            listener.end(GOING_CODE)


async def attend(socket: WebSocket, audience: Audience, hello: Callable[[], Mapping[str, Any]]) -> None:
    """Serve one WebSocket until one of the two goes."""
    try:
        audience.check()
    except Problem as problem:
        await socket.send_denial_response(problem.answer)
        return
    await socket.accept()
    with audience.seat() as listener, suppress(WebSocketDisconnect):
        listener.tell(to_text(hello()))
        hearing = asyncio.create_task(_hear_out(socket), name="web socket")
        telling = asyncio.create_task(_tell(socket, listener), name="web socket")
        ending = asyncio.create_task(listener.ended.wait(), name="web socket")
        tasks = (hearing, telling, ending)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if listener.ended.is_set():
            await socket.close(listener.code)


async def _hear_out(socket: WebSocket) -> None:
    """What a client says is of no interest, but that it goes is."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _tell(socket: WebSocket, listener: Listener) -> None:
    while True:
        await socket.send_text(await listener.next())


def to_text(message: Mapping[str, Any]) -> str:
    """Compact JSON."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)
