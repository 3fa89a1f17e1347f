"""The token that opens the API: made once, kept in a file for its owner alone, and compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import os
import re
import secrets
from pathlib import Path

from edge_detector.core.errors import WebError
from edge_detector.files import explain, sync_folder

_LOG = logging.getLogger(__name__)

TOKEN_NAME = "api-token"  # noqa: S105 - the name of a file
#: 256 bits of chance cannot be guessed, however fast one asks.
_TOKEN_BYTES = 32
#: An owner may write a token of their own; a shorter one could be guessed.
_LEAST_CHARS = 20
_TOKEN = re.compile(rf"[A-Za-z0-9._~+/=-]{{{_LEAST_CHARS},512}}")
#: A browser is asked for the token this seldom.
SESSION_S = 90 * 86_400
_END = re.compile(r"[0-9]{1,12}")
#: Nobody but the owner of the file.
_MODE = 0o600


def keep_token(folder: Path) -> str:
    """The API's token, made at the first start; raises WebError when its file cannot be used."""
    path = folder / TOKEN_NAME
    try:
        if not path.exists():
            _write(path, secrets.token_urlsafe(_TOKEN_BYTES))
        if path.stat().st_mode & 0o777 != _MODE:
            path.chmod(_MODE)
            _LOG.warning("%s could be read by others; it no longer can, remove it to get a new token", path)
        token = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise WebError(explain(error, path)) from error
    if not _TOKEN.fullmatch(token):
        raise WebError(f"{path} holds no token: put {_LEAST_CHARS} letters and digits or more there, or remove it")
    return token


def _write(path: Path, token: str) -> None:
    """Whole and private from the first moment on, also after a power cut."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w", encoding="ascii") as file:  # noqa: PTH123 - of a descriptor
        file.write(f"{token}\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


class Lock:
    """Opens for whoever has the token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        #: Another one for each token, so that two edges on one machine do not log each other's owner out.
        self.cookie = f"porchlight_{self._sign('cookie')[:8]}"

    def opens(self, authorization: bytes) -> bool:
        """Does this `Authorization` header hold the token: as `Bearer`, or as the password of any user in `Basic`?"""
        given = _given(authorization)
        return given is not None and self.fits(given)

    def fits(self, token: bytes) -> bool:
        """Is this the token?"""
        return hmac.compare_digest(token, self._token)

    def session(self, now_utc: float) -> str:
        """What a browser keeps in place of the token: good until its end, and for this token alone."""
        end = str(round(now_utc) + SESSION_S)
        return f"{end}.{self._sign(f'session {end}')}"

    def admits(self, cookies: str, now_utc: float) -> bool:
        """Does this `Cookie` header hold a session that goes on?"""
        for cookie in cookies.split(";"):
            name, _, value = cookie.strip().partition("=")
            end, _, signature = value.partition(".")
            if name == self.cookie and _END.fullmatch(end) and now_utc < int(end):
                return hmac.compare_digest(signature.encode(), self._sign(f"session {end}").encode())
        return False

    def _sign(self, text: str) -> str:
        return hmac.new(self._token, text.encode(), "sha256").hexdigest()


def _given(authorization: bytes) -> bytes | None:
    scheme, _, value = authorization.strip().partition(b" ")
    match scheme.lower():
        case b"bearer":
            return value.strip()
        case b"basic":
            try:
                return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
            except binascii.Error:
                return None
        case _:
            return None
