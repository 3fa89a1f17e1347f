"""What the API reads from: handed in by the program, which knows where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from edge_detector.core.board import StatusBoard
from edge_detector.core.facts import Health
from edge_detector.core.status import CameraStatus
from edge_detector.core.types import Frame, Packet, StreamInfo
from edge_detector.ports import ArchiveReader, ImageEncoder, Ledger, VisitReader

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSource:
    """One camera to look at."""

    name: str
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
