"""The analyser's stage: when it looks, what it tells first, and which pictures it keeps."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from edge_detector.core import picture
from edge_detector.core.facts import (
    LineCrossed,
    OccupancyChanged,
    SnapshotReady,
    SpotsChanged,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.still import Spot
from edge_detector.core.types import (
    Armed,
    Bgr,
    Box,
    ClipStart,
    Configure,
    Detection,
    Frame,
    Planes,
    Redraw,
    SetOccupancy,
    Settings,
    StreamLost,
    Suppress,
    TakeSnapshot,
    TestClip,
    Tick,
    Track,
    Unsuppress,
)
from edge_detector.core.visits import VisitMachine, VisitPolicy
from edge_detector.core.zones import Zone, ZoneKind
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


def test_owner_gets_an_exact_picture_and_as_soon_as_there_is_one() -> None:
    scene = Scene()
    scene.frames(every(0, 6))
    assert scene.stage.calm.lasts(6.0)
    scene.stage.handle(TakeSnapshot(t=6.0))
    assert not scene.stage.calm.lasts(6.1), "capture has to decode all"
    assert scene.stage.handle(replace(frame(6.2), exact=False)) == ()
    (snapshot,) = scene.frames([6.4])
    assert isinstance(snapshot, SnapshotReady)
    assert snapshot.t == 6.4


@pytest.mark.parametrize("bt709", [False, True])
def test_pictures_have_the_colours_that_are_meant(bt709: bool) -> None:
    yuv = np.concatenate([np.full((480, 640), 109), np.full((240, 640), 184)]).astype(np.uint8)
    scene = Scene()
    scene.stage.handle(TakeSnapshot(t=0.0))
    seen = Frame(session=1, seq=0, t=0.2, planes=Planes.of(yuv), bt709=bt709)
    (snapshot,) = only(scene.stage.handle(seen), SnapshotReady)
    assert isinstance(snapshot, SnapshotReady)
    assert snapshot.jpeg == FakeEncoder().encode(picture.bgr(yuv, bt709=bt709))


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


# --- what is drawn on the picture -----------------------------------------------------------------------------------

WIDTH, HEIGHT = 640, 480
LOW = Zone(id="low", name="Low", points=((0.0, 0.7), (1.0, 0.7), (1.0, 1.0), (0.0, 1.0)))
#: Inside is to the right.
GATE = Line(id="gate", name="Gate", start=(0.5, 1.0), end=(0.5, 0.0))


def white(x: float, t: float, *, height: float = 0.4) -> Frame:
    """A grey picture with somebody white, whose feet are at `x` and nine tenths down; nobody below zero."""
    picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    if x >= 0:
        top, bottom = round((0.9 - height) * HEIGHT), round(0.9 * HEIGHT)
        picture[top:bottom, round((x - 0.05) * WIDTH) : round((x + 0.05) * WIDTH)] = 235
    return Frame(session=0, seq=round(t * 5), t=t, planes=Planes.of(picture))


def whites(crop: Bgr) -> tuple[Detection, ...]:
    """A perfect detector of white people."""
    ys, xs = np.nonzero(crop[:, :, 0] > 200)
    if not len(ys):
        return ()
    height, width = crop.shape[:2]
    left, right, top, bottom = int(xs[0]), int(xs[-1]) + 1, int(ys[0]), int(ys[-1]) + 1
    box = Box(left / width, top / height, right / width, bottom / height)
    return (Detection(box=box, score=0.9),)


def watching(
    outline: Outline, *, day_of: Callable[[float], int] | None = None, spots: Sequence[Spot] = ()
) -> AnalyseStage:
    return AnalyseStage(
        camera="door",
        policy=AnalysePolicy(),
        detector=FakeDetector(whites),
        encoder=FakeEncoder(),
        machine=VisitMachine("door", VisitPolicy(), lambda t: (VISIT, 1000 + t)),
        confidence=0.5,
        outline=outline,
        stopwatch=lambda: 0.0,
        utc=lambda t: 1000 + t,
        day_of=day_of,
        spots=spots,
    )


def walk(stage: AnalyseStage, *xs: float, start_t: float = 0.0) -> list[AnalyseOutput]:
    return [output for n, x in enumerate(xs) for output in stage.handle(white(x, start_t + n / 5))]


def through() -> list[float]:
    return [0.2 + 0.05 * n for n in range(13)]


def test_who_crosses_a_line_is_told_and_is_inside() -> None:
    outputs = walk(watching(Outline(lines=(GATE,))), *through())
    (crossed,) = only(outputs, LineCrossed)
    assert isinstance(crossed, LineCrossed)
    assert (crossed.line, crossed.direction, crossed.visit_id, crossed.track) == ("gate", "in", VISIT, 1)
    assert crossed.utc == 1000 + crossed.t
    (inside,) = only(outputs, OccupancyChanged)
    assert isinstance(inside, OccupancyChanged)
    assert (inside.count, inside.reason, inside.t) == (1, "crossed", crossed.t)


def test_nobody_is_less_than_inside() -> None:
    outputs = walk(watching(Outline(lines=(GATE,))), *reversed(through()))
    (crossed,) = only(outputs, LineCrossed)
    assert isinstance(crossed, LineCrossed)
    assert crossed.direction == "out"
    assert not only(outputs, OccupancyChanged)


def test_the_owner_says_how_many_are_inside_and_the_night_that_nobody_is() -> None:
    stage = watching(Outline(), day_of=lambda utc: int(utc // 2000))
    (told,) = stage.handle(SetOccupancy(t=1.0, count=3))
    assert told == OccupancyChanged(camera="door", t=1.0, utc=1001.0, count=3, reason="reset")
    assert not walk(stage, -1, start_t=900)
    (night,) = walk(stage, -1, start_t=1001)
    assert night == OccupancyChanged(camera="door", t=1001, utc=2001, count=0, reason="nightly")
    stage.handle(SetOccupancy(t=1002.0, count=2, utc=500.0, reason="restart"))
    assert only(walk(stage, -1, start_t=1003), OccupancyChanged), "a day has begun since"


def test_what_is_drawn_anew_holds_from_the_next_picture_on_and_who_is_followed_stays() -> None:
    stage = watching(Outline(zones=(MAT,)))
    walk(stage, 0.2, 0.25, 0.3, 0.35, 0.4)
    assert stage.handle(Redraw(t=1.0, outline=Outline(zones=(LOW,), lines=(GATE,)))) == ()
    outputs = walk(stage, 0.42, 0.44, 0.5, 0.55, 0.6, 0.65, 0.7, start_t=1.0)
    assert [fact.track for fact in outputs if isinstance(fact, LineCrossed)] == [1]
    outputs += walk(stage, *[0.7] * 6, start_t=2.4)
    assert [fact.zones for fact in outputs if isinstance(fact, VisitUpdated)][-1] == (("low", 1),)


def test_nobody_is_looked_for_in_a_zone_to_ignore() -> None:
    stage = watching(Outline(zones=(Zone(id="tree", name="Tree", points=MAT.points, kind=ZoneKind.IGNORE),)))
    assert walk(stage, *through()) == []
    assert stage.people == ()


def test_only_who_was_in_a_required_zone_makes_a_visit() -> None:
    right = Zone(
        id="porch",
        name="Porch",
        points=((0.6, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0)),
        kind=ZoneKind.REQUIRED,
    )
    stage = watching(Outline(zones=(right,)))
    outputs = [(x, stage.handle(white(x, n / 5))) for n, x in enumerate(through())]
    begun = [x for x, facts in outputs if only(facts, VisitStarted)]
    assert len(begun) == 1
    assert begun[0] >= 0.6


def test_how_long_somebody_stayed_in_a_zone_is_told_at_the_end() -> None:
    stage = watching(Outline(zones=(LOW,)))
    walk(stage, *[0.3] * 16)
    outputs = [output for t in range(4, 12) for output in stage.handle(white(-1, float(t)))]
    (end,) = only(outputs, VisitEnded)
    assert isinstance(end, VisitEnded)
    assert end.zones == ("low",)
    assert dict(end.dwell)["low"] == pytest.approx(3.0)


def test_a_thing_that_is_suppressed_is_nobody_until_it_is_undone() -> None:
    known = Spot(id="s1", box=Box(0.25, 0.5, 0.35, 0.9), since_utc=0.0, seen_utc=1000.0)
    stage = watching(Outline(), spots=[known])
    (suppressed,) = stage.handle(Suppress(t=0.0, spot="s1"))
    assert isinstance(suppressed, SpotsChanged)
    assert [(spot.id, spot.suppressed) for spot in suppressed.spots] == [("s1", True)]
    assert stage.handle(Suppress(t=0.0, spot="s1")) == ()
    assert not only(walk(stage, *[0.3] * 10), VisitStarted)
    assert only(stage.handle(Unsuppress(t=2.0, spot="s1")), SpotsChanged)
    assert only(walk(stage, *[0.3] * 10, start_t=12.0), VisitStarted)


def test_what_stands_still_for_an_hour_is_worth_keeping() -> None:
    stage = watching(Outline())
    told = [fact for n in range(62) for fact in only(stage.handle(white(0.3, n * 60.0)), SpotsChanged)]
    assert len(told) == 1
    assert isinstance(told[0], SpotsChanged)
    assert len(told[0].spots) == 1
