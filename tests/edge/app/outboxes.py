"""Outboxes with real files in them, for the tests of what the owner does with one."""

from __future__ import annotations

import hashlib
from pathlib import Path

from edge_detector.config import Config
from edge_detector.core import naming
from edge_detector.core.evidence import Item, ItemKind
from edge_detector.outbox.database import Database
from edge_detector.outbox.ledger import SqliteLedger

#: 2026-11-05T10:00:00Z
BEGUN_MS = 1_793_872_800_000


def config(folder: Path, **sections: object) -> Config:
    """A configuration whose data folder is `folder`."""
    node = {"data_dir": folder}
    return Config.model_validate({"node": node, "cameras": {"door": {"source": "scene://door"}}, **sections})


def visit(n: int) -> str:
    """The id of the visit that began `n` minutes after the first."""
    return naming.ulid(BEGUN_MS + n * 60_000, n)


def file(folder: Path, n: int = 0, kind: ItemKind = ItemKind.CLIP, *, bytes_: int = 1000) -> Item:
    """A file that waits in the spool, as the edge would have put it there; not in the ledger yet."""
    begun_ms, visit_id = BEGUN_MS + n * 60_000, visit(n)
    clip = naming.ClipName(
        start_ms=begun_ms,
        duration_ms=12_000,
        max_people=1,
        confidence_permille=800,
        inference_ms=12,
        width=640,
        height=480,
        visit_id=visit_id,
        n=1,
    )
    name = f"{clip.stem}.mp4" if kind is ItemKind.CLIP else naming.document_name(visit_id)
    path = folder / "spool" / "door" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(bytes_))
    return Item(
        key=naming.archive_key(kind, node="porchlight", camera="door", visit_id=visit_id),
        kind=kind,
        camera="door",
        visit_id=visit_id,
        n=1,
        path=path,
        bytes=bytes_,
        sha256=hashlib.sha256(bytes(bytes_)).hexdigest(),
        content_type="video/mp4",
        created_utc=begun_ms / 1000,
    )


def filled(folder: Path, *items: Item) -> None:
    """Make an outbox of these files, each as it says of itself."""
    database = Database(folder / "porchlight.db")
    ledger = SqliteLedger(database)
    for item in items:
        ledger.add(item)
        ledger.settle(item)
    database.close()
