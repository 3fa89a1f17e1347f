"""Which packets need not be decoded: while nobody is there, and when more comes than can be."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

#: Somebody who appears must be told within this.
PROMISE_S = 1.0
#: What passes from the first picture that shows somebody to the message: a second look, and the way to the broker.
_AFTER_FIRST_LOOK_S = 0.4
#: `auto` takes key frames alone when they come so often.
LONGEST_GAP_S = PROMISE_S - _AFTER_FIRST_LOOK_S
#: Somebody who stops for a moment is not gone: so long nothing has to move.
CALM_S = 3.0
#: The longest of so many distances between key frames counts.
_DISTANCES = 4

#: Whoever decodes a live stream and waits for it for less than this share of the time is behind, or about to be ...
LEAST_WAITING = 0.05
#: ... which is looked at over so long a time: the burst that a connection begins with is shorter.
WINDOW_S = 3.0
#: So long key frames have to do then: to fall behind anew each few seconds would be late for ever.
RELIEF_S = 30.0


class IdleDecode(StrEnum):
    """What is decoded while nothing moves and nobody is there."""

    ALL = "all"
    KEYFRAMES = "keyframes"
    AUTO = "auto"


class KeyframeRule:
    """Says when key frames are enough; a stream's packets are shown to it in decoding order."""

    def __init__(self, mode: IdleDecode) -> None:
        """Make a new one for each session."""
        self._mode = mode
        self._distances: deque[float] = deque(maxlen=_DISTANCES)
        self._key_t: float | None = None
        self._t = 0.0

    def see(self, t: float, *, keyframe: bool) -> None:
        """A packet whose picture is shown at `t` has come."""
        self._t = t
        if keyframe:
            if self._key_t is not None:
                self._distances.append(t - self._key_t)
            self._key_t = t

    @property
    def gap_s(self) -> float | None:
        """The longest time between key frames of late; None while too few have come."""
        if len(self._distances) < 2 or self._key_t is None:  # noqa: PLR2004 - one may be the odd first one
            return None
        return max(*self._distances, self._t - self._key_t)

    def enough(self, *, idle: bool) -> bool:
        """Are key frames enough, now that nothing moves and nobody is there, if `idle`?"""
        if not idle or self._mode is IdleDecode.ALL or self._key_t is None:
            return False
        if self._mode is IdleDecode.KEYFRAMES:
            return True
        return self.gap_s is not None and self.gap_s <= LONGEST_GAP_S


class Calm:
    """Has nothing moved, and was nobody there, for a while? Written by one thread, read by another."""

    def __init__(self) -> None:
        """Nothing is known yet: no calm."""
        self._busy_t: float | None = None

    def note(self, t: float, *, busy: bool) -> None:
        """What the picture at `t` showed."""
        if busy or self._busy_t is None:
            self._busy_t = t

    def lasts(self, t: float) -> bool:
        """Is it calm at `t`?"""
        return self._busy_t is not None and t - self._busy_t >= CALM_S


class Overload:
    """Does more of a live stream come than can be decoded? Told by how little it is waited for."""

    def __init__(self) -> None:
        """Make a new one for each session."""
        self._began: float | None = None
        self._waited_s = 0.0
        self._until = float("-inf")

    def note(self, now: float, waited_s: float) -> bool:
        """Whether key frames have to do at `now`, when a packet has come for which one waited `waited_s`."""
        if self._began is None:
            self._began = now
            return False
        self._waited_s += waited_s
        passed_s = now - self._began
        if passed_s >= WINDOW_S:
            if self._waited_s < LEAST_WAITING * passed_s:
                self._until = now + RELIEF_S
            self._began, self._waited_s = now, 0.0
        return now < self._until
