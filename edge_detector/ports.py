"""The ports: what the runtime asks of the outside world, six members at most each.

Every port has one real adapter or more, and exactly one fake in `edge_detector.testing`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from edge_detector.core.calendar import Bucket, Key, Span
from edge_detector.core.evidence import ClipFile, CrossingRecord, Item, ItemKind, Stored, StoredEvent, VisitRecord
from edge_detector.core.facts import Backlog, DetectorInfo, Fact
from edge_detector.core.outline import Outline
from edge_detector.core.places import Counts, Passages, Place
from edge_detector.core.quota import Load
from edge_detector.core.still import Spot
from edge_detector.core.types import Bgr, Detection, Frame, Packet, Settings, StreamInfo, VisitStats

#: Behind every visit id in the order of texts.
AFTER_ALL_VISITS = "~"

#: Asked for every decoded picture with its `t`: is this one to be analysed?
WantsFrame = Callable[[float], bool]
#: Asked before so many bytes of a file are sent; returns when they may go, raises RetryableStoreError when nothing may
#: go any more because the program ends.
Pace = Callable[[Item, int], None]


class Clock(Protocol):
    """Time, as the host or a replay has it."""

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def utc(self, t: float) -> float:
        """Seconds since the Unix epoch at the monotonic time `t`, by the wall clock as it stands now."""
        ...


class PacketSource(Protocol):
    """One stream of a camera: encoded packets, decoded frames, or both; one object, many sessions."""

    def open(self, session: int) -> StreamInfo:
        """Connect and read what the stream says of itself; raises SourceError within the open timeout."""
        ...

    def read(self, wants: WantsFrame) -> Iterator[Packet | Frame]:
        """Yield packets in decoding order and the wanted frames.

        Raises SourceEnded at the end of a finite source, SourceError when the stream fails or stalls.
        """
        ...

    def close(self) -> None:
        """Release the stream; may be called twice, and before open."""
        ...


class Detector(Protocol):
    """Finds people in one picture; called from one thread at a time."""

    @property
    def info(self) -> DetectorInfo:
        """Which backend and model this is."""
        ...

    @property
    def side(self) -> int:
        """The model's own input side in pixels: a square crop of this size is seen without scaling."""
        ...

    def detect(self, image: Bgr) -> tuple[Detection, ...]:
        """Boxes in 0..1 of `image`, best score first, after non-maximum suppression."""
        ...


class ImageEncoder(Protocol):
    """Makes JPEGs."""

    def encode(self, image: Bgr) -> bytes:
        """One JPEG file."""
        ...


class ClipWriter(Protocol):
    """Writes one clip at a time, so that a crash leaves what was written."""

    def open(self, *, stream: StreamInfo, visit_id: str, n: int, start_utc: float, trigger_s: float) -> None:
        """Begin a clip; `trigger_s` is the moment that started it, in seconds from its first packet."""
        ...

    def write(self, packet: Packet) -> None:
        """Append one packet, the first a key frame; raises RecordError when the disk refuses."""
        ...

    def close(self, stats: VisitStats) -> ClipFile:
        """Finish the clip, make it seekable, name it, make its poster; raises RecordError, keeping what is there."""
        ...

    def recover(self, stats_of: Callable[[str], VisitStats]) -> Sequence[ClipFile]:
        """Finish what a crash left, and return every finished clip that lies in the folder."""
        ...


class Ledger(Protocol):
    """The durable list of files to deliver."""

    def add(self, item: Item) -> None:
        """Note a file; the same key again with another checksum puts it back to `saved` with the new content."""
        ...

    def claim(
        self, *, now_utc: float, limit: int, held: Sequence[str] = (), kinds: Sequence[ItemKind] = tuple(ItemKind)
    ) -> Sequence[Item]:
        """Move up to `limit` due files of these kinds to `uploading`, in the order of kinds and then of age.

        A visit's document waits for its other files. Files of the cameras in `held` wait.
        """
        ...

    def settle(self, item: Item) -> None:
        """Write back an item's state, attempts, next try and error; never backwards from stored, purged or failed."""
        ...

    def reset(self) -> int:
        """At start: put every `uploading` back to `saved`; how many there were."""
        ...

    def items(self, *, visit_id: str | None = None, limit: int = 1000) -> Sequence[Item]:
        """Items, oldest first: of one visit or of all."""
        ...

    def backlog(self, now_utc: float) -> Backlog:
        """How far delivery is behind."""
        ...


class Upkeep(Protocol):
    """What keeps the ledger and its files within bounds."""

    def load(self) -> Load:
        """How much waits on the local disk."""
        ...

    def waiting(self) -> Sequence[Item]:
        """The files that wait or were given up, oldest first; not those under way."""
        ...

    def forget(self, item: Item) -> bool:
        """Remove a file that is not under way from the ledger; False when it is no longer there as `item` says."""
        ...

    def hasten(self, now_utc: float) -> int:
        """Make all files due that wait for their next try; how many."""
        ...

    def touched(self) -> bool:
        """Has another program changed the ledger since the last look?"""
        ...

    def prune(self, before_utc: float, limit: int, *, history_before_utc: float) -> int:
        """Remove what is from before a moment: delivered files, and with another bound visits and what was counted.

        Up to `limit` rows of each; how many went.
        """
        ...


class Journal(Protocol):
    """What has to survive a crash beside the files: open visits, unsent events, run-time settings."""

    def put_visit(self, visit: VisitRecord) -> None:
        """Insert or replace a visit."""
        ...

    def visits(self, *, ended: bool | None = None, visit_id: str | None = None) -> Sequence[VisitRecord]:
        """Visits, oldest first: open ones with `ended=False`."""
        ...

    def append_event(self, event: StoredEvent) -> None:
        """Keep an event until it is acknowledged; an id that was ever appended is not taken twice."""
        ...

    def next_events(self, limit: int) -> Sequence[StoredEvent]:
        """The oldest unacknowledged events, in order."""
        ...

    def ack_event(self, event_id: str) -> None:
        """The broker has it."""
        ...

    def settings(self, camera: str, new: Settings | None = None) -> Settings | None:
        """What was last kept for a camera; with `new`, keep that first."""
        ...


class Diary(Protocol):
    """What is kept for questions that come later."""

    def note(self, fact: Fact) -> None:
        """Keep what a fact says of lines, zones and people inside; told again, it changes nothing."""
        ...

    def number(self, camera: str, kind: str, place_id: str = "") -> int:
        """The number of a camera, zone or line; given now, when it never had one, and to no other ever."""
        ...

    def crossings(self, visit: VisitRecord) -> Sequence[CrossingRecord]:
        """Who crossed which line during a visit, in the order of time."""
        ...

    def totals(self, camera: str) -> Sequence[tuple[str, int, int]]:
        """How often each line that a camera ever had was crossed in all: its id, in, out."""
        ...

    def inside(self, camera: str) -> tuple[float, int] | None:
        """Since when so many people are inside by a camera's lines; None when that was never told."""
        ...


class OutlineShelf(Protocol):
    """Keeps what the owner drew on the cameras' pictures."""

    def get(self, camera: str) -> Outline | None:
        """What was drawn; None when nothing was, or when it cannot be read."""
        ...

    def put(self, camera: str, outline: Outline) -> None:
        """Keep what was drawn, in place of what was before."""
        ...

    def drop(self, camera: str) -> None:
        """Forget what was drawn."""
        ...


class SpotShelf(Protocol):
    """Keeps where things stand that look like people."""

    def get(self, camera: str) -> Sequence[Spot]:
        """What was kept; nothing when it cannot be read."""
        ...

    def put(self, camera: str, spots: Sequence[Spot]) -> None:
        """Keep these, in place of those before."""
        ...


class HistoryReader(Protocol):
    """Answers questions on what happened."""

    def places(self) -> Sequence[Place]:
        """Everything that has a number, also what is long gone, in the order of the numbers."""
        ...

    def traffic(self, places: Collection[Place], spans: Sequence[Span], bucket: Bucket) -> Mapping[Key, Counts]:
        """How much happened at some places together: visits of cameras and zones, crossings of lines."""
        ...

    def passages(self, place: Place, first_utc: float, last_utc: float) -> Passages:
        """Who passed: over a line either way, or into a zone, both ends included."""
        ...

    def present(self, place: Place, utc: float) -> tuple[float, int] | None:
        """Since when so many people were there at a moment: in a zone, or inside by a camera's lines."""
        ...


class VisitReader(Protocol):
    """Finds visits without reading them all; visit ids are in the order of time."""

    def visits(self, *, ended: bool | None = None, visit_id: str | None = None) -> Sequence[VisitRecord]:
        """As the journal has it."""
        ...

    def page(
        self,
        *,
        first: str = "",
        before: str = AFTER_ALL_VISITS,
        camera: str | None = None,
        zone: str | None = None,
        limit: int,
    ) -> Sequence[VisitRecord]:
        """Up to `limit` visits with `first <= visit_id < before`, newest first; of all, of a camera or of its zone."""
        ...


class ObjectStore(Protocol):
    """The archive: keys and files, no folders to make."""

    def put(self, item: Item) -> Stored:
        """Store a file under its key and have its checksum confirmed; raises StoreError."""
        ...

    def address(self, key: str) -> Stored:
        """Where the object of a key lies, or would lie; nobody is asked. Raises StoreError when that cannot be told."""
        ...

    def check(self) -> str:
        """Try a small object; a sentence on what was found, or StoreError with the remedy."""
        ...


class ArchiveReader(Protocol):
    """Where objects of the archive lie."""

    def locate(self, key: str) -> Path | None:
        """The file of an object; None when there is none, or when this edge may not read the archive."""
        ...

    def uri(self, key: str) -> str:
        """Where the object lies for somebody who may read it: `s3://bucket/key` or `file:///path`."""
        ...
