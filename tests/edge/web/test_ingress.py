"""Home Assistant's ingress: whom the Supervisor lets in needs no token, and nobody else can say that it did."""

import pytest
from fastapi.responses import PlainTextResponse
from starlette.types import Message

from edge_detector.web.auth import Lock
from edge_detector.web.door import SUPERVISOR, Door
from edge_detector.web.guard import Guard

HEADERS = {"X-Ingress-Path": "/api/hassio_ingress/x", "X-Forwarded-Host": "ha.local:8123", "Host": "172.30.33.4:8099"}
PAGE = {"Origin": "http://ha.local:8123"}


def guard(*, ingress: bool = True) -> Guard:
    door = Door(Lock("a" * 20), ingress=ingress, now=lambda: 0.0, utc=lambda: 0.0)
    return Guard(PlainTextResponse("in"), door)


async def status(app: Guard, client: str, headers: dict[str, str], method: str = "GET") -> int:
    """What a request from this address gets: the address cannot be had in a test otherwise."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": "/",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": (client, 40000),
    }
    await app(scope, receive, send)
    found: int = sent[0]["status"]
    return found


async def test_supervisor_is_let_in() -> None:
    assert await status(guard(), SUPERVISOR, HEADERS) == 200
    assert await status(guard(), SUPERVISOR, HEADERS | PAGE, "PUT") == 200


@pytest.mark.parametrize(
    ("ingress", "client", "headers"),
    [
        (False, SUPERVISOR, HEADERS),  # no add-on: the address means nothing in another network
        (True, "172.30.32.1", HEADERS),  # Home Assistant itself, or another add-on
        (True, "127.0.0.1", HEADERS),
        (True, SUPERVISOR, {}),  # the Supervisor on its own account
        (True, "192.0.2.9", HEADERS | {"X-Forwarded-For": SUPERVISOR}),  # somebody says that they are
    ],
)
async def test_nobody_else_is(ingress: bool, client: str, headers: dict[str, str]) -> None:
    assert await status(guard(ingress=ingress), client, headers) == 401


async def test_other_sites_change_nothing_through_it() -> None:
    assert await status(guard(), SUPERVISOR, HEADERS | {"Origin": "http://evil.example"}, "PUT") == 403
    assert await status(guard(), SUPERVISOR, HEADERS, "PUT") == 403
