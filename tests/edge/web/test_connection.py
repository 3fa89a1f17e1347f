"""Clients that nobody wants: too slow, too long, silent."""

import asyncio
import resource
import socket
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest

from edge_detector.config.web import WebConfig
from edge_detector.core.types import Frame, Planes
from edge_detector.web.connection import IDLE_LIMIT, Connection
from edge_detector.web.server import WebServer
from tests.broker import free_port
from tests.edge.web.client import TIMEOUT_S, Client
from tests.edge.web.conftest import Site


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "head_limit_s", 0.3)
    monkeypatch.setattr(Connection, "stall_limit_s", 0.3)


async def rest(connection: socket.socket) -> bytes:
    """All that comes until the server hangs up."""

    def read() -> Iterator[bytes]:
        with connection:
            try:
                while data := connection.recv(65536):
                    yield data
            except ConnectionResetError:
                return

    return await asyncio.to_thread(lambda: b"".join(read()))


async def test_silent_connection_is_closed(site: Site) -> None:
    assert await rest(site.client.raw()) == b""


async def test_request_that_does_not_come_to_an_end_is_closed(site: Site) -> None:
    assert await rest(site.client.raw(site.client.head("/cameras"))) == b""


async def test_second_request_is_held_to_the_same_limit(site: Site) -> None:
    head = site.client.head("/cameras")
    connection = site.client.raw(head + b"\r\n")
    assert (await asyncio.to_thread(connection.recv, 65536)).startswith(b"HTTP/1.1 200 OK")
    connection.sendall(head)
    assert b"HTTP" not in await rest(connection)


async def test_whole_requests_on_one_connection_are_answered(site: Site) -> None:
    request = site.client.head("/cameras") + b"\r\n"
    last = site.client.head("/cameras") + b"Connection: close\r\n\r\n"
    assert (await rest(site.client.raw(request + request + last))).count(b"HTTP/1.1 200 OK") == 3


async def test_head_that_is_too_long_is_refused(site: Site) -> None:
    answered = await rest(site.client.raw(site.client.head("/cameras") + b"X: " + b"y" * 20_000))
    assert answered.startswith(b"HTTP/1.1 400 ")


async def test_what_is_no_http_is_refused(site: Site) -> None:
    assert (await rest(site.client.raw(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"))).startswith(b"HTTP/1.1 400 ")


async def test_viewer_who_takes_nothing_loses_the_seat(site: Site) -> None:
    site.up()
    noise = np.random.default_rng(1).integers(0, 255, (1080, 1280), np.uint8)
    site.frames.put(Frame(session=1, seq=0, t=0.0, planes=Planes.of(noise)))
    connection = site.client.raw(site.client.head("/cameras/door/live.mjpeg") + b"\r\n")
    seq = 0
    async with asyncio.timeout(TIMEOUT_S):
        seated = False
        while site.viewers.count or not seated:
            seated = seated or site.viewers.count > 0
            seq += 1
            site.frames.put(Frame(session=1, seq=seq, t=seq / 10, planes=Planes.of(noise)))
            await asyncio.sleep(0.02)
    connection.close()


async def test_slow_but_steady_reader_gets_everything(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    limit_s, pieces = 3.0, 12
    monkeypatch.setattr(Connection, "stall_limit_s", limit_s)
    visit = site.visit(0)
    site.file(visit, bytes(pieces * 1_000_000))
    connection = site.client.raw(site.client.head(f"/visits/{visit}/clip.mp4") + b"Connection: close\r\n\r\n")

    def read() -> int:
        size = 0
        while data := connection.recv(1_000_000):
            size += len(data)
            time.sleep(1.1 * limit_s / pieces)  # longer in all than somebody who takes nothing may stay
        return size

    with connection:
        assert await asyncio.to_thread(read) > pieces * 1_000_000


@pytest.mark.parametrize("begun", [b"", b"GET /api/v1/cameras HT", b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"])
async def test_a_thousand_idle_connections_keep_nobody_out(
    site: Site, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(Connection, "head_limit_s", 60.0)  # they would be gone too soon
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, limits[1]), limits[1]))
    idle: list[socket.socket] = []
    try:
        for _ in range(20):
            idle += [await asyncio.to_thread(site.client.raw, begun) for _ in range(50)]
            assert (await site.client.get("/cameras")).status == 200
        assert len(idle) == 1000
        assert site.server._server is not None
        assert len(site.server._server.server_state.connections) <= IDLE_LIMIT + 2
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


async def test_without_its_library_there_are_no_web_sockets_and_all_else_goes_on(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn.protocols.websockets.websockets_sansio_impl", None)
    server = WebServer(WebConfig(port=free_port()), folder=site.folder, sources=site.server._sources)
    await server.start()
    try:
        client = Client(port=server.address[1], token=site.client.token)
        assert (await client.get("/cameras")).status == 200
        head = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        assert (await client.get("/ws", head)).status == 404
    finally:
        await server.stop()
    assert "install the package" in caplog.text
