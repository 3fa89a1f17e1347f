"""How clips are read is tried, and refused with the exact reason."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientTimeout, web
from aiohttp.test_utils import TestServer
from homeassistant.core import HomeAssistant
from yarl import URL

from custom_components.porchlight import access
from custom_components.porchlight.access import ClipAccessError, async_check
from custom_components.porchlight.sigv4 import Key, object_url, signed_headers
from tests.broker import HOST, free_port

#: From the documentation of the service, like the examples.
AWS_KEY = Key(access_key_id="AKIAIOSFODNN7EXAMPLE", secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
AWS_TIME = datetime(2013, 5, 24, tzinfo=UTC)
LISTED = "<ListBucketResult><Contents><Key>home/a&amp;b.json</Key></Contents></ListBucketResult>"
EMPTY = "<ListBucketResult></ListBucketResult>"


@pytest.mark.parametrize(
    ("url", "headers", "signature"),
    [
        # Both examples are from the service's own documentation of the signature.
        (
            "https://examplebucket.s3.amazonaws.com/test.txt",
            {"Range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J",
            {},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_signature(url: str, headers: dict[str, str], signature: str) -> None:
    signed = signed_headers(AWS_KEY, "GET", URL(url, encoded=True), now=AWS_TIME, headers=headers)
    assert signed["authorization"].endswith(f"Signature={signature}")


def test_a_key_never_shows_its_secret() -> None:
    assert "wJalr" not in repr(AWS_KEY)


def test_an_address_is_encoded_once() -> None:
    url = object_url(
        "https://host:9000/", "bucket", "home/clips/node=a/ä b+c.mp4", {"prefix": "a/b=c", "max-keys": "1"}
    )
    assert str(url) == ("https://host:9000/bucket/home/clips/node%3Da/%C3%A4%20b%2Bc.mp4?max-keys=1&prefix=a%2Fb%3Dc")


class Server:
    """Answers every request by a function."""

    def __init__(self) -> None:
        self.answer: Callable[[web.Request], web.Response] = lambda _: web.Response(text="{}")
        self.requests: list[web.Request] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        return self.answer(request)


@pytest.fixture
async def server(sockets: None) -> AsyncIterator[Server]:
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    async with TestServer(app, host=HOST) as running:
        made.url = str(running.make_url("")).rstrip("/")
        yield made


def s3(endpoint: str, **changes: str) -> dict[str, str]:
    return {
        "type": "s3",
        "endpoint": endpoint,
        "region": "eu-central-1",
        "bucket": "evidence",
        "prefix": "home",
        "access_key_id": "AKIAEXAMPLE",
        "secret_access_key": "secret",
        **changes,
    }


def error(code: str, status: int = 403) -> web.Response:
    return web.Response(status=status, text=f"<Error><Code>{code}</Code></Error>", content_type="application/xml")


def listing(text: str, get: web.Response) -> Callable[[web.Request], web.Response]:
    return lambda request: web.Response(text=text) if "list-type" in request.query else get


async def refusal(hass: HomeAssistant, config: dict[str, str]) -> tuple[str, str]:
    with pytest.raises(ClipAccessError) as refused:
        await async_check(hass, config)
    return refused.value.reason, refused.value.detail


async def test_nothing_is_read(hass: HomeAssistant) -> None:
    await async_check(hass, {"type": "none"})


async def test_edge(hass: HomeAssistant, server: Server) -> None:
    await async_check(hass, {"type": "edge", "url": server.url, "token": "0123"})
    [request] = server.requests
    assert (request.path, request.headers["Authorization"]) == ("/api/v1/health", "Bearer 0123")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (web.Response(status=401), ("invalid_token", "")),
        (web.Response(status=404), ("no_edge", "HTTP 404")),
        (web.Response(text="<html>"), ("no_edge", "HTTP 200")),
        (web.Response(status=302, headers={"Location": "http://192.0.2.1/"}), ("no_edge", "HTTP 302")),
    ],
)
async def test_edge_refused(hass: HomeAssistant, server: Server, answer: web.Response, reason: tuple[str, str]) -> None:
    server.answer = lambda _: answer
    assert await refusal(hass, {"type": "edge", "url": server.url, "token": "0123"}) == reason


@pytest.mark.parametrize(
    ("text", "get", "asked"),
    [
        (LISTED, web.Response(status=206, text="{"), "/evidence/home/a&b.json"),
        (EMPTY, error("NoSuchKey", 404), "/evidence/home/.porchlight-access-test"),  # nothing is there yet
    ],
)
async def test_s3(hass: HomeAssistant, server: Server, text: str, get: web.Response, asked: str) -> None:
    server.answer = listing(text, get)
    await async_check(hass, s3(server.url))
    assert [request.path for request in server.requests] == ["/evidence/", asked]
    assert server.requests[0].query["prefix"] == "home/"
    assert server.requests[1].headers["Range"] == "bytes=0-0"
    assert all("Credential=AKIAEXAMPLE" in request.headers["Authorization"] for request in server.requests)


async def test_s3_without_a_prefix(hass: HomeAssistant, server: Server) -> None:
    server.answer = listing(EMPTY, error("NoSuchKey", 404))
    await async_check(hass, s3(server.url, prefix=""))
    assert server.requests[0].query["prefix"] == ""


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: error("InvalidAccessKeyId"), ("invalid_access_key", "InvalidAccessKeyId")),
        (lambda _: error("SignatureDoesNotMatch"), ("invalid_secret", "SignatureDoesNotMatch")),
        (lambda _: error("NoSuchBucket", 404), ("no_bucket", "NoSuchBucket")),
        (lambda _: error("AuthorizationHeaderMalformed", 400), ("wrong_region", "AuthorizationHeaderMalformed")),
        (lambda _: error("PermanentRedirect", 301), ("wrong_region", "PermanentRedirect")),
        (
            lambda _: web.Response(status=307, headers={"Location": "http://192.0.2.1/"}),
            ("wrong_region", "HTTP 307"),
        ),
        (lambda _: error("RequestTimeTooSkewed"), ("clock_skew", "RequestTimeTooSkewed")),
        (lambda _: error("AccessDenied"), ("list_denied", "AccessDenied")),
        (lambda _: web.Response(status=403), ("list_denied", "HTTP 403")),
        (lambda _: web.Response(status=500), ("no_s3", "HTTP 500")),
        (lambda _: web.Response(text="<html>"), ("no_s3", "HTTP 200")),
        (listing(LISTED, error("AccessDenied")), ("get_denied", "AccessDenied")),
        (listing(EMPTY, error("AccessDenied")), ("get_denied", "AccessDenied")),
    ],
)
async def test_s3_refused(
    hass: HomeAssistant, server: Server, answer: Callable[[Any], web.Response], reason: tuple[str, str]
) -> None:
    server.answer = answer
    assert await refusal(hass, s3(server.url)) == reason


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nobody_answers(hass: HomeAssistant, sockets: None, scheme: str) -> None:
    reason, detail = await refusal(hass, s3(f"{scheme}://{HOST}:{free_port()}"))
    assert reason == "cannot_connect"
    assert detail


async def test_no_certificate(hass: HomeAssistant, server: Server) -> None:
    reason, _ = await refusal(hass, s3(server.url.replace("http:", "https:")))
    assert reason in ("bad_certificate", "cannot_connect")


async def test_no_answer_in_time(hass: HomeAssistant, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(_: web.Request) -> web.Response:
        raise TimeoutError

    server.answer = late
    monkeypatch.setattr(access, "TIMEOUT", ClientTimeout(total=0.0001))
    reason, _ = await refusal(hass, s3(server.url))
    assert reason == "cannot_connect"
