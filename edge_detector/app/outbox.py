"""The owner's hand on the outbox: what waits, what was given up, and what shall become of it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_detector.app import parts
from edge_detector.app.lock import FolderLock
from edge_detector.app.system import SystemClock
from edge_detector.config import Config
from edge_detector.core.errors import LedgerError
from edge_detector.core.evidence import Item, ItemKind, ItemState, StoredEvent, VisitRecord
from edge_detector.core.facts import Backlog, ClipLost
from edge_detector.mqtt.events import event_of
from edge_detector.outbox.database import Database
from edge_detector.outbox.desk import ALL, Filter, LedgerDesk
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.upkeep import SqliteUpkeep
from edge_detector.runtime.papers import correct

#: What is told of a clip that the owner gave up.
GIVEN_UP = "given up by the owner"

WAITING = (ItemState.SAVED, ItemState.UPLOADING)
OPEN = (*WAITING, ItemState.FAILED)

_DELIVERED = frozenset({ItemState.STORED, ItemState.PURGED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the files that were asked about."""

    done: tuple[Item, ...]
    #: Files that were left as they are, each with the reason.
    left: tuple[tuple[Item, str], ...]


class Outbox:
    """The ledger and journal of one data folder; an edge may be running on it."""

    def __init__(self, config: Config) -> None:
        """Open them; raises LedgerError where there are none."""
        self.config = config
        folder = parts.data_dir(config)
        path = folder / parts.DATABASE_NAME
        if not path.is_file():
            raise LedgerError(
                f"There is no outbox in {folder}, no edge has run there: name the edge's own configuration by --config"
            )
        self.lock = FolderLock(folder)
        self.clock = SystemClock()
        self._database = Database(path)
        self.desk = LedgerDesk(self._database)
        self.ledger = SqliteLedger(self._database)
        self.upkeep = SqliteUpkeep(self._database)
        self.journal = SqliteJournal(self._database)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def utc(self) -> float:
        """The time of now."""
        return self.clock.utc(self.clock.now())

    def backlog(self) -> Backlog:
        """How far delivery is behind."""
        return self.ledger.backlog(self.utc())

    def find(
        self,
        *,
        states: Collection[ItemState] = (),
        kinds: Collection[ItemKind] = (),
        cameras: Collection[str] = (),
        limit: int = ALL,
    ) -> Sequence[Item]:
        """The files that fulfil every condition, oldest first; an empty condition is none."""
        return self.desk.find(Filter(states=states, kinds=kinds, cameras=cameras), limit=limit)

    def named(self, names: Collection[str]) -> Sequence[Item]:
        """The files of keys and visit ids, oldest first; raises LedgerError for a name that nobody knows."""
        items = self.desk.find(Filter(names=names)) if names else ()
        known = {name for item in items for name in (item.key, item.visit_id)}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise LedgerError(
                f"The outbox knows no {' and no '.join(unknown)}: `porchlight outbox list --all` shows all of it"
            )
        return items

    def visit(self, visit_id: str) -> VisitRecord | None:
        """What the journal knows of a visit."""
        return next(iter(self.journal.visits(visit_id=visit_id)), None)

    def retry(self, items: Sequence[Item]) -> Outcome:
        """Make files due now that wait or were given up; a running edge takes them within a second."""
        with self.alone():
            left = tuple((item, why) for item in items if (why := _why_no_retry(item)))
            done = tuple(item for item in items if not _why_no_retry(item))
            self.desk.retry([item.key for item in done], now_utc=self.utc())
        return Outcome(done=done, left=left)

    def forget(self, items: Sequence[Item], *, delete: bool) -> Outcome:
        """Give files up, telling `clip_lost` of each clip; with `delete` their local files go as well."""
        with self.alone():
            done = tuple(self.desk.give_up([item.key for item in items], reason=GIVEN_UP, event_of=self._event_of))
            now = {item.key: item for item in self.named([item.key for item in items])}
            given_up = {item.key for item in done}
            for item in done:
                if item.kind is ItemKind.CLIP:
                    correct(self.ledger, write_as_before, item.visit_id)
            left = tuple((item, _why_not_forgotten(now[item.key])) for item in items if item.key not in given_up)
            if delete:
                for item in done:
                    item.path.unlink(missing_ok=True)
                self.desk.drop(given_up)
        return Outcome(done=done, left=left)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Keep an edge from starting meanwhile, and put back what a killed one left half delivered.

        Gives False, and does nothing, when an edge is running.
        """
        if not self.lock.try_take():
            yield False
            return
        try:
            self.ledger.reset()
            yield True
        finally:
            self.lock.release()

    def _event_of(self, item: Item) -> StoredEvent | None:
        if item.kind is not ItemKind.CLIP:
            return None
        now = self.clock.now()
        lost = ClipLost(
            camera=item.camera, visit_id=item.visit_id, n=item.n, t=now, utc=self.clock.utc(now), reason=GIVEN_UP
        )
        event = event_of(lost)
        return event.stored() if event else None


@contextmanager
def opened(config: Config) -> Iterator[Outbox]:
    """The outbox of a configuration, closed at the end; raises LedgerError."""
    outbox = Outbox(config)
    try:
        yield outbox
    finally:
        outbox.close()


def write_as_before(path: Path, data: bytes) -> None:
    """Write a file anew for its owner, who may be another than the one at the command line."""
    before = path.stat()
    parts.write_file(path, data)
    os.chown(path, before.st_uid, before.st_gid)


def _why_no_retry(item: Item) -> str:
    if item.state in _DELIVERED:
        return "is delivered already"
    return "" if item.path.exists() else f"its file {item.path} is gone"


def _why_not_forgotten(item: Item) -> str:
    return "is delivered already" if item.state in _DELIVERED else "is being delivered right now"
