"""Tries for real all that the edge depends on: each camera, the archive, the broker, the disk, the model."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from edge_detector.app import parts
from edge_detector.app.system import SystemClock
from edge_detector.capture.factory import open_source
from edge_detector.config import Config, FolderArchive
from edge_detector.core.errors import PorchlightError, SourceEnded, SourceError
from edge_detector.core.types import Frame, StreamInfo
from edge_detector.files import explain, make_folder
from edge_detector.mqtt import client as mqtt
from edge_detector.ports import Detector, PacketSource

#: A stream is read until it has shown two key frames, or for this long.
LOOK_S = 6.0
#: With fewer key frames a clip begins late: it can only start at one.
KEY_FRAMES_EVERY_S = 4.0
#: Below this no clip fits in while the archive is away: a clip of 20 s has about 10 MB.
MIN_FREE_BYTES = 500_000_000
#: Inferences that are timed, after one that is not.
LOOKS = 5

_MIB = 1 << 20
_GIB = 1 << 30

_STREAM_MEND = "Look at the same address with ffplay or VLC; user and password stand in it, percent-encoded"
_SOURCE_MEND = "Set the camera's source to one that is there: `porchlight setup` shows what it finds"
_MODEL_MEND = "See `porchlight models list`; set detection.model or detection.backend"
_ARCHIVE_MEND = "Set archive.path to a folder that this user may write to"
_BUCKET_MEND = "`porchlight setup-bucket` and `porchlight iam-policy` print what the bucket and its key need"
_BROKER_MEND = "See that the broker runs, and check mqtt.host, mqtt.port, mqtt.username and mqtt.tls"
_DISK_MEND = "Make room there, or set node.data_dir to a folder on a larger disk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came out of one try."""

    what: str
    ok: bool
    found: str
    #: How to mend it; empty when there is nothing to mend.
    mend: str = ""


def examine(config: Config) -> Iterator[Finding]:
    """Try everything, and tell each finding as it is there; the model comes last, when nothing else takes time."""
    data_dir = parts.data_dir(config)
    tries = [*_camera_tries(config), *_other_tries(config, data_dir)]
    with ThreadPoolExecutor(max_workers=len(tries), thread_name_prefix="doctor") as pool:
        yield from pool.map(lambda attempt: attempt(), tries)
    yield _tried("model", _MODEL_MEND, partial(_model, config, data_dir))


def _camera_tries(config: Config) -> Iterator[Callable[[], Finding]]:
    for name, camera in config.cameras.items():
        if not camera.enabled:
            yield partial(Finding, what=f"camera {name}", ok=True, found="is turned off by `enabled: false`")
            continue
        streams = {f"camera {name}": camera.source}
        if camera.detect_source is not None:
            streams[f"camera {name}, detect_source"] = camera.detect_source
        for what, address in streams.items():
            yield partial(try_camera, what, address)


def _other_tries(config: Config, data_dir: Path) -> Iterator[Callable[[], Finding]]:
    yield partial(try_archive, config)
    yield partial(try_broker, config)
    yield partial(_tried, "disk", _DISK_MEND, partial(_disk, data_dir))


def try_camera(what: str, address: str, seen: Callable[[Frame], None] | None = None) -> Finding:
    """Read a stream for some seconds; each picture is handed to `seen`."""
    mend = _STREAM_MEND if address.startswith(("rtsp", "http")) else _SOURCE_MEND
    return _tried(what, mend, partial(_camera, address, seen or (lambda _: None)))


def try_archive(config: Config) -> Finding:
    """Put something into the archive."""
    mend = _ARCHIVE_MEND if isinstance(config.archive, FolderArchive) else _BUCKET_MEND
    return _tried("archive", mend, partial(_archive, config, parts.data_dir(config)))


def try_broker(config: Config) -> Finding:
    """Connect to the broker once."""
    return _tried("broker", _BROKER_MEND, partial(_broker, config))


def _tried(what: str, mend: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(what=what, ok=True, found=attempt())
    except PorchlightError as error:
        return Finding(what=what, ok=False, found=str(error), mend=mend)


def _camera(address: str, seen: Callable[[Frame], None]) -> str:
    source = open_source(address, clock=SystemClock())
    begun = time.monotonic()
    try:
        info = source.open(1)
        first_s, key_times, frames = _look(source, begun, seen)
    finally:
        source.close()
    if first_s is None:
        raise SourceError(f"It sends packets and no picture within {LOOK_S:g} s")
    rate = f", {info.fps:g} frames a second" if info.fps else ""
    size = f"{_codec(info)} {info.width}x{info.height}{rate}"
    return f"{size}, first picture after {first_s:.1f} s, {frames} pictures seen{_rhythm(key_times)}"


def _look(source: PacketSource, begun: float, seen: Callable[[Frame], None]) -> tuple[float | None, list[float], int]:
    """Seconds to the first picture, the times of the key frames, and how many pictures were seen."""
    first_s: float | None = None
    key_times: list[float] = []
    frames = 0
    try:
        for item in source.read(lambda _: True):
            if isinstance(item, Frame):
                frames += 1
                seen(item)
                first_s = first_s if first_s is not None else time.monotonic() - begun
            elif item.keyframe:
                key_times.append(item.t)
            if time.monotonic() - begun > LOOK_S or (first_s is not None and len(key_times) > 1):
                break
    except SourceEnded:
        pass  # a short file
    return first_s, key_times, frames


def _codec(info: StreamInfo) -> str:
    return {"h264": "H.264", "hevc": "H.265"}.get(info.codec, info.codec)


def _rhythm(key_times: list[float]) -> str:
    if len(key_times) > 1:
        gap_s = key_times[1] - key_times[0]
        advice = "" if gap_s <= KEY_FRAMES_EVERY_S else ": set a shorter interval in the camera, clips begin at one"
        return f", a key frame every {gap_s:.1f} s{advice}"
    return f", no second key frame within {LOOK_S:g} s: set a shorter interval in the camera, clips begin at one"


def _archive(config: Config, data_dir: Path) -> str:
    return parts.open_store(config, data_dir).check()


def _broker(config: Config) -> str:
    if not config.mqtt.enabled:
        return "is turned off by `mqtt.enabled: false`"
    return mqtt.check(config.mqtt, client_id=f"porchlight-{config.node.id}")


def _disk(data_dir: Path) -> str:
    try:
        make_folder(data_dir)
        begun = time.perf_counter()
        with tempfile.TemporaryFile(dir=data_dir) as file:
            file.write(bytes(_MIB))
            file.flush()
            os.fsync(file.fileno())
        took_ms = (time.perf_counter() - begun) * 1000
        free = shutil.disk_usage(data_dir).free
    except OSError as error:
        raise PorchlightError(explain(error, data_dir)) from error
    text = f"{data_dir} has {free / _GIB:.1f} GiB free and takes 1 MiB in {took_ms:.0f} ms"
    if free < MIN_FREE_BYTES:
        raise PorchlightError(f"{text}; that is too little for clips that wait for the archive")
    return text


def _model(config: Config, data_dir: Path) -> str:
    detector = parts.build_detector(config, data_dir)
    took_ms = _speed_ms(detector)
    info, fps = detector.info, config.detection.fps
    share = took_ms * fps / 1000
    advice = "" if share < 1 else f": too slow for {fps:g} frames a second, so fewer are analysed"
    weak = "; it is a fallback that finds little" if info.backend == "hog" else ""
    return f"{info.model} by {info.backend} looks at {detector.side} pixels in {took_ms:.0f} ms{advice}{weak}"


def _speed_ms(detector: Detector) -> float:
    image = np.full((detector.side, detector.side, 3), 128, np.uint8)
    times = []
    for _ in range(LOOKS + 1):
        begun = time.perf_counter()
        detector.detect(image)
        times.append((time.perf_counter() - begun) * 1000)
    return median(times[1:])
