"""The recorder of one camera: packets and decisions in one order, through the cutter, to the clip writer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge_detector.core.cutter import CloseClip, Cutter, CutOutput, LoseClip, OpenClip, WritePacket
from edge_detector.core.errors import RecordError
from edge_detector.core.types import (
    ClipEnd,
    ClipLost,
    ClipSaved,
    ClipStart,
    ClipStop,
    Configure,
    Packet,
    StreamInfo,
    StreamLost,
    VisitEnded,
    VisitStarted,
    VisitStats,
    VisitUpdated,
)
from edge_detector.ports import Clock, ClipWriter

_LOG = logging.getLogger(__name__)

#: What the recorder is fed with, in one order.
RecordInput = (
    Packet
    | StreamInfo
    | StreamLost
    | ClipStart
    | ClipStop
    | Configure
    | VisitStarted
    | VisitUpdated
    | VisitEnded
)
RecordOutput = ClipSaved | ClipLost


class RecordStage:
    """One input at a time in, finished or lost clips out."""

    def __init__(self, *, camera: str, cutter: Cutter, writer: ClipWriter, clock: Clock) -> None:
        """The cutter decides, the writer does."""
        self._camera = camera
        self._cutter = cutter
        self._writer = writer
        self._clock = clock
        self._stats: dict[str, VisitStats] = {}
        self._open: OpenClip | None = None

    def handle(self, item: RecordInput) -> tuple[RecordOutput, ...]:
        """Take one input and return what became of clips."""
        match item:
            case VisitStarted():
                self._stats[item.visit_id] = VisitStats(max_people=item.count, max_confidence=item.confidence)
                return ()
            case VisitUpdated():
                self._stats[item.visit_id] = item.stats
                return ()
            case VisitEnded():
                self._stats[item.visit_id] = item.stats
                return ()
        return self._act(self._cutter.handle(item))

    def finish(self, end: ClipEnd = ClipEnd.SHUTDOWN) -> tuple[RecordOutput, ...]:
        """Close what is open, at the end of the program."""
        return self._act(self._cutter.finish(end))
