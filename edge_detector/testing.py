"""One fake for every port: each replaces only the outermost edge, so that the runtime is tested whole."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge_detector.core.errors import RecordError, SourceEnded, SourceError, StoreError
from edge_detector.core.evidence import ClipFile, Item, ItemKind, ItemState, Stored, StoredEvent, VisitRecord
from edge_detector.core.facts import Backlog, DetectorInfo
from edge_detector.core.quota import Load
from edge_detector.core.types import Bgr, Detection, Frame, Packet, Settings, StreamInfo, VisitStats
from edge_detector.ports import AFTER_ALL_VISITS, WantsFrame

_WAITING = (ItemState.SAVED, ItemState.UPLOADING)
_IDLE = (ItemState.SAVED, ItemState.FAILED)
_DELIVERED = (ItemState.STORED, ItemState.PURGED)
#: Where a file may go from where it is.
_FORWARD = {
    ItemState.SAVED: tuple(ItemState),
    ItemState.UPLOADING: tuple(ItemState),
    ItemState.STORED: _DELIVERED,
    ItemState.PURGED: (ItemState.PURGED,),
    ItemState.FAILED: (ItemState.FAILED, ItemState.PURGED),
}
_ORDER = tuple(ItemKind)


class FakeClock:
    """Time that stands still until a test moves it; UTC is `t` plus a constant."""

    def __init__(self, t: float = 0.0, *, utc_at_0: float = 1_700_000_000.0) -> None:
        """Begin at `t`."""
        self.t = t
        self.utc_at_0 = utc_at_0

    def now(self) -> float:
        """The time that the test set."""
        return self.t

    def utc(self, t: float) -> float:
        """UTC of `t`."""
        return self.utc_at_0 + t


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSession:
    """What a source yields between two connections."""

    items: tuple[Packet | Frame, ...] = ()
    #: None: cannot be opened at all.
    info: StreamInfo | None = None
    error: SourceError = field(default_factory=lambda: SourceEnded("the end"))


class FakeSource:
    """A stream that yields what it was given, session after session, then cannot be opened."""

    def __init__(self, *sessions: FakeSession) -> None:
        """Sessions in order."""
        self._sessions = iter(sessions)
        self._session = FakeSession()
        self.closed = 0

    def open(self, session: int) -> StreamInfo:
        """The next session's info with this session's number."""
        self._session = next(self._sessions, FakeSession(error=SourceError("nobody answers")))
        if self._session.info is None:
            raise self._session.error
        return replace(self._session.info, session=session)

    def read(self, wants: WantsFrame) -> Iterator[Packet | Frame]:
        """The session's items, frames only when wanted; then its error."""
        for item in self._session.items:
            if isinstance(item, Packet) or wants(item.t):
                yield item
        raise self._session.error

    def close(self) -> None:
        """Count it."""
        self.closed += 1


class FakeDetector:
    """Answers with what a function says of the picture."""

    def __init__(self, answer: Callable[[Bgr], tuple[Detection, ...]], *, side: int = 320) -> None:
        """`answer` gets the crop."""
        self._answer = answer
        self._side = side
        self.calls = 0

    @property
    def info(self) -> DetectorInfo:
        """Says that it is a fake."""
        return DetectorInfo(backend="fake", model="fake")

    @property
    def side(self) -> int:
        """The crop side it asks for."""
        return self._side

    def detect(self, image: Bgr) -> tuple[Detection, ...]:
        """What the function says."""
        self.calls += 1
        return self._answer(image)


class FakeEncoder:
    """A JPEG's first two bytes, and a hash of the picture."""

    def encode(self, image: Bgr) -> bytes:
        """Equal pictures give equal bytes."""
        return b"\xff\xd8" + hashlib.sha256(image.tobytes()).digest()


class FakeClipWriter:
    """Keeps clips in memory."""

    def __init__(self, camera: str = "door", *, fail: Exception | None = None) -> None:
        """With `fail`, every write raises it."""
        self._camera = camera
        self._fail = fail
        self._open: tuple[StreamInfo, str, int, float] | None = None
        self._packets: list[Packet] = []
        #: Finished clips with their packets.
        self.clips: list[tuple[ClipFile, tuple[Packet, ...]]] = []

    def open(self, *, stream: StreamInfo, visit_id: str, n: int, start_utc: float, trigger_s: float) -> None:
        """Begin a clip."""
        del trigger_s
        self._open = (stream, visit_id, n, start_utc)
        self._packets = []

    def write(self, packet: Packet) -> None:
        """Append a packet."""
        if self._fail is not None:
            raise self._fail
        self._packets.append(packet)

    def close(self, stats: VisitStats) -> ClipFile:
        """Finish the clip."""
        if self._open is None:
            raise RecordError("no clip is open")
        stream, visit_id, n, start_utc = self._open
        data = b"".join(packet.data for packet in self._packets)
        clip = ClipFile(
            camera=self._camera,
            visit_id=visit_id,
            n=n,
            path=Path(f"/fake/{visit_id}-{n}.mp4"),
            poster=None,
            start_utc=start_utc,
            duration_s=max(p.t + p.duration for p in self._packets) - self._packets[0].t,
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            width=stream.width,
            height=stream.height,
            stats=stats,
        )
        self.clips.append((clip, tuple(self._packets)))
        self._open = None
        return clip

    def recover(self, stats_of: Callable[[str], VisitStats]) -> Sequence[ClipFile]:
        """Nothing survives in memory."""
        del stats_of
        return ()


class MemoryLedger:
    """The ledger and its upkeep in a dictionary, in the order of arrival."""

    def __init__(self) -> None:
        """Begin empty."""
        self._items: dict[str, Item] = {}
        self._lock = threading.Lock()
        #: What pruning was asked for.
        self.history_before_utc = 0.0
        #: Set by a test that plays another program.
        self.is_touched = False

    def add(self, item: Item) -> None:
        """Note a file, or its new content."""
        with self._lock:
            known = self._items.get(item.key)
            moved = known is not None and known.path != item.path and known.state not in _DELIVERED
            if known is None or known.sha256 != item.sha256 or moved:
                self._items[item.key] = item

    def claim(
        self, *, now_utc: float, limit: int, held: Sequence[str] = (), kinds: Sequence[ItemKind] = tuple(ItemKind)
    ) -> Sequence[Item]:
        """Due files in the order of delivery."""
        with self._lock:
            due = [
                item
                for item in self._items.values()
                if item.state is ItemState.SAVED
                and item.next_try_utc <= now_utc
                and item.kind in kinds
                and item.camera not in held
                and not (item.kind is ItemKind.DOCUMENT and self._others_wait(item))
            ]
            due.sort(key=lambda item: (_ORDER.index(item.kind), item.created_utc))
            claimed = [replace(item, state=ItemState.UPLOADING) for item in due[:limit]]
            self._items.update({item.key: item for item in claimed})
            return claimed

    def settle(self, item: Item) -> None:
        """Write back, unless the file has new content by now."""
        with self._lock:
            known = self._items.get(item.key)
            if known is not None and known.sha256 == item.sha256 and item.state in _FORWARD[known.state]:
                self._items[item.key] = item

    def reset(self) -> int:
        """Put every `uploading` back to `saved`."""
        with self._lock:
            stuck = [item for item in self._items.values() if item.state is ItemState.UPLOADING]
            self._items.update({item.key: replace(item, state=ItemState.SAVED) for item in stuck})
            return len(stuck)

    def items(self, *, visit_id: str | None = None, limit: int = 1000) -> Sequence[Item]:
        """Items, oldest first."""
        with self._lock:
            return [item for item in self._items.values() if visit_id in {None, item.visit_id}][:limit]

    def backlog(self, now_utc: float) -> Backlog:
        """How far delivery is behind."""
        with self._lock:
            waiting = [item for item in self._items.values() if item.state in _WAITING]
            return Backlog(
                pending=len(waiting),
                oldest_s=max([0.0, *(now_utc - item.created_utc for item in waiting)]),
                stored=sum(item.state in _DELIVERED for item in self._items.values()),
                failed=sum(item.state is ItemState.FAILED for item in self._items.values()),
                last_error=next((item.last_error for item in waiting if item.last_error), None),
            )

    def load(self) -> Load:
        """How much waits."""
        with self._lock:
            waiting = [item for item in self._items.values() if item.state in _IDLE]
            return Load(
                bytes=sum(item.bytes for item in waiting),
                oldest_utc=min((item.created_utc for item in waiting), default=None),
            )

    def waiting(self) -> Sequence[Item]:
        """Files that wait or were given up."""
        with self._lock:
            return [item for item in self._items.values() if item.state in _IDLE]

    def forget(self, item: Item) -> bool:
        """Remove a file, an early copy also while it is under way."""
        with self._lock:
            known = self._items.get(item.key)
            if known is None or known.sha256 != item.sha256 or known.state in _DELIVERED:
                return False
            if known.state not in _IDLE and known.kind is not ItemKind.PARTIAL:
                return False
            del self._items[item.key]
            return True

    def hasten(self, now_utc: float) -> int:
        """Make waiting files due."""
        with self._lock:
            late = [item for item in self._items.values() if item.state in _IDLE and item.next_try_utc > now_utc]
            self._items.update({item.key: replace(item, next_try_utc=now_utc) for item in late})
            return len(late)

    def touched(self) -> bool:
        """What a test says, once."""
        touched, self.is_touched = self.is_touched, False
        return touched

    def prune(self, before_utc: float, limit: int, *, history_before_utc: float) -> int:
        """Remove delivered files; there are no visits here."""
        self.history_before_utc = history_before_utc
        with self._lock:
            old = [key for key, item in self._items.items() if item.state in _DELIVERED]
            gone = [key for key in old if self._items[key].created_utc < before_utc][:limit]
            for key in gone:
                del self._items[key]
            return len(gone)

    def _others_wait(self, document: Item) -> bool:
        return any(
            item.visit_id == document.visit_id and item.key != document.key and item.state in _WAITING
            for item in self._items.values()
        )


class MemoryJournal:
    """The journal in dictionaries."""

    def __init__(self) -> None:
        """Begin empty."""
        self._visits: dict[str, VisitRecord] = {}
        self._events: dict[str, StoredEvent] = {}
        self._seen: set[str] = set()
        self._settings: dict[str, Settings] = {}

    def put_visit(self, visit: VisitRecord) -> None:
        """Insert or replace a visit."""
        self._visits[visit.visit_id] = visit

    def visits(self, *, ended: bool | None = None, visit_id: str | None = None) -> Sequence[VisitRecord]:
        """Visits, oldest first."""
        return [
            visit
            for visit in self._visits.values()
            if ended in {None, visit.ended} and visit_id in {None, visit.visit_id}
        ]

    def page(
        self,
        *,
        first: str = "",
        before: str = AFTER_ALL_VISITS,
        camera: str | None = None,
        zone: str | None = None,
        limit: int,
    ) -> Sequence[VisitRecord]:
        """Visits, newest first."""
        found = [
            visit
            for key, visit in self._visits.items()
            if first <= key < before and camera in {None, visit.camera} and (zone is None or zone in visit.zones)
        ]
        return sorted(found, key=lambda visit: visit.visit_id, reverse=True)[:limit]

    def append_event(self, event: StoredEvent) -> None:
        """Keep an event unless it was ever kept."""
        if event.id not in self._seen:
            self._seen.add(event.id)
            self._events[event.id] = event

    def next_events(self, limit: int) -> Sequence[StoredEvent]:
        """The oldest events, in order."""
        return list(self._events.values())[:limit]

    def ack_event(self, event_id: str) -> None:
        """The broker has it."""
        self._events.pop(event_id, None)

    def settings(self, camera: str, new: Settings | None = None) -> Settings | None:
        """What was last kept."""
        if new is not None:
            self._settings[camera] = new
        return self._settings.get(camera)


class FakeStore:
    """An archive that keeps keys and checksums, and fails as told."""

    def __init__(self, *failures: StoreError) -> None:
        """The first puts raise these, in order."""
        self._failures = list(failures)
        #: Keys in the order of their puts.
        self.puts: list[str] = []

    def put(self, item: Item) -> Stored:
        """Keep the key, or fail as told."""
        if self._failures:
            raise self._failures.pop(0)
        self.puts.append(item.key)
        return self.address(item.key)

    def address(self, key: str) -> Stored:
        """Where an object lies."""
        return Stored(uri=self.uri(key), url=f"https://fake.invalid/{key}")

    def check(self) -> str:
        """Always well."""
        return "a fake store"

    def locate(self, key: str) -> Path | None:
        """Nothing can be read back, as from a bucket with a key that may only put."""
        del key
        return None

    def uri(self, key: str) -> str:
        """As in what `put` returns."""
        return f"fake:{key}"
