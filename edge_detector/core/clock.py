"""From a stream's own timestamps to the host's monotonic time, so that two streams of a camera share one axis.

A packet arrives at its true time plus a delay that is never negative, so the smallest delay of the last half minute is
the best guess of the clocks' difference: jitter only ever adds to it. The guess is followed slowly, and only as fast as
the stream itself advances, so time never runs backwards.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from edge_detector.core.errors import SourceError

#: A step between two packets beyond this is a new time line: longer than any reordering, shorter than a clip.
JUMP_S = 3.0
#: The smallest delay is looked for in this many buckets of this length: longer than any hiccup that a read survives.
BUCKETS = 6
BUCKET_S = 5.0
#: Seconds of correction for each second of stream: a cheap camera drifts by 0.001, a wrong start mends in a minute.
SLEW = 0.05


class Timeline(Protocol):
    """What a capture session asks of its clock; all times in seconds."""

    def map(self, pts: float, arrival: float) -> float:
        """Learn from a packet, and say when it was taken."""
        ...

    def at(self, pts: float) -> float:
        """When a picture with this timestamp was taken, as things stand."""
        ...


class ReplayClock:
    """Time of a recording: seconds from its start, whatever the machine's speed."""

    def __init__(self, start: float) -> None:
        """`start` is the timestamp of the first picture shown, less the time that it shall have."""
        self._start = start

    def map(self, pts: float, arrival: float) -> float:  # noqa: ARG002 - a recording does not arrive
        """Seconds from the start of the recording."""
        return pts - self._start

    def at(self, pts: float) -> float:
        """Seconds from the start of the recording."""
        return pts - self._start


class StreamClock:
    """Time of one live session: make a new one for each connection.

    For rising `pts` the mapped times rise too, also with B-frames, which come out of order.
    """

    def __init__(self) -> None:
        self._offset: float | None = None
        #: Pairs of bucket number and smallest delay in it, oldest first.
        self._buckets: deque[tuple[int, float]] = deque(maxlen=BUCKETS)
        self._last_pts = 0.0
        self._last_arrival = 0.0
        self._max_pts = float("-inf")

    def observe(self, pts: float, arrival: float) -> None:
        """Learn from a packet of the burst that a connection begins with, before any is placed.

        Raises SourceError as `map` does.
        """
        self._learn(pts, arrival)
        self._offset = self._least_delay()
        self._max_pts = max(self._max_pts, pts)

    def map(self, pts: float, arrival: float) -> float:
        """Host monotonic time of the packet `pts` that came at `arrival`, both in seconds.

        Raises SourceError when the camera's timestamps jump: the caller opens a new session, as a clip cannot span it.
        """
        if self._offset is None:
            self.observe(pts, arrival)
            return self.at(pts)
        self._learn(pts, arrival)
        self._slew(self._offset, pts)
        return self.at(pts)

    def at(self, pts: float) -> float:
        """Host monotonic time of a picture of this session, as things stand."""
        return pts + (self._offset or 0.0)

    def _learn(self, pts: float, arrival: float) -> None:
        if self._buckets:
            self._refuse_jump(pts - self._last_pts, arrival - self._last_arrival)
        self._last_pts, self._last_arrival = pts, arrival
        number, delay = int(arrival // BUCKET_S), arrival - pts
        if self._buckets and self._buckets[-1][0] == number:
            delay = min(delay, self._buckets.pop()[1])
        self._buckets.append((number, delay))

    def _refuse_jump(self, step: float, waited: float) -> None:
        if step < -JUMP_S or step - waited > JUMP_S:
            raise SourceError(f"the camera's timestamps jumped by {step:.1f} s within {waited:.1f} s")

    def _slew(self, offset: float, pts: float) -> None:
        advance = pts - self._max_pts
        if advance > 0:
            self._max_pts = pts
            most = SLEW * advance
            self._offset = offset + max(-most, min(most, self._least_delay() - offset))

    def _least_delay(self) -> float:
        return min(delay for _, delay in self._buckets)
