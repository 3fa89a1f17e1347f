"""Measures questions to a year of history: traffic, pages of visits, the counting server's calls, in milliseconds."""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_detector.archive.folder import FolderStore
from edge_detector.core import naming
from edge_detector.core.evidence import Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.facts import LineCrossed
from edge_detector.core.places import CAMERA, LINE, Place
from edge_detector.core.types import VisitStats
from edge_detector.outbox.database import Database
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.upkeep import SqliteUpkeep
from edge_detector.web.evidence import Evidence
from edge_detector.web.traffic import BucketName, Traffic
from edge_detector.web.visits import Visits

VISITS_A_DAY = 1000
CAMERAS, ZONES, LINES = ("door", "yard"), ("mat", "path", "gate"), ("entry", "drive")
ZONE = ZoneInfo("Europe/Berlin")
LAST = datetime(2026, 11, 21, tzinfo=ZONE)
DAY_S = 86_400.0
#: Questions are asked with other bounds each time, so that no cache but the disk's answers them.
ROUNDS = 60
PAGE_VISITS = 50
#: Visits written at once while filling.
BATCH = 5000
#: What keeps its place in the list of files.
RECENT_DAYS = 30


def visits(days: int) -> Iterator[VisitRecord]:
    """Those of so many days, oldest first, all in the daytime."""
    chance = random.Random(1)  # noqa: S311 - no secret
    for day in range(days):
        for moment in sorted(chance.uniform(0.25, 0.95) for _ in range(VISITS_A_DAY)):
            utc = LAST.timestamp() - (days - day - moment) * DAY_S
            yield VisitRecord(
                visit_id=naming.ulid(round(utc * 1000), chance.getrandbits(80)),
                camera=chance.choice(CAMERAS),
                started_utc=utc,
                last_seen_utc=utc + 20,
                stats=VisitStats(max_people=2, max_confidence=0.9),
                zones=tuple(sorted(chance.sample(ZONES, chance.randrange(3)))),
                clips=1,
                ended=True,
            )


def files(visit: VisitRecord) -> Iterator[Item]:
    """A visit's clip and snapshot, delivered."""
    ms = round(visit.started_utc * 1000)
    stem = f"{ms}-20000-2-900-9-1280x720-{visit.visit_id}-1"
    for kind, name in ((ItemKind.CLIP, f"{stem}.mp4"), (ItemKind.SNAPSHOT, naming.snapshot_name(visit.visit_id, ms))):
        yield Item(
            key=naming.archive_key(kind, node="porchlight", camera=visit.camera, visit_id=visit.visit_id),
            kind=kind,
            camera=visit.camera,
            visit_id=visit.visit_id,
            n=1,
            path=Path("/data/spool") / visit.camera / name,
            bytes=1_500_000,
            sha256=f"{ms:064x}",
            content_type="video/mp4" if kind is ItemKind.CLIP else "image/jpeg",
            created_utc=visit.started_utc,
            state=ItemState.PURGED,
        )


def fill(database: Database, days: int) -> None:
    """Visits with two crossings, a clip and a snapshot each; what is old is out of the list of files."""
    journal, history, ledger = SqliteJournal(database), SqliteHistory(database), SqliteLedger(database)
    upkeep = SqliteUpkeep(database)
    for camera in CAMERAS:
        for line in LINES:
            history.number(camera, LINE, line)
    rest = visits(days)
    while batch := tuple(islice(rest, BATCH)):
        with database.transaction():
            for visit in batch:
                journal.put_visit(visit)
                for item in files(visit):
                    ledger.add(item)
                    database.run("settle_item", {**_row(item), "state": "stored"})
        for visit in batch:
            for n, way in enumerate(("in", "out")):
                history.note(_crossing(visit, n, way))
        while upkeep.prune(LAST.timestamp() - RECENT_DAYS * DAY_S, BATCH, history_before_utc=0.0):
            pass


def _row(item: Item) -> dict[str, str | int | float | None]:
    return {"key": item.key, "sha256": item.sha256, "attempts": 0, "next_try_utc": 0.0, "last_error": None}


def _crossing(visit: VisitRecord, n: int, way: str) -> LineCrossed:
    utc, line = visit.started_utc + n, LINES[round(visit.started_utc) % 2]
    return LineCrossed(camera=visit.camera, visit_id=visit.visit_id, t=0.0, utc=utc, line=line, direction=way, track=n)


def timed(ask: Callable[[timedelta], object]) -> dict[str, float]:
    """Median and 95th percentile of many calls, in milliseconds: of the clock, and of this program's own work.

    The two differ where other programs want the processor too.
    """
    spent, worked, chance = [], [], random.Random(3)  # noqa: S311 - no secret
    for _ in range(ROUNDS):
        shift = timedelta(seconds=chance.uniform(0, DAY_S))
        begun, cpu = time.perf_counter(), time.process_time()
        ask(shift)
        spent.append((time.perf_counter() - begun) * 1000)
        worked.append((time.process_time() - cpu) * 1000)
    return {
        "median": round(statistics.median(spent), 2),
        "p95": round(statistics.quantiles(spent, n=20)[-1], 2),
        "cpu_p95": round(statistics.quantiles(worked, n=20)[-1], 2),
    }


def measure_traffic(history: SqliteHistory, days: int) -> dict[str, object]:
    """Charts of all that there is, whole bodies of the API."""
    traffic = Traffic(history)

    def chart(bucket: BucketName, length: int, **names: str | None) -> dict[str, float]:
        places = traffic.places(**{"camera": None, "zone": None, "line": None, **names})

        def ask(shift: timedelta) -> str:
            first, last = LAST - timedelta(days=length) - shift, LAST - shift
            return traffic.answer(places=places, first=first, last=last, bucket=bucket, zone=ZONE)

        return timed(ask)

    return {
        "traffic_by_hour_ms": chart("hour", days),
        "traffic_by_hour_of_camera_ms": chart("hour", days, camera="door"),
        "traffic_by_hour_of_zone_ms": chart("hour", days, camera="door", zone="mat"),
        "traffic_by_hour_of_line_ms": chart("hour", days, camera="door", line="entry"),
        "traffic_by_day_ms": chart("day", days),
        "traffic_of_a_day_by_minute_ms": chart("minute", min(1, days)),
        "traffic_of_a_week_by_minute_ms": chart("minute", min(6, days)),
    }


def measure_pages(database: Database, folder: Path, days: int) -> dict[str, object]:
    """Pages of the list of visits, with what is known of their files."""
    found = Visits(SqliteJournal(database), Evidence(SqliteLedger(database), FolderStore(folder)))

    def page(back: int, camera: str | None = None, zone: str | None = None) -> dict[str, float]:
        def ask(shift: timedelta) -> str:
            until = LAST - timedelta(days=back) - shift
            page = found.page(camera=camera, zone=zone, since=None, until=until, cursor=None, limit=PAGE_VISITS)
            return page.model_dump_json()

        return timed(ask)

    return {
        "visits_newest_ms": page(0),
        "visits_oldest_ms": page(days - 2),
        "visits_of_camera_ms": page(0, "door"),
        "visits_of_zone_ms": page(days // 2, "door", "mat"),
    }


def measure_calls(history: SqliteHistory, days: int) -> dict[str, object]:
    """The counting server's question for a line and the whole time."""
    line = next(place for place in history.places() if place.kind == LINE)
    camera = Place(number=history.number(line.camera, CAMERA), camera=line.camera, kind=CAMERA, id="")
    first = LAST.timestamp() - days * DAY_S

    return {
        "passages_of_line_ms": timed(lambda shift: history.passages(line, first + shift.total_seconds(), 1e11)),
        "present_ms": timed(lambda shift: history.present(camera, first + shift.total_seconds())),
    }


def measure(folder: Path, days: int) -> dict[str, object]:
    """All figures of a history of so many days."""
    path = folder / "porchlight.db"
    database = Database(path)
    begun = time.perf_counter()
    fill(database, days)
    figures: dict[str, object] = {"visits": days * VISITS_A_DAY, "filled_s": round(time.perf_counter() - begun, 1)}
    database.close()
    begun = time.perf_counter()
    database = Database(path)
    figures["open_s"] = round(time.perf_counter() - begun, 3)
    figures["bytes"] = path.stat().st_size
    history = SqliteHistory(database)
    figures |= measure_traffic(history, days) | measure_pages(database, folder, days) | measure_calls(history, days)
    figures["backlog_ms"] = timed(lambda _: SqliteLedger(database).backlog(LAST.timestamp()))
    database.close()
    return figures


def main() -> None:
    """Print one line a figure, or all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--folder", type=Path, help="where to make the database: the disk that is to be measured")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        figures = measure(Path(folder), arguments.days)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:34}{figure}")


if __name__ == "__main__":
    main()
