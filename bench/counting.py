"""Measures how well people are followed and counted, in generated scenes whose truth is known.

    python -m bench.counting --json

A camera's own analyser, with YOLOv5n, sees scenes of one to six people who go over two lines and through two zones,
turn back on a line, stand on it, meet each other, leave and come back. One object tells how many crossings there were
and the share that was counted wrong, the share of pictures in which a zone was told right, and what motmetrics says of
the tracks. The same seeds give the same scenes; those that it takes by itself were not looked at while the tracker was
made. With `--behind`, people may walk along hidden behind others all the way, which no camera can see through.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import motmetrics  # type: ignore[import-untyped]
import numpy as np

from bench.counting_scenes import counting_outline, counting_scene
from edge_detector.capture.jpeg import JpegEncoder
from edge_detector.capture.scene_world import Crossing, Sighting
from edge_detector.core.boxes import Boxes, iou_matrix
from edge_detector.core.facts import LineCrossed
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.types import Box, Frame, Observation, Planes, Yuv
from edge_detector.core.visits import Input, Output, VisitMachine, VisitPolicy
from edge_detector.detectors.registry import DetectorPolicy, build
from edge_detector.ports import Detector
from edge_detector.runtime.analyse_loop import AnalysePolicy, AnalyseStage
from tests.paths import model

#: Analysed pictures a second.
FPS = 5.0
#: Number of people to seconds of their scene: the more there are, the more they do.
SECONDS = {1: 90.0, 2: 75.0, 3: 60.0, 4: 60.0, 5: 40.0, 6: 35.0}
#: Seeds that nothing was tuned on.
SEEDS = (1001, 1002)
#: Whoever is seen by at least this share is there.
VISIBLE = 0.5
#: Whoever has been out of the picture, all but this share, for longer than this comes back as somebody new.
ANY = 0.02
AWAY_S = 2.0
#: A box that shares less with the true one is another.
SAME_IOU = 0.5

_VISIT = "01M7YG65DT0000000000000000"

Counts = Counter[tuple[str, str]]


class World(Protocol):
    """A scene, as far as it is looked at."""

    @property
    def length_s(self) -> float:
        """Seconds until it begins again."""
        ...

    def frame(self, t: float) -> Yuv:
        """The picture at `t`."""
        ...

    def people(self, t: float, *, visible: float) -> tuple[Sighting, ...]:
        """Who is seen at `t`."""
        ...

    def crossings(self, start: tuple[float, float], end: tuple[float, float]) -> tuple[Crossing, ...]:
        """Who goes over a line."""
        ...


class WatchedMachine(VisitMachine):
    """A visit machine that remembers what it was shown last."""

    seen: Observation | None = None

    def handle(self, given: Input) -> tuple[Output, ...]:
        """Take one input."""
        if isinstance(given, Observation):
            self.seen = given
        return super().handle(given)


@dataclass(slots=True)
class Score:
    """What was counted in one scene, against the truth."""

    people: int
    #: By line and direction.
    true: Counts = field(default_factory=Counter)
    counted: Counts = field(default_factory=Counter)
    pictures: int = 0
    #: Of every zone in every picture.
    zones: int = 0
    zones_right: int = 0
    counts_right: int = 0
    tracks: motmetrics.MOTAccumulator = field(default_factory=motmetrics.MOTAccumulator)
    #: How often each person has come, and when it was last in the picture.
    stays: dict[int, tuple[int, float]] = field(default_factory=dict)
    #: What happened, for a look at what went wrong.
    log: list[str] = field(default_factory=list)

    @property
    def missed(self) -> int:
        """Crossings that were not counted, by line and direction."""
        return (self.true - self.counted).total()

    @property
    def invented(self) -> int:
        """Crossings that were counted and never were."""
        return (self.counted - self.true).total()

    def expect(self, line: Line, crossings: Iterable[Crossing]) -> None:
        """Take in what will truly happen on a line."""
        for crossing in crossings:
            way = "in" if crossing.direction > 0 else "out"
            self.true[line.id, way] += 1
            self.log.append(f"{crossing.t:6.1f} true    {line.id} {way} by {crossing.id}")

    def count(self, fact: LineCrossed) -> None:
        """Take in what was counted."""
        self.counted[fact.line, fact.direction] += 1
        self.log.append(f"{fact.t:6.1f} counted {fact.line} {fact.direction}")

    def compare(self, seen: Observation, shown: Sequence[Sighting], outline: Outline) -> None:
        """Hold one observation against who is shown in that picture at all."""
        self.pictures += 1
        there = [person for person in shown if 1 - person.occluded >= VISIBLE]
        told = dict(seen.zones)
        for zone in outline.counted:
            inside = sum(zone.holds(person.foot) for person in there)
            self.zones += 1
            self.zones_right += (inside > 0) == (told[zone.id] > 0)
            self.counts_right += inside == told[zone.id]
            if (inside > 0) != (told[zone.id] > 0):
                self.log.append(f"{seen.t:6.1f} zone    {zone.id} has {inside}, told {told[zone.id]}")
        for person in shown:
            stay, last_t = self.stays.get(person.id, (0, -math.inf))
            self.stays[person.id] = (stay + (seen.t - last_t > AWAY_S), seen.t)
        overlaps = iou_matrix(rows(person.box for person in there), rows(track.box for track in seen.people))
        self.tracks.update(
            [100 * person.id + self.stays[person.id][0] for person in there],
            [track.id for track in seen.people],
            np.where(overlaps >= SAME_IOU, 1 - overlaps, np.nan),
            frameid=self.pictures,
        )


def rows(boxes: Iterable[Box]) -> Boxes:
    """Boxes as an array, (n, 4)."""
    return np.array(list(boxes), dtype=np.float32).reshape(-1, 4)


def play(scene: World, detector: Detector, people: int, outline: Outline) -> Score:
    """Let the analyser see a scene from beginning to end."""
    machine = WatchedMachine("door", VisitPolicy(), lambda t: (_VISIT, t))
    stage = AnalyseStage(
        camera="door",
        policy=AnalysePolicy(),
        detector=detector,
        encoder=JpegEncoder(),
        machine=machine,
        confidence=0.5,
        outline=outline,
        stopwatch=time.perf_counter,
        utc=lambda t: t,
    )
    score = Score(people)
    for line in outline.lines:
        score.expect(line, scene.crossings(line.start, line.end))
    for seq in range(int(scene.length_s * FPS)):
        t = seq / FPS
        for fact in stage.handle(Frame(session=0, seq=seq, t=t, planes=Planes.of(scene.frame(t)))):
            if isinstance(fact, LineCrossed):
                score.count(fact)
        if machine.seen is not None:
            score.compare(machine.seen, scene.people(t, visible=ANY), outline)
    return score


def run(
    detector: Detector, seeds: Sequence[int], seconds: Mapping[int, float] = SECONDS, *, apart: bool = True
) -> list[Score]:
    """Every number of people with every seed."""
    outline = counting_outline()
    return [
        play(counting_scene(people, seed, length, apart=apart), detector, people, outline)
        for seed in seeds
        for people, length in seconds.items()
    ]


def summary(scores: Sequence[Score]) -> dict[str, float]:
    """All scenes together."""
    wanted = ["num_switches", "idf1", "mota", "num_fragmentations"]
    tracks = [score.tracks for score in scores]
    overall = motmetrics.metrics.create().compute_many(tracks, metrics=wanted, generate_overall=True).loc["OVERALL"]
    crossings = sum(score.true.total() for score in scores)
    missed, invented = sum(score.missed for score in scores), sum(score.invented for score in scores)
    zones = sum(score.zones for score in scores)
    return {
        "crossings": crossings,
        "counted": sum(score.counted.total() for score in scores),
        "missed": missed,
        "invented": invented,
        "count_error": round((missed + invented) / crossings, 4),
        "zone_accuracy": round(sum(score.zones_right for score in scores) / zones, 4),
        "zone_count_accuracy": round(sum(score.counts_right for score in scores) / zones, 4),
        "id_switches": int(overall["num_switches"]),
        "idf1": round(float(overall["idf1"]), 4),
        "mota": round(float(overall["mota"]), 4),
        "fragmentations": int(overall["num_fragmentations"]),
        "pictures": sum(score.pictures for score in scores),
        "fps": FPS,
    }


def open_detector(folder: Path) -> Detector:
    """YOLOv5n by ONNX Runtime, in exact numbers, as on any machine."""
    policy = DetectorPolicy(backend="onnx", model=str(model("yolov5n.onnx")), floor=0.1, side=320, scan_side=640)
    return build(policy, folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=list(SEEDS), help="seeds of the scenes")
    parser.add_argument("--behind", action="store_true", help="people may walk along hidden behind others")
    parser.add_argument("--json", action="store_true", help="print the object on one line")
    parser.add_argument("--log", action="store_true", help="tell everything that happened, to standard error")
    given = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        scores = run(open_detector(Path(folder)), given.seed, apart=not given.behind)
    if given.log:
        for score in scores:
            print(f"--- {score.people} people", *sorted(score.log), sep="\n", file=sys.stderr)
    figures = {"seeds": given.seed, **summary(scores), "seconds": round(time.perf_counter() - begun, 1)}
    print(json.dumps(figures, indent=None if given.json else 2))


if __name__ == "__main__":
    main()
