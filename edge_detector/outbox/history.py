"""What happened, for questions asked later: crossings and presence beside the visits, and what they count up to."""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from collections.abc import Collection, Mapping, Sequence

from edge_detector.core import naming
from edge_detector.core.calendar import Bucket, Key, Span, key_zero
from edge_detector.core.evidence import CrossingRecord, VisitRecord
from edge_detector.core.facts import Fact, LineCrossed, OccupancyChanged, VisitEnded, VisitStarted, VisitUpdated
from edge_detector.core.places import CAMERA, LINE, NOTHING, ZONE, Counts, Passages, Place
from edge_detector.outbox.database import Database, Value

#: The tally counts by the hour, and by the quarter of an hour for time zones whose hours begin in between.
SLOTS_S = (3600, 900)
#: A visit ends when somebody was last seen; a moment later nobody is there.
_AFTER_S = 0.001
#: Somebody may cross a line a moment before a visit is sure of them, and must not be looked for among all.
_AROUND_S = 60.0


class SqliteHistory:
    """A Diary and a HistoryReader in a Database; every call raises LedgerError when the disk refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._numbers: dict[tuple[str, str, str], int] = {}
        #: What was last written of each place's presence.
        self._present: dict[int, int] = {}

    # --- writing ------------------------------------------------------------------------------------------------------

    def note(self, fact: Fact) -> None:
        """Keep what a fact says of lines, zones and people inside; told again, it changes nothing."""
        match fact:
            case LineCrossed():
                self._crossed(fact)
            case OccupancyChanged():
                self._present_at(fact.camera, CAMERA, "", fact.utc, fact.count)
            case VisitStarted() | VisitUpdated():
                for zone, count in fact.zones:
                    self._present_at(fact.camera, ZONE, zone, fact.utc, count)
            case VisitEnded():
                for zone in fact.zones:
                    self._present_at(fact.camera, ZONE, zone, fact.utc + _AFTER_S, 0)

    def number(self, camera: str, kind: str, place_id: str = "") -> int:
        """The number of a camera, zone or line; given now, when it never had one."""
        names = (camera, kind, place_id)
        with self._lock:
            if names not in self._numbers:
                values: dict[str, Value] = {"camera": camera, "kind": kind, "id": place_id}
                self._database.run("add_place", values)
                self._numbers[names] = self._database.rows("place_number", values)[0]["number"]
            return self._numbers[names]

    def _crossed(self, fact: LineCrossed) -> None:
        crossing = naming.event_id(
            ms=round(fact.utc * 1000),
            camera=fact.camera,
            visit_id=fact.visit_id,
            event_type="line_crossed",
            n=f"{fact.line} {fact.direction} {fact.track}",
        )
        self.number(fact.camera, CAMERA)  # which counts what all its lines do
        values: dict[str, Value] = {
            "id": crossing,
            "place": self.number(fact.camera, LINE, fact.line),
            "utc": fact.utc,
            "way": fact.direction,
            "visit_id": fact.visit_id,
        }
        with self._database.quick():
            self._database.run("add_crossing", values)

    def _present_at(self, camera: str, kind: str, place_id: str, utc: float, count: int) -> None:
        """Only what changes: a power cut may take the last of it, which spares the disk."""
        place = self.number(camera, kind, place_id)
        if self._present.get(place) == count:
            return
        with self._database.quick():
            self._database.run("add_presence", {"place": place, "utc": utc, "count": count})
        self._present[place] = count

    # --- reading ------------------------------------------------------------------------------------------------------

    def crossings(self, visit: VisitRecord) -> Sequence[CrossingRecord]:
        """Who crossed which line during a visit, in the order of time."""
        values: dict[str, Value] = {
            "visit_id": visit.visit_id,
            "first_utc": visit.started_utc - _AROUND_S,
            "last_utc": visit.last_seen_utc + _AROUND_S,
        }
        rows = self._database.rows("crossings_of_visit", values)
        return tuple(CrossingRecord(utc=row["utc"], line=row["line"], direction=row["way"]) for row in rows)

    def totals(self, camera: str) -> Sequence[tuple[str, int, int]]:
        """How often each line that a camera ever had was crossed in all: its id, in, out."""
        counts: dict[str, dict[str, int]] = {}
        for row in self._database.rows("line_totals", {"camera": camera}):
            counts.setdefault(row["line"], {})[row["way"]] = row["count"]
        return tuple((line, ways.get("in", 0), ways.get("out", 0)) for line, ways in counts.items())

    def inside(self, camera: str) -> tuple[float, int] | None:
        """Since when so many people are inside by a camera's lines; None when that was never told."""
        return self._latest(self.number(camera, CAMERA), math.inf)

    def places(self) -> Sequence[Place]:
        """Everything that has a number, also what is long gone, in the order of the numbers."""
        rows = self._database.rows("all_places")
        return tuple(Place(number=row["number"], camera=row["camera"], kind=row["kind"], id=row["id"]) for row in rows)

    def traffic(self, places: Collection[Place], spans: Sequence[Span], bucket: Bucket) -> Mapping[Key, Counts]:
        """How much happened at some places together: visits of cameras and zones, crossings of cameras and lines."""
        counts: dict[Key, Counts] = {}
        for span in spans:
            zero, size = key_zero(span, bucket), bucket.value
            for index, visits, inward, outward in self._rows(places, span, bucket):
                known = counts.get(zero + index * size, NOTHING)
                counts[zero + index * size] = (known[0] + visits, known[1] + inward, known[2] + outward)
        return counts

    def passages(self, place: Place, first_utc: float, last_utc: float) -> Passages:
        """Who passed: over a line either way, or into a zone, both ends included."""
        query = "passages_of_line" if place.kind == LINE else "passages_of_zone"
        values: dict[str, Value] = {"place": place.number, "first_utc": first_utc, "last_utc": last_utc}
        (row,) = self._database.rows(query, values)
        return Passages(count=row["count"], first_utc=row["first_utc"], last_utc=row["last_utc"])

    def present(self, place: Place, utc: float) -> tuple[float, int] | None:
        """Since when so many people were there at a moment: in a zone, or inside by a camera's lines."""
        return self._latest(place.number, utc)

    def _latest(self, place: int, utc: float) -> tuple[float, int] | None:
        rows = self._database.rows("presence_at", {"place": place, "utc": utc})
        return (rows[0]["utc"], rows[0]["count"]) if rows else None

    def _rows(self, places: Collection[Place], span: Span, bucket: Bucket) -> list[sqlite3.Row]:
        """Whole slots come from the tally, the rest from the events themselves."""
        slot_s = next((size for size in SLOTS_S if bucket.value % size == 0 and span.offset_s % size == 0), None)
        if slot_s is None:
            return self._events(places, span.first_utc, span.last_utc, span, bucket)
        first_slot, last_slot = math.ceil(span.first_utc / slot_s), math.floor(span.last_utc / slot_s)
        if first_slot >= last_slot:
            return self._events(places, span.first_utc, span.last_utc, span, bucket)
        values: dict[str, Value] = {
            **_common(places, span, bucket),
            "slot_s": slot_s,
            "first_slot": first_slot,
            "last_slot": last_slot,
        }
        return [
            *self._events(places, span.first_utc, first_slot * slot_s, span, bucket),
            *self._database.rows("tally", values),
            *self._events(places, last_slot * slot_s, span.last_utc, span, bucket),
        ]

    def _events(
        self, places: Collection[Place], first_utc: float, last_utc: float, span: Span, bucket: Bucket
    ) -> list[sqlite3.Row]:
        if first_utc >= last_utc:
            return []
        values: dict[str, Value] = {
            **_common(places, span, bucket),
            "first_utc": first_utc,
            "last_utc": last_utc,
            "first_id": naming.ulid(math.ceil(first_utc * 1000), 0),
            "last_id": naming.ulid(math.ceil(last_utc * 1000), 0),
        }
        queries = [query for kind in dict.fromkeys(place.kind for place in places) for query in _EVENTS[kind]]
        return [row for query in queries for row in self._database.rows(query, values)]


_EVENTS = {
    CAMERA: ("count_visits", "count_crossings_of_camera"),
    ZONE: ("count_zone_visits",),
    LINE: ("count_crossings",),
}


def _common(places: Collection[Place], span: Span, bucket: Bucket) -> dict[str, Value]:
    return {
        "places": json.dumps([place.number for place in places]),
        "offset_s": span.offset_s,
        "size_s": bucket.value,
    }
