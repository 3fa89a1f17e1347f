"""The Supervisor of Home Assistant: it knows the broker, and tells Home Assistant of this edge."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from edge_detector.core.errors import SupervisorError

#: Under this name the Supervisor answers inside an add-on.
ADDRESS = "http://supervisor"
#: It is on the same machine; one that says nothing for this long is busy starting.
TIMEOUT_S = 10.0
#: The service that Home Assistant finds the integration by; it is the integration's domain.
DOMAIN = "porchlight"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """The broker that Home Assistant itself uses."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    tls: bool


class Supervisor:
    """Speaks to the Supervisor with the token that it gave this add-on."""

    def __init__(self, token: str, address: str = ADDRESS) -> None:
        """`token` as the environment variable SUPERVISOR_TOKEN has it."""
        self._token = token
        self._address = address

    def broker(self) -> Broker | None:
        """The broker of the service `mqtt`, None where there is none; raises SupervisorError."""
        try:
            data = self._call("GET", "/services/mqtt")
            return None if data is None else _broker(data)
        except (KeyError, TypeError, ValueError) as error:
            raise SupervisorError(f"The Supervisor's answer about its broker is not understood: {error!r}") from error

    def announce(self, *, node: str, url: str, token: str) -> None:
        """Offer the integration to Home Assistant, with the way to this edge's API; raises SupervisorError."""
        self._call("POST", "/discovery", {"service": DOMAIN, "config": {"node": node, "url": url, "token": token}})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """The answer's data; None where the Supervisor says that there is no such thing."""
        request = urllib.request.Request(  # noqa: S310 - a known address
            self._address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_S) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                if method == "GET" and error.code in {400, 404}:
                    return None
            raise SupervisorError(f"The Supervisor refused {method} {path}: {error.code} {error.reason}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise SupervisorError(f"The Supervisor did not answer {method} {path}: {error}") from error
        data = answer.get("data") if isinstance(answer, dict) else None
        return data if isinstance(data, dict) else {}


def _broker(data: dict[str, Any]) -> Broker:
    return Broker(
        host=str(data["host"]),
        port=int(data["port"]),
        username=data.get("username") or None,
        password=data.get("password") or None,
        tls=bool(data.get("ssl")),
    )
