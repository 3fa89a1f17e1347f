"""A playable copy of a clip that is still being written."""

from __future__ import annotations

import hashlib
from pathlib import Path

from edge_detector.recorder.fragments import scan

_CHUNK_BYTES = 1 << 20


def copy_whole(part: Path, target: Path) -> str | None:
    """Copy what is whole of an unfinished clip; its SHA-256, or None when there is nothing to copy.

    Disturbs nobody who writes to `part`. Not made durable: what a power cut leaves of it is of no use. Raises OSError.
    """
    try:
        whole = scan(part)
        if not whole.samples:
            return None
        with part.open("rb") as source, target.open("wb") as copy:
            digest = hashlib.sha256()
            left = whole.end
            while left and (chunk := source.read(min(left, _CHUNK_BYTES))):
                digest.update(chunk)
                copy.write(chunk)
                left -= len(chunk)
    except FileNotFoundError:  # the clip has just been finished
        return None
    return digest.hexdigest()
