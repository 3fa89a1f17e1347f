"""The form that takes the token from a browser, and the session's cookie that it gets for it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from edge_detector.web.auth import SESSION_S

if TYPE_CHECKING:
    from edge_detector.web.door import Door

#: What the page may load: nothing.
_POLICY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
#: The form has one.
_FIELDS_LIMIT = 8
_ATTRIBUTES = "HttpOnly; SameSite=Strict; Path=/"
_FORM = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Porchlight</title>
<main>
<h1>Porchlight</h1>
{said}
<form method="post" action="/login">
<p><label for="token">The token of this edge, from the file <code>api-token</code> in its data folder</label></p>
<p><input id="token" name="token" type="password" autocomplete="current-password" required autofocus></p>
<p><button>Open</button></p>
</form>
</main>
</html>
"""


def form(status: HTTPStatus, said: str = "") -> Response:
    """The page that asks for the token."""
    page = _FORM.format(said=f'<p role="alert">{said}</p>' if said else "")
    return HTMLResponse(page, status, {"Content-Security-Policy": _POLICY})


class Login:
    """Takes the token, gives the cookie."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def enter(self, request: Request) -> Response:
        """Exchange the token for a session."""
        cookie = self._door.guess(request.scope, _token(await request.body()))
        if cookie is None:
            return form(HTTPStatus.UNAUTHORIZED, "That is not the token.")
        answer = RedirectResponse(".", HTTPStatus.SEE_OTHER)
        answer.headers["Set-Cookie"] = f"{cookie}; Max-Age={SESSION_S}; {_ATTRIBUTES}"
        return answer

    async def leave(self) -> Response:
        """End this browser's session."""
        answer = RedirectResponse(".", HTTPStatus.SEE_OTHER)
        answer.headers["Set-Cookie"] = f"{self._door.cookie}=; Max-Age=0; {_ATTRIBUTES}"
        return answer


def _token(body: bytes) -> str:
    """What a form says; nothing when it is none."""
    try:
        fields = parse_qs(body.decode("ascii"), max_num_fields=_FIELDS_LIMIT)
    except ValueError:
        return ""
    return fields.get("token", [""])[0].strip()
