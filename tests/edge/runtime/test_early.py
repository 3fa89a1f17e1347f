"""Early copies: when they are made, what takes their place, and what is left of them: nothing."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.core import naming
from edge_detector.core.documents import Origin
from edge_detector.core.evidence import Item, ItemKind, ItemState
from edge_detector.core.facts import ClipLost, ClipOpened, ClipSaved, Fact
from edge_detector.core.types import ClipEnd
from edge_detector.runtime import early as module
from edge_detector.runtime.bookkeeper import Place
from edge_detector.runtime.early import EarlyCopies
from edge_detector.testing import MemoryLedger
from tests.edge.runtime.values import VISIT, clip_file, ended

ORIGIN = Origin(node="porch", camera="door", model="m", backend="b", pre_roll_s=4.0, version="0.1.0")
START_UTC = 1_700_000_006.0
PART = naming.part_name(start_ms=round(START_UTC * 1000), visit_id=VISIT, n=1)
SOON_S = 0.05
SAVED = ClipSaved(t=0.0, clip=clip_file(), start_t=0.0, end_t=9.0, end=ClipEnd.STOPPED)
LOST = ClipLost(camera="door", visit_id=VISIT, n=1, t=0.0, utc=0.0, reason="disk")


class Clock:
    """The real one, for what waits for it."""

    def now(self) -> float:
        return time.monotonic()

    def utc(self, t: float) -> float:
        return t


class Studio:
    """A clip that is being recorded, and its copies."""

    def __init__(self, spool: Path, after_s: float = SOON_S) -> None:
        self.spool = spool
        self.part = spool / PART
        self.ledger = MemoryLedger()
        self.wanted = True
        self.woken = asyncio.Event()
        self.cuts = 0
        self.early = EarlyCopies(
            places={"door": Place(spool=spool, origin=ORIGIN)},
            ledger=self.ledger,
            upkeep=self.ledger,
            clock=Clock(),
            cut=self._cut,
            wanted=lambda camera: self.wanted and camera == "door",
            wake=self.woken.set,
            after_s=after_s,
        )

    def opened(self, ago_s: float = 0.0) -> ClipOpened:
        return ClipOpened(camera="door", visit_id=VISIT, n=1, start_utc=START_UTC, t=time.monotonic() - ago_s)

    async def copied(self) -> Item:
        """Wait for the next copy; its row."""
        async with asyncio.timeout(60):
            await self.woken.wait()
        self.woken.clear()
        (item,) = self.ledger.items()
        return item

    def left(self) -> list[str]:
        return sorted(path.name for path in self.spool.glob("*.partial"))

    def _cut(self, part: Path, target: Path) -> str | None:
        self.cuts += 1
        if not part.exists():
            return None
        target.write_bytes(part.read_bytes())
        return hashlib.sha256(part.read_bytes()).hexdigest()


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    made = Studio(tmp_path)
    made.part.write_bytes(b"four seconds")
    yield made
    await made.early.stop()


async def test_copy_waits_beside_its_clip(studio: Studio) -> None:
    opened = studio.opened()
    await studio.early.handle(opened)
    item = await studio.copied()
    assert time.monotonic() - opened.t >= SOON_S
    assert item.key == f"partials/node=porch/camera=door/date=2023-11-14/{VISIT}.partial.mp4"
    assert (item.kind, item.state, item.content_type) == (ItemKind.PARTIAL, ItemState.SAVED, "video/mp4")
    assert item.path.read_bytes() == b"four seconds"
    assert (item.bytes, item.sha256) == (12, hashlib.sha256(b"four seconds").hexdigest())
    assert ("partial", "true") in item.metadata
    assert ("started-at", "2023-11-14T22:13:26.000Z") in item.metadata


async def test_later_copy_takes_the_place_of_the_first(studio: Studio) -> None:
    opened = studio.opened()
    await studio.early.handle(opened)
    first = await studio.copied()
    studio.part.write_bytes(b"twelve seconds")
    second = await studio.copied()
    assert time.monotonic() - opened.t >= 3 * SOON_S, "each copy costs as much as all of the clip so far"
    assert second.key == first.key
    assert second.path.read_bytes() == b"twelve seconds"
    assert not first.path.exists()


@pytest.mark.parametrize("end", [SAVED, LOST])
async def test_copy_that_was_not_delivered_goes_with_the_end_of_the_clip(studio: Studio, end: Fact) -> None:
    await studio.early.handle(studio.opened())
    await studio.copied()
    await studio.early.handle(end)
    await studio.early.stop()
    assert studio.ledger.items() == []
    assert studio.left() == []


async def test_copy_that_is_under_way_is_forgotten_too(studio: Studio) -> None:
    await studio.early.handle(studio.opened())
    await studio.copied()
    studio.ledger.claim(now_utc=time.monotonic(), limit=1)
    await studio.early.handle(SAVED)
    await studio.early.stop()
    assert studio.ledger.items() == []


async def test_copy_that_was_delivered_stays_known(studio: Studio) -> None:
    await studio.early.handle(studio.opened())
    item = await studio.copied()
    (claimed,) = studio.ledger.claim(now_utc=time.monotonic(), limit=1)
    studio.ledger.settle(replace(claimed, state=ItemState.PURGED))
    await studio.early.handle(SAVED)
    await studio.early.stop()
    assert [found.key for found in studio.ledger.items()] == [item.key]


async def test_short_clip_has_none(studio: Studio) -> None:
    await studio.early.handle(studio.opened())
    await studio.early.handle(SAVED)
    await studio.early.stop()
    assert studio.cuts == 0


async def test_other_facts_and_other_clips_change_nothing(studio: Studio) -> None:
    await studio.early.handle(studio.opened())
    await studio.early.handle(ended())
    await studio.early.handle(ClipLost(camera="door", visit_id=VISIT, n=2, t=0.0, utc=0.0, reason="too soon"))
    assert (await studio.copied()).n == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda studio: setattr(studio, "wanted", False),  # the archive is away, or the line is metered
        lambda studio: studio.part.unlink(),  # the recorder is finishing it
    ],
)
async def test_no_copy_where_it_is_of_no_use(studio: Studio, spoil: Callable[[Studio], None]) -> None:
    spoil(studio)
    await studio.early.handle(studio.opened(ago_s=1.0))
    await asyncio.sleep(SOON_S)
    assert studio.ledger.items() == []


async def test_full_disk_costs_the_copy_alone(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    def full(_: Path, target: Path) -> str | None:
        target.write_bytes(b"some")
        raise OSError(28, "No space left on device")

    studio.early._cut = full
    await studio.early.handle(studio.opened())
    async with asyncio.timeout(60):
        await studio.woken.wait()
    assert "No early copy of" in caplog.text
    await studio.early.handle(SAVED)
    await studio.early.stop()
    assert studio.left() == []


async def test_it_can_be_turned_off(tmp_path: Path) -> None:
    studio = Studio(tmp_path, after_s=0.0)
    await studio.early.handle(studio.opened())
    await studio.early.handle(SAVED)
    await studio.early.stop()
    assert studio.cuts == 0


async def test_clip_that_nobody_closes_is_not_copied_for_ever(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LAST_S", 2 * SOON_S)
    await studio.early.handle(studio.opened(ago_s=10.0))
    await studio.copied()
    await asyncio.sleep(SOON_S)
    assert studio.cuts == 1


async def test_start_clears_what_a_crash_left(studio: Studio) -> None:
    await studio.early.handle(studio.opened())
    await studio.copied()
    (studio.spool / naming.partial_name(PART, 9)).write_bytes(b"not even in the ledger")
    again = Studio(studio.spool)
    again.ledger = studio.ledger
    again.early._upkeep = studio.ledger
    again.early.clean()
    assert studio.ledger.items() == []
    assert studio.left() == []
    assert studio.part.exists()
