"""The page's own files: read once, so that no path of a request ever reaches the disk."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable

from fastapi import Request
from fastapi.responses import Response

from edge_detector.web.evidence import matches
from edge_detector.web.problems import unknown

#: Everything comes from the edge itself, nothing is written into the page, and only Home Assistant may frame it, which
#: is the same site behind ingress.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
INDEX = "index.html"
_TYPES = {".js": "text/javascript", ".html": "text/html", ".webmanifest": "application/manifest+json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    data: bytes
    etag: str
    content_type: str


class Pages:
    """All files of the folder `static`."""

    def __init__(self) -> None:
        folder = resources.files(__package__).joinpath("static")
        self._pages = dict(_read(folder, "")) if folder.is_dir() else {}

    def answer(self, request: Request, path: str) -> Response:
        """A file of the page; raises Problem when there is none of that name."""
        page = self._pages.get(path or INDEX)
        if page is None:
            raise unknown(f"path /{path:.80}")
        headers = {"ETag": page.etag, "Cache-Control": "private, no-cache", "Content-Security-Policy": POLICY}
        if matches(request.headers.get("if-none-match"), page.etag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(page.data, headers=headers, media_type=page.content_type)


def _read(folder: Traversable, below: str) -> list[tuple[str, _Page]]:
    found: list[tuple[str, _Page]] = []
    for entry in folder.iterdir():
        name = f"{below}{entry.name}"
        if entry.is_dir():
            found += _read(entry, f"{name}/")
        elif entry.is_file():
            data = entry.read_bytes()
            etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            found.append((name, _Page(data=data, etag=etag, content_type=_type(entry.name))))
    return found


def _type(name: str) -> str:
    ending = name[name.rfind(".") :]
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
