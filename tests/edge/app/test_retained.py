"""The last clip is told again after a restart."""

from pathlib import Path

import pytest

from edge_detector.app.retained import last_clips
from edge_detector.core.errors import PermanentStoreError
from edge_detector.core.evidence import Item, ItemKind, ItemState, Stored, VisitRecord
from edge_detector.core.types import VisitStats
from edge_detector.testing import FakeStore, MemoryJournal, MemoryLedger

OLD, NEW, EMPTY = "01HF7YAT00D0NV33KVR902G9Z0", "01HF7YBT00D0NV33KVR902G9Z1", "01HF7YCT00D0NV33KVR902G9Z2"


def shelves(*clips: tuple[str, int, ItemState]) -> tuple[MemoryJournal, MemoryLedger]:
    """Three visits of the door, and these clips of them."""
    journal, ledger = MemoryJournal(), MemoryLedger()
    for n, visit_id in enumerate((OLD, NEW, EMPTY)):
        journal.put_visit(
            VisitRecord(
                visit_id=visit_id,
                camera="door",
                started_utc=float(n),
                last_seen_utc=float(n),
                stats=VisitStats(),
                ended=True,
            )
        )
    for visit_id, n, state in clips:
        ledger.add(
            Item(
                key=f"clips/{visit_id}-{n}.mp4",
                kind=ItemKind.CLIP,
                camera="door",
                visit_id=visit_id,
                n=n,
                path=Path(f"1700000000000-9000-1-800-12-64x48-{visit_id}-{n}.mp4"),
                bytes=5,
                sha256="c0ffee",
                content_type="video/mp4",
                created_utc=1_700_000_009.0,
                state=state,
            )
        )
    return journal, ledger


@pytest.mark.parametrize(
    ("clips", "key"),
    [
        # the newest visit that has one, and its last one
        (
            [(OLD, 1, ItemState.PURGED), (NEW, 1, ItemState.PURGED), (NEW, 2, ItemState.STORED)],
            f"clips/{NEW}-2.mp4",
        ),
        # one that is not delivered yet will tell of itself
        ([(OLD, 1, ItemState.PURGED), (NEW, 1, ItemState.SAVED)], f"clips/{OLD}-1.mp4"),
        # nothing was ever delivered
        ([(NEW, 1, ItemState.FAILED)], None),
    ],
)
def test_newest_delivered_clip(clips: list[tuple[str, int, ItemState]], key: str | None) -> None:
    journal, ledger = shelves(*clips)
    facts = list(last_clips(["door", "garden"], visits=journal, ledger=ledger, store=FakeStore()))
    assert [fact.url for fact in facts] == ([f"https://fake.invalid/{key}"] if key else [])
    for fact in facts:
        assert fact.clip is not None
        assert fact.clip.duration_s == 9.0


def test_store_that_knows_no_address() -> None:
    class Keyless(FakeStore):
        def address(self, key: str) -> Stored:
            raise PermanentStoreError(f"no key to sign {key} with")

    journal, ledger = shelves((OLD, 1, ItemState.PURGED))
    assert list(last_clips(["door"], visits=journal, ledger=ledger, store=Keyless())) == []
