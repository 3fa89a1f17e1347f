"""Lets others look on: one camera's packets and newest frame, for whoever listens, without ever waiting for them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from edge_detector.core.types import Frame, Packet, StreamInfo, Track

#: Somebody who is this far behind does not watch live any more.
BEHIND_LIMIT_S = 5.0
#: About 5 s of a 16 Mbit/s camera.
BEHIND_LIMIT_BYTES = 10 * 1024 * 1024

#: Called from any thread when there is something new; must not block.
Wake = Callable[[], None]
#: Called with the time of a picture and the people in it.
SeePeople = Callable[[float, tuple[Track, ...]], None]


class PacketListener:
    """What one viewer has yet to take: whole from a key frame on; one who is too far behind goes on at the next one."""

    def __init__(self, stream: StreamInfo, wake: Wake, tap: PacketTap, *, limit_s: float, limit_bytes: int) -> None:
        self.stream = stream
        self._tap = tap
        self._wake = wake
        self._limit_s = limit_s
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._packets: deque[Packet] = deque()
        self._seconds = 0.0
        self._bytes = 0
        self._waits_for_key = True
        #: The stream is over; what was put before can still be taken.
        self.ended = False
        #: Packets that were thrown away because this viewer was too far behind.
        self.dropped = 0

    def put(self, packet: Packet) -> None:
        """Offer a packet; never blocks."""
        with self._lock:
            if self._seconds + packet.duration > self._limit_s or self._bytes + packet.size > self._limit_bytes:
                self.dropped += len(self._packets)
                self._clear()
                self._waits_for_key = True
            if self._waits_for_key and not packet.keyframe:
                return
            self._waits_for_key = False
            self._packets.append(packet)
            self._seconds += packet.duration
            self._bytes += packet.size
            first = len(self._packets) == 1
        if first:
            self._wake()

    def take(self) -> tuple[Packet, ...]:
        """What has come since the last time, in decoding order."""
        with self._lock:
            taken = tuple(self._packets)
            self._clear()
            return taken

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._wake()

    def leave(self) -> None:
        """Listen no more; may be called after the end."""
        self._tap.forget(self)

    def _clear(self) -> None:
        self._packets.clear()
        self._seconds, self._bytes = 0.0, 0


class PacketTap:
    """Hands a stream's packets on; one session of the stream at a time."""

    def __init__(self, *, limit_s: float = BEHIND_LIMIT_S, limit_bytes: int = BEHIND_LIMIT_BYTES) -> None:
        """The limits hold for each listener."""
        self._limits = (limit_s, limit_bytes)
        self._lock = threading.Lock()
        self._stream: StreamInfo | None = None
        #: Replaced, never changed, so that `put` needs no lock.
        self._listeners: tuple[PacketListener, ...] = ()

    def open(self, stream: StreamInfo) -> None:
        """A session begins; whoever listened to the one before is told its end."""
        self.close()
        self._stream = stream

    def put(self, packet: Packet) -> None:
        """Hand a packet to everybody; never blocks."""
        for listener in self._listeners:
            listener.put(packet)

    def close(self) -> None:
        """The session is over."""
        with self._lock:
            self._stream, listeners, self._listeners = None, self._listeners, ()
        for listener in listeners:
            listener.end()

    def listen(self, wake: Wake) -> PacketListener | None:
        """Begin to listen; None while there is no stream. `wake` is called when there is something to take."""
        limit_s, limit_bytes = self._limits
        with self._lock:
            if self._stream is None:
                return None
            listener = PacketListener(self._stream, wake, self, limit_s=limit_s, limit_bytes=limit_bytes)
            self._listeners = (*self._listeners, listener)
            return listener

    def forget(self, listener: PacketListener) -> None:
        """Hand this one nothing more; see `PacketListener.leave`."""
        with self._lock:
            self._listeners = tuple(other for other in self._listeners if other is not listener)


class PeopleTap:
    """Tells who is where, picture by picture; once also that nobody is there any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: tuple[SeePeople, ...] = ()
        self._told = False

    def put(self, t: float, people: tuple[Track, ...]) -> None:
        """Tell of one picture; never blocks."""
        if people or self._told:
            for see in self._watchers:
                see(t, people)
        self._told = bool(people)

    def watch(self, see: SeePeople) -> None:
        """Call `see` from now on, from the camera's thread; it must not block."""
        with self._lock:
            self._watchers = (*self._watchers, see)


class FrameTap:
    """Keeps the newest frame that is analysed, by reference: nothing is copied, and nothing is kept but that one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: tuple[Wake, ...] = ()
        #: None while the camera delivers no pictures.
        self.newest: Frame | None = None

    def put(self, frame: Frame | None) -> None:
        """Replace the newest frame, by None when the stream is over, and wake whoever watches; never blocks."""
        self.newest = frame
        for wake in self._watchers:
            wake()

    @property
    def watched(self) -> bool:
        """Does anybody watch?"""
        return bool(self._watchers)

    def watch(self, wake: Wake) -> None:
        """Call `wake` for every frame from now on."""
        with self._lock:
            self._watchers = (*self._watchers, wake)

    def unwatch(self, wake: Wake) -> None:
        """Call it no more."""
        with self._lock:
            self._watchers = tuple(other for other in self._watchers if other is not wake)
