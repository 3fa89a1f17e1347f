"""What the owner asks of the ledger: find files, try them again, give them up. Works beside a running edge."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from edge_detector.core.evidence import Item, ItemKind, ItemState, StoredEvent
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import item_of

#: More rows than any outbox has: nothing is left out.
ALL = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which files are meant; an empty condition is none."""

    states: Collection[ItemState] = ()
    kinds: Collection[ItemKind] = ()
    cameras: Collection[str] = ()
    #: Keys, and ids of visits, which stand for all their files.
    names: Collection[str] = ()


class LedgerDesk:
    """Changes nothing that is under way or delivered; every call raises LedgerError when the disk refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._journal = SqliteJournal(database)

    def find(self, wanted: Filter, *, limit: int = ALL) -> Sequence[Item]:
        """The files that fulfil every condition, oldest first."""
        values = {
            "states": _list(wanted.states),
            "kinds": _list(wanted.kinds),
            "cameras": _list(wanted.cameras),
            "names": _list(wanted.names),
        }
        return tuple(item_of(row) for row in self._database.rows("find_items", {**values, "limit": limit}))

    def retry(self, keys: Collection[str], *, now_utc: float) -> int:
        """Make files due that wait or were given up, as if never tried; how many."""
        return self._database.run("renew_items", {"keys": json.dumps(list(keys)), "now_utc": now_utc})

    def hasten(self, *, now_utc: float) -> int:
        """Make all files due that wait for their next try; how many."""
        return self._database.run("hasten_items", {"now_utc": now_utc})

    def give_up(
        self, keys: Collection[str], *, reason: str, event_of: Callable[[Item], StoredEvent | None]
    ) -> Sequence[Item]:
        """Give files up that wait, or were given up before, and append their events, all or nothing; those files."""
        with self._database.transaction():
            rows = self._database.rows("give_up_items", {"keys": json.dumps(list(keys)), "reason": reason})
            items = tuple(item_of(row) for row in rows)
            for event in filter(None, map(event_of, items)):
                self._journal.append_event(event)
        return items

    def drop(self, keys: Collection[str]) -> None:
        """Remove given-up files from the ledger: nothing of them is left on the disk."""
        self._database.run("drop_items", {"keys": json.dumps(list(keys))})


def _list(values: Collection[str]) -> str | None:
    return json.dumps(list(values)) if values else None
