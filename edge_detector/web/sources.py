"""What the API reads from: handed in by the program, which knows where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Protocol

from edge_detector.core.board import StatusBoard
from edge_detector.core.facts import Health
from edge_detector.core.outline import Outline
from edge_detector.core.status import CameraStatus
from edge_detector.core.still import Spot
from edge_detector.core.types import Frame, Packet, Settings, StreamInfo
from edge_detector.ports import ArchiveReader, HistoryReader, ImageEncoder, Ledger, VisitReader

#: Called from any thread when there is something new; must not block.
Wake = Callable[[], None]
Body = Mapping[str, object]


class PacketListener(Protocol):
    """What one viewer has yet to take of a camera's packets."""

    stream: StreamInfo
    #: The stream is over; what came before can still be taken.
    ended: bool

    def take(self) -> tuple[Packet, ...]:
        """What has come since the last time, a key frame first."""
        ...

    def leave(self) -> None:
        """Listen no more."""
        ...


class PacketFeed(Protocol):
    """A camera's own packets."""

    def listen(self, wake: Wake) -> PacketListener | None:
        """Begin to listen; None while there is no stream."""
        ...


class FrameFeed(Protocol):
    """A camera's newest frame."""

    @property
    def newest(self) -> Frame | None:
        """None while the camera delivers no pictures."""
        ...

    def watch(self, wake: Wake) -> None:
        """Call `wake` for every frame from now on, and when there are no more."""
        ...

    def unwatch(self, wake: Wake) -> None:
        """Call it no more."""
        ...


class Muxer(Protocol):
    """Packs one viewer's packets."""

    def add(self, packet: Packet) -> bytes:
        """What to send for one packet; raises RecordError."""
        ...

    def close(self) -> None:
        """Release what it holds."""
        ...


class Outlines(Protocol):
    """The cameras' zones and lines."""

    def outline(self, camera: str) -> Outline:
        """What counts now."""
        ...

    def is_drawn(self, camera: str) -> bool:
        """Does it come from the owner's hand rather than from the configuration?"""
        ...

    def draw(self, camera: str, outline: Outline) -> None:
        """Keep and apply an outline; may wait for the disk."""
        ...

    def erase(self, camera: str) -> None:
        """Go back to what is configured; may wait for the disk."""
        ...


class Spots(Protocol):
    """Where things stand that look like people."""

    def spots(self, camera: str) -> Sequence[Spot]:
        """All that is known of a camera."""
        ...

    def suppress(self, camera: str, spot: str) -> bool:
        """Take no more notice of what stands there."""
        ...

    def unsuppress(self, camera: str, spot: str) -> bool:
        """Take notice again."""
        ...


class Controls(Protocol):
    """What may be told to cameras."""

    def settings(self, camera: str) -> Settings:
        """A camera's settings as they are now."""
        ...

    def change(self, camera: str, settings: Settings) -> None:
        """Keep and apply new settings, already checked; may wait for the disk."""
        ...

    def take_snapshot(self, camera: str) -> None:
        """Send a picture of now."""
        ...

    def test_clip(self, camera: str) -> None:
        """Record a clip of now."""
        ...

    def set_occupancy(self, camera: str, count: int) -> None:
        """So many people are inside, whatever was counted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the program's log, without secrets."""

    utc: float
    level: str
    logger: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSource:
    """One camera to look at."""

    name: str
    #: Where its stream comes from, without credentials.
    address: str = ""
    packets: PacketFeed
    frames: FrameFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """All that the API shows."""

    version: str
    board: StatusBoard
    #: By id, in the order of the configuration.
    cameras: Mapping[str, CameraSource]
    visits: VisitReader
    ledger: Ledger
    archive: ArchiveReader
    encoder: ImageEncoder
    #: Raises RecordError for a stream that cannot be packed.
    open_muxer: Callable[[StreamInfo], Muxer]
    #: What MQTT says of the same, so that both say the same.
    health_body: Callable[[Health], Body]
    state_body: Callable[[CameraStatus], Body]
    history: HistoryReader
    #: The number of a camera, zone or line, as the diary gives it.
    number: Callable[[str, str, str], int]
    outlines: Outlines
    controls: Controls
    spots: Spots
    #: Lowest and highest allowed value of each number in `Settings`.
    bounds: Mapping[str, tuple[float, float]]
    #: What was logged last, oldest first.
    log: Callable[[], Sequence[LogLine]]
    utc: Callable[[], float]
    #: Of this machine.
    zone: tzinfo
