"""The values that cross a stage of the pipeline: frozen, slotted, keyword-only.

Times named `t` are host monotonic seconds (in a replay: seconds of the video). Times named `utc` are seconds since
the Unix epoch. Boxes are in 0..1 of the frame. `camera` and `node` are slugs, `visit_id` is a ULID.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # zones are made of the boxes below
    from edge_detector.core.outline import Outline

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


class Planes(NamedTuple):
    """A picture of even size as its luma plane and its two chroma planes of half the size, wherever they lie."""

    y: Yuv
    u: Yuv
    v: Yuv

    @classmethod
    def of(cls, yuv: Yuv) -> Planes:
        """The planes of an I420 array: views, unless it is a slice of another."""
        height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
        chroma = yuv[height:].reshape(2, height // 2, width // 2)
        return cls(yuv[:height], chroma[0], chroma[1])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.y.shape
        return width, height

    def stacked(self) -> Yuv:
        """A copy as one I420 array."""
        return np.concatenate([plane.reshape(-1) for plane in self]).reshape(-1, self.y.shape[1])


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
    """One decoded picture for the analyser, of even width and height."""

    session: int
    #: Counts the decoded frames of a session from 0, also those that were not handed on.
    seq: int
    t: float
    planes: Planes
    #: It is as the camera meant it; else good for a look, but not for evidence.
    exact: bool = True
    #: Its colours are meant as BT.709 has them, else as BT.601 does.
    bt709: bool = False

    @property
    def image(self) -> Yuv:
        """A copy of all planes in one array, shape (h * 3 / 2, w)."""
        return self.planes.stacked()


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
    #: Where the person stands: the middle of the box's lower edge, without its trembling, and also while the legs are
    #: hidden; None when nobody has followed that.
    feet: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one analysed frame holds."""

    t: float
    session: int
    #: The people seen in this very frame: tracks with a detection at `t`.
    people: tuple[Track, ...] = ()
    #: Zone id to the number of people whose feet stand in it.
    zones: tuple[tuple[str, int], ...] = ()
    #: Zone id to the seconds that one of the people in it has been there, the longest, of zones with somebody.
    dwell: tuple[tuple[str, float], ...] = ()
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


# --- settings ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What may be changed at run time, per camera."""

    armed: bool = True
    record: bool = True
    upload: bool = True
    confidence: float = 0.5
    max_clip_s: float = 20.0
    min_clip_gap_s: float = 60.0


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Redraw:
    """From now on, these are the camera's zones and lines; who is followed is followed on."""

    t: float
    outline: Outline


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOccupancy:
    """So many people are inside, whatever was counted: 0 resets."""

    t: float
    count: int = 0
    #: When that was so; now when None.
    utc: float | None = None
    #: As `OccupancyChanged` tells it.
    reason: str = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress:
    """Take no more notice of the thing that stands at a spot and looks like a person."""

    t: float
    spot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsuppress:
    """Take notice again of whoever stands at a spot."""

    t: float
    spot: str


Command = TakeSnapshot | TestClip | Configure | Armed | Redraw | SetOccupancy | Suppress | Unsuppress
