"""A plain HTTP client for the tests, and a raw one for what no client would send."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What has not come after this does not come, on a machine that is busy with much else too.
TIMEOUT_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever it is
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error."""
        return str(self.json["error"]["code"])


@dataclass(frozen=True, kw_only=True)
class Client:
    """Asks one server."""

    port: int
    token: str = ""

    async def get(self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> Answer:
        """Ask below the API's prefix, or at the root for a path that begins with two slashes."""
        return await asyncio.to_thread(self.ask, path, headers, method=method)

    async def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a JSON body."""
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        return await asyncio.to_thread(self.ask, path, headers, method=method, body=data)

    def ask(
        self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET", body: bytes | None = None
    ) -> Answer:
        """The same without a loop."""
        connection = self.connect(path, headers, method=method, body=body)
        try:
            response = connection.getresponse()
            return Answer(status=response.status, headers=response.headers, body=response.read())
        finally:
            connection.close()

    def connect(
        self, path: str, headers: Mapping[str, str] | None = None, *, method: str = "GET", body: bytes | None = None
    ) -> http.client.HTTPConnection:
        """Send a request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        connection.request(
            method,
            path[1:] if path.startswith("//") else f"/api/v1{path}",
            body=body,
            headers=given | dict(headers or {}),
        )
        return connection

    def raw(self, data: bytes = b"") -> socket.socket:
        """A connection on which these bytes were sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S)
        connection.sendall(data)
        return connection

    def head(self, path: str) -> bytes:
        """The bytes of a request, without its last empty line."""
        return f"GET /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n".encode()


def basic(user: str, password: str) -> dict[str, str]:
    """The header of a user and a password."""
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}
