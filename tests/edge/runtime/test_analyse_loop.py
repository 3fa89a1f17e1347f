"""The analyser's stage: when it looks, what it tells first, and which pictures it keeps."""

from collections.abc import Sequence

import numpy as np
import pytest

from edge_detector.core.facts import SnapshotReady, VisitEnded, VisitStarted, VisitUpdated
from edge_detector.core.outline import Outline
from edge_detector.core.types import (
    Armed,
    Bgr,
    Box,
    ClipStart,
    Configure,
    Detection,
    Frame,
    Planes,
    Settings,
    StreamLost,
    TakeSnapshot,
    TestClip,
    Tick,
    Track,
)
from edge_detector.core.visits import VisitMachine, VisitPolicy
from edge_detector.core.zones import Zone
from edge_detector.runtime.analyse_loop import AnalyseOutput, AnalysePolicy, AnalyseStage, Average, SnapshotPicker
from edge_detector.testing import FakeDetector, FakeEncoder
from tests.edge.runtime.values import SOMEBODY, VISIT, frame

MAT = Zone(id="mat", name="Mat", points=((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))


class Scene:
    """A stage before which somebody stands or not; each inference takes 10 ms on its stopwatch."""

    def __init__(self, annotate: bool = False) -> None:
        self.people: tuple[Detection, ...] = ()
        self.now = 0.0
        self.detector = FakeDetector(self._answer)
        self.stage = AnalyseStage(
            camera="door",
            policy=AnalysePolicy(),
            detector=self.detector,
            encoder=FakeEncoder(),
            machine=VisitMachine("door", VisitPolicy(), lambda t: (VISIT, 1000 + t)),
            confidence=0.5,
            outline=Outline(zones=(MAT,)),
            stopwatch=self._stopwatch,
            utc=lambda t: 1000 + t,
            annotate=self._draw if annotate else None,
        )
        self.drawn = 0

    def frames(self, times: Sequence[float]) -> list[AnalyseOutput]:
        return [output for t in times for output in self.stage.handle(frame(t))]

    def _answer(self, _: Bgr) -> tuple[Detection, ...]:
        return self.people

    def _stopwatch(self) -> float:
        self.now += 0.01
        return self.now

    def _draw(self, image: Bgr, people: tuple[Track, ...]) -> Bgr:
        self.drawn += len(people)
        return image + 1


def every(start: float, end: float) -> list[float]:
    """Five frames a second."""
    return [n / 5 for n in range(round(start * 5), round(end * 5))]


def only(outputs: Sequence[AnalyseOutput], kind: type) -> list[AnalyseOutput]:
    return [output for output in outputs if isinstance(output, kind)]


def test_still_and_empty_picture_is_looked_at_now_and_then() -> None:
    scene = Scene()
    assert scene.frames(every(0, 5)) == []
    settled = scene.detector.calls
    assert scene.frames(every(5, 35)) == []
    assert scene.detector.calls - settled == 3, "every ten seconds"


def test_picture_comes_before_the_visit_and_the_visit_before_its_clip() -> None:
    scene = Scene()
    scene.people = (SOMEBODY,)
    outputs = scene.frames(every(0, 1))
    assert [type(output) for output in outputs[:3]] == [SnapshotReady, VisitStarted, ClipStart]
    snapshot, visit, _ = outputs[:3]
    assert isinstance(snapshot, SnapshotReady)
    assert isinstance(visit, VisitStarted)
    assert snapshot.visit_id == visit.visit_id == VISIT
    assert snapshot.jpeg.startswith(b"\xff\xd8")
    assert (snapshot.count, snapshot.confidence, snapshot.visit) == (1, 0.9, True)
    assert visit.zones == (("mat", 1),)
    assert visit.utc == 1000


def test_visit_ends_by_ticks_alone_and_knows_how_long_inferences_took() -> None:
    scene = Scene()
    scene.people = (SOMEBODY,)
    scene.frames(every(0, 2))
    outputs = [output for t in range(3, 9) for output in scene.stage.handle(Tick(t=float(t)))]
    (end,) = only(outputs, VisitEnded)
    assert isinstance(end, VisitEnded)
    assert end.t == 1.8
    assert end.stats.mean_inference_ms == pytest.approx(10.0)


def test_better_picture_replaces_the_first() -> None:
    scene = Scene()
    scene.people = (Detection(box=Box(0.4, 0.4, 0.5, 0.6), score=0.6),)
    assert len(only(scene.frames(every(0, 3)), SnapshotReady)) == 1
    scene.people = (Detection(box=Box(0.3, 0.2, 0.6, 0.9), score=0.95),)
    assert len(only(scene.frames(every(3, 6)), SnapshotReady)) == 1


def test_owner_gets_a_picture_of_now_without_a_visit() -> None:
    scene = Scene()
    scene.frames(every(0, 1))
    assert scene.stage.handle(TakeSnapshot(t=1.0)) == ()
    (snapshot,) = scene.frames([1.0])
    assert isinstance(snapshot, SnapshotReady)
    assert (snapshot.visit, snapshot.count, snapshot.visit_id) == (False, 0, "")
    assert scene.frames([1.2]) == []


def test_boxes_are_drawn_where_that_is_wanted() -> None:
    scene = Scene(annotate=True)
    scene.people = (SOMEBODY,)
    drawn = only(scene.frames(every(0, 1)), SnapshotReady)[0]
    plain = Scene()
    plain.people = (SOMEBODY,)
    assert isinstance(drawn, SnapshotReady)
    assert drawn.jpeg != only(plain.frames(every(0, 1)), SnapshotReady)[0].jpeg  # type: ignore[union-attr]
    assert scene.drawn == 1


def test_disarmed_camera_looks_at_nothing() -> None:
    scene = Scene()
    scene.people = (SOMEBODY,)
    scene.frames(every(0, 1))
    (end,) = only(scene.stage.handle(Armed(t=1.0, on=False)), VisitEnded)
    calls = scene.detector.calls
    assert isinstance(end, VisitEnded)
    assert scene.frames(every(1.2, 20)) == []
    assert scene.detector.calls == calls
    scene.stage.handle(Armed(t=20.0, on=True))
    assert only(scene.frames(every(20.2, 22)), VisitStarted)


def test_lost_stream_ends_the_visit_and_the_next_one_is_looked_at_whole() -> None:
    scene = Scene()
    scene.frames(every(0, 3))
    calls = scene.detector.calls
    scene.stage.handle(StreamLost(t=3.0, session=1, reason="gone"))
    scene.stage.handle(frame(4.0, session=2))
    assert scene.detector.calls == calls + 1


def test_confidence_may_be_lowered_at_run_time() -> None:
    scene = Scene()
    scene.people = (Detection(box=Box(0.3, 0.2, 0.6, 0.9), score=0.3),)
    assert only(scene.frames(every(0, 2)), VisitStarted) == []
    scene.stage.handle(Configure(t=2.0, settings=Settings(confidence=0.25)))
    assert only(scene.frames(every(2, 14)), VisitStarted)


def test_test_clip_starts_a_clip_of_nobody() -> None:
    scene = Scene()
    scene.frames(every(0, 1))
    outputs = scene.stage.handle(TestClip(t=1.0))
    assert [type(output) for output in outputs] == [ClipStart]


def test_many_updates_are_held_back() -> None:
    scene = Scene()
    scene.people = (SOMEBODY,)
    updates = only(scene.frames(every(0, 5)), VisitUpdated)
    assert len(updates) <= 5


def test_average() -> None:
    average = Average()
    assert (average.count, average.mean, average.recent) == (0, 0.0, 0.0)
    for value in (10.0, 20.0):
        average.add(value)
    assert (average.count, average.mean, average.recent) == (2, 15.0, 11.0)


def test_picker_takes_no_empty_picture() -> None:
    assert not SnapshotPicker().better(1.0, ())


def test_frames_of_any_size_are_analysed() -> None:
    scene = Scene()
    big = Frame(session=1, seq=0, t=0.0, planes=Planes.of(np.full((1080, 1280), 90, np.uint8)))
    assert scene.stage.handle(big) == ()
    assert scene.stage.analysed == 1
