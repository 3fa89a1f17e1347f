#!/usr/bin/env python3
"""Keep what this version writes, so that later ones are tested to go on with it. Run it at each release, and commit.

usage: script/keep_release.py
Writes tests/released/VERSION: a data folder's database as SQL, with something of everything, and a configuration.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from edge_detector import __version__
from edge_detector.core.evidence import Item, ItemKind, StoredEvent, VisitRecord
from edge_detector.core.facts import LineCrossed, OccupancyChanged, VisitStarted
from edge_detector.core.types import Settings, VisitStats
from edge_detector.outbox.database import Database
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger

ROOT: Final = Path(__file__).resolve().parent.parent
VISIT: Final = "01KAK9YGG0000000000000000A"
BEGAN_UTC: Final = 1_763_700_000.0


def fill(database: Database) -> None:
    """One visit with its clip on the way, what it crossed, an event that waits, and settings."""
    journal, ledger, history = SqliteJournal(database), SqliteLedger(database), SqliteHistory(database)
    journal.put_visit(
        VisitRecord(
            visit_id=VISIT,
            camera="door",
            started_utc=BEGAN_UTC,
            last_seen_utc=BEGAN_UTC + 12.5,
            stats=VisitStats(max_people=2, max_confidence=0.91, mean_inference_ms=6.0),
            zones=("mat",),
            clips=1,
            ended=True,
        )
    )
    at = {"camera": "door", "visit_id": VISIT, "t": 1.0, "utc": BEGAN_UTC}
    history.note(VisitStarted(**at, count=1, confidence=0.9, zones=(("mat", 1),)))  # type: ignore[arg-type]
    history.note(LineCrossed(**at, line="step", direction="in", track=1))  # type: ignore[arg-type]
    history.note(OccupancyChanged(camera="door", t=1.0, utc=BEGAN_UTC, count=1, reason="crossed"))
    ledger.add(
        Item(
            key=f"clips/node=porch/camera=door/date=2025-11-21/{VISIT}.mp4",
            kind=ItemKind.CLIP,
            camera="door",
            visit_id=VISIT,
            n=1,
            path=Path("spool/door/clip.mp4"),
            bytes=10,
            sha256="00",
            content_type="video/mp4",
            metadata=(("people", "2"),),
            created_utc=BEGAN_UTC,
        )
    )
    journal.append_event(StoredEvent(id=VISIT, camera="door", payload='{"event_type": "person_arrived"}'))
    journal.settings("door", Settings(armed=False, confidence=0.65))


def main() -> None:
    """Write the folder of this version."""
    folder = ROOT / "tests" / "released" / __version__
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "porchlight.db"
        database = Database(path)
        fill(database)
        database.close()
        with closing(sqlite3.connect(path)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            text = "\n".join([*connection.iterdump(), f"PRAGMA user_version = {version};"])
    (folder / "porchlight.sql").write_text(f"{text}\n")
    shutil.copy(ROOT / "examples" / "porchlight.yaml", folder / "porchlight.yaml")
    print(folder.relative_to(ROOT))


if __name__ == "__main__":
    main()
