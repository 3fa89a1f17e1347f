"""Measures the ledger with many rows: a claim, a step forward, the backlog in milliseconds, the start in seconds."""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from edge_detector.core.evidence import Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.types import VisitStats
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.upkeep import SqliteUpkeep

ROUNDS = 200
#: When all rows are due, and when none is.
LATER_UTC, EARLIER_UTC = 1e9, -1.0


def rows(count: int) -> Iterator[Item]:
    """The files of visits during a long outage."""
    for number in range(count):
        kind = list(ItemKind)[number % len(ItemKind)]
        visit = f"01HF7YAT{number // len(ItemKind):018}"
        yield Item(
            key=f"{kind}s/node=porch/camera=door/date=2023-11-14/{visit}",
            kind=kind,
            camera="door",
            visit_id=visit,
            n=1,
            path=Path(f"/spool/door/{visit}-{kind}"),
            bytes=1_000_000,
            sha256=f"{number:064x}",
            content_type="video/mp4",
            metadata=(("visit-id", visit),),
            created_utc=float(number),
        )


def fill(database: Database, count: int) -> None:
    """Put all rows in, and the ended visits that they belong to."""
    ledger, journal = SqliteLedger(database), SqliteJournal(database)
    with database.transaction():
        for item in rows(count):
            ledger.add(item)
            if item.kind is ItemKind.DOCUMENT:
                journal.put_visit(
                    VisitRecord(
                        visit_id=item.visit_id,
                        camera="door",
                        started_utc=item.created_utc,
                        last_seen_utc=item.created_utc,
                        stats=VisitStats(),
                        ended=True,
                    )
                )


def timed(work: Callable[[], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Median, 95th percentile and worst of many calls, in milliseconds."""
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        spent.append((time.perf_counter() - begun) * 1000)
    return {
        "median": round(statistics.median(spent), 3),
        "p95": round(statistics.quantiles(spent, n=20)[-1], 3),
        "max": round(max(spent), 3),
    }


def advances(ledger: SqliteLedger, items: list[Item], state: ItemState) -> Callable[[], None]:
    """Call by call, one file after the other comes to `state`."""
    rest = iter(items)
    return lambda: ledger.settle(replace(next(rest), state=state))


def measure(path: Path, count: int) -> dict[str, object]:
    """All figures of a ledger of `count` rows."""
    database = Database(path)
    fill(database, count)
    ledger, upkeep = SqliteLedger(database), SqliteUpkeep(database)
    claimed: list[Item] = []
    figures: dict[str, object] = {"rows": count}
    figures["claim_ms"] = timed(lambda: claimed.extend(ledger.claim(now_utc=LATER_UTC, limit=1)))
    figures["claim_when_none_is_due_ms"] = timed(lambda: ledger.claim(now_utc=EARLIER_UTC, limit=1))
    for state in (ItemState.SAVED, ItemState.STORED, ItemState.PURGED):
        figures[f"advance_to_{state}_ms"] = timed(advances(ledger, claimed, state))
    figures["backlog_ms"] = timed(lambda: ledger.backlog(LATER_UTC))
    figures["load_ms"] = timed(upkeep.load)
    ledger.claim(now_utc=LATER_UTC, limit=count)
    figures["claim_among_documents_that_wait_ms"] = timed(lambda: ledger.claim(now_utc=LATER_UTC, limit=1))
    database.close()
    begun = time.perf_counter()
    database = Database(path)
    figures["put_back"] = SqliteLedger(database).reset()
    SqliteUpkeep(database).waiting()
    figures["start_s"] = round(time.perf_counter() - begun, 3)
    database.close()
    return figures


def main() -> None:
    """Print one line a figure, or all as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where to make the database: the disk that is to be measured")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        figures = measure(Path(folder) / "porchlight.db", arguments.rows)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, figure in figures.items():
        print(f"{name:40}{figure}")


if __name__ == "__main__":
    main()
