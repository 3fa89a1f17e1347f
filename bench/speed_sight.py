"""Parts of the speed benchmark about what is seen: a fast look that finds nobody is worth nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np

from bench.models import SCENES, Bench, Followed, rows
from bench.speed_table import Goal, Part, Wanted
from bench.speed_world import SAMPLE, World
from edge_detector.app.compare import compare, write_reference
from edge_detector.capture.scene import parse_address
from edge_detector.core.motion import MotionGate
from edge_detector.core.picture import luma
from edge_detector.detectors.agreement import Seen
from edge_detector.detectors.engines import PRECISIONS, Engine, runtimes_here

FPS = 5.0
#: How long after half of somebody is in the picture the gate may take: two pictures.
GATE_LATE_S = 0.4
#: Metres to a person who is 40 pixels high in 1080 lines.
FAR = "scene://far?distance=68&people=1&seed={seed}&size=1920x1080"
NIGHT = "scene://infrared?people=0&seed=27&size=1280x720"
#: What the pipeline is compared on.
COMPARED = {
    "day": "scene://door?people=2&seed=21",
    "night": "scene://walk?people=3&seed=22&night=1",
    "far": "scene://far?distance=24&seed=23&size=1280x720",
    "two people": "scene://pair?seed=24",
    "passing box": "scene://box?people=1&seed=26",
}


def sight(_: World) -> Part:
    """The motion gate: whom it misses, and how often it is wrong."""
    return Part(
        steps=[_starts, _night],
        rows=[
            Wanted(name="starts of visits that the gate missed", of="missed", unit="", goal=Goal(at_most=0)),
            Wanted(name="starts of visits in all scenes", of="starts", unit=""),
            Wanted(
                name="motion in an empty night with an infra-red switch",
                of="night",
                unit="% of pictures",
                goal=Goal(at_most=1.0),
            ),
        ],
        exact=True,
    )


def _starts() -> Mapping[str, float]:
    """Whether the gate is open when somebody comes, scene by scene."""
    missed = starts = 0
    for address in SCENES.values():
        scene = parse_address(f"scene://{address}").scene()
        opened = _opened(f"scene://{address}")
        for visit in scene.visits():
            starts += 1
            missed += not any(is_open for t, is_open in opened if abs(t - visit.start_t) <= GATE_LATE_S)
    return {"missed": float(missed), "starts": float(starts)}


def _night() -> Mapping[str, float]:
    opened = _opened(NIGHT)
    return {"night": 100 * sum(is_open for _, is_open in opened) / len(opened)}


def _opened(address: str) -> list[tuple[float, bool]]:
    """At which moments of a scene the gate sees motion."""
    scene, gate = parse_address(address).scene(), MotionGate()
    moments = [float(t) for t in np.arange(0, scene.length_s, 1 / FPS)]
    return [(t, bool(gate.update(luma(scene.frame(t)), t).regions)) for t in moments]


def far(world: World) -> Part:
    """People 40 pixels high in 1080 lines: with regions as deployed, and with one pass over the whole picture."""

    def followed() -> Mapping[str, float]:
        bench = Bench(model=world.config.detection.model, video=None, models_dir=world.models_dir)
        one_pass = bench.detector(Engine(), 320)
        counted = [Followed(FAR.format(seed=seed), world.detector, one_pass).run_and_count() for seed in (5, 7)]
        return {name: float(np.mean([each[name] for each in counted])) for name in counted[0]}

    return Part(
        steps=[followed],
        rows=[
            Wanted(name="people of 40 px in 1080p found", of="regions", unit="share", goal=Goal(at_least=0.9)),
            Wanted(name="the same in one pass of 320 px", of="one_pass_320", unit="share"),
            Wanted(name="looks a picture for it", of="looks_a_frame", unit=""),
        ],
        exact=True,
    )


def agreement(world: World) -> Part:
    """8 bits beside 32 at 640 pixels, on the video and every scene; and what looks at 320 lose."""
    video = str(world.video) if world.video == SAMPLE else None
    bench = Bench(model=world.config.detection.model, video=video, models_dir=world.models_dir)
    ways = [
        (Engine(runtime=runtime, precision=precision), side)
        for runtime, precision, side in product(runtimes_here(), PRECISIONS, (640, 320))
        if (Engine(runtime=runtime, precision=precision), side) != (Engine(), 640)
    ]
    clips = [*(("video",) if video else ()), *SCENES, "all"]
    return Part(
        steps=[partial(_agreed, bench, ways)],
        rows=[
            Wanted(
                name=f"{engine.runtime} {engine.precision} at {side} px, {clip}",
                of=f"{engine} {side} {clip}",
                unit="%",
                goal=Goal(at_least=99.0) if (engine.precision, side) == ("int8", 640) else None,
                note="the worse of recall and precision of person-frames, beside 32-bit floats at 640",
            )
            for engine, side in ways
            for clip in clips
            if clip == "all" or (engine.precision, side) == ("int8", 640)
        ],
        exact=True,
    )


def _agreed(bench: Bench, ways: Sequence[tuple[Engine, int]]) -> Mapping[str, float]:
    """The worse of recall and precision, in percent, for each way and clip."""
    reference = bench.detector(Engine(), 640)
    others = {f"{engine} {side}": bench.detector(engine, side) for engine, side in ways}
    wanted: dict[str, list[Seen]] = {}
    found: dict[str, dict[str, list[Seen]]] = {name: {} for name in others}
    for clip, pictures in bench.clips():
        wanted[clip] = [reference.detect(picture) for picture in pictures]
        for name, detector in others.items():
            found[name][clip] = [detector.detect(picture) for picture in pictures]
    return {
        f"{name} {row['clip']}": 100 * min(float(str(row["recall"])), float(str(row["precision"])))
        for name, clips in found.items()
        for row in rows(wanted, clips)
    }


def recall(world: World) -> Part:
    """The whole pipeline beside the exact model on every whole picture: `porchlight replay --compare`."""
    clips = {**({"video": str(world.video)} if world.video == SAMPLE else {}), **COMPARED}
    wanted = {
        "recall": "person-frames that were seen",
        "precision": "seen frames that were right",
        "visit_recall": "visits found",
        "visit_precision": "visits that were any",
        "overlap": "overlap of boxes",
    }
    return Part(
        steps=[partial(_compared, world, clip, address, tuple(wanted)) for clip, address in clips.items()],
        rows=[
            *(
                Wanted(name=f"{says}, {clip}", of=f"{clip} {name}", unit="share")
                for clip in clips
                for name, says in wanted.items()
            ),
            *(Wanted(name=f"latest first detection, {clip}", of=f"{clip} delay", unit="s") for clip in clips),
        ],
        exact=True,
    )


def _compared(world: World, clip: str, address: str, names: Sequence[str]) -> Mapping[str, float]:
    file = world.folder / f"{clip}.json"
    config = world.config.model_copy(
        update={"cameras": {"door": world.config.cameras["door"].model_copy(update={"source": address})}}
    )
    write_reference(address, config, file, lambda _: None)
    found = compare(address, config, file, out=None, tell=lambda _: None)["compared"]
    if not isinstance(found, dict):
        raise TypeError(clip)
    delays = found["delays_s"]
    numbers = {f"{clip} {name}": float(found[name]) for name in names}
    return {**numbers, **({f"{clip} delay": max(delays)} if delays else {})}
