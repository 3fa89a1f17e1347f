"""Measures how well people are followed and counted, in generated scenes whose truth is known.

    python -m bench.counting --json

A camera's own analyser, with YOLOv5n, sees scenes of one to six people who go over two lines and through two zones,
turn back on a line, stand on it, meet each other, leave and come back. One object tells how many crossings there were
and the share that was counted wrong, how often a zone was told right, and what motmetrics says of the tracks. A
crossing is right when it was counted once, in its direction, while it happened; a miss and an invention are two errors.
The same seeds give the same scenes; those that it takes by itself were not looked at while the tracker was made.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.counting_scenes import counting_outline, counting_scene
from bench.counting_score import ANY, Score, summary
from edge_detector.capture.jpeg import JpegEncoder
from edge_detector.capture.scene_world import Scene
from edge_detector.core.facts import LineCrossed
from edge_detector.core.outline import Outline
from edge_detector.core.types import Frame, Observation, Planes
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
SEEDS = (2001, 2002)

_VISIT = "01M7YG65DT0000000000000000"


class WatchedMachine(VisitMachine):
    """A visit machine that remembers what it was shown last."""

    seen: Observation | None = None

    def handle(self, given: Input) -> tuple[Output, ...]:
        """Take one input."""
        if isinstance(given, Observation):
            self.seen = given
        return super().handle(given)


def play(scene: Scene, detector: Detector, people: int, outline: Outline) -> Score:
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
    score = Score(people, (scene.view.width, scene.view.height), outline)
    for line in outline.lines:
        score.expect(line, scene.crossings(line.start, line.end))
    for seq in range(int(scene.length_s * FPS)):
        t = seq / FPS
        for fact in stage.handle(Frame(session=0, seq=seq, t=t, planes=Planes.of(scene.frame(t)))):
            if isinstance(fact, LineCrossed):
                score.count(fact)
        if machine.seen is not None:
            score.compare(machine.seen, scene.people(t, visible=ANY))
    return score


def run(
    detector: Detector,
    seeds: Sequence[int],
    seconds: Mapping[int, float] = SECONDS,
    *,
    apart: bool = True,
    night: float = 0.0,
) -> list[Score]:
    """Every number of people with every seed."""
    outline = counting_outline()
    return [
        play(counting_scene(people, seed, length, apart=apart, night=night), detector, people, outline)
        for seed in seeds
        for people, length in seconds.items()
    ]


def open_detector(folder: Path) -> Detector:
    """YOLOv5n by ONNX Runtime, in exact numbers, as on any machine."""
    policy = DetectorPolicy(backend="onnx", model=str(model("yolov5n.onnx")), floor=0.1, side=320, scan_side=640)
    return build(policy, folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="seeds of the scenes")
    parser.add_argument("--behind", action="store_true", help="people may walk along hidden behind others, all the way")
    parser.add_argument("--night", type=float, default=0.0, help="0 by day, 0.5 at dusk, 1 by night with a lamp")
    parser.add_argument("--json", action="store_true", help="print the object on one line")
    parser.add_argument("--log", action="store_true", help="tell everything that happened, to standard error")
    given = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        scores = run(open_detector(Path(folder)), given.seeds, apart=not given.behind, night=given.night)
    figures = {"seeds": given.seeds, **summary(scores), "fps": FPS, "seconds": round(time.perf_counter() - begun, 1)}
    if given.log:
        for score in scores:
            print(f"--- {score.people} people", *sorted(score.log), sep="\n", file=sys.stderr)
    print(json.dumps(figures, indent=None if given.json else 2))


if __name__ == "__main__":
    main()
