"""Finds the files of a visit, in the spool while they wait there and in the archive after, and sends parts of them."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from edge_detector.core.evidence import Item, ItemKind, ItemState
from edge_detector.ports import ArchiveReader, Ledger
from edge_detector.web.problems import Problem, unknown

_CHUNK_BYTES = 256 * 1024
_DELIVERED = frozenset({ItemState.STORED, ItemState.PURGED})
#: One range of bytes; a request for several is answered with the whole, as the protocol allows.
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file that stays readable even when its name goes."""

    file: BinaryIO
    size: int
    #: Of the content, as HTTP has it: in quotes.
    etag: str
    content_type: str


class Evidence:
    """The files of visits."""

    def __init__(self, ledger: Ledger, archive: ArchiveReader) -> None:
        self._ledger = ledger
        self._archive = archive

    def items(self, visit_id: str) -> tuple[Item, ...]:
        """All files of a visit, oldest first."""
        return tuple(self._ledger.items(visit_id=visit_id))

    def uri(self, item: Item) -> str | None:
        """Where a file lies in the archive; None while it does not."""
        return self._archive.uri(item.key) if item.state in _DELIVERED else None

    def open(self, visit_id: str, kind: ItemKind, n: int = 1) -> Opened:
        """Open a file of a visit; raises Problem when there is none, or none that this edge can read."""
        what = f"{kind.value} {n} of visit {visit_id}" if n > 1 else f"{kind.value} of visit {visit_id}"
        item = next((item for item in self.items(visit_id) if item.kind is kind and item.n == n), None)
        if item is None:
            raise unknown(what)
        # In this order, for a file is in the archive before it goes from the spool.
        for path in (item.path, self._archive.locate(item.key)):
            with suppress(FileNotFoundError):
                if path is not None:
                    return _open(path, item)
        if item.state in _DELIVERED:
            message = f"The {what} is in the archive, where this edge cannot read it"
            raise Problem(HTTPStatus.GONE, "archived", message, uri=self._archive.uri(item.key))
        raise Problem(HTTPStatus.GONE, "lost", f"The {what} is no longer on the disk and never came to the archive")


def _open(path: Path, item: Item) -> Opened:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise
    except OSError as error:
        message = f"The file of visit {item.visit_id} cannot be read: {error.strerror}"
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", message) from error
    size = os.fstat(file.fileno()).st_size
    return Opened(file=file, size=size, etag=f'"{item.sha256}"', content_type=item.content_type)


def wanted_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First byte and the one behind the last that a `Range` header asks for; None for the whole.

    Raises Problem 416 for a range that begins behind the end.
    """
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found[0] == "bytes=-":
        return None
    first, last = found.groups()
    if first and last and int(last) < int(first):
        return None
    start = int(first) if first else max(0, size - int(last))
    if start >= size:
        raise Problem(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            "range",
            f"The file holds {size} bytes",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return start, min(int(last) + 1, size) if first and last else size


class FileAnswer(Response):
    """A file or the part of it that was asked for; closes the file."""

    def __init__(self, opened: Opened, request: Request) -> None:
        """Takes the file over; raises Problem when it has no such part."""
        headers = {"Accept-Ranges": "bytes", "ETag": opened.etag, "Cache-Control": "private, no-cache"}
        super().__init__(headers=headers, media_type=opened.content_type)
        self._file = opened.file
        self._start, self._end = 0, 0
        if matches(request.headers.get("if-none-match"), opened.etag):
            self.status_code = HTTPStatus.NOT_MODIFIED
            del self.headers["content-length"]
            return
        try:
            part = wanted_range(_valid_range(request, opened.etag), opened.size)
        except Problem:
            opened.file.close()
            raise
        self._start, self._end = part or (0, opened.size)
        if part is not None:
            self.status_code = HTTPStatus.PARTIAL_CONTENT
            self.headers["Content-Range"] = f"bytes {self._start}-{self._end - 1}/{opened.size}"
        self.headers["Content-Length"] = str(self._end - self._start)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it piece by piece; nothing larger than a piece is ever in memory."""
        del receive
        with self._file:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                self._file.seek(self._start)
                left = self._end - self._start
                while left and (piece := await asyncio.to_thread(self._file.read, min(left, _CHUNK_BYTES))):
                    left -= len(piece)
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _valid_range(request: Request, etag: str) -> str | None:
    """The range that is asked for, unless it is one of an older content."""
    condition = request.headers.get("if-range")
    return request.headers.get("range") if condition in {None, etag} else None


def matches(header: str | None, etag: str) -> bool:
    """Does an `If-None-Match` or `If-Match` header name this content?"""
    names = {name.strip().removeprefix("W/") for name in (header or "").split(",")}
    return etag in names or "*" in names
