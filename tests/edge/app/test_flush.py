import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.app import flush as module
from edge_detector.app.flush import Progress, flush
from edge_detector.app.lock import FolderLock
from edge_detector.app.outbox import Outbox, opened
from edge_detector.core.evidence import Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.types import Settings, VisitStats
from tests.edge.app.outboxes import config, file, filled, visit

SOON_S = 1.0


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    filled(tmp_path)
    with opened(config(tmp_path)) as empty:
        yield empty


@pytest.fixture
def shown() -> list[Progress]:
    """What was shown."""
    return []


@pytest.fixture
def lock(tmp_path: Path) -> Iterator[FolderLock]:
    """As a running edge holds it."""
    held = FolderLock(tmp_path)
    held.take()
    yield held
    held.release()


def add(outbox: Outbox, *items: Item) -> None:
    for item in items:
        outbox.ledger.add(item)
        outbox.ledger.settle(item)


def block(folder: Path) -> Path:
    """Put something in the place of the archive, so that it refuses every file."""
    archive = folder / "archive"
    archive.write_text("no folder")
    return archive


async def test_everything_is_delivered_though_it_was_not_due(
    tmp_path: Path, outbox: Outbox, shown: list[Progress]
) -> None:
    later = outbox.utc() + 3600
    clips = [replace(file(tmp_path, n), attempts=4, next_try_utc=later, last_error="refused") for n in range(3)]
    add(outbox, *clips)
    done = await flush(outbox, shown.append)
    assert done == Progress(files=3, bytes=3000, done_files=3, done_bytes=3000)
    assert shown[-1] == done
    for clip in clips:
        assert (tmp_path / "archive" / clip.key).read_bytes() == bytes(1000)
        assert not clip.path.exists()
    events = [json.loads(event.payload) for event in outbox.journal.next_events(10)]
    assert [event["event_type"] for event in events] == ["clip_stored"] * 3
    assert not outbox.lock.is_held()


async def test_nothing_waits(outbox: Outbox, shown: list[Progress]) -> None:
    assert await flush(outbox, shown.append) == Progress(files=0, bytes=0)


async def test_leftovers_of_a_killed_edge_are_delivered(tmp_path: Path, outbox: Outbox, shown: list[Progress]) -> None:
    add(outbox, replace(file(tmp_path), state=ItemState.UPLOADING))
    assert (await flush(outbox, shown.append)).done_files == 1


async def test_each_refused_file_is_tried_once(tmp_path: Path, outbox: Outbox, shown: list[Progress]) -> None:
    block(tmp_path)
    add(outbox, *(file(tmp_path, n) for n in range(3)))
    done = await flush(outbox, shown.append)
    assert (done.done_files, done.refused, done.untried) == (0, 3, 0)
    assert done.last_error is not None
    assert "something else is in its place" in done.last_error
    assert [(item.state, item.attempts) for item in outbox.find()] == [(ItemState.SAVED, 1)] * 3
    assert all(item.path.exists() for item in outbox.find())


async def test_archive_that_refuses_everything_is_not_asked_for_each_file(
    tmp_path: Path, outbox: Outbox, shown: list[Progress], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.001)
    block(tmp_path)
    add(outbox, *(file(tmp_path, n) for n in range(100)))
    done = await flush(outbox, shown.append)
    assert done.done_files == 0
    assert module.MAX_REFUSALS <= done.refused < 100
    assert done.untried == 100 - done.refused


async def test_file_that_is_kept_back_is_not_waited_for(tmp_path: Path, outbox: Outbox, shown: list[Progress]) -> None:
    add(outbox, file(tmp_path))
    outbox.journal.settings("door", Settings(upload=False))
    done = await flush(outbox, shown.append, stall_s=SOON_S)
    assert (done.done_files, done.untried) == (0, 1)


async def test_document_of_an_open_visit_is_not_waited_for(
    tmp_path: Path, outbox: Outbox, shown: list[Progress]
) -> None:
    outbox.journal.put_visit(
        VisitRecord(visit_id=visit(0), camera="door", started_utc=1.0, last_seen_utc=2.0, stats=VisitStats())
    )
    add(outbox, file(tmp_path, kind=ItemKind.DOCUMENT), file(tmp_path))
    done = await flush(outbox, shown.append, stall_s=SOON_S)
    assert (done.done_files, done.untried) == (1, 1)


# --- beside a running edge --------------------------------------------------------------------------------------------


async def deliver(outbox: Outbox, settle: Callable[[Item], None]) -> None:
    """Be the running edge: take one due file after the other."""
    while True:
        for item in outbox.ledger.claim(now_utc=outbox.utc(), limit=1):
            await asyncio.sleep(0.05)
            settle(item)
        await asyncio.sleep(0.01)


async def test_running_edge_is_watched(tmp_path: Path, outbox: Outbox, shown: list[Progress], lock: FolderLock) -> None:
    add(outbox, *(replace(file(tmp_path, n), attempts=1, next_try_utc=outbox.utc() + 3600) for n in range(2)))

    def store(item: Item) -> None:
        outbox.ledger.settle(replace(item, state=ItemState.PURGED))

    edge = asyncio.create_task(deliver(outbox, store))
    done = await flush(outbox, shown.append)
    edge.cancel()
    assert done == Progress(files=2, bytes=2000, done_files=2, done_bytes=2000, by_edge=True)
    assert not (tmp_path / "archive").exists()  # it was not done here


async def test_running_edge_that_is_refused_is_watched_once(
    tmp_path: Path, outbox: Outbox, shown: list[Progress], lock: FolderLock
) -> None:
    add(outbox, file(tmp_path), replace(file(tmp_path, 1), state=ItemState.SAVED))

    def refuse(item: Item) -> None:
        state = ItemState.FAILED if item.visit_id == visit(1) else ItemState.SAVED
        later = outbox.utc() + 3600
        outbox.ledger.settle(replace(item, state=state, attempts=1, next_try_utc=later, last_error="no bucket"))

    edge = asyncio.create_task(deliver(outbox, refuse))
    done = await flush(outbox, shown.append)
    edge.cancel()
    assert (done.refused, done.untried, done.last_error) == (2, 0, "no bucket")


async def test_edge_that_ends_is_not_waited_for(
    tmp_path: Path, outbox: Outbox, shown: list[Progress], lock: FolderLock
) -> None:
    add(outbox, replace(file(tmp_path), state=ItemState.UPLOADING))
    asyncio.get_running_loop().call_later(SOON_S, lock.release)
    done = await flush(outbox, shown.append, stall_s=60)
    assert (done.by_edge, done.untried) == (True, 1)
