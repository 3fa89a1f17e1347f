"""A proxy on loopback that spoils HTTP requests on purpose, by a plan that a seed repeats.

It stands between a client and a real server, one thread a connection:

    with FaultProxy(server_port, plan=Mix(seed=7, rates={Kind.RESET: 0.2, Kind.SLOW_DOWN: 0.1})) as proxy:
        ...  # the client talks to proxy.url
    proxy.seen  # every request and what was done to it

A plan is any callable from a request to a fault or None, so a test can also name its faults one by one: `Script`.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

HOST = "127.0.0.1"
#: A server that keeps silent for so long is broken; only a planned hang may last longer.
SILENCE_S = 30.0
_CHUNK_BYTES = 1 << 16
_HEAD_BYTES = 1 << 16


class Kind(StrEnum):
    """What may be done to a request."""

    #: The connection is reset while the request is on its way to the server, at any byte of head or body.
    RESET = "reset"
    #: The whole request reaches the server, and the connection is reset at any byte of the answer.
    RESET_ANSWER = "reset_answer"
    #: The connection is closed politely, without an answer.
    CLOSE = "close"
    #: Nothing is answered, and the connection stays, until the client or the proxy ends it.
    HANG = "hang"
    #: One byte of the body is changed on its way to the server.
    FLIP = "flip"
    #: 500 InternalError, without asking the server.
    INTERNAL_ERROR = "internal_error"
    #: 503 SlowDown with Retry-After, without asking the server.
    SLOW_DOWN = "slow_down"
    #: 503 without a body, as a balancer without servers gives it.
    UNAVAILABLE = "unavailable"
    #: 400 BadDigest: the body did not arrive as it was sent.
    BAD_DIGEST = "bad_digest"
    #: 400 ExpiredToken.
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 - no secret
    #: 403 RequestTimeTooSkewed.
    SKEWED = "skewed"
    #: 200 with a page of a network that wants a login first.
    CAPTIVE = "captive"
    #: The answer that the fault brings, without asking the server.
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of an S3 store, or a page."""

    status: int
    code: str = ""
    message: str = ""
    page: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: More elements of the error, such as Region.
    more: Mapping[str, str] = field(default_factory=dict)

    def raw(self) -> bytes:
        """As it goes over the line."""
        elements = {"Code": self.code, "Message": self.message, **self.more}
        told = "".join(f"<{name}>{text}</{name}>" for name, text in elements.items())
        body = f"<?xml version='1.0'?><Error>{told}</Error>" if self.code else self.page
        headers = {"Content-Length": str(len(body.encode())), "Connection": "close", **self.headers}
        lines = [f"HTTP/1.1 {self.status} {self.code or 'Because'}", *(f"{k}: {v}" for k, v in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is to be done to one request."""

    kind: Kind
    #: Where, as a share of the bytes concerned.
    at: float = 0.5
    #: What SLOW_DOWN asks for; None: nothing.
    retry_after_s: float | None = None
    #: What ANSWER gives.
    answer: Answer = Answer(500)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of a request."""

    #: Counts the requests from 0.
    number: int
    method: str
    #: As it was asked for, without the query.
    path: str
    query: Mapping[str, str]
    #: Names in lower case.
    headers: Mapping[str, str]
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of a request."""

    request: Request
    fault: Fault | None
    #: The status of the answer that was made or forwarded; None while there is none.
    status: int | None


Plan = Callable[[Request], Fault | None]


def straight(_: Request) -> None:
    """The plan that spoils nothing."""


class Script:
    """A plan: these, one a request, then nothing more."""

    def __init__(self, *faults: Fault | Kind | None) -> None:
        """A bare kind stands for a fault of it in the middle."""
        self._faults = [Fault(kind=fault) if isinstance(fault, Kind) else fault for fault in faults]
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Fault | None:
        """The next one."""
        del request
        with self._lock:
            return self._faults.pop(0) if self._faults else None


class Mix:
    """A plan: each kind with its own chance at every request; the same seed and order of requests, the same faults."""

    def __init__(self, *, seed: int, rates: Mapping[Kind, float], retry_after_s: float | None = 1.0) -> None:
        """`rates` are chances in 0..1 that sum up to 1 at most; SLOW_DOWN asks for up to `retry_after_s`."""
        if sum(rates.values()) > 1:
            raise ValueError("the chances of all kinds are more than 1")
        self._random = random.Random(seed)
        self._rates = dict(rates)
        self._retry_after_s = retry_after_s
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Fault | None:
        """What chance says."""
        del request
        with self._lock:
            chance, at, wish = self._random.random(), self._random.random(), self._random.random()
        for kind, rate in self._rates.items():
            chance -= rate
            if chance < 0:
                wish_s = None if self._retry_after_s is None else round(wish * self._retry_after_s, 1)
                return Fault(kind=kind, at=at, retry_after_s=wish_s)
        return None


_ANSWERS = {
    Kind.INTERNAL_ERROR: Answer(500, "InternalError", "We encountered an internal error. Please try again."),
    Kind.SLOW_DOWN: Answer(503, "SlowDown", "Please reduce your request rate."),
    Kind.UNAVAILABLE: Answer(503),
    Kind.BAD_DIGEST: Answer(400, "BadDigest", "The checksum you specified did not match what we received."),
    Kind.EXPIRED_TOKEN: Answer(400, "ExpiredToken", "The provided token has expired."),
    Kind.SKEWED: Answer(403, "RequestTimeTooSkewed", "The difference between the request time and ours is too large."),
    Kind.CAPTIVE: Answer(200, page="<html><body>Please log in</body></html>"),
}


class FaultProxy:
    """Forwards HTTP/1.1 requests to a port of this machine, but for what its plan spoils; a context manager."""

    def __init__(self, server_port: int, *, plan: Plan = straight) -> None:
        """`plan` may be exchanged at any time; nothing listens before `start` or `with`."""
        self._server = (HOST, server_port)
        self.plan = plan
        self.seen: list[Seen] = []
        self._changed = threading.Condition()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Where clients are to go."""
        return f"http://{HOST}:{self.port}"

    @property
    def faults(self) -> dict[str, int]:
        """How often each kind was done."""
        with self._changed:
            return dict(Counter(str(seen.fault.kind) for seen in self.seen if seen.fault))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen: at the first time on a free port, later on the same one."""
        self._listener = socket.create_server((HOST, self.port))
        self.port = self._listener.getsockname()[1]
        self._run(self._accept, self._listener, name="fault-proxy")

    def stop(self) -> None:
        """Refuse new connections and break those that are there; `start` may follow."""
        with self._changed:
            listener, self._listener = self._listener, None
            sockets = [*self._open, *([listener] if listener else [])]
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        if listener:
            listener.close()
        for thread in self._threads:
            thread.join(SILENCE_S)
        self._threads.clear()

    def wait(self, condition: Callable[[list[Seen]], bool], timeout_s: float = SILENCE_S) -> bool:
        """Wait until what was seen fulfils the condition; False when it does not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self.seen), timeout_s)

    # --- connections --------------------------------------------------------------------------------------------------

    def _run(self, target: Callable[[socket.socket], None], connection: socket.socket, *, name: str) -> None:
        thread = threading.Thread(target=target, args=(connection,), name=name, daemon=True)
        self._threads = [other for other in self._threads if other.is_alive()] + [thread]
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it was closed
            while True:
                client, _ = listener.accept()
                with self._changed:
                    if self._listener is not listener:
                        client.close()
                        return
                    self._open.add(client)
                self._run(self._serve, client, name="fault-proxy connection")

    def _serve(self, client: socket.socket) -> None:
        """One connection, which is one request."""
        try:
            with client, contextlib.suppress(OSError):
                if found := _read_head(client):
                    self._handle(client, *found)
        finally:
            with self._changed:
                self._open.discard(client)

    def _handle(self, client: socket.socket, head: bytes, rest: bytes) -> None:
        with self._changed:
            place = len(self.seen)
            request = _parse(head, place)
            fault = self.plan(request)
            self._note(place, Seen(request=request, fault=fault, status=None))
        if request.headers.get("expect", "").lower() == "100-continue":
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        status = self._answer(client, head, rest, request, fault)
        with self._changed:
            self._note(place, Seen(request=request, fault=fault, status=status))

    def _note(self, place: int, seen: Seen) -> None:
        self.seen[place : place + 1] = [seen]
        self._changed.notify_all()

    def _answer(
        self, client: socket.socket, head: bytes, rest: bytes, request: Request, fault: Fault | None
    ) -> int | None:
        """Forward the request, or do what the fault says; the status that the client gets, if any."""
        if fault is None:
            return self._forward(client, head, rest, request)
        if fault.kind is Kind.FLIP:
            return self._forward(client, head, rest, request, flip=int(request.length * fault.at))
        if fault.kind is Kind.RESET_ANSWER:
            self._forward(client, head, rest, request, cut=fault.at)
            _reset(client)
            return None
        if fault.kind is Kind.RESET:
            self._break_request(client, head, rest, request, fault.at)
            return None
        _drain(client, request.length - len(rest))
        if (made := _made(fault)) is not None:
            client.sendall(made.raw())
            return made.status
        while fault.kind is Kind.HANG and client.recv(_CHUNK_BYTES):
            pass
        return None

    def _break_request(self, client: socket.socket, head: bytes, rest: bytes, request: Request, at: float) -> None:
        """Some of the request reaches the server, and both sides see the line break."""
        whole = _one_way(head)
        wanted = int((len(whole) + request.length) * at)
        body = rest + _read(client, wanted - len(whole) - len(rest))
        with socket.create_connection(self._server, SILENCE_S) as server:
            with contextlib.suppress(OSError):
                server.sendall((whole + body)[:wanted])
            _reset(server)
        _reset(client)

    def _forward(
        self,
        client: socket.socket,
        head: bytes,
        rest: bytes,
        request: Request,
        *,
        flip: int | None = None,
        cut: float | None = None,
    ) -> int | None:
        """Let the server answer; `flip` is the byte of the body to change, `cut` the share of the answer to give."""
        with socket.create_connection(self._server, SILENCE_S) as server:
            server.sendall(_one_way(head))
            sent, chunk = 0, rest
            while True:
                if flip is not None and sent <= flip < sent + len(chunk):
                    chunk = _flipped(chunk, flip - sent)
                sent += len(chunk)
                with contextlib.suppress(ConnectionError):  # it has answered already, and wants no more
                    server.sendall(chunk)
                if sent >= request.length:
                    break
                chunk = client.recv(min(_CHUNK_BYTES, request.length - sent))
                if not chunk:
                    return None
            answer = _read_all(server)
        client.sendall(answer if cut is None else answer[: int(len(answer) * cut)])
        return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else None


def _made(fault: Fault) -> Answer | None:
    """The answer that a fault gives in the server's place, if it does."""
    if fault.kind is Kind.ANSWER:
        return fault.answer
    made = _ANSWERS.get(fault.kind)
    if made is not None and fault.kind is Kind.SLOW_DOWN and fault.retry_after_s is not None:
        return replace(made, headers={"Retry-After": f"{fault.retry_after_s:g}"})
    return made


def _read_head(client: socket.socket) -> tuple[bytes, bytes] | None:
    """The head of the next request and what was read beyond it; None when there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = client.recv(_CHUNK_BYTES)
        if not chunk or len(data) > _HEAD_BYTES:
            return None
        data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def _parse(head: bytes, number: int) -> Request:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
    }
    parts = urlsplit(target)
    return Request(
        number=number,
        method=method,
        path=unquote(parts.path),
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        headers=headers,
        length=int(headers.get("content-length", 0)),
    )


def _one_way(head: bytes) -> bytes:
    """The head as the server gets it: one request a connection, and no waiting before the body."""
    lines = [
        line
        for line in head.rstrip(b"\r\n").split(b"\r\n")
        if not line.lower().startswith((b"connection:", b"expect:"))
    ]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n"


def _flipped(chunk: bytes, place: int) -> bytes:
    return chunk[:place] + bytes([chunk[place] ^ 1]) + chunk[place + 1 :]


def _read(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (chunk := connection.recv(min(_CHUNK_BYTES, count - len(data)))):
        data += chunk
    return data


def _read_all(connection: socket.socket) -> bytes:
    chunks: Iterable[bytes] = iter(lambda: connection.recv(_CHUNK_BYTES), b"")
    return b"".join(chunks)


def _drain(connection: socket.socket, count: int) -> None:
    """Take in what is left of a body, so that the client gets to read the answer."""
    while count > 0 and (chunk := connection.recv(min(_CHUNK_BYTES, count))):
        count -= len(chunk)


def _reset(connection: socket.socket) -> None:
    """End a connection so that the other side sees a reset, not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
