"""Keeps what was made from a model in the data folder, found again by what it was made from and by its own content."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

_LOGGER = logging.getLogger(__name__)

#: Hexadecimal digits of a checksum that tell files apart in a name.
_NAME_DIGITS = 16


def digest(content: bytes) -> str:
    """Enough of the content's checksum to tell it apart, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:_NAME_DIGITS]


class Kept:
    """One ONNX file that can be made anew: `<origin>-<digest of its content>.onnx` in a folder."""

    def __init__(self, folder: Path, origin: str) -> None:
        """`origin` names what the file is made from, and how."""
        self._folder, self._origin = folder, origin

    def read(self) -> bytes | None:
        """The content as it was written; a damaged file is deleted."""
        for path in self._folder.glob(f"{self._origin}-*.onnx"):
            content = path.read_bytes()
            if path.name == self._name(content):
                return content
            path.unlink()
        return None

    def write(self, content: bytes) -> None:
        """Keep the content in place of an earlier one, whole or not at all.

        A folder that cannot be written to only costs time at the next start.
        """
        path = self._folder / self._name(content)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(content)
            part.replace(path)
            for other in self._folder.glob(f"{self._origin}-*.onnx"):
                if other != path:
                    other.unlink()
        except OSError as error:
            _LOGGER.warning("what was made from the model cannot be kept in %s: %s", path.parent, error.strerror)

    def _name(self, content: bytes) -> str:
        return f"{self._origin}-{digest(content)}.onnx"
