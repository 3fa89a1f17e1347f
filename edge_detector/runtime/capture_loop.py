"""Keeps one stream of a camera open: sessions, back-off, and who gets packets and frames."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from edge_detector.core.errors import SourceEnded, SourceError
from edge_detector.core.facts import CameraDown, CameraUp, Fact
from edge_detector.core.retry import Backoff
from edge_detector.core.types import Frame, Packet, StreamInfo, StreamLost
from edge_detector.ports import Clock, PacketSource

_LOG = logging.getLogger(__name__)


class Sampler:
    """Says which decoded pictures are analysed: `fps` a second on the stream's own time, whatever its rate."""

    def __init__(self, fps: float) -> None:
        """`fps`: analysed frames a second."""
        self._interval_s = 1.0 / fps
        self._due: float | None = None

    def set_rate(self, fps: float) -> None:
        """So many a second from now on; from any thread."""
        self._interval_s = 1.0 / fps

    def spare(self, t: float) -> bool:
        """Will the picture at `t` surely not be wanted?"""
        return self._due is not None and self._interval_s / 100 < self._due - t < self._interval_s

    def __call__(self, t: float) -> bool:
        """Is the picture at `t` wanted?"""
        if self._due is None or not -self._interval_s < self._due - t < 2 * self._interval_s:
            self._due = t
        # A hair of tolerance: at 10 frames a second and 5 analysed it is every second one, not now and then the third.
        if t < self._due - self._interval_s / 100:
            return False
        self._due += self._interval_s
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinks:
    """Where a stream's items go; each must not block."""

    opened: Callable[[StreamInfo], None]
    packet: Callable[[Packet], None]
    frame: Callable[[Frame], None]
    lost: Callable[[StreamLost], None]
    fact: Callable[[Fact], None]


class CaptureLoop:
    """Opens a source again and again; each time is a session of its own."""

    def __init__(  # noqa: PLR0913 - all that one stream needs, by name
        self,
        *,
        camera: str,
        source: PacketSource,
        sinks: Sinks,
        sampler: Sampler,
        clock: Clock,
        backoff: Backoff,
        finite: bool = False,
    ) -> None:
        """`finite`: the end of the source is the end of the loop, as for a file that is not looped."""
        self._camera = camera
        self._source = source
        self._sinks = sinks
        self._sampler = sampler
        self._clock = clock
        self._backoff = backoff
        self._finite = finite
        self._session = 0
        self._down: str | None = None
        self._up = False
        #: Decoded pictures seen, wanted or not.
        self.frames = 0

    def run(self, stop: threading.Event) -> None:
        """Capture until `stop` is set, or until a finite source ends."""
        while not stop.is_set():
            self._session += 1
            try:
                self._capture(stop)
            except SourceEnded as error:
                self._on_lost(str(error))
                if self._finite:
                    return
            except SourceError as error:
                self._on_lost(str(error))
            else:
                return
            finally:
                self._source.close()
            stop.wait(self._backoff.next_delay())

    def _capture(self, stop: threading.Event) -> None:
        """One session, from opening to `stop`; raises SourceError when it breaks."""
        info = self._source.open(self._session)
        self._up = False
        self._sinks.opened(info)
        for item in self._source.read(self._wants):
            if not self._up:
                self._on_up(info)
            if isinstance(item, Packet):
                self._sinks.packet(item)
            else:
                self._sinks.frame(item)
            if stop.is_set():
                break
        self._sinks.lost(StreamLost(t=self._clock.now(), session=self._session, reason="stopped"))

    def _wants(self, t: float) -> bool:
        self.frames += 1
        return self._sampler(t)

    def _on_up(self, info: StreamInfo) -> None:
        self._up = True
        self._backoff.reset()
        if self._down is not None:
            _LOG.info("%s is back", self._camera)
        self._down = None
        t = self._clock.now()
        self._sinks.fact(
            CameraUp(camera=self._camera, t=t, utc=self._clock.utc(t), width=info.width, height=info.height)
        )

    def _on_lost(self, reason: str) -> None:
        """Tell the first loss aloud, repeats in a whisper; an end of stream always reaches the stages."""
        t = self._clock.now()
        self._sinks.lost(StreamLost(t=t, session=self._session, reason=reason))
        if self._down is None:
            _LOG.warning("%s: %s", self._camera, reason)
            self._sinks.fact(CameraDown(camera=self._camera, t=t, utc=self._clock.utc(t), reason=reason))
        else:
            _LOG.debug("%s still: %s", self._camera, reason)
        self._down = reason
