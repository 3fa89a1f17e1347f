import asyncio
from collections.abc import Iterable, Iterator
from itertools import product, repeat

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Route, WebSocketRoute

from edge_detector.web.door import GUESSES_BURST
from edge_detector.web.guard import BODY_LIMIT_BYTES, Guard
from tests.edge.web.client import TIMEOUT_S, Client, basic
from tests.edge.web.conftest import Site

#: What stands for the parts of paths that a request chooses.
CHOSEN = {"camera": "door", "visit_id": "01M7YQ2ZZCKKCZQGXFW5W94QW9", "path:path": "app.js", "spot": "s1"}
TAKES_THE_TOKEN = {("POST", "/login")}


def application(site: Site) -> FastAPI:
    """The routes as they are served."""
    assert site.server._server is not None
    guard = site.server._server.config.app
    assert isinstance(guard, Guard)
    assert isinstance(guard._app, FastAPI)
    return guard._app


def routes_of(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
    for route in routes:
        yield from routes_of(getattr(getattr(route, "original_router", None), "routes", []))
        path = getattr(route, "path", "")
        for name, value in CHOSEN.items():
            path = path.replace(f"{{{name}}}", value)
        if isinstance(route, Route):
            yield from ((method, path) for method in sorted(route.methods or ()))
        elif isinstance(route, WebSocketRoute):
            yield "GET", path


async def test_no_route_answers_without_the_token_but_the_life_sign(site: Site) -> None:
    stranger = Client(port=site.client.port)
    found = set(routes_of(application(site).routes))
    assert len(found) > 30
    for method, path in sorted(found - TAKES_THE_TOKEN):
        answer = await stranger.get(f"/{path}", method=method)
        assert answer.status == (200 if path == "/healthz" else 401), (method, path)
        if path != "/healthz" and method != "HEAD":
            assert answer.code == "token_missing", (method, path)


@pytest.mark.parametrize("path", ["/nosuch", "//", "//healthz/", "//docs", "//openapi.json", "//static/", "//%2e%2e/x"])
async def test_what_there_is_not_is_not_told_either(site: Site, path: str) -> None:
    answer = await Client(port=site.client.port).get(path)
    assert (answer.status, answer.code) == (401, "token_missing")
    challenges = answer.headers.get_all("WWW-Authenticate") or []
    assert [challenge.split()[0] for challenge in challenges] == ["Bearer", "Basic"]
    wrong = await Client(port=site.client.port).get(path, {"Authorization": "Bearer 0123456789abcdefghijk"})
    assert (wrong.status, wrong.code) == (401, "token_wrong")


async def test_token_opens_as_bearer_and_as_password(site: Site) -> None:
    stranger = Client(port=site.client.port)
    assert (await site.client.get("/cameras")).status == 200
    assert (await stranger.get("/cameras", basic("anybody", site.client.token))).status == 200


async def test_who_guesses_has_to_wait_with_the_right_token_too(site: Site) -> None:
    guesser = Client(port=site.client.port, token="0123456789abcdefghijk")  # noqa: S106 - it is wrong
    answers = [(await guesser.get("/cameras")).status for _ in range(GUESSES_BURST + 1)]
    assert answers == [401] * GUESSES_BURST + [429]
    late = await site.client.get("/cameras")
    assert (late.status, late.code) == (429, "too_often")
    assert 0 < int(late.headers["Retry-After"]) <= 6
    assert (await Client(port=site.client.port).get("//healthz")).status == 200


async def test_life_sign_needs_no_token_and_says_nothing(site: Site) -> None:
    answer = await Client(port=site.client.port).get("//healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")


async def test_every_answer_is_safe_to_show(site: Site) -> None:
    clients = (site.client, Client(port=site.client.port))
    for client, path in product(clients, ["/cameras", "/nosuch", "//healthz", "//", "/docs"]):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] in {"no-store", "private, no-cache"}
        assert headers["Server"] is None
        assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("headers", [{"Content-Length": "1"}, {"Transfer-Encoding": "chunked"}])
async def test_body_is_refused_where_none_is_taken(site: Site, headers: dict[str, str]) -> None:
    for method in ("GET", "DELETE"):
        answer = await site.client.get("/zones/door", headers, method=method)
        assert (answer.status, answer.code, answer.headers["Connection"]) == (413, "body", "close")


async def test_body_that_is_too_large_is_refused_before_it_is_sent(site: Site) -> None:
    answer = await site.client.get("/zones/door", {"Content-Length": "99999999999"}, method="PUT")
    assert (answer.status, answer.code, answer.headers["Connection"]) == (413, "body", "close")


def put_pieces(site: Site, pieces: Iterable[bytes]) -> bytes:
    """Send a body whose length is not told, all of it before the answer is read."""
    head = site.client.head("/zones/door").replace(b"GET", b"PUT", 1) + b"Content-Type: application/json\r\n"
    with site.client.raw(head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n") as connection:
        for piece in pieces:
            connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        connection.sendall(b"0\r\n\r\n")
        return connection.makefile("rb").read()


async def test_body_that_does_not_tell_its_size_is_taken_up_to_the_limit(site: Site) -> None:
    small = await asyncio.to_thread(put_pieces, site, [b'{"zones": [', b'], "lines": []}'])
    assert b" 200 " in small
    large = await asyncio.to_thread(put_pieces, site, [bytes(BODY_LIMIT_BYTES // 2)] * 3)
    assert b" 413 " in large


async def test_who_sends_far_too_much_before_reading_is_told_so_too(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guard, "drain_limit_s", TIMEOUT_S)
    monkeypatch.setattr(Guard, "drain_limit_bytes", 80 * BODY_LIMIT_BYTES)
    answer = await asyncio.to_thread(put_pieces, site, [bytes(BODY_LIMIT_BYTES)] * 64)
    assert b" 413 " in answer
    assert answer.endswith(b'{"error":{"code":"body","message":"A body may have 131072 bytes"}}')


@pytest.mark.parametrize(("limit", "value"), [("drain_limit_bytes", 1), ("drain_limit_s", 0.0)])
async def test_who_never_stops_sending_is_hung_up_on(
    site: Site, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    monkeypatch.setattr(Guard, limit, value)
    with pytest.raises(ConnectionError):
        await asyncio.to_thread(put_pieces, site, repeat(bytes(BODY_LIMIT_BYTES)))


async def test_body_that_does_not_come_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Guard, "body_limit_s", 0.2)
    answer = await site.client.get("/zones/door", {"Content-Length": "10"}, method="PUT")
    assert (answer.status, answer.code, answer.headers["Connection"]) == (408, "slow", "close")


async def test_other_methods_are_refused(site: Site) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await site.client.get("/cameras", method=method)
        assert (answer.status, answer.code) == (405, "method_not_allowed"), method


@pytest.mark.parametrize(
    "path",
    [
        "//../api-token",
        "//..%2fapi-token",
        "//%2e%2e/%2e%2e/etc/passwd",
        "//static/../../auth.py",
        "//....//api-token",
        "//%00",
        "/visits/../../../api-token",
        "/visits/..%2f..%2fapi-token/clip.mp4",
        "/cameras/..%2f..%2f/frame.jpg",
    ],
)
async def test_no_path_leads_out(site: Site, path: str) -> None:
    answer = await site.client.get(path)
    assert answer.status in {404, 405}
    assert site.client.token.encode() not in answer.body
