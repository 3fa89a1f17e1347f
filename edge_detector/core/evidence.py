"""The evidence and how far it is: clips on disk, files in the ledger, visits and events in the journal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it brings NumPy, and the help of the command line names kinds and states
    from edge_detector.core.types import VisitStats


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFile:
    """A finished clip on disk; its name holds the same facts (see core/naming.py)."""

    camera: str
    visit_id: str
    n: int
    path: Path
    #: A JPEG of the moment that started the clip, beside it; None when none could be made.
    poster: Path | None
    start_utc: float
    duration_s: float
    bytes: int
    sha256: str
    width: int
    height: int
    stats: VisitStats


class ItemKind(StrEnum):
    """What a file in the ledger is, in the order of delivery."""

    SNAPSHOT = "snapshot"
    #: What has been recorded so far of a clip that is still being recorded.
    PARTIAL = "partial"
    CLIP = "clip"
    POSTER = "poster"
    DOCUMENT = "document"


class ItemState(StrEnum):
    """How far a file is; it only moves forward, but for `uploading` back to `saved` after a failure."""

    SAVED = "saved"
    UPLOADING = "uploading"
    STORED = "stored"
    PURGED = "purged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file to deliver, as the ledger keeps it."""

    #: The object key below the archive's prefix: unique, derived from the visit id.
    key: str
    kind: ItemKind
    camera: str
    visit_id: str
    n: int
    path: Path
    bytes: int
    sha256: str
    content_type: str
    #: String pairs that travel with the object.
    metadata: tuple[tuple[str, str], ...] = ()
    created_utc: float
    state: ItemState = ItemState.SAVED
    attempts: int = 0
    #: Not before this time; UTC, so that it survives a restart.
    next_try_utc: float = 0.0
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store says of an object that it confirmed."""

    #: `s3://bucket/key` or `file:///path`.
    uri: str
    #: Where it can be fetched with the right to do so: unsigned, or presigned with a set life.
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """A visit as the journal keeps it, so that a crash can close it truthfully."""

    visit_id: str
    camera: str
    started_utc: float
    last_seen_utc: float
    stats: VisitStats
    zones: tuple[str, ...] = ()
    #: Zone id to the longest time in seconds that one person stayed in it.
    dwell: tuple[tuple[str, float], ...] = ()
    #: Clips that were started for it; once it has ended, those that were recorded.
    clips: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingRecord:
    """A crossing of a line as the diary keeps it."""

    utc: float
    line: str
    #: `in` or `out`.
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event that waits for the broker: the topic's owner, a stable id, and the JSON text."""

    id: str
    camera: str
    payload: str
