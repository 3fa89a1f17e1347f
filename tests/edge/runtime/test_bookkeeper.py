"""The bookkeeper: what is on disk after each fact, and what it makes of what a crash left."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.core import naming
from edge_detector.core.documents import Origin
from edge_detector.core.errors import LedgerError, RecordError
from edge_detector.core.evidence import ClipFile, Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.facts import (
    CameraStats,
    ClipLost,
    ClipSaved,
    FileStored,
    LineCrossed,
    SnapshotReady,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)
from edge_detector.core.types import ClipEnd, VisitStats
from edge_detector.files import write_atomic
from edge_detector.outbox.database import Database
from edge_detector.outbox.history import SqliteHistory
from edge_detector.runtime import bookkeeper
from edge_detector.runtime.bookkeeper import JOURNAL_INTERVAL_S, Bookkeeper, Place
from edge_detector.testing import FakeClock, MemoryJournal, MemoryLedger
from tests.edge.runtime.values import OTHER_VISIT, VISIT, ended, started

STATS = VisitStats(max_people=1, max_confidence=0.8, mean_inference_ms=12)
ORIGIN = Origin(node="porch", camera="door", model="yolov5n", backend="onnx", pre_roll_s=4.0, version="0.1.0")


class Office:
    """A bookkeeper with its shelves."""

    def __init__(self, spool: Path, diary: SqliteHistory) -> None:
        self.spool = spool
        self.ledger = MemoryLedger()
        self.journal = MemoryJournal()
        self.diary = diary
        self.woken = 0
        self.keeper = self.hire()

    def hire(self) -> Bookkeeper:
        """A new bookkeeper at the same shelves, as after a crash."""
        return Bookkeeper(
            places={"door": Place(spool=self.spool, origin=ORIGIN)},
            ledger=self.ledger,
            journal=self.journal,
            diary=self.diary,
            clock=FakeClock(),
            write_file=write_atomic,
            wake=self._wake,
        )

    def clip(self, *, visit_id: str = VISIT, n: int = 1, poster: bool = False) -> ClipFile:
        name = naming.ClipName(
            start_ms=1_700_000_006_000,
            duration_ms=9000,
            max_people=1,
            confidence_permille=800,
            inference_ms=12,
            width=64,
            height=48,
            visit_id=visit_id,
            n=n,
        )
        path = self.spool / f"{name.stem}.mp4"
        path.write_bytes(b"video")
        picture = path.with_suffix(".jpg") if poster else None
        if picture is not None:
            picture.write_bytes(b"jpeg")
        return ClipFile(
            camera="door",
            visit_id=visit_id,
            n=n,
            path=path,
            poster=picture,
            start_utc=1_700_000_006.0,
            duration_s=9.0,
            bytes=5,
            sha256="c0ffee",
            width=64,
            height=48,
            stats=STATS,
        )

    def items(self, kind: ItemKind) -> list[Item]:
        return [item for item in self.ledger.items() if item.kind is kind]

    def document(self) -> dict[str, object]:
        (item,) = self.items(ItemKind.DOCUMENT)
        document: dict[str, object] = json.loads(item.path.read_text())
        return document

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    spool = tmp_path / "spool"
    spool.mkdir()
    database = Database(tmp_path / "porchlight.db")
    yield Office(spool, SqliteHistory(database))
    database.close()


def saved(clip: ClipFile) -> ClipSaved:
    return ClipSaved(t=30.0, clip=clip, start_t=6.0, end_t=15.0, end=ClipEnd.STOPPED)


def snapshot(jpeg: bytes = b"\xff\xd8 one", *, utc: float = 1_700_000_010.0, visit: bool = True) -> SnapshotReady:
    return SnapshotReady(
        camera="door",
        visit_id=VISIT if visit else "",
        t=10.0,
        utc=utc,
        jpeg=jpeg,
        count=1,
        confidence=0.8,
        visit=visit,
    )


def updated(utc: float, count: int = 2) -> VisitUpdated:
    return VisitUpdated(
        camera="door",
        visit_id=VISIT,
        t=utc - 1_700_000_000,
        utc=utc,
        count=count,
        confidence=0.9,
        zones=(("mat", 1), ("path", 0)),
        stats=VisitStats(max_people=2, max_confidence=0.9),
    )


async def test_whole_visit(office: Office) -> None:
    keeper = office.keeper
    await keeper.handle(snapshot())
    await keeper.begin(started())
    await keeper.handle(updated(1_700_000_015.0))
    await keeper.handle(saved(office.clip(poster=True)))
    assert office.items(ItemKind.DOCUMENT) == [], "the visit is not over"
    await keeper.handle(ended(clips=1))
    document = office.document()
    assert document["visit_id"] == VISIT
    assert document["started_at"] == "2023-11-14T22:13:30.000Z"
    assert document["duration_s"] == 10.0
    assert document["zones"] == ["mat"]
    assert document["snapshot"] == office.items(ItemKind.SNAPSHOT)[0].key
    clip: dict[str, object] = document["clips"][0]  # type: ignore[index]
    assert clip["key"] == office.items(ItemKind.CLIP)[0].key
    assert clip["poster"] == office.items(ItemKind.POSTER)[0].key
    assert clip["sha256"] == "c0ffee"
    assert [visit.ended for visit in office.journal.visits()] == [True]
    assert office.woken == 3


async def test_the_document_tells_who_stayed_where_and_who_crossed_what(office: Office) -> None:
    await office.keeper.begin(started())
    for track, way in enumerate(("in", "out")):
        crossed = LineCrossed(
            camera="door", visit_id=VISIT, t=0.0, utc=1_700_000_012.5 + track, line="sill", direction=way, track=track
        )
        await office.keeper.handle(crossed)
    elsewhere = LineCrossed(camera="door", visit_id="", t=0.0, utc=1_700_000_013.0, line="sill", direction="in")
    await office.keeper.handle(elsewhere)
    await office.keeper.handle(replace(ended(), dwell=(("mat", 4.25),)))
    document = office.document()
    assert document["dwell_s"] == {"mat": 4.2}
    assert document["crossings"] == [
        {"line": "sill", "direction": "in", "ts": "2023-11-14T22:13:32.500Z"},
        {"line": "sill", "direction": "out", "ts": "2023-11-14T22:13:33.500Z"},
    ]


async def test_document_waits_for_the_last_clip(office: Office) -> None:
    await office.keeper.begin(started())
    await office.keeper.handle(saved(office.clip()))
    await office.keeper.handle(ended(clips=2))
    assert office.items(ItemKind.DOCUMENT) == []
    assert [visit.ended for visit in office.journal.visits()] == [False]
    await office.keeper.handle(saved(office.clip(n=2)))
    assert len(office.document()["clips"]) == 2  # type: ignore[arg-type]


async def test_lost_clip_is_waited_for_no_longer(office: Office) -> None:
    await office.keeper.begin(started())
    await office.keeper.handle(ended(clips=1))
    await office.keeper.handle(lost(1))
    assert office.document()["clips"] == []
    assert (office.document()["width"], office.document()["height"]) == (None, None)


async def whole_visit(office: Office, clips: int = 2) -> None:
    await office.keeper.begin(started())
    for n in range(1, clips + 1):
        await office.keeper.handle(saved(office.clip(n=n, poster=True)))
    await office.keeper.handle(ended(clips=clips))


def keys(office: Office) -> list[str]:
    """Of the clips that the document lists; it holds what the ledger says of it."""
    (item,) = office.items(ItemKind.DOCUMENT)
    content = item.path.read_bytes()
    assert (item.bytes, item.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    return [clip["key"].rpartition("/")[2] for clip in json.loads(content)["clips"]]


def lost(n: int) -> ClipLost:
    return ClipLost(camera="door", visit_id=VISIT, n=n, t=30.0, utc=30.0, reason="too much waited")


def stored(clip: Item) -> FileStored:
    return FileStored(
        camera="door",
        visit_id=VISIT,
        n=clip.n,
        kind=clip.kind,
        utc=40.0,
        uri="file:x",
        url="file:x",
        sha256=clip.sha256,
        bytes=clip.bytes,
        clip=None,
    )


async def test_document_lists_no_clip_that_is_given_up_before_it_went(office: Office) -> None:
    """The quota removes the row first, delivery tells first: either way the document has it no more."""
    await whole_visit(office)
    first, second = office.items(ItemKind.CLIP)
    before = office.document()
    office.ledger.forget(first)
    await office.keeper.handle(lost(1))
    assert keys(office) == [f"{VISIT}-2.mp4"]
    assert {**office.document(), "clips": None} == {**before, "clips": None}
    await office.keeper.handle(lost(2))
    assert keys(office) == []
    assert (office.document()["width"], office.document()["height"]) == (None, None)
    office.ledger.settle(replace(second, state=ItemState.FAILED))
    await office.keeper.handle(lost(2))
    assert keys(office) == [], "told again after a crash"


async def test_document_lists_a_clip_that_went_after_all(office: Office) -> None:
    """A crash came between the quota's decision and the end of the file, or the owner tried once more."""
    await whole_visit(office)
    office.ledger.forget(office.items(ItemKind.CLIP)[0])
    await office.keeper.handle(lost(1))
    office.keeper.adopt("door", [office.clip(n=1)])
    for clip in office.items(ItemKind.CLIP):
        await office.keeper.handle(stored(clip))
    assert keys(office) == [f"{VISIT}.mp4", f"{VISIT}-2.mp4"]


async def test_document_that_went_or_is_damaged_stays_as_it_is(office: Office) -> None:
    await whole_visit(office)
    (document,) = office.items(ItemKind.DOCUMENT)
    document.path.write_bytes(b"no JSON")
    await office.keeper.handle(lost(1))
    assert document.path.read_bytes() == b"no JSON"
    document.path.unlink()
    await office.keeper.handle(lost(2))
    assert office.items(ItemKind.DOCUMENT) == [document]
    assert not document.path.exists()


async def test_clips_of_a_visit_are_those_that_were_recorded(office: Office) -> None:
    await office.keeper.begin(started())
    await office.keeper.handle(ended(clips=2))
    await office.keeper.handle(lost(1))
    await office.keeper.handle(saved(office.clip(n=2)))
    assert [(visit.clips, visit.ended) for visit in office.journal.visits()] == [(1, True)]


async def test_clip_that_the_owner_asked_for_is_a_visit_of_its_own(office: Office) -> None:
    await office.keeper.handle(saved(office.clip(visit_id=OTHER_VISIT)))
    assert office.document()["visit_id"] == OTHER_VISIT
    assert office.document()["started_at"] == "2023-11-14T22:13:26.000Z"


async def test_open_visit_is_written_now_and_then(office: Office) -> None:
    await office.keeper.begin(started(utc=1_700_000_010.0))
    for tenth in range(100):
        await office.keeper.handle(updated(1_700_000_010.0 + tenth / 10))
    (record,) = office.journal.visits(ended=False)
    assert 1_700_000_020.0 - record.last_seen_utc <= JOURNAL_INTERVAL_S
    assert record.zones == ("mat",)


async def test_somebody_is_last_seen_when_somebody_is_counted(office: Office) -> None:
    await office.keeper.begin(started(utc=1_700_000_010.0))
    await office.keeper.handle(updated(1_700_000_013.0))
    await office.keeper.handle(updated(1_700_000_017.0, count=0))
    (record,) = office.journal.visits()
    assert record.last_seen_utc == 1_700_000_013.0


async def test_better_picture_takes_the_place_of_the_first(office: Office) -> None:
    await office.keeper.handle(snapshot(b"\xff\xd8 one"))
    (first,) = office.items(ItemKind.SNAPSHOT)
    await office.keeper.handle(snapshot(b"\xff\xd8 two, better", utc=1_700_000_011.0))
    (second,) = office.items(ItemKind.SNAPSHOT)
    assert second.key == first.key
    assert second.path.read_bytes() == b"\xff\xd8 two, better"
    assert second.path != first.path, "the first may be on its way and must not change under the reader"
    assert not first.path.exists()


async def test_picture_that_the_owner_asked_for_is_not_kept(office: Office) -> None:
    await office.keeper.handle(snapshot(visit=False))
    assert office.ledger.items() == []


async def test_facts_of_unknown_visits_change_nothing(office: Office) -> None:
    for fact in (updated(1.0), ended(), ClipLost(camera="door", visit_id=VISIT, n=1, t=0, utc=0, reason="x")):
        await office.keeper.handle(fact)
    assert office.ledger.items() == []
    assert office.journal.visits() == []


class FullDisk:
    """Refuses everything until somebody makes room."""

    def __init__(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        for shelf, call in ((office.journal, "put_visit"), (office.ledger, "add")):
            monkeypatch.setattr(shelf, call, self._refusing(getattr(shelf, call), LedgerError("the disk is full")))
        write = self._refusing(write_atomic, RecordError("the disk is full"))
        monkeypatch.setattr(office.keeper, "_write_file", write)

    def _refusing(self, call: Callable[..., None], error: Exception) -> Callable[..., None]:
        def refusing(*given: object) -> None:
            if self.full:
                raise error
            call(*given)

        return refusing


async def test_what_a_full_disk_refuses_is_kept_when_there_is_room(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(office, monkeypatch)
    with pytest.raises(LedgerError):
        await office.keeper.begin(started())
    for fact in (snapshot(), updated(1_700_000_012.0), ended(clips=1), saved(office.clip())):
        with pytest.raises(LedgerError):
            await office.keeper.handle(fact)
    assert office.ledger.items() == []
    disk.full = False
    await office.keeper.handle(CameraStats(camera="door", t=40.0, fps=5.0, inference_ms=10.0))
    assert [item.kind for item in office.ledger.items()] == [ItemKind.SNAPSHOT, ItemKind.CLIP, ItemKind.DOCUMENT]
    (visit,) = office.journal.visits()
    assert visit.ended
    assert office.document()["visit_id"] == VISIT


async def test_memory_stays_bounded_while_the_disk_is_full(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bookkeeper, "LATE_LIMIT", 2)
    disk = FullDisk(office, monkeypatch)
    for n in range(5):
        with pytest.raises(RecordError):
            await office.keeper.handle(snapshot(utc=1_700_000_010.0 + n))
    disk.full = False
    await office.keeper.handle(updated(1_700_000_020.0))
    assert [item.path.name for item in office.items(ItemKind.SNAPSHOT)] == [
        naming.snapshot_name(VISIT, 1_700_000_011_000)
    ]


async def test_visit_that_a_crash_left_open_is_told_and_closed(office: Office) -> None:
    await office.keeper.begin(started())
    await office.keeper.handle(updated(1_700_000_018.0))
    clip = office.clip()
    after = office.hire()
    assert after.stats_of(VISIT).max_people == 2
    after.adopt("door", [clip])
    begin, end = after.unfinished()
    assert isinstance(begin, VisitStarted)
    assert isinstance(end, VisitEnded)
    assert begin.utc == 1_700_000_010.0
    assert (end.utc, end.duration_s, end.clips) == (1_700_000_018.0, 8.0, 1)
    await after.begin(begin)
    await after.handle(end)
    assert len(office.document()["clips"]) == 1  # type: ignore[arg-type]
    assert office.hire().unfinished() == ()


async def test_visit_of_a_camera_that_is_gone_is_closed_without_a_document(office: Office) -> None:
    """The program was killed in the middle of it, and started with another configuration."""
    office.journal.put_visit(
        VisitRecord(
            visit_id=VISIT, camera="yard", started_utc=1_700_000_000.0, last_seen_utc=1_700_000_009.0, stats=STATS
        )
    )
    for fact in office.keeper.unfinished():
        await office.keeper.begin(fact)
        await office.keeper.handle(fact)
    assert [visit.ended for visit in office.journal.visits()] == [True]
    assert office.items(ItemKind.DOCUMENT) == []
    assert office.hire().unfinished() == ()


def test_figures_of_an_unknown_visit_are_none(office: Office) -> None:
    assert office.keeper.stats_of(VISIT) == VisitStats()


@pytest.mark.parametrize(
    ("state", "stays"),
    [
        (ItemState.SAVED, True),  # the crash came before delivery
        (ItemState.UPLOADING, True),  # in the middle of it
        (ItemState.STORED, False),  # the archive has it: only the file was not removed yet
        (ItemState.PURGED, False),
    ],
)
def test_adopted_files_are_sent_once(office: Office, state: ItemState, stays: bool) -> None:
    clip = office.clip(poster=True)
    office.keeper.adopt("door", [clip])
    for item in office.ledger.items():
        office.ledger.settle(replace(item, state=state))
    office.hire().adopt("door", [clip])
    assert clip.path.exists() is stays
    assert clip.poster is not None
    assert clip.poster.exists() is stays
    assert [item.state for item in office.items(ItemKind.CLIP)] == [state]


async def test_pictures_and_documents_that_the_ledger_lost_are_adopted(office: Office) -> None:
    await office.keeper.handle(snapshot())
    (known,) = office.items(ItemKind.SNAPSHOT)
    office.ledger = MemoryLedger()
    (office.spool / naming.document_name(VISIT)).write_bytes(b"{}")
    (office.spool / "something-else.txt").write_bytes(b"not ours")
    office.hire().adopt("door", [])
    assert office.items(ItemKind.SNAPSHOT)[0].path == known.path
    assert len(office.items(ItemKind.DOCUMENT)) == 1
    assert (office.spool / "something-else.txt").exists()


async def test_old_pictures_that_a_crash_left_go(office: Office) -> None:
    await office.keeper.handle(snapshot(b"\xff\xd8 one"))
    (first,) = office.items(ItemKind.SNAPSHOT)
    await office.keeper.handle(snapshot(b"\xff\xd8 two", utc=1_700_000_011.0))
    (second,) = office.items(ItemKind.SNAPSHOT)
    first.path.write_bytes(b"\xff\xd8 one")
    office.hire().adopt("door", [])
    assert not first.path.exists()
    assert second.path.exists()
