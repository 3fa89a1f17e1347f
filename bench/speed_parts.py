"""Parts of the speed benchmark in CPU time of one thread: the whole video, one look, idling, the gate, a clip."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from functools import partial
from itertools import count, pairwise, product
from pathlib import Path

import av
import cv2
from av.video.stream import VideoStream

from bench.measure_runtime import bare_copy_s, bare_decode_s, clip_s, cpu_s, gate_ms, help_s, idle_s, live
from bench.speed_table import CannotError, Goal, Part, Step, Wanted
from bench.speed_world import SAMPLE, World
from edge_detector.app import models, parts
from edge_detector.app.replay import replay
from edge_detector.core.types import Bgr, Track
from edge_detector.detectors import registry
from edge_detector.ports import Detector

#: When people are in the sample video, in seconds, and how far off a visit may begin and end.
PRESENCE = ((6.2, 44.8), (50.3, 86.6), (92.5, 135.8))
START_OFF_S, END_OFF_S = 1.0, 6.0
#: Of the video's pictures, the predecessor's models look at every so many.
EVERY = {"yolov5s": 40, "yolov5n": 20}
LOOKS = 15
#: Pictures from key frame to key frame of an idle stream, and how long that is at 15 a second.
GOPS = {15: "second", 30: "2 s"}


def whole(world: World) -> Part:
    """The whole video: CPU seconds."""
    steps: list[Step] = [lambda: {"ours": float(str(_replayed(world)[0]["cpu_s"]))}]
    if (torch := world.predecessor_or_none) is not None:
        for name, every in EVERY.items():
            asked = {"do": "loop", "model": name, "video": str(world.video), "every": 1 if world.whole else every}
            steps.append(lambda name=name, asked=asked: {name: torch.ask(**asked)["cpu_s"]})  # type: ignore[misc]
    sampled = "" if world.whole else "torch looks at every {}th picture, and its time counts as often; "
    return Part(
        steps=steps,
        rows=[
            Wanted(
                name=f"whole video, beside the loop with {name}",
                of="ours",
                unit="CPU s",
                beside=name,
                times_less=True,
                goal=Goal(at_least=goal),
                note=sampled.format(EVERY[name]) + note,
            )
            for name, goal, note in (
                ("yolov5s", 25, "built without its weights, which its time does not depend on"),
                ("yolov5n", 10, ""),
            )
        ],
    )


def found(world: World) -> Part:
    """The whole video: for how long somebody was seen, and the visits."""

    def ours() -> Mapping[str, float]:
        summary, seen_s = _replayed(world)
        visits = summary["visits"]
        spans = [(visit["start_t"], visit["end_t"]) for visit in visits] if isinstance(visits, list) else []
        right = sum(
            abs(start - came) <= START_OFF_S and abs(end - went) <= END_OFF_S
            for (start, end), (came, went) in zip(spans, PRESENCE, strict=False)
        )
        return {"ours": seen_s, "right": float(right), "wrong": float(len(spans) - right)}

    steps: list[Step] = [ours]
    if (torch := world.predecessor_or_none) is not None:
        asked = {"do": "loop", "model": "yolov5n", "video": str(world.video), "every": 1}
        steps.append(lambda: {"yolov5n": torch.ask(**asked)["person_s"]})
    seen = Wanted(
        name="whole video, seconds in which somebody is seen",
        of="ours",
        unit="s",
        beside="yolov5n",
        goal=Goal(at_least=1.0),
        note="the loop with YOLOv5n on every picture; YOLOv5s' weights are not here",
    )
    visits = [
        Wanted(name="visits within bounds", of="right", unit="of 3", goal=Goal(at_least=3)),
        Wanted(name="visits that were none", of="wrong", unit="", goal=Goal(at_most=0)),
    ]
    return Part(steps=steps, rows=[seen, *(visits if world.video == SAMPLE else ())], exact=True)


def _replayed(world: World) -> tuple[dict[str, object], float]:
    """The summary, and for how many seconds somebody was in an analysed picture."""
    looks: list[tuple[float, bool]] = []

    def watch(t: float, people: tuple[Track, ...]) -> None:
        looks.append((t, bool(people)))

    summary = replay(str(world.video), world.config, out=None, tell=lambda _: None, watch=watch)
    apart_s = statistics.median(b[0] - a[0] for a, b in pairwise(looks))
    return summary, sum(seen for _, seen in looks) * apart_s


def look(world: World) -> Part:
    """One look at a square crop, by every engine; CPU time, which all threads share."""
    policy = parts.detector_policy(world.config)
    weights = registry.weights_of(policy, world.models_dir, pictures=models.scene_pictures)
    picture = models.scene_pictures()[1]
    names = {"deployed": world.detector}
    for engine in policy.engines():
        names[f"{engine.runtime} {engine.precision}"] = registry.open_engine(engine, policy, weights)
    steps: list[Step] = [partial(_looked, name, detector, picture) for name, detector in names.items()]
    if (torch := world.predecessor_or_none) is not None:
        for model in EVERY:
            asked = {"do": "look", "model": model, "times": LOOKS}
            steps.append(lambda model=model, asked=asked: {model: torch.ask(**asked)["ms"]})  # type: ignore[misc]
    info = world.detector.info
    rows = [
        Wanted(
            name=f"one look at {policy.side} px" + (" as deployed" if name == "deployed" else f", {name}"),
            of=name,
            unit="CPU ms",
            beside="yolov5s",
            times_less=True,
            goal=Goal(at_least=18) if name == "deployed" else None,
            note=f"{info.backend}, {info.model}; torch at 640 x 480" if name == "deployed" else "",
        )
        for name in names
    ]
    rows.append(
        Wanted(name="the same, beside torch YOLOv5n", of="deployed", unit="CPU ms", beside="yolov5n", times_less=True)
    )
    return Part(steps=steps, rows=rows)


def _looked(name: str, detector: Detector, picture: Bgr) -> Mapping[str, float]:
    detector.detect(picture)
    spent = []
    for _ in range(LOOKS):
        begun = time.process_time()
        detector.detect(picture)
        spent.append(time.process_time() - begun)
    return {name: statistics.median(spent) * 1000}


def idle(world: World) -> Part:
    """A stream in which nobody comes, with the regular look at the whole picture: beside bare decoding."""
    steps: list[Step] = []
    rows: list[Wanted] = []
    for size, (gop, often) in product(("720p", "1080p"), GOPS.items()):
        video, stream = world.film(size, gop=gop), f"{size}, a key frame every {often}"
        steps.append(partial(_bare, stream, video))
        for mode, most in (("all", 1.15), ("keyframes", 0.25)):
            steps.append(partial(_idled, f"{mode} {stream}", video, mode, world.detector))
            rows.append(
                Wanted(
                    name=f"idle {stream}, idle_decode: {mode}",
                    of=f"{mode} {stream}",
                    unit="CPU s",
                    beside=f"decoding all of {stream}",
                    goal=Goal(at_most=most),
                    note="5 analysed of 15 pictures a second, 16 s of a noisy H.264 stream",
                )
            )
        rows.append(
            Wanted(
                name="the same, beside key frames alone",
                of=f"keyframes {stream}",
                unit="CPU s",
                beside=f"decoding key frames of {stream}",
            )
        )
    return Part(steps=steps, rows=rows)


def _bare(stream: str, video: Path) -> Mapping[str, float]:
    return {
        f"decoding all of {stream}": bare_decode_s(video),
        f"decoding key frames of {stream}": bare_decode_s(video, keyframes=True),
    }


def _idled(name: str, video: Path, mode: str, detector: Detector) -> Mapping[str, float]:
    return {name: idle_s(video, idle_decode=mode, detector=detector)["cpu_s"]}


def gate(world: World) -> Part:
    """The motion gate, a picture."""
    steps: list[Step] = [lambda size=size: {size: gate_ms(world.film(size))} for size in ("720p", "1080p")]  # type: ignore[misc]
    return Part(
        steps=steps,
        rows=[
            Wanted(name="motion gate, 1080p", of="1080p", unit="ms", goal=Goal(at_most=0.25)),
            Wanted(name="motion gate, 720p", of="720p", unit="ms"),
        ],
    )


def clip(world: World) -> Part:
    """A clip of 20 s in 1080p: beside a bare copy of its packets, and beside encoding its pictures again."""
    video, numbered = world.film("1080p"), count()

    def ours() -> Mapping[str, float]:
        folder = world.folder / f"clip-{next(numbered)}"
        folder.mkdir()
        spent = clip_s(video, folder)
        return {"recorder": spent["recorder"], "all": spent["write"] + spent["finish"]}

    steps: list[Step] = [
        lambda: {"packet copy": bare_copy_s(video, world.folder / f"copy-{next(numbered)}.mp4")},
        ours,
        lambda: {"mp4v": _mp4v_s(video, world.folder / "again.mp4")},
        lambda: {"libx264 veryfast": _h264_s(video, world.folder / "h264.mp4")},
    ]
    copy = "packet copy"
    rows = [
        Wanted(
            name="clip, packet by packet, made seekable, hashed",
            of="recorder",
            unit="CPU s",
            beside=copy,
            goal=Goal(at_most=1.5),
            note="without its poster",
        ),
        Wanted(name="clip with its poster", of="all", unit="CPU s", beside=copy, note="the poster is a decoded JPEG"),
        Wanted(
            name="the same, beside OpenCV's mp4v, which makes no poster either",
            of="recorder",
            unit="CPU s",
            beside="mp4v",
            times_less=True,
            goal=Goal(at_least=50),
            note="encoding alone, the decoding not counted",
        ),
        Wanted(
            name="clip with its poster, beside OpenCV's mp4v",
            of="all",
            unit="CPU s",
            beside="mp4v",
            times_less=True,
            note="encoding alone",
        ),
        Wanted(
            name="clip with its poster, beside H.264 that a browser plays",
            of="all",
            unit="CPU s",
            beside="libx264 veryfast",
            times_less=True,
            note="encoding alone",
        ),
    ]
    return Part(steps=steps, rows=rows)


def _mp4v_s(video: Path, target: Path) -> float:
    """CPU seconds to encode a video's pictures as the predecessor did."""
    reader, spent = cv2.VideoCapture(str(video)), 0.0
    size = int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"mp4v"), reader.get(cv2.CAP_PROP_FPS), size)
    while True:
        read, image = reader.read()
        if not read:
            break
        begun = time.process_time()
        writer.write(image)
        spent += time.process_time() - begun
    return spent + cpu_s(writer.release)


def _h264_s(video: Path, target: Path) -> float:
    """CPU seconds to encode a video's pictures as a browser needs them, in one thread."""
    spent = 0.0
    with av.open(str(video)) as container, av.open(str(target), "w") as out:
        source = container.streams.video[0]
        stream = out.add_stream("libx264", rate=source.average_rate, options={"preset": "veryfast"})
        if not isinstance(stream, VideoStream):
            raise CannotError("libx264 is not in this FFmpeg")
        stream.width, stream.height, stream.pix_fmt = source.width, source.height, "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in container.decode(source):
            begun = time.process_time()
            out.mux(stream.encode(frame))
            spent += time.process_time() - begun
        return spent + cpu_s(lambda: out.mux(stream.encode(None)))


def help_(_: World) -> Part:
    """How long `porchlight --help` takes."""
    return Part(
        steps=[lambda: {"help": help_s()}],
        rows=[Wanted(name="porchlight --help", of="help", unit="s", goal=Goal(at_most=0.3), note="on the clock")],
    )


def start(world: World) -> Part:
    """How long the program takes to its first analysed picture, the engine being chosen."""
    world.choose()
    video = world.film("720p")
    return Part(
        steps=[lambda: {"start": live([str(video)], seconds=0.5)["start_s"]}],
        rows=[
            Wanted(
                name="start of the program to the first analysed picture",
                of="start",
                unit="s",
                goal=Goal(at_most=3.0),
                note="on the clock, the model cached",
            )
        ],
    )
