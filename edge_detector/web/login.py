"""The form that takes the token from a browser, and the session's cookie that it gets for it."""

from __future__ import annotations

import base64
import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from edge_detector.web.auth import SESSION_S

if TYPE_CHECKING:
    from edge_detector.web.door import Door

#: The page's own colours, for a page that may load nothing.
_STYLE = """
:root{--paper:#f5f2ea;--card:#fffdf8;--ink:#1d2430;--soft:#5a6271;--edge:#8b8577;--lamp:#f2a01e;--glow:#f2a01e4d;
--press:#1d2430;--press-ink:#fffdf8;--bad:#b3261e;color-scheme:light;font:16px/1.5 system-ui,sans-serif}
@media(prefers-color-scheme:dark){:root{--paper:#10151e;--card:#182030;--ink:#eef1f6;--soft:#a3aec0;--edge:#6d7a92;
--lamp:#ffb545;--glow:#ffb54542;--press:#ffb545;--press-ink:#1a1204;--bad:#ff9d94;color-scheme:dark}}
body{margin:0;min-height:100dvh;display:grid;place-items:center;background:var(--paper);color:var(--ink)}
*{box-sizing:border-box}main{width:min(92vw,440px);padding:36px 30px;border-radius:18px;background:var(--card);
box-shadow:0 0 0 1px var(--glow),0 0 90px var(--glow)}
h1{margin:0 0 18px;display:flex;align-items:center;gap:14px;font-size:1.6rem;letter-spacing:-.025em}
h1::before{content:"";width:.6em;height:.6em;border-radius:50%;background:var(--lamp);
box-shadow:0 0 0 .25em var(--glow),0 0 1.4em .35em var(--glow)}
label{color:var(--soft)}p{margin:0 0 14px}[role=alert]{color:var(--bad)}
input,button{font:inherit;width:100%;min-height:46px;border-radius:11px;border:1px solid var(--edge);padding:0 14px;
background:none;color:inherit}
button{border:0;background:var(--press);color:var(--press-ink);font-weight:620;cursor:pointer}
:focus-visible{outline:3px solid #5b8def;outline-offset:2px}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: What the page may load: nothing.
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: The form has one.
_FIELDS_LIMIT = 8
_ATTRIBUTES = "HttpOnly; SameSite=Strict; Path=/"
_FORM = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Porchlight</title>
<style>{style}</style>
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
    page = _FORM.format(style=_STYLE, said=f'<p role="alert">{said}</p>' if said else "")
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
