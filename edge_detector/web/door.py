"""Decides who is let in: by the token, by the page's session, or from Home Assistant's ingress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi.responses import Response
from starlette.datastructures import Headers
from starlette.types import Scope

from edge_detector.web.auth import Lock
from edge_detector.web.limits import Allowance, client_of, too_often
from edge_detector.web.login import form
from edge_detector.web.problems import Problem

#: The one path that needs no token: is the program alive?
OPEN_PATH = "/healthz"
#: Takes the token itself, in its body.
LOGIN_PATH = "/login"
#: The Supervisor's own address in the network of add-ons: nobody else there has it.
SUPERVISOR = "172.30.32.2"
INGRESS_HEADER = "x-ingress-path"
#: Wrong tokens of one client: a person mistypes, a guesser gets nowhere.
GUESSES_BURST, GUESSES_PER_S = 10, 1 / 6
#: Whatever only reads.
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Basic is offered for players that know nothing else; FFmpeg wants it in a line of its own. A browser would put up a
#: window of its own for it.
_BEARER = 'Bearer realm="porchlight"'
_BASIC = 'Basic realm="porchlight", charset="UTF-8"'


class Door:
    """Knows the token."""

    def __init__(
        self,
        lock: Lock,
        *,
        ingress: bool,
        now: Callable[[], float],
        utc: Callable[[], float],
        supervisor: str = SUPERVISOR,
    ) -> None:
        """`ingress`: this is an add-on, so whom the Supervisor lets in is let in."""
        self._lock = lock
        self._supervisor = supervisor if ingress else None
        self._now = now
        self._utc = utc
        self._guesses = Allowance(burst=GUESSES_BURST, per_s=GUESSES_PER_S)

    def refusal(self, scope: Scope) -> Response | None:
        """The answer to somebody who is not let in; None for who is."""
        path, headers = scope["path"], Headers(scope=scope)
        if path == OPEN_PATH:
            return None
        if self._is_ingress(scope, headers):
            return _foreign(scope, headers, headers.get("x-forwarded-host", ""))
        if path == LOGIN_PATH and scope.get("method") == "POST":
            return self.impatience(scope)
        return self._stranger(scope, headers)

    def impatience(self, scope: Scope) -> Response | None:
        """The answer to somebody who has guessed too often."""
        wait_s = self._guesses.wait_s(client_of(scope), self._now())
        return too_often(wait_s).answer_at(scope["path"]) if wait_s else None

    def guess(self, scope: Scope, token: str) -> str | None:
        """The session's cookie for the right token; a wrong one is counted."""
        if not self._lock.fits(token.encode()):
            self._guesses.take(client_of(scope), self._now())
            return None
        return f"{self._lock.cookie}={self._lock.session(self._utc())}"

    @property
    def cookie(self) -> str:
        """The name of the session's cookie."""
        return self._lock.cookie

    def _stranger(self, scope: Scope, headers: Headers) -> Response | None:
        authorization = headers.get("authorization")
        if authorization is not None:
            impatient = self.impatience(scope)
            if impatient is not None:
                return impatient
            if self._lock.opens(authorization.encode("latin-1")):
                return None
            self._guesses.take(client_of(scope), self._now())
        elif self._lock.admits("; ".join(headers.getlist("cookie")), self._utc()):
            return _foreign(scope, headers, headers.get("host", ""))
        code = "token_missing" if authorization is None else "token_wrong"
        return _unauthorized(code, headers, scope["path"])

    def _is_ingress(self, scope: Scope, headers: Headers) -> bool:
        return self._supervisor is not None and client_of(scope) == self._supervisor and INGRESS_HEADER in headers


def _foreign(scope: Scope, headers: Mapping[str, str], host: str) -> Response | None:
    """The answer to another site's page that makes this browser send what would change or tell something."""
    if scope["type"] == "http" and scope["method"] in _SAFE_METHODS:
        return None
    if host and urlsplit(headers.get("origin", "")).netloc == host:
        return None
    return Problem(HTTPStatus.FORBIDDEN, "origin", "This has to come from the edge's own page").answer_at(scope["path"])


def _unauthorized(code: str, headers: Mapping[str, str], path: str) -> Response:
    if "text/html" in headers.get("accept", ""):
        answer = form(HTTPStatus.UNAUTHORIZED)
    else:
        message = "Send the token of this edge: Authorization: Bearer <token>"
        answer = Problem(HTTPStatus.UNAUTHORIZED, code, message).answer_at(path)
    answer.headers.append("WWW-Authenticate", _BEARER)
    if not headers.get("user-agent", "").startswith("Mozilla/"):
        answer.headers.append("WWW-Authenticate", _BASIC)
    return answer
