"""Delivery: the order of its steps, and what failures do."""

import asyncio
import logging
from pathlib import Path

import pytest

from edge_detector.core.errors import PermanentStoreError, RetryableStoreError
from edge_detector.core.evidence import Item, ItemKind, ItemState
from edge_detector.core.facts import ClipLost, FileStored
from tests.edge.runtime.desk import CLIP_STEM, Desk
from tests.edge.runtime.values import VISIT


async def test_file_is_told_before_it_is_settled_and_settled_before_it_goes(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    item = desk.add("one.jpg")
    await desk.delivery.drain()
    ((fact, state, there),) = desk.told
    assert (state, there) == (ItemState.UPLOADING, True)
    assert (fact.uri, fact.sha256, fact.clip) == (f"fake:{item.key}", "00", None)
    assert desk.states() == [ItemState.PURGED]
    assert not item.path.exists()


async def test_clip_is_told_with_its_own_facts(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.add(f"{CLIP_STEM}.mp4", ItemKind.CLIP)
    await desk.delivery.drain()
    clip = desk.told[0][0].clip
    assert clip is not None
    assert (clip.duration_s, clip.stats.max_people, clip.width) == (2.0, 1, 64)


async def test_failure_waits_and_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(tmp_path, RetryableStoreError("no route"), RetryableStoreError("no route"))
    item = desk.add("one.jpg")
    with caplog.at_level(logging.INFO):
        await desk.delivery.drain()
        (waiting,) = desk.ledger.items()
        assert (waiting.state, waiting.attempts, waiting.last_error) == (ItemState.SAVED, 1, "no route")
        assert waiting.next_try_utc == desk.clock.utc(0) + 10
        for _ in range(2):
            desk.clock.t += 20
            await desk.delivery.drain()
    assert desk.states() == [ItemState.PURGED]
    assert not item.path.exists()
    assert caplog.text.count("was not delivered") == 1
    assert caplog.text.count("takes files again") == 1


async def test_given_up_file_stays_on_disk(tmp_path: Path) -> None:
    desk = Desk(tmp_path, PermanentStoreError("access denied"), max_attempts=1)
    item = desk.add("one.jpg")
    await desk.delivery.drain()
    assert desk.states() == [ItemState.FAILED]
    assert item.path.exists()


async def test_file_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path, PermanentStoreError("cannot be read"))
    desk.add("one.jpg").path.unlink()
    await desk.delivery.drain()
    assert desk.states() == [ItemState.FAILED]


async def test_files_of_held_cameras_wait(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.add("one.jpg")
    desk.held.append("door")
    await desk.delivery.drain()
    assert desk.states() == [ItemState.SAVED]


async def test_new_content_under_a_key_is_not_lost_with_the_old(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    old = desk.add("one.jpg")

    async def better_picture_meanwhile(_: FileStored | ClipLost) -> None:
        if old.path.exists() and len(desk.store.puts) == 1:
            path = tmp_path / "two.jpg"
            path.write_bytes(b"better")
            desk.ledger.add(
                Item(
                    key=old.key,
                    kind=old.kind,
                    camera="door",
                    visit_id=VISIT,
                    n=1,
                    path=path,
                    bytes=6,
                    sha256="11",
                    content_type="image/jpeg",
                    created_utc=0.0,
                )
            )

    desk.delivery.tell = better_picture_meanwhile
    await desk.delivery.drain()
    assert desk.store.puts == [old.key, old.key]
    assert desk.states() == [ItemState.PURGED]
    assert not (tmp_path / "two.jpg").exists()


async def test_run_wakes_for_new_files_and_stops(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    told = asyncio.Event()

    async def tell(_: FileStored | ClipLost) -> None:
        told.set()

    desk.delivery.tell = tell
    task = asyncio.create_task(desk.delivery.run())
    await asyncio.sleep(0.02)
    desk.add("one.jpg")
    desk.delivery.wake()
    async with asyncio.timeout(60):
        await told.wait()
        desk.delivery.stop()
        await task
    assert desk.states() == [ItemState.PURGED]
