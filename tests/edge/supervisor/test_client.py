"""What is asked of the Supervisor, over HTTP, of a server that answers as the Supervisor does."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from edge_detector.core.errors import SupervisorError
from edge_detector.supervisor.client import Broker, Supervisor

# ruff: noqa: S105, S106 - no secrets here
TOKEN = "secret-of-the-supervisor"


class FakeSupervisor(ThreadingHTTPServer):
    """Answers what a test sets, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.answer = 200, b"{}"
        self.asked: list[tuple[str, str, Any]] = []

    def says(self, data: object, status: int = 200) -> None:
        self.status, self.answer = status, json.dumps({"result": "ok", "data": data}).encode()


class Handler(BaseHTTPRequestHandler):
    server: FakeSupervisor

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, json.loads(body) if body else None))
        known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        self.send_response(self.server.status if known else 403)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[FakeSupervisor]:
    server = FakeSupervisor()
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def supervisor(server: FakeSupervisor) -> Supervisor:
    return Supervisor(TOKEN, f"http://127.0.0.1:{server.server_port}")


SERVICE = {"host": "core-mosquitto", "port": 1883, "username": "addons", "password": "p", "ssl": False, "protocol": "3"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (SERVICE, Broker(host="core-mosquitto", port=1883, username="addons", password="p", tls=False)),
        # A broker that lets everybody in, by TLS.
        (
            {"host": "broker.lan", "port": "8883", "username": "", "ssl": True},
            Broker(host="broker.lan", port=8883, username=None, password=None, tls=True),
        ),
    ],
)
def test_the_broker_of_home_assistant(
    server: FakeSupervisor, supervisor: Supervisor, said: dict[str, object], expected: Broker
) -> None:
    server.says(said)
    assert supervisor.broker() == expected
    assert server.asked == [("GET", "/services/mqtt", None)]
    assert "'p'" not in repr(expected)


@pytest.mark.parametrize("status", [400, 404])
def test_without_a_broker(server: FakeSupervisor, supervisor: Supervisor, status: int) -> None:
    server.says(None, status)
    assert supervisor.broker() is None


@pytest.mark.parametrize(
    ("data", "status", "message"),
    [
        (None, 500, r"^The Supervisor refused GET /services/mqtt: 500 "),
        (None, 401, r"^The Supervisor refused GET /services/mqtt: 401 "),
        ({"port": 1883}, 200, "not understood: KeyError"),
        ({"host": "a", "port": "many"}, 200, "not understood: ValueError"),
    ],
)
def test_other_answers(server: FakeSupervisor, supervisor: Supervisor, data: object, status: int, message: str) -> None:
    server.says(data, status)
    with pytest.raises(SupervisorError, match=message):
        supervisor.broker()


def test_no_json(server: FakeSupervisor, supervisor: Supervisor) -> None:
    server.answer = b"starting"
    with pytest.raises(SupervisorError, match="did not answer GET /services/mqtt"):
        supervisor.broker()


def test_nobody_there() -> None:
    with pytest.raises(SupervisorError, match="did not answer POST /discovery"):
        Supervisor(TOKEN, "http://127.0.0.1:9").announce(node="porch", url="http://a:8099", token="t")


def test_home_assistant_is_told(server: FakeSupervisor, supervisor: Supervisor) -> None:
    server.says({"uuid": "1"})
    supervisor.announce(node="porch", url="http://a0d7b954-porchlight:8099", token="t")
    config = {"node": "porch", "url": "http://a0d7b954-porchlight:8099", "token": "t"}
    assert server.asked == [("POST", "/discovery", {"service": "porchlight", "config": config})]
    server.says(None, 400)
    with pytest.raises(SupervisorError, match="refused POST /discovery: 400"):
        supervisor.announce(node="porch", url="http://a:8099", token="t")
