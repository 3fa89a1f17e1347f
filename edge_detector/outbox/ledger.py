"""The durable list of files to deliver."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from edge_detector.core.evidence import Item, ItemKind, ItemState
from edge_detector.core.facts import Backlog
from edge_detector.outbox.database import Database, Value

#: No pause is as long: a next try that is further off was set by a clock that was wrong.
ABSURD_WAIT_S = 86_400.0

_DELIVERED = (ItemState.STORED, ItemState.PURGED)
#: What a power cut must not take: a local file goes once it is stored, and what was given up was told.
_DURABLE = frozenset({ItemState.STORED, ItemState.FAILED})
_PRIORITY = {kind: priority for priority, kind in enumerate(ItemKind)}


class SqliteLedger:
    """A Ledger in a Database: what no restart finds out is durable when a call returns; each may raise LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, item: Item) -> None:
        """Note a file as `saved`; the same key again with another checksum puts it back with the new content."""
        self._database.run("add_item", _values(item))

    def claim(
        self, *, now_utc: float, limit: int, held: Sequence[str] = (), kinds: Sequence[ItemKind] = tuple(ItemKind)
    ) -> Sequence[Item]:
        """Move up to `limit` due files of these kinds to `uploading`: in the order of kinds, the oldest first.

        A visit's document waits for the visit's end and for its other files, those of the cameras in `held` for them.
        Survives no power cut, after which `reset` would undo it anyway.
        """
        values: dict[str, Value] = {
            "now_utc": now_utc,
            "absurd_utc": now_utc + ABSURD_WAIT_S,
            "limit": limit,
            "held": json.dumps(list(held)),
            "kinds": json.dumps(list(kinds)),
        }
        with self._database.quick():
            rows = self._database.rows("claim_items", values)
        return tuple(item_of(row) for row in sorted(rows, key=_delivery_order))

    def settle(self, item: Item) -> None:
        """Write back state, attempts, next try and error.

        Does nothing where that would lead back from stored, purged or failed, or where the file has other content now.
        """
        if item.state in _DURABLE:
            self._database.run("settle_item", _values(item))
        else:
            with self._database.quick():
                self._database.run("settle_item", _values(item))

    def reset(self) -> int:
        """At start: put every `uploading` back to `saved`; how many there were."""
        return self._database.run("reset_items")

    def items(self, *, visit_id: str | None = None, limit: int = 1000) -> Sequence[Item]:
        """Items, oldest first: of one visit or of all."""
        query = "all_items" if visit_id is None else "items_of_visit"
        values: dict[str, Value] = {"limit": limit, "visit_id": visit_id}
        return tuple(item_of(row) for row in self._database.rows(query, values))

    def backlog(self, now_utc: float) -> Backlog:
        """How far delivery is behind; `stored` counts all that were ever delivered."""
        counts = {row["state"]: row for row in self._database.rows("count_items")}
        waiting = [counts[state] for state in (ItemState.SAVED, ItemState.UPLOADING) if state in counts]
        errors = self._database.rows("last_error")
        pruned: int = self._database.rows("total_stored")[0]["count"]
        return Backlog(
            pending=sum(row["count"] for row in waiting),
            # Below zero when it was made while the clock was ahead.
            oldest_s=max([0.0, *(now_utc - row["oldest_utc"] for row in waiting)]),
            stored=pruned + sum(counts[state]["count"] for state in _DELIVERED if state in counts),
            failed=counts[ItemState.FAILED]["count"] if ItemState.FAILED in counts else 0,
            last_error=errors[0]["last_error"] if errors else None,
        )


def _delivery_order(row: sqlite3.Row) -> tuple[int, float, int]:
    return row["priority"], row["created_utc"], row["seq"]


def _values(item: Item) -> dict[str, Value]:
    return {
        "key": item.key,
        "kind": item.kind.value,
        "priority": _PRIORITY[item.kind],
        "camera": item.camera,
        "visit_id": item.visit_id,
        "n": item.n,
        "path": str(item.path),
        "bytes": item.bytes,
        "sha256": item.sha256,
        "content_type": item.content_type,
        "metadata": json.dumps(item.metadata),
        "created_utc": item.created_utc,
        "state": item.state.value,
        "attempts": item.attempts,
        "next_try_utc": item.next_try_utc,
        "last_error": item.last_error,
    }


def item_of(row: sqlite3.Row) -> Item:
    """The file that a row of `items` tells of."""
    return Item(
        key=row["key"],
        kind=ItemKind(row["kind"]),
        camera=row["camera"],
        visit_id=row["visit_id"],
        n=row["n"],
        path=Path(row["path"]),
        bytes=row["bytes"],
        sha256=row["sha256"],
        content_type=row["content_type"],
        metadata=tuple((name, value) for name, value in json.loads(row["metadata"])),
        created_utc=row["created_utc"],
        state=ItemState(row["state"]),
        attempts=row["attempts"],
        next_try_utc=row["next_try_utc"],
        last_error=row["last_error"],
    )
