"""How often pictures are analysed, and whose turn it is: so much as the board can do, and each camera its share."""

from __future__ import annotations

from dataclasses import dataclass

#: A camera is looked at so often at least, however slow the board is; a walker crosses a door in two seconds.
LEAST_FPS = 2.0
#: What is older than this when its analysis ends was waited for too long.
LATE_S = 0.35
#: Whether to go slower or faster is decided so often.
_WINDOW_S = 1.0
#: One late picture may be chance: a disk that syncs, a visit's snapshot.
_LATE_PICTURES = 2
_SLOWER, _FASTER = 0.75, 1.15
#: After so long without a backlog the rate rises again.
_GOOD_S = 5.0


class RateControl:
    """The analysed rate of one camera: at most the target, and less while pictures come faster than they are done."""

    def __init__(self, target_fps: float) -> None:
        """Begin at the target."""
        self._target = target_fps
        self._share = 1.0
        self._rate = target_fps
        self._window_t: float | None = None
        self._late = 0
        self._bad_t = float("-inf")

    @property
    def fps(self) -> float:
        """Pictures to analyse a second."""
        return min(self._rate, self._ceiling)

    def brake(self, share: float) -> None:
        """From now on at most this share of the target, as the board is hot; 1 lets it go."""
        self._share = share

    def note(self, t: float, *, age_s: float, missed: int) -> float:
        """A picture was done at `t`, `age_s` after it was taken; `missed` others before it were not. The new rate."""
        self._late += missed + (age_s > LATE_S)
        if self._window_t is None:
            self._window_t = t
        if t - self._window_t >= _WINDOW_S:
            self._decide(t)
            self._window_t, self._late = t, 0
        return self.fps

    @property
    def _least(self) -> float:
        return min(LEAST_FPS, self._target)

    @property
    def _ceiling(self) -> float:
        return max(self._target * self._share, self._least)

    def _decide(self, t: float) -> None:
        if self._late >= _LATE_PICTURES:
            self._rate, self._bad_t = max(self.fps * _SLOWER, self._least), t
        elif t - self._bad_t >= _GOOD_S:
            self._rate = min(self._rate * _FASTER, self._target)


#: Bits that the Raspberry Pi's firmware sets while it holds the processor back, and what each means.
_FIRMWARE = (
    (0x1, "the power supply is too weak"),
    (0x8, "the board is at its temperature limit"),
    (0x4, "the firmware throttles the processor"),
    (0x2, "the firmware caps the processor's frequency"),
)
#: At 80 degrees a Raspberry Pi begins to slow down by itself; it counts as cool again from the second on.
_HOT_C, _COOL_C = 80.0, 75.0
#: What is left of the target rate while the board is hot or held back.
_BRAKED_SHARE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """How the board is."""

    temperature_c: float | None = None
    #: The firmware's bits of now, as `vcgencmd get_throttled` tells them; those of the past are above them.
    throttled: int = 0


class Brake:
    """Lowers the rate of all cameras while the board is hot or held back."""

    def __init__(self) -> None:
        """Let go."""
        #: Why the brake is on; None while it is not.
        self.reason: str | None = None

    @property
    def share(self) -> float:
        """Of the target rate."""
        return 1.0 if self.reason is None else _BRAKED_SHARE

    def update(self, board: Board) -> bool:
        """Look at the board; True when the brake went on or off, or has another reason."""
        before, self.reason = self.reason, self._reason(board)
        return self.reason != before

    def _reason(self, board: Board) -> str | None:
        for bit, reason in _FIRMWARE:
            if board.throttled & bit:
                return reason
        limit = _HOT_C if self.reason is None else _COOL_C
        if board.temperature_c is not None and board.temperature_c >= limit:
            return "the board is hot"
        return None


class Turns:
    """Whose turn it is at a thing that one may use at a time: whoever used it least of late goes first.

    Start-time fair queueing: each user has a virtual time that grows by what it used, and does not save up what it did
    not use while it had nothing to do.
    """

    def __init__(self) -> None:
        """Nobody waits."""
        self._clocks: dict[str, float] = {}
        self._now = 0.0
        #: Seconds that each has used in all.
        self.used_s: dict[str, float] = {}

    def enter(self, user: str) -> float:
        """Somebody begins to wait; the number that they are served by, the lowest first."""
        return max(self._clocks.get(user, 0.0), self._now)

    def leave(self, user: str, number: float, used_s: float) -> None:
        """Somebody who was served with `number` has used it for so long."""
        self._now = max(self._now, number)
        self._clocks[user] = max(self._clocks.get(user, 0.0), number) + used_s
        self.used_s[user] = self.used_s.get(user, 0.0) + used_s
