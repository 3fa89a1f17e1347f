"""When to try again: a decision for a file that the archive did not take, and the pauses between reconnects."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from edge_detector.core.errors import FileRefusedError, PermanentStoreError, RetryableStoreError, StoreError

#: A doubling beyond this changes nothing under any cap, and floats stay finite.
_MAX_DOUBLINGS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How patiently a file is brought to the archive."""

    #: The longest pause after the first failure; it doubles with each further one.
    base_s: float = 2.0
    #: The longest pause at all: a store that is back is noticed within this.
    cap_s: float = 300.0
    #: The longest pause after a failure that needs a person; half of it is the shortest.
    permanent_s: float = 900.0
    #: A store's own wish counts up to this, so that a broken answer cannot park a file for years.
    retry_after_cap_s: float = 3600.0
    #: Tries after which a file is given up; None: never, evidence waits for whoever mends the fault.
    max_attempts: int | None = None
    #: The same for a file that alone is refused: a disk may fail to read it now and then.
    file_attempts: int = 5
    #: A file that failed no more often waits for the archive alone and keeps its place in the order; then it waits
    #: longer than the archive's pause, so that the first in the order cannot hold up all others.
    patient_attempts: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryAt:
    """Try again, not before this time."""

    utc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Do not try again by itself; the file stays where it is."""

    reason: str


def decide(
    *, attempts: int, error: StoreError, now_utc: float, random01: float, policy: RetryPolicy
) -> RetryAt | GiveUp:
    """What to do after `attempts` failed tries, the last of them with `error`; `random01` is chance in 0..1.

    Full jitter: any pause up to the doubling bound, so that many waiting files do not come back at once. A store that
    names the earliest next try is heeded.
    """
    most = policy.file_attempts if isinstance(error, FileRefusedError) else policy.max_attempts
    if most is not None and attempts >= most:
        return GiveUp(reason=f"given up after {attempts} tries: {error}")
    if isinstance(error, PermanentStoreError):
        return RetryAt(utc=now_utc + policy.permanent_s * (1 + random01) / 2)
    pause_s = bound_s(attempts, policy.base_s, policy.cap_s) * random01
    return RetryAt(utc=now_utc + max(pause_s, wish_s(error, policy.retry_after_cap_s)))


class Backoff:
    """The pauses between attempts to connect: from `first_s` to `cap_s`, growing, with jitter."""

    def __init__(self, random01: Callable[[], float], *, first_s: float = 1.0, cap_s: float = 30.0) -> None:
        """`random01` gives chance in 0..1."""
        self._random01 = random01
        self._first_s = first_s
        self._cap_s = cap_s
        self._failures = 0

    def next_delay(self) -> float:
        """Seconds to wait after one more failure: never below `first_s`, never above `cap_s`."""
        self._failures += 1
        bound = bound_s(self._failures + 1, self._first_s, self._cap_s)
        return min(self._first_s + (bound - self._first_s) * self._random01(), self._cap_s)

    def reset(self) -> None:
        """It worked: the next failure is a first one again."""
        self._failures = 0


def bound_s(attempts: int, base_s: float, cap_s: float) -> float:
    """`base_s` after the first attempt, doubled with each further one, at most `cap_s`."""
    return min(cap_s, base_s * 2.0 ** min(max(attempts - 1, 0), _MAX_DOUBLINGS))


def wish_s(error: StoreError, cap_s: float) -> float:
    """The pause that the store itself asked for, in seconds; 0 when it asked for none or for nonsense."""
    wish = error.retry_after_s if isinstance(error, RetryableStoreError) else None
    return min(wish, cap_s) if wish is not None and math.isfinite(wish) else 0.0
