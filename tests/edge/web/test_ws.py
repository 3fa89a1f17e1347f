"""The WebSocket: what it tells, to whom, and what becomes of those who do not keep up."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from edge_detector.core.facts import (
    Fact,
    LineCrossed,
    VisitStarted,
)
from edge_detector.core.types import Box, Track
from edge_detector.web import audience
from edge_detector.web.connection import HEAD_LIMIT_S
from edge_detector.web.server import KEEP_ALIVE_S
from tests.edge.web.client import TIMEOUT_S
from tests.edge.web.conftest import Site
from tests.edge.web.test_login import browser
from tests.edge.web.test_told import every_fact

STARTED = VisitStarted(
    camera="door",
    visit_id="01M7YQ4254GDE9XSE5SHQR13TV",
    t=1.0,
    utc=1_793_872_800.0,
    count=1,
    confidence=0.91,
    zones=(("mat", 1),),
)


@asynccontextmanager
async def listening(site: Site, **headers: str) -> AsyncIterator[ClientConnection]:
    given = headers or {"Authorization": f"Bearer {site.client.token}"}
    url = f"ws://127.0.0.1:{site.client.port}/api/v1/ws"
    async with connect(url, additional_headers=given, proxy=None) as socket:
        yield socket


async def heard(socket: ClientConnection) -> Any:  # noqa: ANN401 - whatever is told
    async with asyncio.timeout(TIMEOUT_S):
        return json.loads(await socket.recv())


async def heard_to_the_end(socket: ClientConnection) -> None:
    while True:
        await heard(socket)


def upgrade(site: Site) -> bytes:
    """What a client of its own asks for the WebSocket with."""
    return site.client.head("/ws") + (
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )


async def until_read(connection: socket.socket, wanted: bytes) -> None:
    """Read until this came; without it, until the server hangs up."""
    seen = b""
    while not (wanted and wanted in seen):
        data = await asyncio.to_thread(connection.recv, 65536)
        if not data:
            assert not wanted, seen
            return
        seen += data


def tell(site: Site, fact: Fact) -> None:
    site.board.tell(fact)
    site.server.tell(fact)


async def test_first_comes_how_things_are(site: Site) -> None:
    site.up()
    async with listening(site) as socket:
        hello = await heard(socket)
    assert (hello["type"], hello["version"], hello["health"]) == ("hello", "0.1.0", None)
    assert hello["cameras"] == (await site.client.get("/cameras")).json
    assert hello["cameras"][0]["online"] is True


async def test_facts_follow_and_the_camera_that_they_change(site: Site) -> None:
    site.up()
    async with listening(site) as socket:
        await heard(socket)
        tell(site, STARTED)
        fact, camera = await heard(socket), await heard(socket)
        tell(site, LineCrossed(camera="door", visit_id="", t=1.0, utc=2.0, line="gate", direction="in", track=7))
        crossed, counted = await heard(socket), await heard(socket)
    assert fact == {
        "type": "visit_started",
        "camera": "door",
        "ts": "2026-11-05T10:00:00.000Z",
        "visit_id": STARTED.visit_id,
        "count": 1,
        "confidence": 0.91,
        "zones": {"mat": 1},
    }
    assert (camera["type"], camera["id"], camera["state"]["person"]) == ("camera", "door", True)
    assert (crossed["type"], crossed["line"], crossed["direction"]) == ("line_crossed", "gate", "in")
    assert counted["state"]["lines"] == {"gate": {"in": 1, "out": 0}}


async def test_people_are_told_with_their_boxes(site: Site) -> None:
    track = Track(id=7, box=Box(0.1, 0.2, 0.3, 0.41119), score=0.9119, age=1.0, hits=3, seen_t=1.0)
    async with listening(site) as socket:
        await heard(socket)
        site.server.tell_people("door", 2.0, (track,))
        assert await heard(socket) == {
            "type": "people",
            "camera": "door",
            "ts": "1970-01-01T00:00:02.000Z",
            "people": [{"id": 7, "box": [0.1, 0.2, 0.3, 0.4112], "score": 0.912}],
        }


async def test_every_fact_can_be_told(site: Site) -> None:
    facts = every_fact()
    async with listening(site) as socket:
        await heard(socket)
        for fact in facts:
            tell(site, fact)
        expected = [type(fact).__name__ for fact in facts]
        found: list[str] = []
        while len(found) < len(expected):
            message = await heard(socket)
            if message["type"] != "camera":
                found.append(message["type"])
    assert found[0] == "visit_started"
    assert len(set(found)) == len(set(expected))


async def test_nobody_listens_without_the_token(site: Site) -> None:
    for headers in ({"X": "y"}, {"Authorization": "Bearer 0123456789abcdefghijk"}):
        with pytest.raises(InvalidStatus) as refused:
            async with listening(site, **headers):
                pass
        assert refused.value.response.status_code == 401


async def test_page_listens_with_its_cookie_and_other_sites_do_not(site: Site) -> None:
    _, headers = await browser(site)
    async with listening(site, **headers) as socket:
        assert (await heard(socket))["type"] == "hello"
    for origin in ({"Origin": "http://evil.example"}, {}):
        with pytest.raises(InvalidStatus) as refused:
            async with listening(site, Cookie=headers["Cookie"], **origin):
                pass
        assert refused.value.response.status_code == 403


async def test_who_does_not_keep_up_is_hung_up_on_and_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience, "QUEUE_LIMIT", 3)
    async with listening(site) as slow, listening(site) as quick:
        await heard(slow)
        await heard(quick)
        for _ in range(5):  # without a turn for anybody to take one
            tell(site, STARTED)
        with pytest.raises(ConnectionClosed) as closed:
            await heard_to_the_end(slow)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
    assert b"porchlight_ws_dropped_total 2" in (await site.client.get("/metrics")).body


async def test_so_many_listen_and_no_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.server._audience, "_limit", 1)
    async with listening(site) as socket:
        await heard(socket)
        with pytest.raises(InvalidStatus) as refused:
            async with listening(site):
                pass
        assert refused.value.response.status_code == 503
    async with asyncio.timeout(TIMEOUT_S):  # the server hears a moment later that one has gone
        while site.server.listened:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    async with listening(site) as socket:
        await heard(socket)


async def test_what_a_client_says_is_ignored_unless_it_is_long(site: Site) -> None:
    async with listening(site) as socket:
        await heard(socket)
        for word in ("hello", b"\x00", "{}"):
            await socket.send(word)
        tell(site, STARTED)
        assert (await heard(socket))["type"] == "visit_started"
        await socket.send("x" * 5000)
        with pytest.raises(ConnectionClosed):
            await heard_to_the_end(socket)


@pytest.mark.parametrize("before", [0, 1])
async def test_listening_outlasts_every_limit_of_a_request(
    site: Site, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    """Also when another request came with it: that one's limits end with it."""
    limit_s = 0.2
    assert limit_s < min(HEAD_LIMIT_S, KEEP_ALIVE_S)
    monkeypatch.setattr("edge_detector.web.connection.Connection.head_limit_s", limit_s)
    assert site.server._server is not None
    site.server._server.config.timeout_keep_alive = limit_s  # type: ignore[assignment]
    question = site.client.head("/cameras") + b"\r\n"
    with await asyncio.to_thread(site.client.raw, question * before + upgrade(site)) as listener:
        await until_read(listener, b'"hello"')
        for later in (b"", question):  # whoever comes after it meets both limits before
            with await asyncio.to_thread(site.client.raw, later) as other:
                await until_read(other, b"")
        tell(site, STARTED)
        await until_read(listener, b'"visit_started"')


async def test_end_of_the_program_is_told(site: Site) -> None:
    async with listening(site) as socket:
        await heard(socket)
        async with asyncio.timeout(TIMEOUT_S):
            await site.server.stop()
        with pytest.raises(ConnectionClosed) as closed:
            await heard(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code in {1001, 1012}


async def test_who_takes_nothing_is_cut_off(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_detector.web.connection.STALL_LIMIT_S", 0.3)
    monkeypatch.setattr(audience, "QUEUE_LIMIT", 10**9)
    with await asyncio.to_thread(site.client.raw, upgrade(site)) as connection:
        assert await asyncio.to_thread(connection.recv, 12) == b"HTTP/1.1 101"
        async with asyncio.timeout(TIMEOUT_S):
            while not site.server.listened:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            while site.server.listened:
                site.server._audience.tell({"type": "x", "text": "x" * 100_000})
                await asyncio.sleep(0.01)


async def test_who_takes_a_while_is_not(site: Site) -> None:
    async with listening(site) as socket:
        await heard(socket)
        for n in range(100):  # more than fits into what lies between the two
            site.server._audience.tell({"type": str(n), "text": "x" * 100_000})
        await asyncio.sleep(0.3)
        assert [(await heard(socket))["type"] for _ in range(100)] == [str(n) for n in range(100)]
