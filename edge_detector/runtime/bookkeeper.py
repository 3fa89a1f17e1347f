"""Writes down what must survive a crash: visits, their files, and their documents; and what will be asked later."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from edge_detector.core import naming
from edge_detector.core.documents import Origin, clip_metadata, visit_document
from edge_detector.core.errors import LedgerError, RecordError
from edge_detector.core.evidence import ClipFile, Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.facts import (
    ClipLost,
    ClipSaved,
    Fact,
    FileStored,
    LineCrossed,
    OccupancyChanged,
    SnapshotReady,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)
from edge_detector.core.types import VisitStats
from edge_detector.ports import Clock, Diary, Journal, Ledger
from edge_detector.runtime.papers import WriteFile, correct, encoded

#: An open visit is written at most this often, to spare SD cards; a crash loses this much of its duration.
JOURNAL_INTERVAL_S = 2.0
#: Facts that the disk refused and that wait for room, with their snapshots; about as many as a day at a busy door.
LATE_LIMIT = 200
_WORTH_WAITING = (VisitStarted, VisitEnded, ClipSaved, ClipLost, SnapshotReady, LineCrossed, OccupancyChanged)

_DELIVERED = frozenset({ItemState.STORED, ItemState.PURGED})
_CONTENT_TYPES = {".jpg": "image/jpeg", ".mp4": "video/mp4", ".json": "application/json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a camera's files wait, and what all its documents say."""

    spool: Path
    origin: Origin


@dataclass(slots=True)
class _Open:
    """A visit whose document is not written yet."""

    record: VisitRecord
    written_utc: float
    #: Numbers of the clips that were saved or lost, or both.
    settled: set[int] = field(default_factory=set)
    #: Clips that were started; None while the visit goes on.
    started: int | None = None


class Bookkeeper:
    """Consumes facts one after the other; every step may be repeated after a crash."""

    def __init__(  # noqa: PLR0913 - the shelves, by name
        self,
        *,
        places: Mapping[str, Place],
        ledger: Ledger,
        journal: Journal,
        diary: Diary,
        clock: Clock,
        write_file: WriteFile,
        wake: Callable[[], None],
    ) -> None:
        """`places` by camera; `wake` tells delivery that a file waits."""
        self._places = places
        self._ledger = ledger
        self._journal = journal
        self._diary = diary
        self._clock = clock
        self._write_file = write_file
        self._wake = wake
        self._open: dict[str, _Open] = {}
        self._late: deque[tuple[Callable[[], None], Fact]] = deque()

    async def begin(self, fact: Fact) -> None:
        """Keep the start of a visit; subscribed before the events' journal, so that no visit is told and forgotten."""
        if isinstance(fact, VisitStarted):
            await asyncio.to_thread(self._catch_up, partial(self.keep_start, fact), fact)

    async def handle(self, fact: Fact) -> None:
        """Keep what any other fact says, on disk, before returning; subscribed behind the events' journal.

        Raises LedgerError or RecordError when the disk refuses; it is asked again with each later fact.
        """
        await asyncio.to_thread(self._catch_up, partial(self.keep, fact), fact)
        if isinstance(fact, SnapshotReady | ClipSaved | VisitEnded):
            self._wake()

    def _catch_up(self, keep: Callable[[], None], fact: Fact) -> None:
        """Keep what the disk refused before, then this: in the order in which it was told."""
        self._late.append((keep, fact))
        while self._late:
            step, about = self._late.popleft()
            try:
                step()
            except (LedgerError, RecordError):
                self._late.appendleft((step, about))
                self._forget_the_least()
                raise

    def _forget_the_least(self) -> None:
        """Of what is late keep what no later fact repeats; when that is too much, all but the newest."""
        if not isinstance(self._late[-1][1], _WORTH_WAITING) or len(self._late) > LATE_LIMIT:
            self._late.pop()

    def keep_start(self, fact: VisitStarted) -> None:
        """`begin` for callers without a loop."""
        if fact.visit_id in self._open:  # told again after a crash
            return
        record = VisitRecord(
            visit_id=fact.visit_id,
            camera=fact.camera,
            started_utc=fact.utc,
            last_seen_utc=fact.utc,
            stats=VisitStats(max_people=fact.count, max_confidence=fact.confidence),
        )
        self._journal.put_visit(record)
        self._open[fact.visit_id] = _Open(record, fact.utc)

    def keep(self, fact: Fact) -> None:
        """`handle` for callers without a loop."""
        if isinstance(fact, VisitUpdated):
            self._updated(fact)
        elif isinstance(fact, VisitEnded):
            self._ended(fact)
        elif isinstance(fact, SnapshotReady) and fact.visit:
            self._snapshot(fact)
        elif isinstance(fact, ClipSaved):
            self._clip(fact.clip)
        elif isinstance(fact, ClipLost):
            self._settle(fact.visit_id, fact.n)
            correct(self._ledger, self._write_file, fact.visit_id, lost=fact.n)
        elif isinstance(fact, FileStored) and fact.kind is ItemKind.CLIP:
            correct(self._ledger, self._write_file, fact.visit_id)
        self._diary.note(fact)

    def adopt(self, camera: str, clips: Iterable[ClipFile]) -> None:
        """Take what a crash left in a camera's spool; what the archive has is removed, not sent again."""
        for clip in clips:
            self._adopt(clip)
        for path in sorted(self._places[camera].spool.iterdir()):
            with suppress(ValueError):  # another kind of file
                kind, visit_id = naming.parse_sidecar_name(path.name)
                self._adopt_sidecar(camera, kind, visit_id, path)

    def unfinished(self) -> tuple[VisitStarted | VisitEnded, ...]:
        """The visits that a crash left open, as facts to tell: each ended when somebody was last seen.

        The start is told as well, in case the crash came before it was; an event that was told before is not told
        again.
        """
        facts: list[VisitStarted | VisitEnded] = []
        for record in self._journal.visits(ended=False):
            clips = {item.n for item in self._clips(record.visit_id)}
            self._open[record.visit_id] = _Open(record, record.last_seen_utc, settled=clips)
            facts += [self._start_of(record), self._end_of(record, len(clips))]
        return tuple(facts)

    def _start_of(self, record: VisitRecord) -> VisitStarted:
        return VisitStarted(
            camera=record.camera,
            visit_id=record.visit_id,
            t=self._clock.now(),
            utc=record.started_utc,
            count=record.stats.max_people,
            confidence=record.stats.max_confidence,
        )

    def _end_of(self, record: VisitRecord, clips: int) -> VisitEnded:
        return VisitEnded(
            camera=record.camera,
            visit_id=record.visit_id,
            t=self._clock.now(),
            utc=record.last_seen_utc,
            duration_s=record.last_seen_utc - record.started_utc,
            stats=record.stats,
            clips=clips,
            zones=record.zones,
            dwell=record.dwell,
        )

    def stats_of(self, visit_id: str) -> VisitStats:
        """The figures of a visit as far as they were kept."""
        for record in self._journal.visits(visit_id=visit_id):
            return record.stats
        return VisitStats()

    def _updated(self, fact: VisitUpdated) -> None:
        visit = self._open.get(fact.visit_id)
        if visit is None:
            return
        zones = {*visit.record.zones, *(zone for zone, people in fact.zones if people)}
        seen_utc = fact.utc if fact.count else visit.record.last_seen_utc
        visit.record = replace(visit.record, last_seen_utc=seen_utc, stats=fact.stats, zones=tuple(sorted(zones)))
        if fact.utc - visit.written_utc >= JOURNAL_INTERVAL_S:
            visit.written_utc = fact.utc
            self._journal.put_visit(visit.record)

    def _ended(self, fact: VisitEnded) -> None:
        visit = self._open.get(fact.visit_id)
        if visit is None:
            return
        visit.record = replace(
            visit.record, last_seen_utc=fact.utc, stats=fact.stats, zones=fact.zones, dwell=fact.dwell, clips=fact.clips
        )
        visit.started = fact.clips
        self._journal.put_visit(visit.record)
        self._close_if_complete(visit)

    def _snapshot(self, fact: SnapshotReady) -> None:
        path = self._places[fact.camera].spool / naming.snapshot_name(fact.visit_id, round(fact.utc * 1000))
        self._write_file(path, fact.jpeg)
        before = [item.path for item in self._ledger.items(visit_id=fact.visit_id) if item.kind is ItemKind.SNAPSHOT]
        self._add(fact.camera, fact.visit_id, ItemKind.SNAPSHOT, path)
        for old in before:
            if old != path:
                old.unlink(missing_ok=True)

    def _clip(self, clip: ClipFile) -> None:
        self._add_clip(clip)
        if clip.visit_id not in self._open:  # a test clip: a visit of nobody, over with its clip
            end_utc = clip.start_utc + clip.duration_s
            record = VisitRecord(
                visit_id=clip.visit_id,
                camera=clip.camera,
                started_utc=clip.start_utc,
                last_seen_utc=end_utc,
                stats=clip.stats,
                clips=1,
            )
            self._open[clip.visit_id] = _Open(record, end_utc, started=1)
        self._settle(clip.visit_id, clip.n)

    def _settle(self, visit_id: str, n: int) -> None:
        visit = self._open.get(visit_id)
        if visit is not None:
            visit.settled.add(n)
            self._close_if_complete(visit)

    def _close_if_complete(self, visit: _Open) -> None:
        """Write the document when the visit and all its clips are over; only then is the visit ended for good."""
        if visit.started is None or len(visit.settled) < visit.started:
            return
        record = visit.record
        if record.camera in self._places:  # else it was taken out of the configuration after a crash
            self._write_document(record)
        self._journal.put_visit(replace(record, clips=len(self._clips(record.visit_id)), ended=True))
        del self._open[record.visit_id]

    def _write_document(self, record: VisitRecord) -> None:
        place = self._places[record.camera]
        items, crossings = self._ledger.items(visit_id=record.visit_id), self._diary.crossings(record)
        document = visit_document(record, items, place.origin, crossings)
        path = place.spool / naming.document_name(record.visit_id)
        self._write_file(path, encoded(document))
        self._add(record.camera, record.visit_id, ItemKind.DOCUMENT, path)

    def _adopt(self, clip: ClipFile) -> None:
        """Note a clip and its poster, unless the archive has them: then only their removal is missing."""
        self._add_clip(clip)
        delivered = {item.path for item in self._ledger.items(visit_id=clip.visit_id) if item.state in _DELIVERED}
        for path in (clip.path, clip.poster):
            if path in delivered:
                path.unlink(missing_ok=True)

    def _adopt_sidecar(self, camera: str, kind: ItemKind, visit_id: str, path: Path) -> None:
        """A snapshot or document: the ledger knows it, or it is added, or it is an old one and goes."""
        known = next((item for item in self._ledger.items(visit_id=visit_id) if item.kind is kind), None)
        if known is None:
            self._add(camera, visit_id, kind, path)
        elif known.path != path or known.state in _DELIVERED:
            path.unlink()

    def _clips(self, visit_id: str) -> list[Item]:
        return [item for item in self._ledger.items(visit_id=visit_id) if item.kind is ItemKind.CLIP]

    def _add_clip(self, clip: ClipFile) -> None:
        metadata = clip_metadata(clip, self._places[clip.camera].origin)
        self._add(clip.camera, clip.visit_id, ItemKind.CLIP, clip.path, n=clip.n, sha256=clip.sha256, metadata=metadata)
        if clip.poster is not None:
            self._add(clip.camera, clip.visit_id, ItemKind.POSTER, clip.poster, n=clip.n)

    def _add(  # noqa: PLR0913 - the facts of one file
        self,
        camera: str,
        visit_id: str,
        kind: ItemKind,
        path: Path,
        *,
        n: int = 1,
        sha256: str | None = None,
        metadata: tuple[tuple[str, str], ...] = (),
    ) -> None:
        node = self._places[camera].origin.node
        self._ledger.add(
            Item(
                key=naming.archive_key(kind, node=node, camera=camera, visit_id=visit_id, n=n),
                kind=kind,
                camera=camera,
                visit_id=visit_id,
                n=n,
                path=path,
                bytes=path.stat().st_size,
                sha256=sha256 or hashlib.sha256(path.read_bytes()).hexdigest(),
                content_type=_CONTENT_TYPES[path.suffix],
                metadata=metadata,
                created_utc=self._clock.utc(self._clock.now()),
            )
        )
