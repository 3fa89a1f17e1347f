"""Serves the API on the program's own loop: started, stopped, and otherwise left alone."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from edge_detector.config.web import WebConfig
from edge_detector.core.errors import WebError
from edge_detector.core.facts import Fact
from edge_detector.core.types import Track
from edge_detector.web import told
from edge_detector.web.audience import Audience
from edge_detector.web.auth import TOKEN_NAME, Lock, keep_token
from edge_detector.web.connection import Connection, listening_protocol
from edge_detector.web.door import Door
from edge_detector.web.guard import Guard
from edge_detector.web.limits import REQUESTS_BURST, REQUESTS_PER_S, Allowance, Patience
from edge_detector.web.live import Viewers
from edge_detector.web.login import Login
from edge_detector.web.routes import PREFIX, Routes
from edge_detector.web.sources import Sources

_LOG = logging.getLogger(__name__)

#: Lines and headers of one request together.
HEAD_LIMIT_BYTES = 16 * 1024
#: Viewers, and room for those who ask something short.
CONNECTIONS_LIMIT = 256
#: What a client of the WebSocket says is not read.
MESSAGE_LIMIT_BYTES = 1024
#: Between two requests on one connection.
KEEP_ALIVE_S = 15
#: At the end: how long downloads may take.
STOP_S = 3


class WebServer:
    """The HTTP API; `start`, then `stop`, once each, on one loop."""

    def __init__(
        self,
        config: WebConfig,
        *,
        folder: Path,
        sources: Sources,
        viewers: Viewers | None = None,
        requests: Allowance | None = None,
    ) -> None:
        """The token lies in `folder`; `requests` are those that one client may make."""
        self._config = config
        self._folder = folder
        self._sources = sources
        self._viewers = viewers or Viewers()
        self._audience = Audience()
        self._requests = requests or Allowance(burst=REQUESTS_BURST, per_s=REQUESTS_PER_S)
        self._routes: Routes | None = None
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        #: Where it listens, once it does.
        self.address = ("", 0)

    async def start(self) -> None:
        """Listen; raises WebError when the address or the token's file cannot be used."""
        lock = Lock(await asyncio.to_thread(keep_token, self._folder))
        listener = _listen(self._config.host, self._config.port)
        self.address = listener.getsockname()[:2]
        self._server = _Server(_settings(self._application(lock)))
        self._task = asyncio.create_task(self._server.serve([listener]), name="web")
        _LOG.info(
            "The API is at %s%s, the token for it in %s",
            url_of(*self.address),
            PREFIX,
            self._folder / TOKEN_NAME,
        )

    @property
    def listened(self) -> bool:
        """Does anybody listen on the WebSocket?"""
        return self._audience.count > 0

    def tell(self, fact: Fact) -> None:
        """Tell whoever listens of a fact; on the loop, behind the board."""
        if self._routes is not None and self.listened:
            self._routes.tell(fact)

    def tell_people(self, camera: str, utc: float, people: tuple[Track, ...]) -> None:
        """Tell whoever listens who is where; on the loop."""
        self._audience.tell(told.people(camera, utc, people))

    async def stop(self) -> None:
        """Send the viewers away, let downloads end for a moment, then hang up."""
        self._viewers.close()
        self._audience.close()
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task

    def _application(self, lock: Lock) -> Guard:
        door = Door(lock, ingress=self._config.ingress, now=time.monotonic, utc=self._sources.utc)
        patience = Patience(self._requests, time.monotonic)
        self._routes = Routes(self._sources, self._viewers, self._audience, patience)
        return Guard(self._routes.application(Login(door)), door)


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the program has its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def _settings(app: Guard) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        ws=listening_protocol(),
        ws_max_size=MESSAGE_LIMIT_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        loop="none",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=HEAD_LIMIT_BYTES,
        limit_concurrency=CONNECTIONS_LIMIT,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
    )


def url_of(host: str, port: int) -> str:
    """The address as a URL."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise WebError(f"The API cannot listen at {host}: {error.strerror}; check web.host") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
        listener.setblocking(False)  # noqa: FBT003 - its only argument
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        sentence = f"The API cannot listen at {url_of(host, port)}: {reason}; check web.host and web.port"
        raise WebError(sentence) from error
    return listener
