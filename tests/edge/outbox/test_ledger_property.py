"""The ledger against a model of it in a dictionary: whatever is done in whatever order, with crashes between."""

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_detector.core.evidence import Item, ItemKind, ItemState
from edge_detector.outbox.database import Database
from edge_detector.outbox.ledger import SqliteLedger
from tests.edge.outbox.items import item

_DONE = {ItemState.STORED, ItemState.PURGED, ItemState.FAILED}
_OPEN = {ItemState.SAVED, ItemState.UPLOADING}
_KINDS = list(ItemKind)

kinds = st.sampled_from(ItemKind)
visits = st.sampled_from(["V1", "V2", "V3"])
contents = st.sampled_from(["aa", "bb"])
times = st.integers(0, 5).map(float)


class LedgerMachine(RuleBasedStateMachine):
    """Adds, claims, settles and crashes."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._path = Path(self._folder.name) / "porchlight.db"
        self._model: dict[str, Item] = {}

        self._databases: list[Database] = []

    @initialize()
    def begin(self) -> None:
        self._databases.append(Database(self._path))
        self._ledger = SqliteLedger(self._databases[-1])

    @rule(kind=kinds, visit=visits, sha256=contents, created=times)
    def add(self, kind: ItemKind, visit: str, sha256: str, created: float) -> None:
        new = item(kind, visit=visit, sha256=sha256, created=created)
        self._ledger.add(new)
        if new.key not in self._model or self._model[new.key].sha256 != sha256:
            self._model[new.key] = new

    @rule(now_utc=times, limit=st.integers(0, 3))
    def claim(self, now_utc: float, limit: int) -> None:
        claimed = self._ledger.claim(now_utc=now_utc, limit=limit)
        due = sorted(
            (each for each in self._model.values() if self._due(each, now_utc)),
            key=lambda each: (_KINDS.index(each.kind), each.created_utc),
        )
        assert len(claimed) == min(limit, len(due))
        order = [(each.kind, each.created_utc) for each in claimed]
        assert order == [(each.kind, each.created_utc) for each in due[:limit]]
        for each in claimed:
            assert self._due(self._model[each.key], now_utc)
            self._model[each.key] = replace(self._model[each.key], state=ItemState.UPLOADING)

    @rule(kind=kinds, visit=visits, sha256=contents, state=st.sampled_from(ItemState), next_try=times)
    def settle(self, kind: ItemKind, visit: str, sha256: str, state: ItemState, next_try: float) -> None:
        new = replace(
            item(kind, visit=visit, sha256=sha256), state=state, attempts=1, next_try_utc=next_try, last_error="no"
        )
        self._ledger.settle(new)
        old = self._model.get(new.key)
        if old is None or old.sha256 != sha256:
            return
        purges = state is ItemState.PURGED and old.state is not ItemState.PURGED
        if old.state in _OPEN or old.state is state or purges:
            self._model[new.key] = replace(old, state=state, attempts=1, next_try_utc=next_try, last_error="no")

    @rule(in_order=st.booleans())
    def start_again(self, *, in_order: bool) -> None:
        if in_order:
            self._databases[-1].close()
        self.begin()
        uploading = [each for each in self._model.values() if each.state is ItemState.UPLOADING]
        assert self._ledger.reset() == len(uploading)
        for each in uploading:
            self._model[each.key] = replace(each, state=ItemState.SAVED)

    @invariant()
    def is_as_the_model(self) -> None:
        assert {each.key: each for each in self._ledger.items()} == self._model
        backlog = self._ledger.backlog(10.0)
        assert backlog.pending == sum(each.state in _OPEN for each in self._model.values())
        assert backlog.failed == sum(each.state is ItemState.FAILED for each in self._model.values())

    def teardown(self) -> None:
        for database in self._databases:
            database.close()
        self._folder.cleanup()

    def _due(self, what: Item, now_utc: float) -> bool:
        if what.state is not ItemState.SAVED or what.next_try_utc > now_utc:
            return False
        others = (each for each in self._model.values() if each.visit_id == what.visit_id and each.key != what.key)
        return what.kind is not ItemKind.DOCUMENT or not any(each.state in _OPEN for each in others)


LedgerMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestLedger = LedgerMachine.TestCase
