"""How fast uploads may go together: a bucket of tokens, one a byte."""

from __future__ import annotations

#: A short pause is saved up, so that a small file after it goes at once, and a limit holds from second to second.
BURST_S = 0.2


class TokenBucket:
    """Says how long to wait before some bytes may go; what goes without waiting is paid for by what comes after."""

    def __init__(self, bytes_per_s: float, *, burst_s: float = BURST_S) -> None:
        """Begin full: `burst_s` seconds of the rate, which is above 0."""
        self._rate = bytes_per_s
        self._most = bytes_per_s * burst_s
        self._tokens = self._most
        self._t: float | None = None

    def take(self, size: int, t: float) -> float:
        """Take tokens for `size` bytes at `t`; the seconds to wait before they may go, 0 when they may at once."""
        if self._t is not None:
            self._tokens = min(self._most, self._tokens + max(0.0, t - self._t) * self._rate)
        self._t = t
        self._tokens -= size
        return max(0.0, -self._tokens / self._rate)
