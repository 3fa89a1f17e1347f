"""The proxy that spoils requests: each of its faults as a client sees it, and that a seed repeats them."""

import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.fault_proxy import Answer, Fault, FaultProxy, Kind, Mix, Request, Script

BODY = bytes(range(256)) * 4096
REQUEST = Request(number=0, method="PUT", path="/", query={}, headers={}, length=0)


class Echo(BaseHTTPRequestHandler):
    """Answers with what it got."""

    protocol_version = "HTTP/1.1"
    server: "EchoServer"

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(body)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class EchoServer(ThreadingHTTPServer):
    """Keeps the bodies that arrived whole."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.got: list[bytes] = []


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(server: EchoServer) -> Iterator[FaultProxy]:
    with FaultProxy(server.server_port) as proxy:
        yield proxy


def put(proxy: FaultProxy, body: bytes = BODY, timeout_s: float = 10.0) -> tuple[int, dict[str, str], bytes]:
    with closing(HTTPConnection("127.0.0.1", proxy.port, timeout=timeout_s)) as connection:
        connection.request("PUT", "/a%20b?x=1", body)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()


def test_a_straight_request_arrives_as_it_is(proxy: FaultProxy, server: EchoServer) -> None:
    assert put(proxy)[::2] == (200, BODY)
    assert put(proxy, b"")[::2] == (200, b"")
    assert server.got == [BODY, b""]
    assert proxy.wait(lambda seen: [each.status for each in seen] == [200, 200])
    request = proxy.seen[0].request
    assert (request.number, request.method, request.path, request.query) == (0, "PUT", "/a b", {"x": "1"})
    assert request.length == len(BODY)


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        (Fault(kind=Kind.INTERNAL_ERROR), 500, b"<Code>InternalError</Code>"),
        (Fault(kind=Kind.SLOW_DOWN, retry_after_s=2.5), 503, b"<Code>SlowDown</Code>"),
        (Fault(kind=Kind.UNAVAILABLE), 503, b""),
        (Fault(kind=Kind.BAD_DIGEST), 400, b"<Code>BadDigest</Code>"),
        (Fault(kind=Kind.EXPIRED_TOKEN), 400, b"<Code>ExpiredToken</Code>"),
        (Fault(kind=Kind.SKEWED), 403, b"<Code>RequestTimeTooSkewed</Code>"),
        (Fault(kind=Kind.CAPTIVE), 200, b"Please log in"),
        (
            Fault(kind=Kind.ANSWER, answer=Answer(301, "Moved", more={"Region": "x"}, headers={"X-Y": "z"})),
            301,
            b"<Region>x</Region>",
        ),
    ],
)
def test_an_answer_in_the_place_of_the_servers(
    fault: Fault, status: int, says: bytes, proxy: FaultProxy, server: EchoServer
) -> None:
    proxy.plan = Script(fault)
    found, headers, body = put(proxy)
    assert found == status
    assert says in body
    assert headers.get("Retry-After") == ("2.5" if fault.kind is Kind.SLOW_DOWN else None)
    assert headers.get("X-Y") == ("z" if fault.kind is Kind.ANSWER else None)
    assert server.got == []
    assert proxy.faults == {fault.kind: 1}


@pytest.mark.parametrize("at", [0.0, 0.3, 0.999])
def test_a_request_that_is_reset(at: float, proxy: FaultProxy, server: EchoServer) -> None:
    proxy.plan = Script(Fault(kind=Kind.RESET, at=at))
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        put(proxy)
    assert put(proxy)[0] == 200
    assert server.got == [BODY]


@pytest.mark.parametrize("at", [0.0, 0.5, 0.999])
def test_an_answer_that_is_reset(at: float, proxy: FaultProxy, server: EchoServer) -> None:
    proxy.plan = Script(Fault(kind=Kind.RESET_ANSWER, at=at))
    with pytest.raises(ConnectionResetError):
        put(proxy)
    assert server.got == [BODY]


def test_a_connection_that_is_closed(proxy: FaultProxy, server: EchoServer) -> None:
    proxy.plan = Script(Kind.CLOSE)
    with pytest.raises(RemoteDisconnected):
        put(proxy)
    assert server.got == []


def test_a_connection_that_hangs(proxy: FaultProxy, server: EchoServer) -> None:
    proxy.plan = Script(Kind.HANG)
    with pytest.raises(TimeoutError):
        put(proxy, timeout_s=0.2)
    assert server.got == []


@pytest.mark.parametrize("at", [0.0, 0.4, 0.9999999])
def test_a_byte_that_changes(at: float, proxy: FaultProxy, server: EchoServer) -> None:
    proxy.plan = Script(Fault(kind=Kind.FLIP, at=at))
    put(proxy)
    [got] = server.got
    assert [place for place in range(len(BODY)) if got[place] != BODY[place]] == [int(len(BODY) * at)]


def test_a_proxy_that_is_away_refuses_and_comes_back(proxy: FaultProxy, server: EchoServer) -> None:
    proxy.stop()
    with pytest.raises(ConnectionRefusedError):
        put(proxy)
    proxy.start()
    assert put(proxy)[0] == 200
    assert server.got == [BODY]


def test_stopping_breaks_what_hangs(proxy: FaultProxy) -> None:
    proxy.plan = Script(Kind.HANG)
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            put(proxy)
        except OSError as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert proxy.wait(lambda seen: len(seen) == 1)
    proxy.stop()
    thread.join(10)
    assert len(ended) == 1


def test_script_ends_and_then_spoils_nothing() -> None:
    plan = Script(None, Kind.HANG)
    assert [plan(REQUEST) for _ in range(4)] == [None, Fault(kind=Kind.HANG), None, None]


def test_seed_repeats_a_mix() -> None:
    rates = {Kind.RESET: 0.2, Kind.SLOW_DOWN: 0.3}
    first, again, other = (Mix(seed=seed, rates=rates, retry_after_s=4.0) for seed in (7, 7, 8))
    faults = [first(REQUEST) for _ in range(2000)]
    assert faults == [again(REQUEST) for _ in range(2000)]
    assert faults != [other(REQUEST) for _ in range(2000)]
    kinds = [fault.kind for fault in faults if fault]
    assert 320 < kinds.count(Kind.RESET) < 480
    assert 520 < kinds.count(Kind.SLOW_DOWN) < 680
    assert all(0 <= fault.at < 1 and 0 <= (fault.retry_after_s or 0) <= 4 for fault in faults if fault)
    assert Mix(seed=1, rates={Kind.SLOW_DOWN: 1.0}, retry_after_s=None)(REQUEST).retry_after_s is None  # type: ignore[union-attr]


def test_chances_of_more_than_one_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 1"):
        Mix(seed=1, rates={Kind.RESET: 0.6, Kind.FLIP: 0.6})
