"""Gives the packets of one session their repaired timestamps and their place in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from edge_detector.capture.stamps import RawStamp, Stamp, Stamper, backfill
from edge_detector.core.clock import ReplayClock, StreamClock, Timeline

#: A live connection begins with what piled up while it was opened; that burst is over when a packet takes at least
#: this share of its own time to come, or after so many seconds.
_PROMPT = 0.5
_BURST_S = 2.0
#: Packets that are held at most while the first timestamps are awaited.
_LEAD_PACKETS = 250

T = TypeVar("T")


class Rhythm(NamedTuple):
    """What is known of a stream's time before its first packet."""

    #: Seconds a tick.
    tick_s: float
    #: Ticks from picture to picture, as far as they are known.
    step: int
    #: Ticks of the first picture; None when nobody says.
    start: int | None
    #: The host's clock rules; else seconds of the recording.
    live: bool
    #: The stream has no timestamps: pictures are counted, or have the time when they come where the host's clock rules.
    timeless: bool
    #: Waits until a packet is due, in seconds of the stream: the source is a file that plays a camera.
    pace: Callable[[float], None] | None
    #: Host monotonic seconds.
    now: Callable[[], float]

    @property
    def by_arrival(self) -> bool:
        """A packet's time is when it comes."""
        return self.timeless and self.live and self.pace is None


class Timekeeper(Generic[T]):
    """Takes packets of any kind `T` with what the demuxer says of them, and hands them on with stamp and time.

    The first packets are held for as long as their burst lasts, so that the key frame that opens an RTSP session gets
    the timestamp that it lacks, and the clock starts from the packet that waited least.
    """

    def __init__(self, rhythm: Rhythm) -> None:
        """Make a new one for each session."""
        self._rhythm = rhythm
        self._stamper = Stamper(rhythm.step)
        #: None while the first packets are held.
        self._clock: Timeline | None = None
        #: The held packets with their arrivals.
        self._lead: list[tuple[T, RawStamp, float]] = []
        #: The first arrival, or where a file begins: seconds.
        self._began: float | None = None

    def push(self, packet: T, raw: RawStamp) -> list[tuple[T, Stamp, float]]:
        """The packets that are ready, in order; raises SourceError when the camera's timestamps jump."""
        arrival = self._rhythm.now()
        if self._rhythm.timeless:
            raw = self._stamp_of(arrival) if self._rhythm.by_arrival else RawStamp(None, None, 0)
        if self._clock is not None:
            return [self._place(self._clock, packet, raw, arrival)]
        self._lead.append((packet, raw, arrival))
        return self.drain() if self._lead_is_over() else []

    def drain(self) -> list[tuple[T, Stamp, float]]:
        """The packets that are held, whatever is still unknown of them."""
        lead, self._lead = self._lead, []
        whole = backfill([raw for _, raw, _ in lead], self._rhythm.step)
        clock = self._clock = self._clock or self._make_clock(whole)
        if isinstance(clock, StreamClock):
            return self._place_burst(clock, whole, lead)
        return [self._place(clock, packet, raw, arrival) for raw, (packet, _, arrival) in zip(whole, lead, strict=True)]

    def _make_clock(self, lead: list[RawStamp]) -> Timeline:
        if self._rhythm.live and self._rhythm.pace is None:
            return StreamClock()
        shown = [raw.pts for raw in lead if raw.pts is not None]
        start = min(shown, default=0) if self._rhythm.start is None else self._rhythm.start
        return ReplayClock(start * self._rhythm.tick_s - (self._rhythm.now() if self._rhythm.live else 0.0))

    def _place_burst(
        self, clock: StreamClock, whole: list[RawStamp], lead: list[tuple[T, RawStamp, float]]
    ) -> list[tuple[T, Stamp, float]]:
        """Learn from all packets of the burst before the first is placed."""
        stamps = [self._stamper.next(raw) for raw in whole]
        for stamp, (_, _, arrival) in zip(stamps, lead, strict=True):
            clock.observe(stamp.pts * self._rhythm.tick_s, arrival)
        return [
            (packet, stamp, clock.at(stamp.pts * self._rhythm.tick_s))
            for stamp, (packet, _, _) in zip(stamps, lead, strict=True)
        ]

    def _place(self, clock: Timeline, packet: T, raw: RawStamp, arrival: float) -> tuple[T, Stamp, float]:
        stamp = self._stamper.next(raw)
        if self._rhythm.pace is not None:
            if self._began is None:
                self._began = stamp.dts * self._rhythm.tick_s
            self._rhythm.pace(stamp.dts * self._rhythm.tick_s - self._began)
        return packet, stamp, clock.map(stamp.pts * self._rhythm.tick_s, arrival)

    def _stamp_of(self, arrival: float) -> RawStamp:
        if self._began is None:
            self._began = arrival
        ticks = round((arrival - self._began) / self._rhythm.tick_s)
        return RawStamp(ticks, ticks, 0)

    def _lead_is_over(self) -> bool:
        lead = self._lead
        raws = [raw for _, raw, _ in lead]
        if self._rhythm.timeless or len(lead) >= _LEAD_PACKETS:
            return True
        unknown = all(raw.pts is None for raw in raws) or all(raw.dts is None for raw in raws)
        if unknown or not self._rhythm.live or self._rhythm.pace is not None:
            return not unknown
        arrivals = [arrival for _, _, arrival in lead]
        if arrivals[-1] - arrivals[0] > _BURST_S:
            return True
        step_s = (raws[-1].duration or self._rhythm.step) * self._rhythm.tick_s
        return len(lead) > 1 and arrivals[-1] - arrivals[-2] > _PROMPT * step_s
