"""Whether the archive takes files at all, as the latest tries tell, and how many may be tried now."""

from __future__ import annotations

import math
from collections.abc import Callable

from edge_detector.core.errors import PermanentStoreError, StoreError
from edge_detector.core.retry import RetryPolicy, bound_s, wish_s

#: So many failures one after the other are the archive's, not those of single files.
_REAL_FAILURES = 3
#: With somebody at the door, an archive that was away is looked for this often.
HURRY_S = 5.0


class Outage:
    """One archive's health; times are monotonic seconds.

    After a failure nothing goes for a while, then one file alone as a probe, so that an archive that is away, or
    refuses everything, is not asked again for each file that waits.
    """

    def __init__(self, policy: RetryPolicy, random01: Callable[[], float]) -> None:
        """`random01` gives chance in 0..1."""
        self._policy = policy
        self._random01 = random01
        self._failures = 0
        self._kind: type[StoreError] = StoreError
        self._tried_t = -math.inf
        #: The pause's end, and the earliest that the archive itself wishes for.
        self._until_t = -math.inf
        self._wished_t = -math.inf

    @property
    def well(self) -> bool:
        """Did the latest try work?"""
        return not self._failures

    def failed(self, error: StoreError, t: float) -> bool:
        """A try failed with what is no fault of its file; True when the user does not know that yet."""
        news = self.well or type(error) is not self._kind
        self._kind = type(error)
        self._failures += 1
        self._tried_t = t
        self._wished_t = max(self._wished_t, t + wish_s(error, self._policy.retry_after_cap_s))
        self._until_t = max(self._until_t, self._wished_t, t + self._pause_s(error))
        return news

    def worked(self) -> bool:
        """A try worked; True when it ends what kept every file waiting."""
        was_real = self._failures >= _REAL_FAILURES
        self._failures = 0
        self._until_t = self._wished_t = -math.inf
        return was_real

    def room(self, t: float, parallel: int) -> int:
        """How many files may be under way: none in a pause, one as a probe, else `parallel`."""
        if self.well:
            return parallel
        return int(t >= self._until_t)

    def remaining_s(self, t: float) -> float:
        """How long the pause still lasts, 0 when there is none."""
        return max(0.0, self._until_t - t)

    def hurry(self) -> None:
        """Something urgent waits: look again soon, unless the archive asked for peace or a person must mend it."""
        if not issubclass(self._kind, PermanentStoreError):
            self._until_t = max(self._wished_t, min(self._until_t, self._tried_t + HURRY_S))

    def end_pause(self) -> None:
        """Somebody says that it should work now."""
        self._until_t = -math.inf

    def _pause_s(self, error: StoreError) -> float:
        """Longer with each failure; full jitter, half of it where a person must act first, who takes a while."""
        if isinstance(error, PermanentStoreError):
            return bound_s(self._failures, self._policy.base_s, self._policy.permanent_s) * (1 + self._random01()) / 2
        return bound_s(self._failures, self._policy.base_s, self._policy.cap_s) * self._random01()
