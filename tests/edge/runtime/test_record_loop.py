"""The recorder's stage: what becomes of clips, also when the disk refuses."""

import pytest

from edge_detector.core.cutter import CutPolicy, Cutter
from edge_detector.core.errors import RecordError
from edge_detector.core.evidence import ClipFile
from edge_detector.core.facts import ClipLost, ClipOpened, ClipSaved, VisitUpdated
from edge_detector.core.types import ClipEnd, ClipStart, ClipStop, Packet, StreamLost, VisitStats
from edge_detector.runtime.record_loop import NOBODY, RecordOutput, RecordStage
from edge_detector.testing import FakeClipWriter, FakeClock
from tests.edge.runtime.values import INFO, OTHER_VISIT, VISIT, ended, packet, started

START = ClipStart(visit_id=VISIT, n=1, trigger_t=1.0, trigger_utc=1001.0)


def stage(writer: FakeClipWriter) -> RecordStage:
    return RecordStage(
        camera="door", cutter=Cutter(CutPolicy(pre_roll_s=0.5, min_gap_s=0.0)), writer=writer, clock=FakeClock(50.0)
    )


def feed(recorder: RecordStage, first: float, last: float) -> list[RecordOutput]:
    """Ten packets a second with a key frame every half."""
    facts: list[RecordOutput] = []
    for tenth in range(round(first * 10), round(last * 10)):
        facts += recorder.handle(packet(tenth / 10, keyframe=tenth % 5 == 0))
    return facts


def test_clip_is_saved_with_the_figures_of_its_visit() -> None:
    writer = FakeClipWriter()
    recorder = stage(writer)
    recorder.handle(INFO)
    feed(recorder, 0.0, 1.0)
    recorder.handle(started())
    recorder.handle(START)
    stats = VisitStats(max_people=3, max_confidence=0.7)
    recorder.handle(
        VisitUpdated(camera="door", visit_id=VISIT, t=1.5, utc=1.5, count=3, confidence=0.7, zones=(), stats=stats)
    )
    recorder.handle(ClipStop(visit_id=VISIT, stop_t=2.0))
    (saved,) = feed(recorder, 1.0, 2.5)
    assert isinstance(saved, ClipSaved)
    assert (saved.t, saved.start_t, round(saved.end_t, 3), saved.end) == (50.0, 0.5, 2.1, ClipEnd.STOPPED)
    assert saved.clip.stats == stats
    assert saved.clip.start_utc == 1000.5
    assert writer.clips[0][1][0].t == 0.5


def test_begun_clip_is_told_with_its_first_moment() -> None:
    recorder = stage(FakeClipWriter())
    recorder.handle(INFO)
    feed(recorder, 0.0, 1.0)
    assert recorder.handle(START) == (ClipOpened(camera="door", visit_id=VISIT, n=1, start_utc=1000.5, t=1.0),)


def test_last_figures_of_a_visit_win() -> None:
    writer = FakeClipWriter()
    recorder = stage(writer)
    recorder.handle(INFO)
    feed(recorder, 0.0, 1.0)
    recorder.handle(started())
    recorder.handle(START)
    recorder.handle(ended())
    (saved,) = recorder.handle(StreamLost(t=1.0, session=1, reason="gone"))
    assert isinstance(saved, ClipSaved)
    assert saved.end is ClipEnd.STREAM_LOST
    assert saved.clip.stats == ended().stats


def test_clip_that_the_owner_asked_for_has_nobody_in_it() -> None:
    writer = FakeClipWriter()
    recorder = stage(writer)
    recorder.handle(INFO)
    feed(recorder, 0.0, 1.0)
    recorder.handle(ClipStart(visit_id=OTHER_VISIT, n=1, trigger_t=1.0, trigger_utc=1.0, asked=True))
    (saved,) = recorder.finish()
    assert isinstance(saved, ClipSaved)
    assert saved.end is ClipEnd.SHUTDOWN
    assert saved.clip.stats == NOBODY


def test_lost_clip_is_told_with_the_reason() -> None:
    (lost,) = stage(FakeClipWriter()).handle(START)
    assert lost == ClipLost(camera="door", visit_id=VISIT, n=1, t=1.0, utc=1001.0, reason="no_stream")


class FullDisk(FakeClipWriter):
    """Takes some packets, then no more; closes or not."""

    def __init__(self, takes: int, *, closes: bool) -> None:
        super().__init__()
        self._takes = takes
        self._closes = closes

    def write(self, packet: Packet) -> None:
        self._takes -= 1
        if self._takes < 0:
            raise RecordError("Cannot write to x: the disk is full")
        super().write(packet)

    def close(self, stats: VisitStats) -> ClipFile:
        if not self._closes:
            raise RecordError("Cannot write to x: the disk is full")
        return super().close(stats)


@pytest.mark.parametrize(("closes", "kind"), [(True, ClipSaved), (False, ClipLost)])
def test_full_disk_costs_the_rest_of_the_clip(*, closes: bool, kind: type) -> None:
    recorder = stage(FullDisk(3, closes=closes))
    recorder.handle(INFO)
    feed(recorder, 0.0, 1.0)
    opened, fact = recorder.handle(START)
    assert isinstance(opened, ClipOpened)
    assert isinstance(fact, kind)
    if isinstance(fact, ClipLost):
        assert "the disk is full" in fact.reason
    if isinstance(fact, ClipSaved):
        assert fact.end is ClipEnd.DISK
    assert feed(recorder, 1.0, 30.0) == [], "the rest of the clip is not tried again and again"
    assert recorder.finish() == ()
