"""Delivery when the archive, a file, the ledger or the hour is against it."""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.core.errors import (
    FileRefusedError,
    LedgerError,
    PermanentStoreError,
    RetryableStoreError,
    StoreError,
)
from edge_detector.core.evidence import Item, ItemKind, ItemState, Stored
from edge_detector.core.facts import SnapshotReady
from edge_detector.core.outage import HURRY_S
from edge_detector.runtime import delivery as module
from edge_detector.testing import FakeStore, MemoryLedger
from tests.edge.runtime.desk import CLIP_STEM, Desk, until
from tests.edge.runtime.values import VISIT

AWAY = RetryableStoreError("no route")
REFUSED = PermanentStoreError("access denied: give the key s3:PutObject")


class RefusingStore(FakeStore):
    """Refuses what a test says, for as long as it says so."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Callable[[Item], Exception | None] = lambda _: None
        self.tried: list[str] = []

    def put(self, item: Item) -> Stored:
        self.tried.append(item.key)
        error = self.error(item)
        if error is not None:
            raise error
        return super().put(item)


class SlowStore(FakeStore):
    """Holds clips up until a test lets them go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def put(self, item: Item) -> Stored:
        if item.kind is ItemKind.CLIP:
            assert self.go.wait(60)
        return super().put(item)


def desk_with(folder: Path, error: Callable[[Item], Exception | None], parallel: int = 1) -> tuple[Desk, RefusingStore]:
    store = RefusingStore()
    store.error = error
    return Desk(folder, store=store, parallel=parallel), store


# --- order and room ---------------------------------------------------------------------------------------------------


async def test_clips_on_a_slow_line_keep_no_snapshot_waiting(tmp_path: Path) -> None:
    store = SlowStore()
    desk = Desk(tmp_path, store=store, parallel=2)
    for n in (1, 2, 3):
        desk.add(f"{CLIP_STEM}{n}.mp4", ItemKind.CLIP)
    running = asyncio.create_task(desk.delivery.run())
    await until(lambda: desk.states().count(ItemState.UPLOADING) == 2)
    desk.add("one.jpg")
    desk.delivery.wake()
    await until(lambda: store.puts == ["snapshot/one.jpg"])
    assert desk.states().count(ItemState.SAVED) == 1, "the third clip waits for room"
    store.go.set()
    await until(lambda: set(desk.states()) == {ItemState.PURGED})
    desk.delivery.stop()
    await running


async def test_only_what_the_hour_allows_goes(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.add("one.jpg")
    desk.add(f"{CLIP_STEM}.mp4", ItemKind.CLIP)
    for kinds, delivered in (((), 0), ((ItemKind.SNAPSHOT,), 1), (tuple(ItemKind), 2)):
        desk.kinds = kinds
        await desk.delivery.drain()
        assert len(desk.store.puts) == delivered


async def test_takes_tells_whether_a_file_would_go(tmp_path: Path) -> None:
    desk = Desk(tmp_path, AWAY)
    assert desk.delivery.takes("door", ItemKind.PARTIAL)
    desk.kinds = (ItemKind.SNAPSHOT,)
    assert not desk.delivery.takes("door", ItemKind.PARTIAL)
    desk.kinds = tuple(ItemKind)
    desk.held = ["door"]
    assert not desk.delivery.takes("door", ItemKind.PARTIAL)
    desk.held = []
    desk.add("one.jpg")
    await desk.delivery.drain()
    assert not desk.delivery.takes("door", ItemKind.PARTIAL)


# --- an archive that is away or refuses -------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [AWAY, REFUSED])
async def test_one_failure_stops_all_and_one_file_looks_whether_it_is_over(tmp_path: Path, error: StoreError) -> None:
    desk, store = desk_with(tmp_path, lambda _: error, parallel=3)
    for n in range(9):
        desk.add(f"{n}.jpg")
    await desk.delivery.drain()
    assert len(store.tried) == 3
    await desk.delivery.drain()
    assert len(store.tried) == 3, "nobody asks again during the pause"
    desk.clock.t += 1000
    await desk.delivery.drain()
    assert len(store.tried) == 4
    assert desk.states().count(ItemState.SAVED) == 9
    store.error = lambda _: None
    desk.clock.t += 1000
    await desk.delivery.step()
    assert len(store.puts) == 1
    await desk.delivery.drain()
    assert len(store.puts) == 9


async def test_order_is_kept_over_a_long_outage(tmp_path: Path) -> None:
    desk, store = desk_with(tmp_path, lambda _: AWAY)
    for n in range(20):
        desk.add(f"{n:02}.jpg")
        desk.clock.t += 1
    for _ in range(100):
        await desk.delivery.drain()
        desk.clock.t += 60
    store.error = lambda _: None
    desk.clock.t += 1000
    await desk.delivery.drain()
    assert store.puts[1:] == sorted(store.puts[1:]), "all but the file that found out go in order"


async def test_owner_at_work_ends_the_pause(tmp_path: Path) -> None:
    desk, store = desk_with(tmp_path, lambda _: REFUSED)
    for n in range(3):
        desk.add(f"{n}.jpg")
    desk.ledger.is_touched = True
    await desk.delivery.drain()
    store.error = lambda _: None
    await desk.delivery.drain()
    assert store.puts == [], "what was done before the outage does not count"
    desk.ledger.is_touched = True
    desk.ledger.hasten(desk.clock.utc(desk.clock.t))
    await desk.delivery.drain()
    assert len(store.puts) == 3


async def test_running_delivery_sees_the_owner_within_a_second(tmp_path: Path) -> None:
    desk, store = desk_with(tmp_path, lambda _: REFUSED)
    desk.add("one.jpg")
    running = asyncio.create_task(desk.delivery.run())
    await until(lambda: desk.delivery._watching)
    store.error = lambda _: None
    desk.ledger.hasten(desk.clock.utc(desk.clock.t))
    desk.ledger.is_touched = True
    async with asyncio.timeout(module.IDLE_S + 1):
        await until(lambda: store.puts != [])
    desk.delivery.stop()
    await running


async def test_visitor_makes_it_look_again_soon(tmp_path: Path) -> None:
    desk, store = desk_with(tmp_path, lambda _: AWAY)
    for n in range(6):
        desk.add(f"old{n}.jpg")
        await desk.delivery.drain()
        desk.clock.t += 400
    await desk.delivery.drain()
    store.error = lambda _: None
    desk.clock.t += HURRY_S
    desk.add("new.jpg")
    await desk.delivery.drain()
    assert store.puts == []
    asked = SnapshotReady(camera="door", visit_id=VISIT, t=0.0, utc=0.0, jpeg=b"", count=1, confidence=0.9, visit=False)
    await desk.delivery.handle(asked)
    await desk.delivery.drain()
    assert store.puts == [], "nobody is there"
    await desk.delivery.handle(replace(asked, visit=True))
    await desk.delivery.drain()
    assert "snapshot/new.jpg" in store.puts


async def test_user_is_told_once_of_each_kind_of_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk, store = desk_with(tmp_path, lambda _: AWAY)
    desk.add("one.jpg")
    with caplog.at_level(logging.INFO):
        for error in (AWAY, AWAY, REFUSED, REFUSED, None):
            store.error = lambda _, error=error: error  # type: ignore[misc]
            await desk.delivery.drain()
            assert desk.ledger.backlog(0.0).last_error == (str(error) if error else None)
            desk.clock.t += 1000
    told = [(record.levelname, record.getMessage().partition(": ")[2]) for record in caplog.records]
    assert told == [
        ("WARNING", "no route"),
        ("WARNING", "access denied: give the key s3:PutObject; everything waits until that is mended"),
        ("INFO", ""),
    ]


# --- a file that cannot be stored -------------------------------------------------------------------------------------


async def test_file_that_alone_is_refused_stops_no_other_and_is_given_up(tmp_path: Path) -> None:
    bad = f"{CLIP_STEM}.mp4"
    desk, store = desk_with(
        tmp_path, lambda item: FileRefusedError("its checksum has changed") if item.path.name == bad else None
    )
    path = desk.add(bad, ItemKind.CLIP).path
    desk.add("poster.jpg", ItemKind.POSTER)
    await desk.delivery.drain()
    assert store.puts == ["poster/poster.jpg"]
    for _ in range(10):
        desk.clock.t += 1000
        await desk.delivery.drain()
    assert store.tried.count(f"clip/{bad}") == 5
    assert desk.states()[0] is ItemState.FAILED
    (lost,) = desk.lost
    assert (lost.visit_id, lost.n, lost.reason) == (VISIT, 1, "given up after 5 tries: its checksum has changed")
    assert path.exists(), "whoever knows better may still try it"


async def test_file_that_always_fails_cannot_hold_up_the_others(tmp_path: Path) -> None:
    desk, store = desk_with(tmp_path, lambda item: AWAY if item.path.name == "bad.jpg" else None)
    desk.add("bad.jpg")
    for n in range(5):
        desk.add(f"{n}.mp4", ItemKind.POSTER)
    for _ in range(10):
        await desk.delivery.drain()
        desk.clock.t += 100
    assert len(store.puts) == 5


async def test_clip_that_somebody_removed_is_told_as_lost(tmp_path: Path) -> None:
    desk, _ = desk_with(tmp_path, lambda _: FileRefusedError("cannot be read"))
    desk.add(f"{CLIP_STEM}.mp4", ItemKind.CLIP).path.unlink()
    desk.add("one.jpg").path.unlink()
    await desk.delivery.drain()
    assert [lost.reason for lost in desk.lost] == ["its file was removed before it was delivered"]
    assert desk.states() == [ItemState.FAILED] * 2


async def test_unforeseen_fault_costs_no_evidence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk, store = desk_with(tmp_path, lambda _: ValueError("nobody thought of this"))
    desk.add("one.jpg")
    await desk.delivery.drain()
    assert "nobody thought of this" in caplog.text
    assert desk.states() == [ItemState.SAVED]
    store.error = lambda _: None
    desk.clock.t += 1000
    await desk.delivery.drain()
    assert desk.states() == [ItemState.PURGED]


# --- a ledger that refuses, and the end -------------------------------------------------------------------------------


class FullLedger(MemoryLedger):
    """The disk refuses the first calls of some kinds."""

    def __init__(self, **refusals: int) -> None:
        super().__init__()
        self.refusals = refusals

    def claim(
        self, *, now_utc: float, limit: int, held: Sequence[str] = (), kinds: Sequence[ItemKind] = ()
    ) -> Sequence[Item]:
        self._refuse("claim")
        return super().claim(now_utc=now_utc, limit=limit, held=held, kinds=kinds)

    def settle(self, item: Item) -> None:
        self._refuse("settle")
        super().settle(item)

    def _refuse(self, call: str) -> None:
        if self.refusals.get(call, 0) > 0:
            self.refusals[call] -= 1
            raise LedgerError("the disk is full")


async def test_delivery_goes_on_when_the_disk_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.01)
    desk = Desk(tmp_path, ledger=FullLedger(claim=3, settle=3))
    desk.add("one.jpg")
    running = asyncio.create_task(desk.delivery.run())
    await until(lambda: desk.states() == [ItemState.PURGED])
    desk.delivery.stop()
    await running
    assert desk.store.puts == ["snapshot/one.jpg"], "what was delivered is not delivered again"
    assert caplog.text.count("Delivery waits: the disk is full") == 1


async def test_end_does_not_wait_for_a_disk_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.01)
    ledger = FullLedger(settle=10**9)
    desk = Desk(tmp_path, ledger=ledger)
    desk.add("one.jpg")
    running = asyncio.create_task(desk.delivery.run())
    await until(lambda: desk.store.puts != [] and ledger.refusals["settle"] < 10**9)
    desk.delivery.stop()
    async with asyncio.timeout(60):
        await running
    assert desk.states() == [ItemState.UPLOADING], "the next start puts it back"


async def test_file_stays_until_everybody_has_kept_that_it_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.01)
    desk = Desk(tmp_path)
    desk.unkept = 3
    item = desk.add("one.jpg")
    await desk.delivery.drain()
    assert desk.store.puts == ["snapshot/one.jpg"], "it is told again, not sent again"
    assert [state for _, state, _ in desk.told] == [ItemState.UPLOADING]
    assert desk.states() == [ItemState.PURGED]
    assert not item.path.exists()


@pytest.mark.parametrize(
    "error",
    [
        None,  # it was stored
        PermanentStoreError("access denied"),  # it was given up
    ],
)
async def test_what_nobody_could_keep_is_repeated_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: StoreError | None
) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.01)
    desk = Desk(tmp_path, *([error] if error else []), max_attempts=1)
    desk.unkept = 10**9
    item = desk.add(f"{CLIP_STEM}.mp4", ItemKind.CLIP)
    running = asyncio.create_task(desk.delivery.run())
    await until(lambda: desk.unkept < 10**9)
    desk.delivery.stop()
    async with asyncio.timeout(60):
        await running
    assert desk.states() == [ItemState.UPLOADING]
    assert item.path.exists()


async def test_file_that_the_end_cut_short_is_not_counted_as_refused(tmp_path: Path) -> None:
    desk, _ = desk_with(tmp_path, lambda _: AWAY)
    desk.add("one.jpg")
    desk.delivery.stop()
    await desk.delivery.step()
    (item,) = desk.ledger.items()
    assert (item.state, item.attempts, item.last_error) == (ItemState.SAVED, 0, None)


async def test_cancelled_delivery_leaves_what_is_under_way(tmp_path: Path) -> None:
    store = SlowStore()
    desk = Desk(tmp_path, store=store)
    desk.add(f"{CLIP_STEM}.mp4", ItemKind.CLIP)
    running = asyncio.create_task(desk.delivery.run())
    await until(lambda: desk.states() == [ItemState.UPLOADING])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    store.go.set()
    assert desk.states() == [ItemState.UPLOADING]
