"""The recorder of one camera: packets and decisions in one order, through the cutter, to the clip writer."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from edge_detector.core.cutter import CloseClip, CutOutput, Cutter, LoseClip, OpenClip, WritePacket
from edge_detector.core.errors import RecordError
from edge_detector.core.facts import ClipLost, ClipOpened, ClipSaved, VisitEnded, VisitStarted, VisitUpdated
from edge_detector.core.types import ClipEnd, ClipStart, ClipStop, Configure, Packet, StreamInfo, StreamLost, VisitStats
from edge_detector.ports import ClipWriter, Clock

_LOG = logging.getLogger(__name__)

#: What the recorder is fed with, in one order.
RecordInput = (
    Packet | StreamInfo | StreamLost | ClipStart | ClipStop | Configure | VisitStarted | VisitUpdated | VisitEnded
)
RecordOutput = ClipOpened | ClipSaved | ClipLost
#: The figures of a clip that the owner asked for.
NOBODY = VisitStats(max_people=0)


class RecordStage:
    """One input at a time in, begun, finished or lost clips out."""

    def __init__(self, *, camera: str, cutter: Cutter, writer: ClipWriter, clock: Clock) -> None:
        """The cutter decides, the writer does."""
        self._camera = camera
        self._cutter = cutter
        self._writer = writer
        self._clock = clock
        self._stats: dict[str, VisitStats] = {}
        #: The clip that is being written; None also when the disk refused it.
        self._clip: OpenClip | None = None

    @property
    def recording(self) -> bool:
        """Is a clip being written?"""
        return self._clip is not None

    def handle(self, item: RecordInput) -> tuple[RecordOutput, ...]:
        """Take one input and return what became of clips."""
        if isinstance(item, VisitStarted):
            # One visit at a time, and its last clip ends before the next visit has one.
            self._stats = {item.visit_id: VisitStats(max_people=item.count, max_confidence=item.confidence)}
            return ()
        if isinstance(item, VisitUpdated | VisitEnded):
            self._stats[item.visit_id] = item.stats
            return ()
        return self._act(self._cutter.handle(item))

    def finish(self, end: ClipEnd = ClipEnd.SHUTDOWN) -> tuple[RecordOutput, ...]:
        """Close what is open, at the end of the program."""
        return self._act(self._cutter.finish(end))

    def _act(self, outputs: Sequence[CutOutput]) -> tuple[RecordOutput, ...]:
        """Do what the cutter says; a disk that refuses costs the rest of a clip, never the recorder."""
        facts: list[RecordOutput] = []
        for output in outputs:
            try:
                fact = self._do(output)
            except RecordError as error:
                _LOG.error("%s: %s", self._camera, error)
                fact = self._cut_short(str(error))
            if fact is not None:
                facts.append(fact)
        return tuple(facts)

    def _do(self, output: CutOutput) -> RecordOutput | None:
        match output:
            case OpenClip():
                self._clip = output
                self._writer.open(
                    stream=output.stream,
                    visit_id=output.visit_id,
                    n=output.n,
                    start_utc=output.start_utc,
                    trigger_s=output.trigger_s,
                )
                return ClipOpened(
                    camera=self._camera,
                    visit_id=output.visit_id,
                    n=output.n,
                    start_utc=output.start_utc,
                    t=output.start_t + output.trigger_s,
                )
            case WritePacket() if self._clip is not None:
                self._writer.write(output.packet)
            case CloseClip() if self._clip is not None:
                saved = self._saved(self._clip, output.end_t, output.end)
                self._clip = None
                return saved
            case LoseClip():
                return ClipLost(
                    camera=self._camera,
                    visit_id=output.visit_id,
                    n=output.n,
                    t=output.t,
                    utc=output.utc,
                    reason=output.reason.value,
                )
        return None

    def _saved(self, opened: OpenClip, end_t: float, end: ClipEnd) -> ClipSaved:
        clip = self._writer.close(self._stats.get(opened.visit_id, NOBODY))
        return ClipSaved(t=self._clock.now(), clip=clip, start_t=opened.start_t, end_t=end_t, end=end)

    def _cut_short(self, reason: str) -> RecordOutput | None:
        """Make a clip of what the disk took; when even that fails it is lost, until the next start finds it."""
        opened, self._clip = self._clip, None
        if opened is None:
            return None
        t = self._clock.now()
        try:
            return self._saved(opened, t, ClipEnd.DISK)
        except RecordError as error:
            _LOG.debug("%s: %s", self._camera, error)
        return ClipLost(
            camera=self._camera, visit_id=opened.visit_id, n=opened.n, t=t, utc=self._clock.utc(t), reason=reason
        )
