"""What the capture tests share: a clock, and reading a source into lists."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_detector.core.errors import SourceError
from edge_detector.core.types import Frame, Packet, StreamInfo
from edge_detector.ports import PacketSource

LIMIT_S = 60.0


class HostClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.monotonic()

    def utc(self, t: float) -> float:
        return time.time() - time.monotonic() + t


@dataclass
class Reading:
    """Everything that one session gave."""

    info: StreamInfo
    packets: list[Packet] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    #: Host time when each packet was handed on.
    arrivals: list[float] = field(default_factory=list)
    #: What the session ended with; None when the reader had enough.
    end: SourceError | None = None

    @property
    def data(self) -> list[bytes]:
        return [packet.data for packet in self.packets]


def always(t: float) -> bool:
    return True


def read(
    source: PacketSource,
    *,
    session: int = 1,
    wants: Callable[[float], bool] = always,
    until: Callable[[Reading], bool] = lambda reading: False,
) -> Reading:
    """One session, until it ends, or `until` says so, or LIMIT_S is over."""
    reading = Reading(info=source.open(session))
    over = time.monotonic() + LIMIT_S
    try:
        for item in source.read(wants):
            if isinstance(item, Packet):
                reading.packets.append(item)
                reading.arrivals.append(time.monotonic())
            else:
                reading.frames.append(item)
            if until(reading) or time.monotonic() > over:
                break
    except SourceError as error:
        reading.end = error
    source.close()
    return reading
