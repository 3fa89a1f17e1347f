"""One detector for all cameras: whoever came first is served first, so that a busy camera starves nobody."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge_detector.core.facts import DetectorInfo
    from edge_detector.core.types import Bgr, Detection
    from edge_detector.ports import Detector


class FairSlot:
    """A detector that many threads may call; it serves them one at a time in the order in which they came."""

    def __init__(self, detector: Detector) -> None:
        """Share `detector`."""
        self._detector = detector
        self._guard = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
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

    def detect(self, image: Bgr) -> tuple[Detection, ...]:
        """Wait for this caller's turn, then detect."""
        with self._turn():
            return self._detector.detect(image)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        turn = threading.Event()
        with self._guard:
            if self._busy:
                self._waiting.append(turn)
            else:
                self._busy = True
                turn.set()
        turn.wait()
        try:
            yield
        finally:
            with self._guard:
                if self._waiting:
                    self._waiting.popleft().set()
                else:
                    self._busy = False
