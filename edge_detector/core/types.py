"""The values that cross a stage of the pipeline: frozen, slotted, keyword-only.

Times named `t` are host monotonic seconds (in a replay: seconds of the video). Times named `utc` are seconds since
the Unix epoch. Boxes are in 0..1 of the frame. `camera` and `node` are slugs, `visit_id` is a ULID.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: An I420 picture as one array of shape (height * 3 / 2, width): the luma plane, then both chroma planes.
Yuv = NDArray[np.uint8]
#: A colour picture of shape (height, width, 3), channels in the order blue, green, red.
Bgr = NDArray[np.uint8]


class Box(NamedTuple):
    """A rectangle in 0..1 of the frame, `x1 <= x2` and `y1 <= y2`."""

    x1: float
    y1: float
    x2: float
    y2: float


# --- from capture ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamInfo:
    """What a stream says of itself when it opens; a reconnect opens a new session with a higher number."""

    session: int
    #: FFmpeg's codec name of the recorded packets: `h264` or `hevc`.
    codec: str
    width: int
    height: int
    #: Seconds a tick of `Packet.pts` and `Packet.dts`, as numerator and denominator.
    time_base: tuple[int, int]
    #: The codec's out-of-band header (avcC, hvcC or Annex B parameter sets), empty when in-band only.
    extradata: bytes = b""
    #: Frames a second as the stream announces them; 0 when unknown.
    fps: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One encoded picture as the camera sent it, in decoding order; `data` is never changed."""

    session: int
    #: When the picture is shown.
    t: float
    #: Seconds it is shown for.
    duration: float
    keyframe: bool
    pts: int
    dts: int
    data: bytes

    @property
    def size(self) -> int:
        """Bytes of the encoded picture."""
        return len(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One decoded picture for the analyser; `image` is I420 with even width and height."""

    session: int
    #: Counts the frames of a session from 0, also those that were not handed on.
    seq: int
    t: float
    image: Yuv


# --- from the analyser ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What the motion gate saw: the changed share of the picture in 0..1, and where."""

    t: float
    score: float
    regions: tuple[Box, ...] = ()
    #: True while the whole picture changes (infra-red switch, lightning): regions are empty then.
    calibrating: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One object that a detector saw in one picture."""

    box: Box
    score: float
    label: str = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One person followed over time; `id` is unique for a camera's life."""

    id: int
    box: Box
    score: float
    #: Seconds since it was first seen.
    age: float
    #: How many detections it has had.
    hits: int
    #: Time of its last detection; a track may be carried on for a while without one.
    seen_t: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one analysed frame holds."""

    t: float
    session: int
    #: The people seen in this very frame: tracks with a detection at `t`.
    people: tuple[Track, ...] = ()
    #: Zone id to the number of people whose feet stand in it.
    zones: tuple[tuple[str, int], ...] = ()
    motion: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time passed without a frame."""

    t: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLost:
    """The camera's stream ended or failed."""

    t: float
    session: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Armed:
    """The owner armed or disarmed the camera."""

    t: float
    on: bool


# --- decisions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipStart:
    """Record a clip around `trigger_t`."""

    visit_id: str
    #: Counts the clips of a visit from 1.
    n: int
    trigger_t: float
    trigger_utc: float
    #: The owner asked for it: it need not keep the gap to the clip before it.
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipStop:
    """End the clip after `stop_t`."""

    visit_id: str
    stop_t: float


class ClipEnd(StrEnum):
    """Why a clip ended."""

    STOPPED = "stopped"
    LIMIT = "limit"
    STREAM_LOST = "stream_lost"
    SHUTDOWN = "shutdown"
    DISK = "disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStats:
    """The figures of a visit so far, as clip names and visit documents carry them."""

    max_people: int = 1
    max_confidence: float = 0.0
    mean_inference_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFile:
    """A finished clip on disk; its name holds the same facts (see core/naming.py)."""

    camera: str
    visit_id: str
    n: int
    path: Path
    #: A JPEG of the moment that started the clip, beside it; None when none could be made.
    poster: Path | None
    start_utc: float
    duration_s: float
    bytes: int
    sha256: str
    width: int
    height: int
    stats: VisitStats


# --- facts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStarted:
    """Somebody is there."""

    camera: str
    visit_id: str
    #: When the first detection of the visit was made.
    t: float
    utc: float
    count: int
    confidence: float
    zones: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitUpdated:
    """Somebody is still there; told when a figure changes."""

    camera: str
    visit_id: str
    t: float
    utc: float
    count: int
    confidence: float
    zones: tuple[tuple[str, int], ...]
    stats: VisitStats


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded:
    """Nobody has been there for the hold time, or the stream was lost, or the camera was disarmed."""

    camera: str
    visit_id: str
    #: When somebody was last seen.
    t: float
    utc: float
    duration_s: float
    stats: VisitStats
    #: How many clips were started for this visit.
    clips: int
    #: Zone ids that anybody stood in during the visit, sorted.
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotReady:
    """A better picture of the visit than any before."""

    camera: str
    visit_id: str
    t: float
    utc: float
    jpeg: bytes = field(repr=False)
    count: int
    confidence: float
    #: False for the picture that the owner asked for, which belongs to no visit.
    visit: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSaved:
    """A clip is finished on the local disk."""

    t: float
    clip: ClipFile
    #: Seconds on the stream's own axis, for replays.
    start_t: float
    end_t: float
    end: ClipEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipLost:
    """A clip could not be recorded, or was given up before it was delivered."""

    camera: str
    visit_id: str
    n: int
    t: float
    utc: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStored:
    """The archive confirmed a file's checksum: a clip, snapshot, poster or visit document."""

    camera: str
    visit_id: str
    n: int
    kind: ItemKind
    utc: float
    uri: str
    url: str
    sha256: str
    bytes: int
    #: The clip's own facts; None for other kinds.
    clip: ClipFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCrossed:
    """A person walked over a line."""

    camera: str
    visit_id: str
    t: float
    utc: float
    line: str
    #: `in` or `out`.
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraUp:
    """A camera delivers pictures (again)."""

    camera: str
    t: float
    utc: float
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraDown:
    """A camera delivers no pictures."""

    camera: str
    t: float
    utc: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraStats:
    """How fast a camera is analysed, told every few seconds."""

    camera: str
    t: float
    #: Analysed frames a second over the last interval.
    fps: float
    inference_ms: float
    frames: int = 0
    analysed: int = 0
    inferences: int = 0
    #: What bounded buffers dropped since start, by name.
    dropped: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A command or setting was refused, whole."""

    camera: str
    t: float
    utc: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may be changed at run time, per camera."""

    armed: bool = True
    record: bool = True
    upload: bool = True
    confidence: float = 0.5
    max_clip_s: float = 20.0
    min_clip_gap_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChanged:
    """A camera's settings are now these."""

    camera: str
    t: float
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorInfo:
    """Which detector runs, and how fast it is."""

    backend: str
    model: str
    inference_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How far delivery is behind."""

    pending: int = 0
    #: Age of the oldest file that waits; 0 when none does.
    oldest_s: float = 0.0
    stored: int = 0
    failed: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the node is, told every half minute."""

    t: float
    utc: float
    backlog: Backlog
    disk_free_bytes: int
    cpu_percent: float
    memory_bytes: int
    temperature_c: float | None
    uptime_s: float
    detector: DetectorInfo


Fact = (
    VisitStarted
    | VisitUpdated
    | VisitEnded
    | SnapshotReady
    | ClipSaved
    | ClipLost
    | FileStored
    | LineCrossed
    | CameraUp
    | CameraDown
    | CameraStats
    | Rejected
    | SettingsChanged
    | Health
)


# --- commands -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSnapshot:
    """Send a picture of now."""

    t: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TestClip:
    """Record a clip of now, whoever is there; it counts as a visit of nobody."""

    __test__ = False  # not a test class, whatever pytest thinks of its name
    t: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Configure:
    """From now on, work with these settings."""

    t: float
    settings: Settings


Command = TakeSnapshot | TestClip | Configure | Armed


# --- the archive ----------------------------------------------------------------------------------------------------


class ItemKind(StrEnum):
    """What a file in the ledger is, in the order of delivery."""

    SNAPSHOT = "snapshot"
    CLIP = "clip"
    POSTER = "poster"
    DOCUMENT = "document"


class ItemState(StrEnum):
    """How far a file is; it only moves forward, but for `uploading` back to `saved` after a failure."""

    SAVED = "saved"
    UPLOADING = "uploading"
    STORED = "stored"
    PURGED = "purged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file to deliver, as the ledger keeps it."""

    #: The object key below the archive's prefix: unique, derived from the visit id.
    key: str
    kind: ItemKind
    camera: str
    visit_id: str
    n: int
    path: Path
    bytes: int
    sha256: str
    content_type: str
    #: String pairs that travel with the object.
    metadata: tuple[tuple[str, str], ...] = ()
    created_utc: float
    state: ItemState = ItemState.SAVED
    attempts: int = 0
    #: Not before this time; UTC, so that it survives a restart.
    next_try_utc: float = 0.0
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the store says of an object that it confirmed."""

    #: `s3://bucket/key` or `file:///path`.
    uri: str
    #: Where it can be fetched with the right to do so: unsigned, or presigned with a set life.
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRecord:
    """A visit as the journal keeps it, so that a crash can close it truthfully."""

    visit_id: str
    camera: str
    started_utc: float
    last_seen_utc: float
    stats: VisitStats
    zones: tuple[str, ...] = ()
    #: Clips that were started for it.
    clips: int = 0
    ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event that waits for the broker: the topic's owner, a stable id, and the JSON text."""

    id: str
    camera: str
    payload: str
