"""The analyser of one camera: motion, regions, detection, tracks, zones, then the visit machine and the snapshots."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from edge_detector.core import picture, regions
from edge_detector.core.appearance import coat
from edge_detector.core.boxes import FULL, area
from edge_detector.core.facts import (
    Fact,
    LineCrossed,
    OccupancyChanged,
    SnapshotReady,
    SpotsChanged,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)
from edge_detector.core.lines import Crossing
from edge_detector.core.motion import MotionGate
from edge_detector.core.occupancy import DayOf, Occupancy
from edge_detector.core.outline import Outline
from edge_detector.core.regions import RegionPolicy
from edge_detector.core.still import Spot, StillWatch
from edge_detector.core.survey import Survey, Surveyor
from edge_detector.core.thrift import Calm
from edge_detector.core.tracker import Tracker, TrackerPolicy
from edge_detector.core.types import (
    Armed,
    Bgr,
    Box,
    ClipStart,
    ClipStop,
    Command,
    Configure,
    Detection,
    Frame,
    Motion,
    Observation,
    Redraw,
    SetOccupancy,
    StreamLost,
    Suppress,
    TakeSnapshot,
    Tick,
    Track,
    Unsuppress,
)
from edge_detector.core.visits import VisitMachine
from edge_detector.ports import Detector, ImageEncoder

#: What the analyser is fed with.
AnalyseInput = Frame | Tick | StreamLost | Command
#: What comes out: facts for everybody, decisions for the recorder; both in one order.
AnalyseOutput = Fact | ClipStart | ClipStop

#: A later picture replaces the snapshot only when it is better by this much…
SNAPSHOT_GAIN = 1.2
#: …and not more often than this.
SNAPSHOT_INTERVAL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysePolicy:
    """How much is looked at; see the configuration's section `detection`."""

    regions: RegionPolicy = field(default_factory=RegionPolicy)
    #: From this share of the confidence on that makes a visit, a detection starts a track…
    new_share: float = 0.8
    #: …and from this share on it keeps one alive.
    low_share: float = 0.4

    def tracker(self, confidence: float) -> TrackerPolicy:
        """What the tracker believes when `confidence` makes a visit."""
        new = confidence * self.new_share
        return TrackerPolicy(high_score=new, new_score=new, low_score=confidence * self.low_share)


class SnapshotPicker:
    """Keeps how good the best picture of the running visit was."""

    def __init__(self) -> None:
        """No picture yet."""
        self._best = 0.0
        self._t = float("-inf")

    def begin(self) -> None:
        """A visit starts: its first picture is its best so far."""
        self._best = 0.0
        self._t = float("-inf")

    def better(self, t: float, people: tuple[Track, ...]) -> bool:
        """Is the picture at `t` worth more than the one before? Sure, large and many people make it so."""
        value = sum(person.score * math.sqrt(math.sqrt(area(person.box))) for person in people)
        if value < self._best * SNAPSHOT_GAIN or t - self._t < SNAPSHOT_INTERVAL_S:
            return False
        self._best, self._t = value, t
        return value > 0


class AnalyseStage:
    """One input at a time in, facts and decisions out; no thread, no clock but a stop-watch."""

    def __init__(  # noqa: PLR0913 - the parts of the pipeline, by name
        self,
        *,
        camera: str,
        policy: AnalysePolicy,
        detector: Detector,
        encoder: ImageEncoder,
        machine: VisitMachine,
        confidence: float,
        outline: Outline,
        stopwatch: Callable[[], float],
        utc: Callable[[float], float],
        annotate: Callable[[Bgr, tuple[Track, ...]], Bgr] | None = None,
        day_of: DayOf | None = None,
        spots: Sequence[Spot] = (),
    ) -> None:
        """`confidence` is what the machine asks for; `stopwatch` measures inferences only; `annotate` draws boxes.

        With `day_of` the occupancy begins anew each day; `spots` are what was known of things that look like people.
        """
        self._camera = camera
        self._policy = policy
        self._detector = detector
        self._encoder = encoder
        self._machine = machine
        self._surveyor = Surveyor(outline)
        self._occupancy = Occupancy(day_of)
        self._still = StillWatch(spots)
        #: At the spots that the owner has suppressed, in the latest picture.
        self._things: tuple[Detection, ...] = ()
        self._stopwatch = stopwatch
        self._utc = utc
        self._annotate = annotate
        self._gate = MotionGate(self._surveyor.ignored)
        self._tracker: Tracker | None = None
        self._confidence = confidence
        self._picker = SnapshotPicker()
        self._armed = True
        #: Something moved in the last picture, or the gate could not tell.
        self._restless = False
        self._full_t = float("-inf")
        self._visit_id: str | None = None
        self._snapshot_wanted = False
        self._visit_ms = Average()
        self.speed = Average()
        self.analysed = 0
        #: Who was in the last picture.
        self.people: tuple[Track, ...] = ()
        #: For capture, which decodes less while it lasts.
        self.calm = Calm()

    def handle(self, item: AnalyseInput) -> tuple[AnalyseOutput, ...]:
        """Take one input and return what follows from it."""
        if isinstance(item, Frame):
            return (*self._night(item.t), *self._frame(item))
        if isinstance(item, TakeSnapshot | Redraw | SetOccupancy | Suppress | Unsuppress):
            return self._obey(item)
        if isinstance(item, Armed):
            self._armed = item.on
            self._restless = False
        if isinstance(item, Configure):
            self._believe(item.settings.confidence)
        if isinstance(item, StreamLost):
            self._forget()
        return tuple(self._finish(output) for output in self._machine.handle(item))

    def _obey(self, command: TakeSnapshot | Redraw | SetOccupancy | Suppress | Unsuppress) -> tuple[AnalyseOutput, ...]:
        """Do what a command says."""
        match command:
            case TakeSnapshot():
                self._snapshot_wanted = True
                self.calm.note(command.t, busy=True)  # the very next picture is wanted, and exactly
            case Redraw():
                self._surveyor.redraw(command.outline)
                self._gate = MotionGate(self._surveyor.ignored)
            case SetOccupancy():
                self._occupancy.set(command.count, self._utc(command.t) if command.utc is None else command.utc)
                return (self._occupied(command.t, command.reason),)
            case Suppress() | Unsuppress():
                if self._still.suppress(command.spot, on=isinstance(command, Suppress)):
                    return (self._spots(command.t),)
        return ()

    def _night(self, t: float) -> tuple[AnalyseOutput, ...]:
        """The occupancy begins anew when its time has come."""
        return (self._occupied(t, "nightly"),) if self._occupancy.pass_time(self._utc(t)) else ()

    def _frame(self, frame: Frame) -> tuple[AnalyseOutput, ...]:
        self.analysed += 1
        motion, survey = self._look(frame) if self._armed else (0.0, self._surveyor.nobody())
        self.people = survey.people
        observation = Observation(
            t=frame.t,
            session=frame.session,
            people=survey.people,
            zones=survey.zones,
            dwell=survey.dwell,
            motion=motion,
        )
        outputs = [self._finish(output) for output in self._machine.handle(observation)]
        self.calm.note(frame.t, busy=self._restless or bool(survey.people) or self._visit_id is not None)
        crossed = [fact for crossing in survey.crossings for fact in self._cross(frame.t, crossing)]
        boxes = [*(person.box for person in survey.people), *(thing.box for thing in self._things)]
        still = [self._spots(frame.t)] if self._armed and self._still.look(self._utc(frame.t), boxes) else []
        # The picture goes first: a phone fetches it the moment it hears of the visit.
        return (*self._snapshots(frame, survey.people), *outputs, *crossed, *still)

    def _cross(self, t: float, crossing: Crossing) -> tuple[AnalyseOutput, ...]:
        """Somebody went over a line, which may change how many are inside."""
        fact = LineCrossed(
            camera=self._camera,
            visit_id=self._visit_id or "",
            t=t,
            utc=self._utc(t),
            line=crossing.line,
            direction=crossing.direction,
            track=crossing.track,
        )
        return (fact, self._occupied(t, "crossed")) if self._occupancy.crossed(crossing.direction) else (fact,)

    def _spots(self, t: float) -> SpotsChanged:
        return SpotsChanged(camera=self._camera, t=t, utc=self._utc(t), spots=self._still.spots)

    def _occupied(self, t: float, reason: str) -> OccupancyChanged:
        count = self._occupancy.count
        return OccupancyChanged(camera=self._camera, t=t, utc=self._utc(t), count=count, reason=reason)

    def _look(self, frame: Frame) -> tuple[float, Survey]:
        """The share of the picture that moves, and what the people in it do."""
        motion = self._gate.update(frame.planes.y, frame.t)
        self._restless = motion.calibrating or bool(motion.regions)
        width, height = frame.planes.size
        tracks = self._people(frame, motion)
        return motion.score, self._surveyor.survey(frame.t, tracks, aspect=width / height)

    def _people(self, frame: Frame, motion: Motion) -> tuple[Track, ...]:
        """Look where something moves or somebody was, now and then everywhere, and follow who is there."""
        width, height = frame.planes.size
        tracker = self._tracker = self._tracker or Tracker(
            self._policy.tracker(self._confidence), aspect=width / height
        )
        plan = regions.plan(
            (width, height),
            motion=motion,
            tracks=tracker.predicted(frame.t),
            side=self._detector.side,
            since_full_s=frame.t - self._full_t,
            policy=self._policy.regions,
        )
        if FULL in plan:
            self._full_t = frame.t
        looks = [self._detect(frame, region) for region in plan]
        found = self._surveyor.wanted(regions.merge(looks))
        self._things = self._still.hidden(found)
        people = [person for person in found if person not in self._things]
        return tracker.update(frame.t, people, partial(coat, frame.planes))

    def _detect(self, frame: Frame, region: Box) -> tuple[Box, tuple[Detection, ...]]:
        """What one inference sees, and the region that was really cropped for it."""
        crop, cropped = picture.crop_bgr(frame.planes, region)
        begun = self._stopwatch()
        found = self._detector.detect(crop)
        ms = (self._stopwatch() - begun) * 1000
        self.speed.add(ms)
        self._visit_ms.add(ms)
        return cropped, found

    def _snapshots(self, frame: Frame, people: tuple[Track, ...]) -> list[AnalyseOutput]:
        """Pictures worth keeping: of the visit's people, and the one that the owner asked for."""
        outputs: list[AnalyseOutput] = []
        if not frame.exact:
            return outputs
        if self._visit_id is not None and people and self._picker.better(frame.t, people):
            outputs.append(self._snapshot(frame, people, self._visit_id, visit=True))
        if self._snapshot_wanted:
            self._snapshot_wanted = False
            outputs.append(self._snapshot(frame, people, self._visit_id or "", visit=False))
        return outputs

    def _snapshot(self, frame: Frame, people: tuple[Track, ...], visit_id: str, *, visit: bool) -> SnapshotReady:
        image = picture.shown(frame)
        if self._annotate is not None:
            image = self._annotate(image, people)
        return SnapshotReady(
            camera=self._camera,
            visit_id=visit_id,
            t=frame.t,
            utc=self._utc(frame.t),
            jpeg=self._encoder.encode(image),
            count=len(people),
            confidence=max((person.score for person in people), default=0.0),
            visit=visit,
        )

    def _finish(self, output: AnalyseOutput) -> AnalyseOutput:
        """Follow the machine's visits, and add what only the analyser knows: how long inferences took."""
        if isinstance(output, VisitStarted):
            self._visit_id = output.visit_id
            self._picker.begin()
        elif isinstance(output, VisitUpdated | VisitEnded):
            if isinstance(output, VisitEnded):
                self._visit_id = None
            output = replace(output, stats=replace(output.stats, mean_inference_ms=self._visit_ms.mean))
        if isinstance(output, VisitStarted | VisitEnded):
            self._visit_ms = Average()
        return output

    def _believe(self, confidence: float) -> None:
        self._confidence = confidence
        if self._tracker is not None:
            self._tracker.configure(self._policy.tracker(confidence))

    def _forget(self) -> None:
        """What was seen before a gap in the stream says nothing about what comes after it."""
        self._gate = MotionGate(self._surveyor.ignored)
        self._full_t = float("-inf")


class Average:
    """A running mean, and one of the recent values."""

    #: Weight of the newest value in `recent`.
    _WEIGHT = 0.1

    def __init__(self) -> None:
        """No value yet."""
        self.count = 0
        self.recent = 0.0
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Take one value."""
        self.count += 1
        self._sum += value
        self.recent = value if self.count == 1 else self.recent + self._WEIGHT * (value - self.recent)

    @property
    def mean(self) -> float:
        """The mean of all values; 0 when there is none."""
        return self._sum / self.count if self.count else 0.0
