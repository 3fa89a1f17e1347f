"""Measures every way to run the person model: what a look costs, whom it finds, and down to which size.

`python -m bench.models --model PATH [--video FILE] [--json FILE] [--only TABLE]`. Costs are the least of many looks, so
that what else the machine does hardly counts. Agreement is with 32-bit floats in ONNX Runtime at 640 pixels on the same
pictures, its person-frames those in which somebody scores 0.5 or more.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from edge_detector.app.models import scene_pictures
from edge_detector.app.system import SystemClock
from edge_detector.capture.factory import open_source
from edge_detector.capture.scene import parse_address
from edge_detector.core import regions
from edge_detector.core.boxes import FULL, iou
from edge_detector.core.errors import SourceEnded
from edge_detector.core.motion import MotionGate
from edge_detector.core.picture import bgr, crop_bgr, luma
from edge_detector.core.tracker import Tracker, TrackerPolicy
from edge_detector.core.types import Bgr, Frame, Planes
from edge_detector.detectors.agreement import CONFIDENCE, Seen, compare
from edge_detector.detectors.choice import machine
from edge_detector.detectors.engines import PRECISIONS, Engine, runtimes_here
from edge_detector.detectors.measure import spent_ms
from edge_detector.detectors.registry import DetectorPolicy, build
from edge_detector.ports import Detector
from edge_detector.runtime.capture_loop import Sampler

SIDES = (160, 224, 320, 480, 640)
THREADS = (1, 2)
#: Pictures a second of the video and of each scene.
FPS = 5.0
#: Found boxes that overlap the true one more than this are right: far people are few pixels wide.
SAME_IOU = 0.3
SCENES = {
    "day": "door?seed=21",
    "dusk": "door?seed=29&night=0.5",
    "night": "walk?seed=22&night=1&people=3",
    "infra-red": "infrared?seed=27",
    "clouds": "clouds?seed=28",
    "far": "far?seed=23&distance=24",
    "two people": "pair?seed=24",
    "crowd": "crowd?seed=25",
    "pillar": "pillar?seed=31",
    "passing box": "box?seed=26&people=1",
}
#: Metres to the person of the far scene; at 1080 lines and 1.75 m that is 198 to 34 pixels.
DISTANCES_M = (14, 24, 40, 55, 68, 80)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What is measured, and on what."""

    model: str
    video: str | None
    models_dir: Path
    #: How dark it is where people are far off, 0 to 1.
    night: float = 0.0

    def detector(self, engine: Engine, side: int, scan_side: int | None = None) -> Detector:
        """The model on one engine at one size."""
        policy = DetectorPolicy(
            backend=engine.runtime,
            precision=engine.precision,
            threads=engine.threads,
            model=self.model,
            floor=0.1,
            side=side,
            scan_side=scan_side or side,
        )
        return build(policy, self.models_dir, pictures=scene_pictures)

    def clips(self) -> Iterator[tuple[str, list[Bgr]]]:
        """Whole pictures of the video and of each scene, one clip at a time."""
        if self.video:
            yield "video", list(video_pictures(self.video))
        for name, address in SCENES.items():
            scene = parse_address(f"scene://{address}&size=1280x720").scene()
            yield name, [bgr(scene.frame(t)) for t in np.arange(0, scene.length_s, 1 / FPS)]


def engines(threads: Sequence[int]) -> list[Engine]:
    """Every engine that is installed here."""
    return [
        Engine(runtime=runtime, precision=precision, threads=count)
        for runtime, precision, count in product(runtimes_here(), PRECISIONS, threads)
    ]


def video_pictures(address: str) -> Iterator[Bgr]:
    """Pictures of a video file."""
    source = open_source(address, clock=SystemClock(), packets=False, live=False)
    source.open(1)
    try:
        for item in source.read(Sampler(FPS)):
            if isinstance(item, Frame):
                yield bgr(item.image)
    except SourceEnded:
        source.close()


def costs(bench: Bench) -> list[dict[str, object]]:
    """What one look at a square picture costs, by engine and size."""
    rows: list[dict[str, object]] = []
    for engine, side in product(engines(THREADS), SIDES):
        picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
        wall_ms, cpu_ms = spent_ms(bench.detector(engine, side), picture)
        rows.append({"engine": str(engine), "side": side, "ms": round(wall_ms, 2), "cpu_ms": round(cpu_ms, 2)})
    return rows


def agreements(bench: Bench) -> list[dict[str, object]]:
    """How far each engine at each size of whole pictures agrees with the reference, clip by clip and over all."""
    reference = bench.detector(Engine(), 640)
    others = {
        (str(engine), side): bench.detector(engine, side)
        for engine, side in product(engines((1,)), (640, 320))
        if (engine, side) != (Engine(), 640)
    }
    wanted: dict[str, list[Seen]] = {}
    seen: dict[tuple[str, int], dict[str, list[Seen]]] = {key: {} for key in others}
    for name, pictures in bench.clips():
        wanted[name] = [reference.detect(picture) for picture in pictures]
        for key, detector in others.items():
            seen[key][name] = [detector.detect(picture) for picture in pictures]
    return [
        {"engine": engine, "side": side, **row} for (engine, side), clips in seen.items() for row in rows(wanted, clips)
    ]


def rows(wanted: Mapping[str, list[Seen]], seen: Mapping[str, list[Seen]]) -> Iterator[dict[str, object]]:
    """One row a clip, and one for all together."""
    parts = {name: (wanted[name], seen[name]) for name in wanted}
    parts["all"] = ([s for clip in wanted.values() for s in clip], [s for clip in seen.values() for s in clip])
    for name, (reference, other) in parts.items():
        found = compare(reference, other, margin=0.0)
        people = sum(any(one.score >= CONFIDENCE for one in frame) for frame in reference)
        numbers = {"recall": found.recall, "precision": found.precision, "iou": found.iou}
        yield {"clip": name, "person_frames": people, **{key: round(value, 4) for key, value in numbers.items()}}


def sizes(bench: Bench) -> list[dict[str, object]]:
    """Recall by the size of a person in a 1080p scene: with regions, and with one pass over the whole picture."""
    engine = Engine(precision="int8")
    detector, whole = bench.detector(engine, 320, 640), bench.detector(engine, 320, 320)
    result: list[dict[str, object]] = []
    for distance in DISTANCES_M:
        address = f"scene://far?distance={distance}&people=1&size=1920x1080&night={bench.night:g}"
        followed = Followed(address, detector, whole)
        result.append({"height_px": round(float(np.mean(followed.heights))), **followed.run_and_count()})
    return result


class Followed:
    """One far scene: gate, regions, detector and tracker, against what is really there."""

    def __init__(self, address: str, detector: Detector, whole: Detector) -> None:
        """`detector` looks at regions, `whole` at whole pictures."""
        self._scene = parse_address(address).scene()
        self._detector, self._whole = detector, whole
        self._times = np.arange(0, min(self._scene.length_s, 40), 1 / FPS)
        self.heights = [seen.height_px for t in self._times for seen in self._scene.truth(t)]

    def run_and_count(self) -> dict[str, float]:
        """Shares of the moments with the person in which it was found."""
        gate, tracker = (
            MotionGate(),
            Tracker(TrackerPolicy(high_score=0.4, new_score=0.4, low_score=0.2), aspect=16 / 9),
        )
        full_t, there, followed, at_once, looks = float("-inf"), 0, 0, 0, 0
        for t in self._times:
            image = self._scene.frame(t)
            motion = gate.update(luma(image), t)
            tracks = tracker.predicted(t)
            plan = regions.plan((1920, 1080), motion=motion, tracks=tracks, side=320, since_full_s=t - full_t)
            full_t = t if FULL in plan else full_t
            crops = [crop_bgr(Planes.of(image), region) for region in plan]
            people = tracker.update(t, regions.merge([(box, self._detector.detect(crop)) for crop, box in crops]))
            looks += len(plan)
            for seen in self._scene.truth(t):
                there += 1
                followed += any(iou(seen.box, person.box) >= SAME_IOU for person in people)
                found = self._whole.detect(bgr(image))
                at_once += any(one.score >= CONFIDENCE and iou(seen.box, one.box) >= SAME_IOU for one in found)
        return {
            "regions": round(followed / there, 3),
            "one_pass_320": round(at_once / there, 3),
            "looks_a_frame": round(looks / len(self._times), 2),
        }


def show(title: str, table: Sequence[Mapping[str, object]]) -> None:
    """One table of Markdown."""
    print(f"\n{title}\n")
    print("| " + " | ".join(table[0]) + " |")
    print("| " + " | ".join("---" for _ in table[0]) + " |")
    for row in table:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="yolov5n", help="a known name or the path of a YOLOv5 file")
    parser.add_argument("--video", help="a video with people")
    parser.add_argument("--json", type=Path, help="write the numbers here as well")
    parser.add_argument("--only", choices=("costs", "agreement", "sizes"), help="one table alone")
    parser.add_argument("--night", type=float, default=0.0, help="how dark it is for the sizes: 0 day, 1 night")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(model=asked.model, video=asked.video, models_dir=Path(folder), night=asked.night)
        work = {
            "costs": costs,
            "agreement": agreements,
            "sizes": sizes,
        }
        tables = {name: measured(bench) for name, measured in work.items() if asked.only in {None, name}}
    print(machine())
    for title, table in tables.items():
        show(title, table)
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine(), **tables}, indent=1), "utf-8")


if __name__ == "__main__":
    main()
