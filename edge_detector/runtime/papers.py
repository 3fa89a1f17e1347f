"""Keeps the document of a visit true when something becomes of its clips after it was written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edge_detector.core.documents import film
from edge_detector.core.evidence import ItemKind
from edge_detector.ports import Ledger

#: Writes a file so that it is there whole or not at all.
WriteFile = Callable[[Path, bytes], None]


def correct(ledger: Ledger, write_file: WriteFile, visit_id: str, *, lost: int | None = None) -> None:
    """List in a document that still waits what there is of clips now, without the one that is being lost.

    May be repeated after a crash; raises LedgerError or RecordError when the disk refuses.
    """
    items = ledger.items(visit_id=visit_id)
    known = next((item for item in items if item.kind is ItemKind.DOCUMENT), None)
    if known is None:
        return
    try:
        document = json.loads(known.path.read_bytes())
    except (FileNotFoundError, ValueError):  # delivered, or damaged, which delivery finds out and tells
        return
    left = [item for item in items if not (item.kind is ItemKind.CLIP and item.n == lost)]
    data = encoded({**document, **film(left)})
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != known.sha256:
        write_file(known.path, data)
        ledger.add(replace(known, bytes=len(data), sha256=sha256, next_try_utc=0.0))


def encoded(document: dict[str, object]) -> bytes:
    """A document as it is kept."""
    return json.dumps(document, separators=(",", ":")).encode()
