"""What has to survive a crash beside the files: open visits, unsent events, settings made at run time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, fields

from edge_detector.core.evidence import StoredEvent, VisitRecord
from edge_detector.core.types import Settings, VisitStats
from edge_detector.outbox.database import Database, Value
from edge_detector.ports import AFTER_ALL_VISITS

#: How many events after it an acknowledged id is remembered; weeks at a busy door.
REMEMBERED_EVENTS = 10_000

_SETTINGS = frozenset(field.name for field in fields(Settings))


class SqliteJournal:
    """A Journal in a Database; every call is durable when it returns and raises LedgerError when the disk refuses."""

    def __init__(self, database: Database, *, remembered_events: int = REMEMBERED_EVENTS) -> None:
        self._database = database
        self._remembered_events = remembered_events

    def put_visit(self, visit: VisitRecord) -> None:
        """Insert or replace a visit."""
        self._database.run("put_visit", _values(visit))

    def visits(self, *, ended: bool | None = None, visit_id: str | None = None) -> Sequence[VisitRecord]:
        """Visits, oldest first: open ones with `ended=False`, or the one with `visit_id`."""
        if visit_id is not None:
            rows = self._database.rows("visit", {"visit_id": visit_id})
        else:
            rows = self._database.rows({None: "all_visits", False: "open_visits", True: "ended_visits"}[ended])
        visits = (_visit(row) for row in rows)
        return tuple(visit for visit in visits if ended is None or visit.ended == ended)

    def page(
        self,
        *,
        first: str = "",
        before: str = AFTER_ALL_VISITS,
        camera: str | None = None,
        zone: str | None = None,
        limit: int,
    ) -> Sequence[VisitRecord]:
        """Up to `limit` visits with `first <= visit_id < before`, newest first; of all, of a camera or of its zone."""
        bounds: dict[str, Value] = {"first": first, "before": before, "limit": limit}
        if camera is None:
            rows = self._database.rows("page_of_visits", bounds)
        elif zone is None:
            rows = self._database.rows("page_of_camera", {**bounds, "camera": camera})
        else:
            rows = self._database.rows("page_of_zone", {**bounds, "camera": camera, "zone": zone})
        return tuple(_visit(row) for row in rows)

    def append_event(self, event: StoredEvent) -> None:
        """Keep an event until it is acknowledged; an id that was appended before is not taken twice."""
        self._database.run("append_event", {"id": event.id, "camera": event.camera, "payload": event.payload})

    def next_events(self, limit: int) -> Sequence[StoredEvent]:
        """The oldest unacknowledged events, in the order in which they were appended."""
        rows = self._database.rows("next_events", {"limit": limit})
        return tuple(StoredEvent(id=row["id"], camera=row["camera"], payload=row["payload"]) for row in rows)

    def ack_event(self, event_id: str) -> None:
        """The broker has it; its id is remembered until `remembered_events` newer ones have come."""
        with self._database.transaction():
            self._database.run("ack_event", {"id": event_id})
            self._database.run("forget_events", {"remembered": self._remembered_events})

    def settings(self, camera: str, new: Settings | None = None) -> Settings | None:
        """What was last kept for a camera; with `new`, keep that first."""
        if new is not None:
            self._database.run("put_settings", {"camera": camera, "settings": json.dumps(asdict(new))})
            return new
        rows = self._database.rows("get_settings", {"camera": camera})
        if not rows:
            return None
        kept = json.loads(rows[0]["settings"])
        return Settings(**{name: value for name, value in kept.items() if name in _SETTINGS})


def _values(visit: VisitRecord) -> dict[str, Value]:
    return {
        "visit_id": visit.visit_id,
        "camera": visit.camera,
        "started_utc": visit.started_utc,
        "last_seen_utc": visit.last_seen_utc,
        "max_people": visit.stats.max_people,
        "max_confidence": visit.stats.max_confidence,
        "mean_inference_ms": visit.stats.mean_inference_ms,
        "zones": json.dumps(visit.zones),
        "dwell": json.dumps(dict(visit.dwell)),
        "clips": visit.clips,
        "ended": visit.ended,
    }


def _visit(row: sqlite3.Row) -> VisitRecord:
    return VisitRecord(
        visit_id=row["visit_id"],
        camera=row["camera"],
        started_utc=row["started_utc"],
        last_seen_utc=row["last_seen_utc"],
        stats=VisitStats(
            max_people=row["max_people"],
            max_confidence=row["max_confidence"],
            mean_inference_ms=row["mean_inference_ms"],
        ),
        zones=tuple(json.loads(row["zones"])),
        dwell=tuple(json.loads(row["dwell"]).items()),
        clips=row["clips"],
        ended=bool(row["ended"]),
    )
