"""One detector for all cameras, one inference at a time: a busy camera starves nobody."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge_detector.core.schedule import Turns

if TYPE_CHECKING:
    from edge_detector.core.facts import DetectorInfo
    from edge_detector.core.types import Bgr, Detection
    from edge_detector.ports import Detector


class FairSlot:
    """A detector that many threads may call; of those who wait, the one that used it least of late is served first."""

    def __init__(self, detector: Detector, *, stopwatch: Callable[[], float] = time.perf_counter) -> None:
        """Share `detector`."""
        self._detector = detector
        self._stopwatch = stopwatch
        self._guard = threading.Lock()
        self._turns = Turns()
        self._waiting: list[tuple[float, int, threading.Event]] = []
        self._order = itertools.count()
        self._busy = False

    @property
    def info(self) -> DetectorInfo:
        """Which backend and model this is."""
        return self._detector.info

    @property
    def side(self) -> int:
        """The model's own input side in pixels."""
        return self._detector.side

    @property
    def waiting(self) -> int:
        """How many callers wait for their turn."""
        with self._guard:
            return len(self._waiting)

    @property
    def used_s(self) -> Mapping[str, float]:
        """Seconds of inference that each user had."""
        with self._guard:
            return dict(self._turns.used_s)

    def share(self, user: str) -> Share:
        """The detector as one camera sees it."""
        return Share(self, user)

    def detect(self, image: Bgr, user: str = "") -> tuple[Detection, ...]:
        """Wait for this user's turn, then detect."""
        with self._turn(user):
            return self._detector.detect(image)

    @contextmanager
    def _turn(self, user: str) -> Iterator[None]:
        turn = threading.Event()
        with self._guard:
            number = self._turns.enter(user)
            if self._busy:
                heapq.heappush(self._waiting, (number, next(self._order), turn))
            else:
                self._busy = True
                turn.set()
        turn.wait()
        begun = self._stopwatch()
        try:
            yield
        finally:
            with self._guard:
                self._turns.leave(user, number, self._stopwatch() - begun)
                if self._waiting:
                    heapq.heappop(self._waiting)[-1].set()
                else:
                    self._busy = False


class Share:
    """One camera's part of the slot, behind the Detector port."""

    def __init__(self, slot: FairSlot, user: str) -> None:
        self._slot = slot
        self._user = user

    @property
    def info(self) -> DetectorInfo:
        """Which backend and model this is."""
        return self._slot.info

    @property
    def side(self) -> int:
        """The model's own input side in pixels."""
        return self._slot.side

    def detect(self, image: Bgr) -> tuple[Detection, ...]:
        """Wait for this camera's turn, then detect."""
        return self._slot.detect(image, self._user)
