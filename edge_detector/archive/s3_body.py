"""The body of a request, sent piece by piece at the pace of all uploads together."""

from __future__ import annotations

import io
from collections.abc import Callable

#: So much is sent between two pauses: little, so that a limit holds from second to second.
PIECE_BYTES = 1 << 13


class PacedBody(io.BytesIO):
    """Bytes as a file; `pace` is asked before each piece from `start` on, which is when they have been signed."""

    def __init__(self, data: bytes, pace: Callable[[int], None]) -> None:
        super().__init__(data)
        self._pace = pace
        self._sending = False

    def start(self) -> None:
        """From now on what is read is sent."""
        self._sending = True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As of any file; whoever goes back reads it to sign it."""
        self._sending = False
        return super().seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        """As of any file, but for the pauses."""
        if not self._sending:
            return super().read(size)
        piece = super().read(PIECE_BYTES)
        if piece:
            self._pace(len(piece))
        return piece


def start_sending(request: object, **_: object) -> None:
    """Botocore has signed a request and sends it now."""
    body = getattr(request, "body", None)
    if isinstance(body, PacedBody):
        body.start()
