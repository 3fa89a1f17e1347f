"""The cutter: packets and decisions in, in one order, and out what the clip writer has to do.

A clip is a run of the stream's own packets: it begins at a key frame, ends before its limit, keeps its distance to the
clip before it and never spans two sessions. Each ClipStart is answered once: by OpenClip and later CloseClip, or by
LoseClip. One that comes while a clip is open, or before a usable key frame, waits; a second one beside it is lost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from edge_detector.core.ring import Ring
from edge_detector.core.types import ClipEnd, ClipStart, ClipStop, Configure, Packet, StreamInfo, StreamLost

#: A clip keeps this much below its limit: file formats and names round to milliseconds.
_ROUNDING_S = 0.001

#: How much of a clip's longest time should be left after the trigger, in the order of preference. Cameras with a key
#: frame every few seconds always reach the first; with one every 20 s it is better to have the trigger at all.
_LEFT_AFTER_TRIGGER = (0.5, 0.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutPolicy:
    """How clips are cut."""

    #: A clip begins this long before its trigger, or as near to it as key frames allow.
    pre_roll_s: float = 4.0
    #: From a clip's first packet to the end of its last.
    max_clip_s: float = 20.0
    #: From one clip's first packet to the next one's.
    min_gap_s: float = 60.0
    #: How late a decision may come: detection takes time.
    slack_s: float = 6.0
    #: A 4K stream of 20 Mbit/s fits with groups of pictures of 15 s.
    ring_bytes: int = 64 * 1024 * 1024

    @property
    def ring_seconds(self) -> float:
        """What the ring has to hold, beside the group of pictures in which that begins."""
        return self.pre_roll_s + self.slack_s


# --- what comes out -------------------------------------------------------------------------------------------------


class LoseReason(StrEnum):
    """Why a clip was not recorded."""

    NO_STREAM = "no_stream"
    STREAM_LOST = "stream_lost"
    NO_KEYFRAME = "no_keyframe"
    TOO_SOON = "too_soon_after_last_clip"
    BUSY = "another_clip_waits"
    STOPPED = "over_before_it_began"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClip:
    """Begin a file; its first packet follows."""

    visit_id: str
    n: int
    stream: StreamInfo
    #: Of the first packet.
    start_t: float
    start_utc: float
    #: The moment that started the clip, in seconds from the first packet; 0 when the clip began after it.
    trigger_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePacket:
    """Append a packet to the open clip."""

    packet: Packet


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseClip:
    """Finish the open clip; it has one packet at least."""

    visit_id: str
    n: int
    start_t: float
    end_t: float
    end: ClipEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseClip:
    """This clip will not be recorded."""

    visit_id: str
    n: int
    #: The moment that should have started it.
    t: float
    utc: float
    reason: LoseReason


CutInput = StreamInfo | Packet | ClipStart | ClipStop | StreamLost | Configure
CutOutput = OpenClip | WritePacket | CloseClip | LoseClip


@dataclass(slots=True, kw_only=True)
class _Open:
    """The clip that is being written."""

    request: ClipStart
    first: Packet
    #: Seconds a tick of the stream.
    tick_s: float
    limit_s: float
    #: Of the latest packet and of the end of the last to be shown.
    last_dts: int
    end_t: float
    stop_t: float = math.inf

    def has_room(self, packet: Packet) -> bool:
        """Whether the packet ends within the limit, by its time and by the ticks that the file will hold."""
        elapsed_s = max(packet.t - self.first.t, (packet.pts - self.first.pts) * self.tick_s)
        return elapsed_s + packet.duration <= self.limit_s


class Cutter:
    """One camera's cutter."""

    def __init__(self, policy: CutPolicy) -> None:
        """No stream yet."""
        self._policy = policy
        self._ring = Ring(max_s=policy.ring_seconds, max_bytes=policy.ring_bytes)
        self._stream: StreamInfo | None = None
        #: Whether the stream still delivers; after it was lost, its last packets are still good for a clip.
        self._live = False
        self._open: _Open | None = None
        self._waiting: ClipStart | None = None
        self._stray = 0
        self._newest_t = -math.inf
        #: The latest clip: its first packet, its end, and its last packet in decoding order while its session lasts.
        self._last_start_t = -math.inf
        self._last_end_t = -math.inf
        self._last_dts: int | None = None

    @property
    def dropped(self) -> tuple[tuple[str, int], ...]:
        """Packets that were dropped, by reason."""
        return (*self._ring.dropped, ("stray_packets", self._stray))

    def configure(self, policy: CutPolicy) -> None:
        """Cut like this from the next clip on; the open one keeps its limit."""
        self._policy = policy
        self._ring.resize(max_s=policy.ring_seconds, max_bytes=policy.ring_bytes)

    def handle(self, given: CutInput) -> tuple[CutOutput, ...]:
        """Take one input and return what to do, in order."""
        match given:
            case Packet():
                return tuple(self._take(given))
            case ClipStart():
                return tuple(self._request(given))
            case ClipStop():
                return tuple(self._stop(given))
            case StreamInfo():
                return tuple(self._begin_session(given))
            case StreamLost():
                return tuple(self._lose_session(given))
        settings = given.settings
        self.configure(replace(self._policy, max_clip_s=settings.max_clip_s, min_gap_s=settings.min_clip_gap_s))
        return ()

    def finish(self, end: ClipEnd = ClipEnd.SHUTDOWN) -> tuple[CutOutput, ...]:
        """Close the open clip with this reason and lose the waiting one."""
        return (*self._close(end), *self._lose_waiting(LoseReason.SHUTDOWN))

    # --- the stream ---------------------------------------------------------------------------------------------------

    def _begin_session(self, stream: StreamInfo) -> Iterator[CutOutput]:
        yield from self._end_session()
        self._stream = stream
        self._live = True
        self._ring.clear()
        self._last_dts = None

    def _lose_session(self, lost: StreamLost) -> Iterator[CutOutput]:
        if self._stream is not None and self._stream.session == lost.session:
            yield from self._end_session()

    def _end_session(self) -> Iterator[CutOutput]:
        self._live = False
        yield from self._close(ClipEnd.STREAM_LOST)
        yield from self._lose_waiting(LoseReason.STREAM_LOST)

    def _take(self, packet: Packet) -> Iterator[CutOutput]:
        if not self._live or self._stream is None or packet.session != self._stream.session:
            self._stray += 1
            return
        self._newest_t = packet.t
        self._ring.push(packet)
        yield from self._write(packet)
        yield from self._try_waiting()

    # --- decisions ----------------------------------------------------------------------------------------------------

    def _request(self, request: ClipStart) -> Iterator[CutOutput]:
        if self._stream is None:
            yield _lose(request, LoseReason.NO_STREAM)
        elif not self._live and self._newest_t < request.trigger_t - self._policy.pre_roll_s:
            yield _lose(request, LoseReason.STREAM_LOST)
        elif self._waiting is not None:
            yield _lose(request, LoseReason.BUSY)
        elif self._earliest_t(request) > request.trigger_t + self._policy.max_clip_s:
            yield _lose(request, LoseReason.TOO_SOON)
        else:
            self._waiting = request
            yield from self._try_waiting()
            if not self._live:
                yield from self._lose_waiting(LoseReason.STREAM_LOST)

    def _stop(self, stop: ClipStop) -> Iterator[CutOutput]:
        if self._open is not None and self._open.request.visit_id == stop.visit_id:
            self._open.stop_t = stop.stop_t
        if self._waiting is not None and self._waiting.visit_id == stop.visit_id:
            yield from self._lose_waiting(LoseReason.STOPPED)

    def _try_waiting(self) -> Iterator[CutOutput]:
        request = self._waiting
        if request is None or self._open is not None:
            return
        first = self._first_packet(request)
        if first is not None and self._stream is not None:
            self._waiting = None
            yield from self._start(request, first, self._stream)
        elif self._newest_t > request.trigger_t + self._policy.max_clip_s:
            yield from self._lose_waiting(LoseReason.NO_KEYFRAME)

    def _lose_waiting(self, reason: LoseReason) -> Iterator[CutOutput]:
        if self._waiting is not None:
            request, self._waiting = self._waiting, None
            yield _lose(request, reason)

    # --- where a clip begins ------------------------------------------------------------------------------------------

    def _first_packet(self, request: ClipStart) -> Packet | None:
        """The key frame at which the clip begins, as far as it is known yet."""
        trigger_t, policy = request.trigger_t, self._policy
        usable = [packet for packet in self._ring.keyframes if self._is_usable(packet, request)]
        for share in _LEFT_AFTER_TRIGGER:
            earliest_t = trigger_t - policy.max_clip_s * (1 - share)
            good = [packet for packet in usable if earliest_t <= packet.t <= trigger_t]
            early = [packet for packet in good if packet.t <= trigger_t - policy.pre_roll_s]
            if good:
                return early[-1] if early else good[0]
        return next((packet for packet in usable if 0 < packet.t - trigger_t <= policy.max_clip_s), None)

    def _is_usable(self, packet: Packet, request: ClipStart) -> bool:
        """Whether a clip may begin here: not in the gap, not before the end of the last clip, and with room for one."""
        return (
            packet.t >= self._earliest_t(request)
            and (self._last_dts is None or packet.dts > self._last_dts)
            and packet.duration <= self._policy.max_clip_s - _ROUNDING_S
        )

    def _earliest_t(self, request: ClipStart) -> float:
        gap_end_t = self._last_start_t + (0.0 if request.asked else self._policy.min_gap_s)
        return max(self._last_end_t, gap_end_t)

    # --- the open clip ------------------------------------------------------------------------------------------------

    def _start(self, request: ClipStart, first: Packet, stream: StreamInfo) -> Iterator[CutOutput]:
        num, den = stream.time_base
        self._last_start_t = first.t
        self._open = _Open(
            request=request,
            first=first,
            tick_s=num / den,
            limit_s=self._policy.max_clip_s - _ROUNDING_S,
            last_dts=first.dts,
            end_t=first.t,
        )
        yield OpenClip(
            visit_id=request.visit_id,
            n=request.n,
            stream=stream,
            start_t=first.t,
            start_utc=request.trigger_utc + (first.t - request.trigger_t),
            trigger_s=max(0.0, request.trigger_t - first.t),
        )
        for packet in self._ring.since(first):
            yield from self._write(packet)
        if not self._live:
            yield from self._close(ClipEnd.STREAM_LOST)

    def _write(self, packet: Packet) -> Iterator[CutOutput]:
        clip = self._open
        if clip is None or packet.t < clip.first.t:  # a leading picture of an open group cannot be decoded
            return
        if packet.t > clip.stop_t:
            yield from self._close(ClipEnd.STOPPED)
        elif not clip.has_room(packet):
            yield from self._close(ClipEnd.LIMIT)
        else:
            clip.last_dts = packet.dts
            clip.end_t = max(clip.end_t, packet.t + packet.duration)
            yield WritePacket(packet=packet)

    def _close(self, end: ClipEnd) -> Iterator[CutOutput]:
        clip, self._open = self._open, None
        if clip is not None:
            self._last_end_t = clip.end_t
            self._last_dts = clip.last_dts
            yield CloseClip(
                visit_id=clip.request.visit_id, n=clip.request.n, start_t=clip.first.t, end_t=clip.end_t, end=end
            )


def _lose(request: ClipStart, reason: LoseReason) -> LoseClip:
    return LoseClip(visit_id=request.visit_id, n=request.n, t=request.trigger_t, utc=request.trigger_utc, reason=reason)
