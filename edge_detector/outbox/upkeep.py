"""What keeps the ledger and its files within bounds: how much waits, what is given up, what is old."""

from __future__ import annotations

from collections.abc import Sequence

from edge_detector.core.evidence import Item
from edge_detector.core.quota import Load
from edge_detector.outbox.database import Database, Value
from edge_detector.outbox.history import SLOTS_S
from edge_detector.outbox.ledger import item_of


class SqliteUpkeep:
    """An Upkeep in a Database; every call raises LedgerError when the disk refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = self._data_version()

    def load(self) -> Load:
        """How much waits on the local disk, also what was given up; not what is under way."""
        (row,) = self._database.rows("waiting_load")
        return Load(bytes=row["bytes"], oldest_utc=row["oldest_utc"])

    def waiting(self) -> Sequence[Item]:
        """The files that wait or were given up, oldest first; not those under way."""
        return tuple(item_of(row) for row in self._database.rows("waiting_items"))

    def forget(self, item: Item) -> bool:
        """Remove a file that is not under way; an early copy also then, for the whole clip has taken its place.

        False when it is no longer there as `item` says.
        """
        return self._database.run("forget_item", {"key": item.key, "sha256": item.sha256}) > 0

    def hasten(self, now_utc: float) -> int:
        """Make all files due that wait for their next try; how many."""
        return self._database.run("hasten_items", {"now_utc": now_utc})

    def touched(self) -> bool:
        """Has another program changed the ledger since the last look? So the owner is at work."""
        before, self._version = self._version, self._data_version()
        return self._version != before

    def prune(self, before_utc: float, limit: int, *, history_before_utc: float) -> int:
        """Remove what is old: delivered files, and with a bound of their own visits and what was counted.

        Up to `limit` rows of each; how many went. Delivered files go on counting as such, and visits find theirs.
        """
        values: dict[str, Value] = {"before_utc": before_utc, "limit": limit}
        with self._database.transaction():
            self._database.run("remember_items", values)
            files = self._database.run("prune_items", values)
            if files:
                self._database.run("count_pruned", {"count": files})
            return files + self._prune_history(history_before_utc, limit)

    def _prune_history(self, before_utc: float, limit: int) -> int:
        values: dict[str, Value] = {"before_utc": before_utc, "limit": limit}
        gone = sum(self._database.run(query, values) for query in ("prune_visits", "prune_crossings", "prune_presence"))
        for slot_s in SLOTS_S:
            slots: dict[str, Value] = {"size_s": slot_s, "before_slot": int(before_utc // slot_s), "limit": limit}
            gone += self._database.run("prune_tally", slots)
        return gone

    def _data_version(self) -> int:
        version: int = self._database.rows("data_version")[0][0]
        return version
