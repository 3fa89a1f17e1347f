"""The visits as JSON, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from pydantic import BaseModel

from edge_detector.core import naming
from edge_detector.core.documents import clip_of
from edge_detector.core.evidence import Item, ItemKind, ItemState, VisitRecord
from edge_detector.ports import AFTER_ALL_VISITS, VisitReader
from edge_detector.web.evidence import Evidence
from edge_detector.web.problems import Problem, unknown

#: What a state in the ledger means to who waits for the archive.
_STATES = {
    ItemState.SAVED: "waiting",
    ItemState.UPLOADING: "waiting",
    ItemState.STORED: "stored",
    ItemState.PURGED: "stored",
    ItemState.FAILED: "failed",
}


class ClipBody(BaseModel):
    """One clip of a visit."""

    #: Which of the visit's clips, from 1.
    n: int
    started_at: str
    duration_s: float
    bytes: int
    sha256: str
    #: On its way to the archive: `waiting`, `stored` or `failed`.
    state: str
    #: Where it lies in the archive; null before.
    uri: str | None


class VisitBody(BaseModel):
    """One visit."""

    visit_id: str
    camera: str
    started_at: str
    #: Null while it goes on.
    ended_at: str | None
    #: Until somebody was last seen.
    duration_s: float
    max_people: int
    max_confidence: float
    zones: list[str]
    #: Is there a picture of it?
    snapshot: bool
    clips: list[ClipBody]


class VisitPage(BaseModel):
    """Some visits, newest first."""

    visits: list[VisitBody]
    #: What to give as `cursor` for the next page; null when there is none.
    next: str | None


class Visits:
    """Reads visits and what is known of their files."""

    def __init__(self, visits: VisitReader, evidence: Evidence) -> None:
        self._visits = visits
        self._evidence = evidence

    def one(self, visit_id: str) -> VisitBody:
        """A visit; raises Problem when it is unknown."""
        found = self._visits.visits(visit_id=visit_id)
        if not found:
            raise unknown(f"visit {visit_id}")
        return self._body(found[0])

    def page(
        self,
        *,
        camera: str | None,
        zone: str | None,
        since: datetime | None,
        until: datetime | None,
        cursor: str | None,
        limit: int,
    ) -> VisitPage:
        """Visits that began in `since <= start < until`, newest first, those before `cursor`; raises Problem."""
        if zone is not None and camera is None:
            raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", "zone needs camera beside it")
        first = "" if since is None else _first_id(since)
        before = AFTER_ALL_VISITS if until is None else _first_id(until)
        if cursor is not None:
            before = min(before, cursor)
        found = self._visits.page(first=first, before=before, camera=camera, zone=zone, limit=limit + 1)
        shown = found[:limit]
        return VisitPage(
            visits=[self._body(visit) for visit in shown],
            next=shown[-1].visit_id if len(found) > limit else None,
        )

    def _body(self, visit: VisitRecord) -> VisitBody:
        items = self._evidence.items(visit.visit_id)
        return VisitBody(
            visit_id=visit.visit_id,
            camera=visit.camera,
            started_at=naming.iso8601(visit.started_utc),
            ended_at=naming.iso8601(visit.last_seen_utc) if visit.ended else None,
            duration_s=round(visit.last_seen_utc - visit.started_utc, 3),
            max_people=visit.stats.max_people,
            max_confidence=round(visit.stats.max_confidence, 3),
            zones=list(visit.zones),
            snapshot=any(item.kind is ItemKind.SNAPSHOT for item in items),
            clips=self._clips(items),
        )

    def _clips(self, items: Sequence[Item]) -> list[ClipBody]:
        clips = sorted((item for item in items if item.kind is ItemKind.CLIP), key=lambda item: item.n)
        return [
            ClipBody(
                n=clip.n,
                started_at=naming.iso8601(clip.start_utc),
                duration_s=round(clip.duration_s, 3),
                bytes=clip.bytes,
                sha256=clip.sha256,
                state=_STATES[item.state],
                uri=self._evidence.uri(item),
            )
            for item in clips
            for clip in (clip_of(item),)
        ]


def _first_id(moment: datetime) -> str:
    """The least id that a visit can have that begins then; raises Problem for a time that no visit can have."""
    try:
        return naming.ulid(round(moment.timestamp() * 1000), 0)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", f"{moment.isoformat()} is before 1970") from error
