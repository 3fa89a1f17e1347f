"""The last seconds of a stream's packets, by whole groups of pictures, so that a clip can begin in the past."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from edge_detector.core.types import Packet


@dataclass(slots=True)
class _Group:
    """A key frame and what follows it up to the next one, in decoding order."""

    packets: list[Packet] = field(default_factory=list)
    bytes: int = 0

    def add(self, packet: Packet) -> None:
        self.packets.append(packet)
        self.bytes += packet.size


class Ring:
    """Keeps at least `max_s` seconds where `max_bytes` allow it, and never more than `max_bytes`.

    What ages out is not counted; what had to go early is, by name, in `dropped`.
    """

    def __init__(self, *, max_s: float, max_bytes: int) -> None:
        """Empty."""
        self._max_s = max_s
        self._max_bytes = max_bytes
        self._groups: deque[_Group] = deque()
        self._bytes = 0
        self._session = -1
        self._newest_t = 0.0
        self._headless = 0
        self._too_big = 0

    @property
    def bytes(self) -> int:
        """Bytes of the packets that are kept."""
        return self._bytes

    @property
    def dropped(self) -> tuple[tuple[str, int], ...]:
        """Packets that were not kept as long as they should have been: without a key frame, or for want of bytes."""
        return (("ring_no_keyframe", self._headless), ("ring_bytes", self._too_big))

    @property
    def keyframes(self) -> tuple[Packet, ...]:
        """Every key frame from which on all packets are there, oldest first."""
        return tuple(group.packets[0] for group in self._groups)

    def since(self, keyframe: Packet) -> tuple[Packet, ...]:
        """All packets from this key frame on, in decoding order; none when it is not in the ring."""
        found: list[Packet] = []
        for group in self._groups:
            if found or group.packets[0] is keyframe:
                found += group.packets
        return tuple(found)

    def push(self, packet: Packet) -> None:
        """Take the next packet in decoding order; a new session's first one empties the ring."""
        if packet.session != self._session:
            self.clear()
            self._session = packet.session
        self._newest_t = packet.t
        if packet.keyframe:
            self._groups.append(_Group())
        elif not self._groups:
            self._headless += 1
            return
        self._groups[-1].add(packet)
        self._bytes += packet.size
        self._trim()

    def resize(self, *, max_s: float, max_bytes: int) -> None:
        """From now on, keep within these bounds."""
        self._max_s = max_s
        self._max_bytes = max_bytes
        self._trim()

    def clear(self) -> None:
        """Forget every packet; nothing is counted."""
        self._groups.clear()
        self._bytes = 0

    def _trim(self) -> None:
        """Let the oldest group go once the next one alone holds enough seconds, or while there are too many bytes."""
        while len(self._groups) > 1 and self._groups[1].packets[0].t <= self._newest_t - self._max_s:
            self._bytes -= self._groups.popleft().bytes
        while self._bytes > self._max_bytes:
            group = self._groups.popleft()
            self._bytes -= group.bytes
            self._too_big += len(group.packets)
