"""The bounded inboxes between threads: each names what it drops, and counts it."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

from edge_detector.core.types import Frame, Packet, StreamLost

Input = TypeVar("Input")

#: A recorder that is this far behind will not catch up: the disk hangs.
PACKETS_LIMIT_S = 30.0
#: About 30 s of a 16 Mbit/s camera.
PACKETS_LIMIT_BYTES = 64 * 1024 * 1024


class LatestInbox(Generic[Input]):
    """For the analyser: the newest frame replaces the one before, every other input is kept and comes first."""

    def __init__(self) -> None:
        """Begin empty."""
        self._ready = threading.Condition()
        self._frame: Frame | None = None
        self._inputs: deque[Input] = deque()
        #: Frames that a newer one replaced before they were analysed.
        self.dropped = 0

    def put_frame(self, frame: Frame) -> None:
        """Offer the newest frame; never blocks."""
        with self._ready:
            self.dropped += self._frame is not None
            self._frame = frame
            self._ready.notify()

    def put(self, item: Input) -> None:
        """Add an input that is never dropped; a lost stream takes its waiting frame with it."""
        with self._ready:
            if isinstance(item, StreamLost) and self._frame is not None:
                self._frame = None
                self.dropped += 1
            self._inputs.append(item)
            self._ready.notify()

    def get(self, timeout_s: float) -> Frame | Input | None:
        """Wait for the next item; None after `timeout_s` of silence."""
        with self._ready:
            self._ready.wait_for(lambda: self._inputs or self._frame is not None, timeout_s)
            if self._inputs:
                return self._inputs.popleft()
            frame, self._frame = self._frame, None
            return frame


class PacketInbox(Generic[Input]):
    """For the recorder: packets and decisions in one order; when the disk hangs, the oldest whole GOP goes."""

    def __init__(self, *, limit_s: float = PACKETS_LIMIT_S, limit_bytes: int = PACKETS_LIMIT_BYTES) -> None:
        """Begin empty; the limits hold for packets alone."""
        self._ready = threading.Condition()
        self._items: deque[Packet | Input] = deque()
        self._limit_s = limit_s
        self._limit_bytes = limit_bytes
        self._seconds = 0.0
        self._bytes = 0
        #: Wake the recorder for every packet; else packets wait until something else comes, or its patience ends.
        self.eager = True
        #: Packets that were thrown away because the recorder was too far behind.
        self.dropped = 0

    def put(self, item: Packet | Input) -> None:
        """Append an item; never blocks."""
        with self._ready:
            self._items.append(item)
            if isinstance(item, Packet):
                self._count(item, 1)
                while self._seconds > self._limit_s or self._bytes > self._limit_bytes:
                    self._drop_gop()
                if not self.eager:
                    return
            self._ready.notify()

    def get(self, timeout_s: float) -> Packet | Input | None:
        """Wait for the next item in order; None after `timeout_s` of silence."""
        with self._ready:
            if not self._ready.wait_for(lambda: self._items, timeout_s):
                return None
            item = self._items.popleft()
            if isinstance(item, Packet):
                self._count(item, -1)
            return item

    def _count(self, packet: Packet, sign: int) -> None:
        self._seconds += sign * packet.duration
        self._bytes += sign * packet.size

    def _drop_gop(self) -> None:
        """Drop the first packet and all that cannot be decoded without it; decisions between them stay."""
        kept: deque[Packet | Input] = deque()
        first = True
        while self._items:
            item = self._items.popleft()
            if isinstance(item, Packet):
                if item.keyframe and not first:
                    self._items.appendleft(item)
                    break
                first = False
                self._count(item, -1)
                self.dropped += 1
            else:
                kept.append(item)
        self._items.extendleft(reversed(kept))
