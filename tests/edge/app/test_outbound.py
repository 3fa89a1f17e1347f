"""What leaves the node, put together: early copies, delivery and quota on real files and a real database."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.app import outbound as module
from edge_detector.app.outbound import Outbound, kinds_by_hour, quota
from edge_detector.app.system import SystemClock, local_minute
from edge_detector.config import Config, DeliveryConfig
from edge_detector.core.documents import Origin
from edge_detector.core.evidence import ClipFile, Item, ItemKind, ItemState
from edge_detector.core.facts import ClipOpened, ClipSaved, Fact, FileStored, SnapshotReady
from edge_detector.core.naming import ulid
from edge_detector.core.quota import QuotaPolicy
from edge_detector.core.types import ClipEnd, VisitStats
from edge_detector.outbox.database import Database
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.recorder.writer import Mp4Writer
from edge_detector.runtime.bookkeeper import Place
from tests.edge.app.outboxes import config, file
from tests.edge.recorder.streams import payloads, shown_times, stream
from tests.edge.runtime.values import clip_file

START_UTC = 1_700_000_000.0
VISIT = ulid(round(START_UTC * 1000), 7)
CLIP = clip_file()
ORIGIN = Origin(node="porch", camera="door", model="m", backend="b", pre_roll_s=4.0, version="0.1.0")


class Site:
    """An outbound with one camera, its recorder and its archive on another disk."""

    def __init__(self, folder: Path, database: Database, settings: Config) -> None:
        self.archive = folder / "elsewhere"
        self.spool = folder / "spool" / "door"
        self.spool.mkdir(parents=True, exist_ok=True)
        self.ledger = SqliteLedger(database)
        self.writer = Mp4Writer(camera="door", folder=self.spool)
        self.told: list[Fact] = []
        self.outbound = Outbound(
            settings,
            folder=folder,
            database=database,
            places={"door": Place(spool=self.spool, origin=ORIGIN)},
            clock=SystemClock(),
            tell=self._tell,
            held=tuple,
        )
        self.outbound.clean()

    def add(self, clip: ClipFile) -> None:
        self.ledger.add(
            Item(
                key=f"clips/node=porch/camera=door/date=2023-11-14/{VISIT}.mp4",
                kind=ItemKind.CLIP,
                camera="door",
                visit_id=VISIT,
                n=1,
                path=clip.path,
                bytes=clip.bytes,
                sha256=clip.sha256,
                content_type="video/mp4",
                created_utc=START_UTC,
            )
        )
        self.outbound.wake()

    def stored(self) -> list[str]:
        return sorted(path.name for path in self.archive.rglob("*.mp4"))

    async def _tell(self, fact: Fact) -> None:
        self.told.append(fact)


async def settled(site: Site, names: Sequence[str]) -> None:
    async with asyncio.timeout(60):
        while site.stored() != list(names):  # noqa: ASYNC110 - files come from other threads
            await asyncio.sleep(0.01)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "porchlight.db")
    yield opened
    opened.close()


@pytest.fixture
async def site(tmp_path: Path, database: Database) -> AsyncIterator[Site]:
    elsewhere = {"type": "folder", "path": tmp_path / "elsewhere"}
    made = Site(tmp_path, database, config(tmp_path, archive=elsewhere, delivery={"early_copy_s": 0.1}))
    made.outbound.start()
    yield made
    await made.outbound.stop()


async def test_clip_is_off_site_while_it_is_recorded_and_whole_after_it(site: Site) -> None:
    packets = stream("h264").packets
    site.writer.open(stream=stream("h264").info, visit_id=VISIT, n=1, start_utc=START_UTC, trigger_s=0.0)
    for packet in packets[:20]:
        site.writer.write(packet)
    opened = ClipOpened(camera="door", visit_id=VISIT, n=1, start_utc=START_UTC, t=time.monotonic())
    await site.outbound.handle(opened)
    await settled(site, [f"{VISIT}.partial.mp4"])
    (copy,) = site.archive.rglob("*.partial.mp4")
    assert len(shown_times(copy)) == 20
    for packet in packets[20:]:
        site.writer.write(packet)
    clip = site.writer.close(VisitStats())
    site.add(clip)
    await site.outbound.handle(ClipSaved(t=0.0, clip=clip, start_t=0.0, end_t=4.0, end=ClipEnd.STOPPED))
    await settled(site, [f"{VISIT}.mp4"])
    async with asyncio.timeout(60):
        while {fact.kind for fact in site.told if isinstance(fact, FileStored)} != {ItemKind.PARTIAL, ItemKind.CLIP}:  # noqa: ASYNC110 - they come from other threads
            await asyncio.sleep(0.01)  # the fact comes after the file
    (whole,) = site.archive.rglob("*.mp4")
    assert len(payloads(whole)) == len(packets)
    assert not list(site.spool.glob("*.partial"))


async def test_nothing_is_copied_to_the_same_disk(tmp_path: Path, database: Database) -> None:
    site = Site(tmp_path, database, config(tmp_path))
    await site.outbound.handle(ClipOpened(camera="door", visit_id=VISIT, n=1, start_utc=START_UTC, t=0.0))
    assert not site.outbound._early._tasks


async def test_quota_gives_up_the_oldest_clip_and_says_so(tmp_path: Path, database: Database) -> None:
    (tmp_path / "archive").write_text("no folder: nothing can be delivered")
    site = Site(tmp_path, database, config(tmp_path, delivery={"max_bytes": 10_000_000}))
    items = [file(tmp_path, n, bytes_=4_000_000) for n in range(3)]
    for item in items:
        site.ledger.add(item)
    site.outbound.start()
    async with asyncio.timeout(60):
        while site.ledger.items()[0].attempts == 0:  # noqa: ASYNC110 - the database wakes nobody
            await asyncio.sleep(0.01)
        while items[0].path.exists():  # a file that is under way just now does not count as waiting, so it looks again
            await site.outbound.handle(ClipSaved(t=0.0, clip=CLIP, start_t=0.0, end_t=4.0, end=ClipEnd.STOPPED))
            await asyncio.sleep(0.01)
    await site.outbound.stop()
    assert [type(fact).__name__ for fact in site.told] == ["ClipLost"]
    assert [item.path.exists() for item in items] == [False, True, True]


async def test_end_does_not_wait_for_a_slow_line(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STOP_S", 0.1)
    site = Site(tmp_path, database, config(tmp_path, delivery={"max_bytes_per_s": 1000}))
    site.ledger.add(file(tmp_path, bytes_=1_000_000))
    site.outbound.start()
    async with asyncio.timeout(60):
        while site.ledger.items()[0].state is ItemState.SAVED:  # noqa: ASYNC110 - the database wakes nobody
            await asyncio.sleep(0.01)
        await site.outbound.stop()
    site.ledger.reset()
    assert (site.ledger.items()[0].state, site.ledger.items()[0].attempts) == (ItemState.SAVED, 0)


async def test_checksums_are_known_without_reading(tmp_path: Path, database: Database) -> None:
    site = Site(tmp_path, database, config(tmp_path))
    item = file(tmp_path)
    site.ledger.add(item)
    item.path.unlink()
    assert site.outbound.checksums() == {item.path: item.sha256}


def test_what_a_crash_left_of_files_that_the_archive_has_goes(tmp_path: Path, database: Database) -> None:
    """Killed after the archive's word was written down: the local file is still there, or is gone already."""
    site = Site(tmp_path, database, config(tmp_path))
    items = [file(tmp_path, n) for n in range(3)]
    for item in items:
        site.ledger.add(item)
    for item in items[:2]:
        site.ledger.settle(replace(item, state=ItemState.STORED))
    items[1].path.unlink()
    site.outbound.clean()
    assert [item.state for item in site.ledger.items()] == [ItemState.PURGED, ItemState.PURGED, ItemState.SAVED]
    assert [item.path.exists() for item in items] == [False, False, True]


async def test_visitor_hurries_delivery(site: Site) -> None:
    await site.outbound.handle(
        SnapshotReady(camera="door", visit_id=VISIT, t=0.0, utc=0.0, jpeg=b"", count=1, confidence=0.9)
    )
    assert site.told == []


@pytest.mark.parametrize(
    ("section", "minute", "kinds"),
    [
        (DeliveryConfig(), 720, tuple(ItemKind)),
        (DeliveryConfig(hours="22:00-06:00"), 23 * 60, tuple(ItemKind)),
        (DeliveryConfig(hours="22:00-06:00"), 12 * 60, (ItemKind.SNAPSHOT,)),
        (DeliveryConfig(hours="22:00-06:00", snapshots_always=False), 12 * 60, ()),
    ],
)
def test_what_may_go_at_which_hour(section: DeliveryConfig, minute: int, kinds: tuple[ItemKind, ...]) -> None:
    assert tuple(kinds_by_hour(section, lambda: minute)()) == kinds


def test_hours_are_those_where_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    minutes = []
    for zone in ("UTC", "Asia/Kolkata"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        minutes.append(local_minute())
    monkeypatch.undo()
    time.tzset()
    assert (minutes[1] - minutes[0]) % 1440 in {329, 330, 331}


@pytest.mark.parametrize(
    ("section", "policy"),
    [
        (
            DeliveryConfig(),
            QuotaPolicy(max_bytes=10_000_000_000, max_age_s=None, min_free_bytes=500_000_000),
        ),
        (
            DeliveryConfig(max_bytes=10_000_000, max_age_days=2, min_free_bytes=0),
            QuotaPolicy(max_bytes=10_000_000, max_age_s=172_800.0, min_free_bytes=0),
        ),
    ],
)
def test_quota(section: DeliveryConfig, policy: QuotaPolicy) -> None:
    assert quota(section) == policy
