"""Measures what the running program costs beside its physical limits: bare decoding, and bare copying of packets.

Each function measures one thing once and returns numbers; who calls them decides on rounds, and on what is compared.
`python -m bench.measure_runtime VIDEO…` prints them all for H.264 files.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import psutil

from edge_detector.app import parts
from edge_detector.app.memory import be_sparing, give_back
from edge_detector.app.node import Node
from edge_detector.capture.factory import open_source
from edge_detector.capture.scene import parse_address
from edge_detector.config import Config
from edge_detector.core.errors import SourceEnded
from edge_detector.core.motion import MotionGate
from edge_detector.core.types import Frame, Packet, StreamInfo, VisitStats
from edge_detector.ports import Detector
from edge_detector.recorder.finish import finish
from edge_detector.recorder.fragments import scan
from edge_detector.recorder.poster import make_poster
from edge_detector.recorder.writer import Mp4Writer
from edge_detector.runtime.analyse_loop import AnalyseInput, AnalyseOutput, AnalyseStage
from edge_detector.runtime.capture_loop import Sampler
from edge_detector.testing import FakeClipWriter, FakeDetector
from tests.paths import ROOT, model

VISIT = "01HF7YAT00D0NV33KVR902G9Z0"
#: After its first picture, so long until what a program does at the start is over.
SETTLE_S = 5.0
FIRST_PICTURE_S = 60.0
TRIGGER_S = 4.0
#: What a file's first seconds cost does not count: the gate learns the scene, and calm has to last.
WARM_S = 4.0


class HostClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def utc(self, t: float) -> float:
        """Seconds since the epoch."""
        return time.time() - time.monotonic() + t


def film(  # noqa: PLR0913 - what a video can be like, by name
    path: Path,
    *,
    size: tuple[int, int],
    fps: int = 15,
    seconds: float = 20.0,
    people: int = 0,
    bits_per_s: int | None = None,
    gop: int = 15,
) -> Path:
    """Film the generated door as a camera would: with a sensor's noise, which is most of what a camera has to send."""
    width, height = size
    scene = parse_address(f"scene://door?people={people}&size={width}x{height}&fps={fps}&seed=3").scene()
    random = np.random.default_rng(1)
    grain = [random.normal(0, 3, (height, width)).astype(np.int16) for _ in range(8)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast", "sc_threshold": "0"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = bits_per_s or width * height * 2
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = gop, 0
        stream.codec_context.thread_count = 1
        for n in range(round(fps * seconds)):
            picture = scene.frame(n / fps)
            noisy = cv2.add(picture[:height].astype(np.int16), grain[n % len(grain)])
            picture[:height] = np.clip(noisy, 16, 235)
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = n, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process for a piece of work."""
    before = time.process_time()
    work()
    return time.process_time() - before


# --- one thread, as fast as it goes -----------------------------------------------------------------------------------


def bare_decode_s(video: Path, *, keyframes: bool = False) -> float:
    """CPU seconds to decode every picture of a file, or its key frames, in one thread and do nothing with it."""
    begun: float | None = None
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_type, stream.codec_context.thread_count = "SLICE", 1
        if keyframes:
            stream.codec_context.skip_frame = "NONKEY"
        for packet in container.demux(stream):
            if begun is None and packet.pts is not None and packet.pts * packet.time_base >= WARM_S:
                begun = time.process_time()
            packet.decode()
    return time.process_time() - (begun or 0.0)


def bare_copy_s(video: Path, target: Path) -> float:
    """CPU seconds to copy every packet of a file into a new MP4 file."""

    def copy() -> None:
        with av.open(str(video)) as container, av.open(str(target), "w", format="mp4") as out:
            track = out.add_stream_from_template(container.streams.video[0], opaque=True)
            for packet in container.demux(video=0):
                if packet.size:
                    packet.stream = track
                    out.mux(packet)

    return cpu_s(copy)


def _config(cameras: Sequence[str], folder: Path, *, fps: float, **detection: object) -> Config:
    return Config.model_validate(
        {
            "node": {"id": "bench", "data_dir": folder},
            "cameras": {f"door_{n}": {"source": source, "loop": True} for n, source in enumerate(cameras)},
            "detection": {"model": str(model("yolov5n.onnx")), "fps": fps, **detection},
            "archive": {"type": "folder"},
            "mqtt": {"enabled": False},
            "web": {"enabled": False},
        }
    )


def idle_s(
    video: Path, *, fps: float = 5.0, idle_decode: str = "all", detector: Detector | None = None
) -> dict[str, float]:
    """CPU seconds of the stages that a camera's packets and pictures pass, on a file in which nobody comes.

    Without a detector the regular look at the whole picture costs nothing.
    """
    config = _config([str(video)], Path("unused"), fps=fps, idle_decode=idle_decode)
    clock, sampler = HostClock(), Sampler(fps)
    analyse = parts.analyse_stage(
        config, "door_0", detector=detector or FakeDetector(lambda _: ()), stamp=lambda t: (VISIT, t), utc=clock.utc
    )
    record = parts.record_stage(config, "door_0", writer=FakeClipWriter(), clock=clock)
    thrift = parts.thrift(config, str(video), idle=analyse.calm.lasts, spare=sampler.spare)
    source = open_source(str(video), clock=clock, live=False, thrift=thrift)

    begun: float | None = None
    record.handle(source.open(1))
    try:
        for item in source.read(sampler):
            if begun is None and item.t >= WARM_S:
                begun = time.process_time()
            record.handle(item) if isinstance(item, Packet) else analyse.handle(item)
    except SourceEnded:
        source.close()
    return {"cpu_s": time.process_time() - (begun or 0.0), "analysed": analyse.analysed}


def gate_ms(video: Path, *, fps: float = 5.0) -> float:
    """CPU milliseconds of the motion gate, the median of a file's pictures, each after decoding: caches are cold."""
    sampler, gate, spent = Sampler(fps), MotionGate(), []
    source = open_source(str(video), clock=HostClock(), live=False, packets=False)
    source.open(1)
    try:
        for item in source.read(sampler):
            if isinstance(item, Frame):
                begun = time.thread_time()
                gate.update(item.planes.y, item.t)
                spent.append(time.thread_time() - begun)
    except SourceEnded:
        source.close()
    return statistics.median(spent) * 1000


def clip_s(video: Path, folder: Path) -> dict[str, float]:
    """CPU seconds to make a clip of a file's packets, part by part; `recorder` is all but the poster.

    `write`: packet by packet, synced each second of the clock. `finish`: read back, made seekable, synced, hashed.
    """
    info, packets = _packets(video)
    writer = Mp4Writer(camera="door", folder=folder)

    def write() -> None:
        writer.open(stream=info, visit_id=VISIT, n=1, start_utc=1.7e9, trigger_s=TRIGGER_S)
        for packet in packets:
            writer.write(packet)

    written = cpu_s(write)
    (part,) = folder.glob("*.part")
    samples = len(scan(part).samples)
    finished = cpu_s(lambda: finish(part, camera="door", stats=VisitStats()))
    (clip,) = folder.glob("*.mp4")
    poster = cpu_s(lambda: make_poster(clip, at_s=TRIGGER_S))
    recorder = written + max(finished - poster, 0.0)
    return {"packets": samples, "write": written, "finish": finished, "poster": poster, "recorder": recorder}


def _packets(video: Path) -> tuple[StreamInfo, list[Packet]]:
    source = open_source(str(video), clock=HostClock(), live=False, frames=False)
    info, packets = source.open(1), []
    try:
        for item in source.read(lambda _: False):
            if isinstance(item, Packet):
                packets.append(item)  # noqa: PERF401 - the end is an exception, which would take all with it
    except SourceEnded:
        source.close()
    return info, packets


# --- the whole program, at the cameras' own pace ----------------------------------------------------------------------


def live(cameras: Sequence[str], *, seconds: float, fps: float = 5.0, **detection: object) -> dict[str, Any]:
    """Run the program for so long in a process of its own, one camera an address; see `_watched` for the numbers."""
    with tempfile.TemporaryDirectory(prefix="porchlight-live-") as folder:
        job = {"cameras": list(cameras), "folder": folder, "seconds": seconds, "fps": fps, "detection": detection}
        command = [sys.executable, "-m", "bench.measure_runtime", "--job", json.dumps(job)]
        models = Path(folder) / "models"
        models.symlink_to(_models())
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return dict(json.loads(answer.stdout.splitlines()[-1]))


def _models() -> Path:
    """Where what was found out about the models is kept between runs, as it is between starts of a real program."""
    folder = Path(tempfile.gettempdir()) / "porchlight-bench-models"
    folder.mkdir(exist_ok=True)
    return folder


class Ages:
    """How old pictures are when their analysis begins, by camera."""

    def __init__(self) -> None:
        """No picture yet."""
        self.all: list[float] = []
        self.first = asyncio.Event()
        self.first_t = 0.0

    def watch(self, stage: AnalyseStage, loop: asyncio.AbstractEventLoop) -> None:
        """See every picture of a camera."""
        handle = stage.handle

        def watched(item: AnalyseInput) -> tuple[AnalyseOutput, ...]:
            if isinstance(item, Frame):
                self.all.append(time.monotonic() - item.t)
            answer = handle(item)
            if isinstance(item, Frame) and not self.first_t:
                self.first_t = time.time()
                loop.call_soon_threadsafe(self.first.set)
            return answer

        stage.handle = watched  # type: ignore[method-assign]


async def _watched(job: dict[str, Any]) -> dict[str, Any]:
    """CPU as a share of one core, resident bytes, and how it went.

    `start_s` is from the start of the process to the first picture that was analysed.
    """
    folder, process = Path(job["folder"]), psutil.Process()
    config = _config(job["cameras"], folder, fps=job["fps"], **job["detection"])
    be_sparing()
    detector = parts.build_detector(config, folder)
    give_back()
    node, ages = Node(config, detector=detector), Ages()
    await node.start()
    stages = [camera._analyse for camera in node._cameras.values()]  # noqa: SLF001 - nobody but a benchmark has to know
    for stage in stages:
        ages.watch(stage, asyncio.get_running_loop())
    async with asyncio.timeout(FIRST_PICTURE_S):
        await ages.first.wait()
    await asyncio.sleep(SETTLE_S)
    seen, analysed = len(ages.all), [stage.analysed for stage in stages]
    before, begun = process.cpu_times(), time.monotonic()
    await asyncio.sleep(job["seconds"])
    after, lasted = process.cpu_times(), time.monotonic() - begun
    rates = [(stage.analysed - count) / lasted for stage, count in zip(stages, analysed, strict=True)]
    memory = process.memory_info().rss
    used = {user: round(spent, 2) for user, spent in node._detector.used_s.items()}  # noqa: SLF001
    await node.stop()
    old = sorted(ages.all[seen:])
    return {
        "cpu_share": (after.user + after.system - before.user - before.system) / lasted,
        "rss_bytes": memory,
        "fps": [round(rate, 2) for rate in rates],
        "oldest_s": old[-1],
        "old_p95_s": old[round(0.95 * (len(old) - 1))],
        "detector_s": used,
        "start_s": ages.first_t - process.create_time(),
    }


def paced_decode_share(video: Path, *, seconds: float) -> float:
    """CPU of bare decoding at the camera's own pace, as a share of one core: what `live` cannot go below."""
    code = _PACED.format(video=str(video), seconds=seconds)
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(answer.stdout)


_PACED = """
import av, time
container = av.open({video!r}); stream = container.streams.video[0]; codec = stream.codec_context
codec.thread_type, codec.thread_count = "SLICE", 1
begun, spent, base, last = time.monotonic(), time.process_time(), 0.0, 0.0
while time.monotonic() - begun < {seconds}:
    for packet in container.demux(stream):
        if packet.size and time.monotonic() - begun < {seconds}:
            last = base + float(packet.dts * packet.time_base)
            time.sleep(max(0.0, begun + last - time.monotonic()))
            codec.decode(packet)
    base = last
    container.seek(0)
print((time.process_time() - spent) / (time.monotonic() - begun))
"""


def help_s() -> float:
    """Seconds until `porchlight --help` has ended."""
    begun = time.perf_counter()
    program = Path(sys.executable).with_name("porchlight")
    subprocess.run([program, "--help"], capture_output=True, check=True)
    return time.perf_counter() - begun


def _shown(videos: Iterable[Path], seconds: float) -> Iterable[tuple[str, object]]:
    for video in videos:
        bare, keys = bare_decode_s(video), bare_decode_s(video, keyframes=True)
        yield f"{video.name}: bare decoding, s", round(bare, 3)
        yield f"{video.name}: bare decoding of key frames, s", round(keys, 3)
        for mode in ("all", "keyframes"):
            yield f"{video.name}: idle, {mode}, times bare", round(idle_s(video, idle_decode=mode)["cpu_s"] / bare, 3)
        yield f"{video.name}: motion gate, ms", round(gate_ms(video), 3)
        with tempfile.TemporaryDirectory(dir=".") as folder:
            copy = bare_copy_s(video, Path(folder) / "copy.mov")
            yield f"{video.name}: bare copy, s", round(copy, 4)
            yield f"{video.name}: clip, s", {name: round(s, 4) for name, s in clip_s(video, Path(folder)).items()}
        yield f"{video.name}: bare decoding at its pace, share", round(paced_decode_share(video, seconds=seconds), 4)
        for count in (1, 2):
            yield f"{video.name}: {count} cameras", live([str(video)] * count, seconds=seconds)
    yield "porchlight --help, s", round(help_s(), 3)


def main() -> None:
    """Print the numbers."""
    parser = argparse.ArgumentParser(prog="python -m bench.measure_runtime", description=__doc__.partition("\n")[0])
    parser.add_argument("videos", nargs="*", type=Path, help="H.264 files in which nobody comes")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the whole program is watched")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    if options.job:
        print(json.dumps(asyncio.run(_watched(json.loads(options.job)))))
        return
    for name, value in _shown(options.videos, options.seconds):
        print(f"{name}: {value}", flush=True)


if __name__ == "__main__":
    main()
