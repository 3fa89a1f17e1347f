from itertools import product

import pytest

from tests.edge.web.client import Client, basic
from tests.edge.web.conftest import Site

PATHS = [
    "/health",
    "/metrics",
    "/cameras",
    "/cameras/door/frame.jpg",
    "/cameras/door/live.mjpeg",
    "/cameras/door/live.ts",
    "/visits",
    "/visits/01M7YQ2ZZCKKCZQGXFW5W94QW9",
    "/visits/01M7YQ2ZZCKKCZQGXFW5W94QW9/clip.mp4",
    "/visits/01M7YQ2ZZCKKCZQGXFW5W94QW9/snapshot.jpg",
    "/nosuch",
    "//",
    "//healthz/",
    "//docs",
    "//openapi.json",
]


async def test_nothing_is_told_without_the_token(site: Site) -> None:
    stranger = Client(port=site.client.port)
    for path in PATHS:
        answer = await stranger.get(path)
        assert (answer.status, answer.code) == (401, "token_missing"), path
        challenges = answer.headers.get_all("WWW-Authenticate") or []
        assert [challenge.split()[0] for challenge in challenges] == ["Bearer", "Basic"], path
        wrong = await stranger.get(path, {"Authorization": "Bearer 0123456789abcdefghijk"})
        assert (wrong.status, wrong.code) == (401, "token_wrong"), path


async def test_token_opens_as_bearer_and_as_password(site: Site) -> None:
    stranger = Client(port=site.client.port)
    assert (await site.client.get("/cameras")).status == 200
    assert (await stranger.get("/cameras", basic("anybody", site.client.token))).status == 200


async def test_life_sign_needs_no_token_and_says_nothing(site: Site) -> None:
    answer = await Client(port=site.client.port).get("//healthz")
    assert (answer.status, answer.body) == (200, b"ok\n")


async def test_every_answer_is_safe_to_show(site: Site) -> None:
    clients = (site.client, Client(port=site.client.port))
    for client, path in product(clients, ["/cameras", "/nosuch", "//healthz", "//"]):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] is None
        assert headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "1"},
        {"Content-Length": "99999999999"},
        {"Transfer-Encoding": "chunked"},
    ],
)
async def test_body_is_refused_before_it_is_sent(site: Site, headers: dict[str, str]) -> None:
    for method in ("GET", "POST"):
        answer = await site.client.get("/cameras", headers, method=method)
        assert (answer.status, answer.code, answer.headers["Connection"]) == (413, "body", "close")


async def test_nothing_can_be_changed(site: Site) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await site.client.get("/cameras", method=method)
        assert (answer.status, answer.code) == (405, "method_not_allowed"), method
