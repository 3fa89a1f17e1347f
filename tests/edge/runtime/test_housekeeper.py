"""The housekeeper: what goes when too much waits, in which order, and what is told of it."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.core.evidence import Item, ItemKind, ItemState
from edge_detector.core.facts import ClipLost, ClipSaved
from edge_detector.core.quota import Load, QuotaPolicy
from edge_detector.core.types import ClipEnd
from edge_detector.runtime import housekeeper as module
from edge_detector.runtime.housekeeper import REMEMBERED_S, Housekeeper
from edge_detector.testing import FakeClock, MemoryLedger
from tests.edge.runtime.desk import until
from tests.edge.runtime.values import VISIT, clip_file


class House:
    """A spool, its ledger and its keeper."""

    def __init__(self, spool: Path, **policy: int) -> None:
        self.spool = spool
        self.ledger = MemoryLedger()
        self.clock = FakeClock()
        self.free_bytes = 10**12
        #: What was told, each with whether its file was still there.
        self.told: list[tuple[ClipLost, int]] = []
        self.keeper = Housekeeper(
            upkeep=self.ledger,
            clock=self.clock,
            tell=self._tell,
            free_bytes=lambda: self.free_bytes,
            policy=QuotaPolicy(**policy),
            keep_s=400 * 86_400.0,
        )

    def add(self, n: int, kind: ItemKind = ItemKind.CLIP, state: ItemState = ItemState.SAVED) -> Item:
        path = self.spool / f"{kind}-{n}"
        path.write_bytes(bytes(100))
        item = Item(
            key=f"{kind}-{n}",
            kind=kind,
            camera="door",
            visit_id=VISIT,
            n=n,
            path=path,
            bytes=100,
            sha256="00",
            content_type="video/mp4",
            created_utc=self.clock.utc(float(n)),
            state=state,
        )
        self.ledger.add(item)
        return item

    def names(self) -> list[str]:
        return sorted(path.name for path in self.spool.iterdir())

    async def _tell(self, fact: ClipLost) -> None:
        self.told.append((fact, len(self.names())))


async def test_within_the_quota_nothing_goes(tmp_path: Path) -> None:
    house = House(tmp_path, max_bytes=200)
    for n in (1, 2):
        house.add(n)
    await house.keeper.step()
    assert (len(house.names()), house.told) == (2, [])


async def test_oldest_clip_goes_and_is_told_before_its_file_is_gone(tmp_path: Path) -> None:
    house = House(tmp_path, max_bytes=300)
    for n in (1, 2, 3):
        house.add(n)
    house.add(1, ItemKind.SNAPSHOT)
    await house.keeper.step()
    assert house.names() == ["clip-2", "clip-3", "snapshot-1"]
    assert [item.key for item in house.ledger.items()] == ["clip-2", "clip-3", "snapshot-1"]
    ((lost, files_then),) = house.told
    assert (lost.camera, lost.visit_id, lost.n) == ("door", VISIT, 1)
    assert lost.reason == "more than 0 MB waited for the archive"
    assert files_then == 4


async def test_pictures_go_without_a_word_to_the_broker(tmp_path: Path) -> None:
    house = House(tmp_path, max_bytes=0)
    house.add(1, ItemKind.SNAPSHOT)
    await house.keeper.step()
    assert (house.names(), house.told) == ([], [])


async def test_disk_that_fills_up_is_kept_free(tmp_path: Path) -> None:
    house = House(tmp_path, min_free_bytes=1000)
    for n in (1, 2, 3):
        house.add(n)
    house.free_bytes = 850
    await house.keeper.step()
    assert house.names() == ["clip-3"]


async def test_file_that_is_delivered_meanwhile_stays_with_its_delivery(tmp_path: Path) -> None:
    house = House(tmp_path, max_bytes=0)
    item = house.add(1)
    house.ledger.load = lambda: Load(bytes=100, oldest_utc=item.created_utc)  # type: ignore[method-assign]
    house.ledger.waiting = lambda: [item]  # type: ignore[method-assign]
    house.ledger.claim(now_utc=house.clock.utc(0.0), limit=1)
    await house.keeper.step()
    assert (house.names(), house.told) == (["clip-1"], [])


async def test_given_up_file_that_is_gone_is_no_burden(tmp_path: Path) -> None:
    house = House(tmp_path, max_bytes=100)
    house.add(1, state=ItemState.FAILED).path.unlink()
    house.add(2)
    await house.keeper.step()
    assert [item.key for item in house.ledger.items()] == ["clip-2"]
    assert house.told == []


async def test_delivered_files_are_forgotten_after_a_while(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add(1, state=ItemState.PURGED)
    await house.keeper.step()
    assert len(house.ledger.items()) == 1
    house.clock.t = REMEMBERED_S + 2
    await house.keeper.step()
    assert house.ledger.items() == []


async def test_it_looks_after_each_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INTERVAL_S", 1000.0)
    house = House(tmp_path, max_bytes=100)
    task = asyncio.create_task(house.keeper.run())
    for n in (1, 2):
        house.add(n)
        clip = replace(clip_file(), n=n)
        await house.keeper.handle(ClipSaved(t=0.0, clip=clip, start_t=0.0, end_t=1.0, end=ClipEnd.STOPPED))
    await until(lambda: house.names() == ["clip-2"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(house.told) == 1


async def test_it_looks_now_and_then_whatever_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INTERVAL_S", 0.01)
    house = House(tmp_path, max_bytes=0)
    task = asyncio.create_task(house.keeper.run())
    house.free_bytes = "broken"  # type: ignore[assignment]
    house.add(1)
    await asyncio.sleep(0.05)
    house.free_bytes = 0
    await until(lambda: house.told != [])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
