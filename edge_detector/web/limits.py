"""How often somebody may ask: an allowance a client that fills up again, for a bounded number of clients."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus

from fastapi import Request
from starlette.types import Scope

from edge_detector.web.problems import Problem

#: Requests of one client at once and a second after: a page that scrolls, not a loop without a pause.
REQUESTS_BURST, REQUESTS_PER_S = 300, 50

#: More clients than a home has; the one that was quiet for longest is forgotten, and begins with a full allowance.
CLIENTS_LIMIT = 1024
#: What one household gets of IPv6 at the least; addresses within are free to take.
_V6_PREFIX = 64


class Allowance:
    """So many at once, and so many a second after."""

    def __init__(self, *, burst: float, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        #: When it was looked at, and what was left; the client that came last is last.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str, now: float) -> float:
        """How long until this client may ask once more; 0 when it may now."""
        return max(0.0, (1 - self._now(client, now)) / self._per_s)

    def take(self, client: str, now: float) -> None:
        """Count one."""
        left = self._now(client, now)
        self._left[_who(client)] = now, max(0.0, left - 1)
        self._left.move_to_end(_who(client))
        if len(self._left) > CLIENTS_LIMIT:
            self._left.popitem(last=False)

    def _now(self, client: str, now: float) -> float:
        then, left = self._left.get(_who(client), (now, self._burst))
        return min(self._burst, left + (now - then) * self._per_s)


class Patience:
    """Answers questions that cost something only so often."""

    def __init__(self, allowance: Allowance, now: Callable[[], float]) -> None:
        self._allowance = allowance
        self._now = now

    def ask(self, request: Request) -> None:
        """Count a request; raises Problem when there were too many."""
        client = client_of(request.scope)
        wait_s = self._allowance.wait_s(client, self._now())
        if wait_s:
            raise too_often(wait_s)
        self._allowance.take(client, self._now())


def client_of(scope: Scope) -> str:
    """The address that a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def too_often(wait_s: float) -> Problem:
    """Ask again later."""
    seconds = math.ceil(wait_s)
    message = f"Too many requests, ask again in {seconds} seconds"
    return Problem(HTTPStatus.TOO_MANY_REQUESTS, "too_often", message, headers={"Retry-After": str(seconds)})


def _who(client: str) -> str:
    """Whom an address stands for."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:  # a socket that has none
        return client
    if address.version == 4:  # noqa: PLR2004 - IPv4
        return client
    return str(address.ipv4_mapped or ipaddress.ip_network((address, _V6_PREFIX), strict=False))
