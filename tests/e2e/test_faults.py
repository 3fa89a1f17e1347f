"""Bad weather for a hundred clips: all of them arrive, once, as they were recorded."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.faults_truth import Verdict, check
from edge_detector.core import naming
from edge_detector.core.evidence import Item, ItemKind, ItemState, StoredEvent
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from tests.paths import ROOT
from tests.s3_server import PREFIX

CLIPS = 100
#: Each of these has to have happened, or the run shows nothing.
KINDS = {"refused", "reset", "internal_error", "slow_down", "hang", "flip", "expired_token"}
VISIT, OTHER = (naming.ulid(1_700_000_000_000, n) for n in (1, 2))


@pytest.mark.serial
@pytest.mark.timeout(300)
def test_a_hundred_clips_in_bad_weather() -> None:
    command = [sys.executable, "-m", "bench.faults", "--clips", str(CLIPS), "--seed", "7", "--json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert ended.returncode == 0, ended.stderr[-4000:]
    report = json.loads(ended.stdout)
    # One that a kill kept from being noted, between its first packet and the note, is recorded and counts beside them.
    assert report["delivered"] == report["clips"] >= CLIPS
    assert (report["lost"], report["duplicates"], report["corrupt"]) == (0, 0, 0)
    assert report["kills"] >= CLIPS // 20
    assert report["faults"].keys() >= KINDS
    assert "disk_full" in report["faults"] or "cannot be mounted" in ended.stderr


class Store:
    """A store and a ledger that agree on one delivered clip."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._database = Database(folder / "porchlight.db")
        self.key = naming.archive_key(ItemKind.CLIP, node="bench", camera="door", visit_id=VISIT)
        content = video(folder, VISIT)
        self.objects = {f"{PREFIX}/{self.key}": content}
        self.recorded = {(VISIT, 1)}
        self.visits = {VISIT}
        self.left: list[str] = []
        self.note(self.key, content)
        self.tell(1)

    def note(self, key: str, content: bytes, state: ItemState = ItemState.PURGED) -> None:
        item = Item(
            key=key,
            kind=ItemKind.CLIP,
            camera="door",
            visit_id=VISIT,
            n=1,
            path=self._folder / "gone.mp4",
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content_type="video/mp4",
            created_utc=0.0,
        )
        ledger = SqliteLedger(self._database)
        ledger.add(item)
        ledger.settle(replace(item, state=state))

    def tell(self, n: int) -> None:
        payload = json.dumps({"event_type": "clip_stored", "visit_id": VISIT})
        SqliteJournal(self._database).append_event(StoredEvent(id=f"{n:026}", camera="door", payload=payload))

    def verdict(self) -> Verdict:
        return check(
            recorded=self.recorded,
            visits=self.visits,
            objects=self.objects,
            database=self._folder / "porchlight.db",
            left=self.left,
        )

    def close(self) -> None:
        self._database.close()


def video(folder: Path, visit_id: str) -> bytes:
    """A short clip that tells its visit."""
    path = folder / f"{visit_id}.mp4"
    made = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=duration=1:size=64x64:rate=5"]
    subprocess.run([*made, "-metadata", f"comment={visit_id}", str(path)], check=True)
    return path.read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def test_what_agrees_is_good(store: Store) -> None:
    assert store.verdict() == Verdict(delivered=1)


def lose_object(store: Store) -> None:
    store.objects.clear()


def leave_file(store: Store) -> None:
    store.left.append("one.mp4")


def forget_event(store: Store) -> None:
    store.recorded.add((OTHER, 1))
    store.visits.add(OTHER)


def give_up(store: Store) -> None:
    store.note("clips/another", b"", ItemState.FAILED)


def tell_twice(store: Store) -> None:
    store.tell(2)


def deliver_twice(store: Store) -> None:
    again = naming.archive_key(ItemKind.CLIP, node="bench", camera="other", visit_id=VISIT)
    (content,) = store.objects.values()
    store.objects[f"{PREFIX}/{again}"] = content
    store.note(again, content)


def invent(store: Store) -> None:
    store.recorded.clear()


def deliver_unasked(store: Store) -> None:
    key = naming.archive_key(ItemKind.SNAPSHOT, node="bench", camera="door", visit_id=OTHER)
    store.objects[f"{PREFIX}/{key}"] = b"jpeg"


def spoil(store: Store) -> None:
    key, content = store.objects.popitem()
    store.objects[key] = content + b"!"


def swap(store: Store) -> None:
    key, content = store.objects.popitem()
    store.objects[key] = content.replace(VISIT.encode(), OTHER.encode())


def cut(store: Store) -> None:
    key, content = store.objects.popitem()
    store.objects[key] = content[: len(content) // 2]


@pytest.mark.parametrize(
    ("spoiled", "found"),
    [
        (lose_object, "lost"),
        (leave_file, "lost"),
        (forget_event, "lost"),
        (give_up, "lost"),
        (tell_twice, "duplicates"),
        (deliver_twice, "duplicates"),
        (invent, "duplicates"),
        (deliver_unasked, "duplicates"),
        (spoil, "corrupt"),
        (swap, "corrupt"),
        (cut, "corrupt"),
    ],
)
def test_what_disagrees_is_found(store: Store, spoiled: Callable[[Store], None], found: str) -> None:
    spoiled(store)
    verdict = store.verdict()
    faults = {name: getattr(verdict, name) for name in ("lost", "duplicates", "corrupt")}
    assert faults.pop(found)
    assert not any(faults.values())
