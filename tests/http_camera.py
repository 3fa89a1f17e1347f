"""A camera that sends over HTTP, for tests: chunks at a steady pace to whoever asks, until it is cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

BOUNDARY = "frame"


class HttpCamera:
    """Sends `chunks` one after the other, again and again, to every client; at most one `interval_s` apart."""

    def __init__(self, chunks: Sequence[bytes], *, content_type: str, interval_s: float, repeat: bool = True) -> None:
        """Nothing listens before the `with` block; without `repeat` a connection ends after the last chunk."""
        self._server = _Server(chunks, content_type, interval_s, repeat=repeat)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="http-camera")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/stream"

    def cut(self) -> None:
        """Break every connection, in the middle of whatever is on its way."""
        self._server.cut()

    def hang(self) -> None:
        """Send nothing more, and keep the connections."""
        self._server.hung.set()

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every connection and every thread."""
        self._server.over.set()
        self._server.cut()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def multipart(jpegs: Sequence[bytes]) -> list[bytes]:
    """The parts of a motion JPEG stream."""
    head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: "
    return [head.encode() + str(len(jpeg)).encode() + b"\r\n\r\n" + jpeg + b"\r\n" for jpeg in jpegs]


MULTIPART = f"multipart/x-mixed-replace; boundary={BOUNDARY}"


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, chunks: Sequence[bytes], content_type: str, interval_s: float, *, repeat: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.chunks, self.content_type, self.interval_s, self.repeat = chunks, content_type, interval_s, repeat
        self.over = threading.Event()
        self.hung = threading.Event()
        self._clients: list[socket.socket] = []

    def register(self, client: socket.socket) -> None:
        self._clients.append(client)

    def cut(self) -> None:
        clients, self._clients = self._clients, []
        for client in clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it went by itself


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.register(self.connection)
        self.send_response(200)
        self.send_header("Content-Type", self.server.content_type)
        self.end_headers()
        try:
            self._send_chunks()
        except OSError:
            return  # the client left, or was cut off

    def _send_chunks(self) -> None:
        while not self.server.over.is_set():
            for chunk in self.server.chunks:
                if self.server.hung.is_set():
                    self.server.over.wait()
                self.wfile.write(chunk)
                if self.server.over.wait(self.server.interval_s):
                    return
            if not self.server.repeat:
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
