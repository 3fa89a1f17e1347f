"""The facts that the program tells: to the broker, to the journal and the ledger, to whoever watches.

Every fact names its camera. `t` is host monotonic seconds, `utc` seconds since the Unix epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_detector.core.evidence import ClipFile, ItemKind
from edge_detector.core.outline import Outline
from edge_detector.core.still import Spot
from edge_detector.core.types import ClipEnd, Settings, VisitStats


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
    #: Zone id to the longest time in seconds that one person stayed in it, in the same order.
    dwell: tuple[tuple[str, float], ...] = ()


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
class ClipOpened:
    """A clip is being recorded from now on."""

    camera: str
    visit_id: str
    n: int
    #: Of the first packet.
    start_utc: float
    #: The moment that started it.
    t: float


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
    #: Empty when no visit goes on.
    visit_id: str
    t: float
    utc: float
    line: str
    #: `in` or `out`.
    direction: str
    #: Who it was: two may cross side by side.
    track: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesCounted:
    """How often a camera's lines were crossed before this start, also those that are drawn no more."""

    camera: str
    t: float
    #: Line id, people in, people out.
    lines: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OccupancyChanged:
    """So many people are inside now: in minus out, never below zero."""

    camera: str
    t: float
    utc: float
    count: int
    #: `crossed`, `reset` by the owner, `nightly`, or `restart`: what was kept before this start.
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotsChanged:
    """Where things stand that look like people; told when that is to be kept."""

    camera: str
    t: float
    utc: float
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlineChanged:
    """A camera's zones and lines are now these."""

    camera: str
    t: float
    outline: Outline


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
    #: Why less is analysed than shall be: the board is hot, or its firmware holds it back.
    throttled: str | None = None


Fact = (
    VisitStarted
    | VisitUpdated
    | VisitEnded
    | SnapshotReady
    | ClipOpened
    | ClipSaved
    | ClipLost
    | FileStored
    | LineCrossed
    | LinesCounted
    | OccupancyChanged
    | OutlineChanged
    | SpotsChanged
    | CameraUp
    | CameraDown
    | CameraStats
    | Rejected
    | SettingsChanged
    | Health
)
