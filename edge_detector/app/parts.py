"""Turns the configuration into the policies of the core, and builds the stages of a camera."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from edge_detector import __version__
from edge_detector.app import models
from edge_detector.app.system import local_zone
from edge_detector.archive.folder import FolderStore
from edge_detector.capture.hardware import Hardware
from edge_detector.capture.jpeg import JpegEncoder, draw_boxes
from edge_detector.capture.sparing import Thrift
from edge_detector.config import Config, FolderArchive
from edge_detector.core.cutter import CutPolicy, Cutter
from edge_detector.core.documents import Origin
from edge_detector.core.errors import ConfigError, RecordError
from edge_detector.core.facts import DetectorInfo
from edge_detector.core.masking import masked_url
from edge_detector.core.occupancy import DayOf
from edge_detector.core.regions import RegionPolicy
from edge_detector.core.retry import Backoff
from edge_detector.core.still import Spot
from edge_detector.core.thrift import IdleDecode
from edge_detector.core.visits import VisitMachine, VisitPolicy
from edge_detector.detectors.models import Progress
from edge_detector.detectors.registry import DetectorPolicy, build
from edge_detector.files import explain, make_folder, write_atomic
from edge_detector.ports import ClipWriter, Clock, Detector, ObjectStore, Pace
from edge_detector.runtime.analyse_loop import AnalysePolicy, AnalyseStage
from edge_detector.runtime.record_loop import RecordStage

DATABASE_NAME = "porchlight.db"
#: Detections that score lower are noise, however low the confidence is set.
FLOOR = 0.1

_RANDOM = random.SystemRandom()


def data_dir(config: Config) -> Path:
    """The data folder: as configured, else `$PORCHLIGHT_DATA`, else `/data` of an add-on, else the user's own."""
    if config.node.data_dir is not None:
        return config.node.data_dir
    if named := os.environ.get("PORCHLIGHT_DATA"):
        return Path(named)
    if Path("/data/options.json").exists():
        return Path("/data")
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "porchlight"


def open_store(config: Config, folder: Path, *, pace: Pace | None = None) -> ObjectStore:
    """The archive of the configuration; `folder` is the data folder, `pace` slows uploads down."""
    section = config.archive
    if isinstance(section, FolderArchive):
        return FolderStore(archive_dir(section, folder), pace=pace)
    try:
        from edge_detector.archive.s3 import S3Store  # noqa: PLC0415 - boto3 is slow to load, and an extra
    except ImportError as error:
        raise ConfigError("archive.type: s3 needs boto3: pip install 'porchlight-edge[s3]'") from error
    return S3Store(section, pace=pace)


def archive_dir(section: FolderArchive, folder: Path) -> Path:
    """The archive's folder: as configured, else `$PORCHLIGHT_ARCHIVE`, else in the data folder `folder`."""
    named = os.environ.get("PORCHLIGHT_ARCHIVE")
    default = Path(named) if named else folder / "archive"
    return (section.path or default) / section.prefix


def is_elsewhere(config: Config) -> bool:
    """Is the archive out of the reach of whoever takes this machine, maybe? In the data folder it is not."""
    return not isinstance(config.archive, FolderArchive) or config.archive.path is not None


def write_file(path: Path, data: bytes) -> None:
    """Make `path` hold `data`, whole or not at all; raises RecordError with the remedy."""
    try:
        write_atomic(path, data)
    except OSError as error:
        raise RecordError(explain(error, path)) from error


def own_folder(path: Path) -> None:
    """Make a folder, and those around it; raises RecordError with the remedy."""
    try:
        make_folder(path)
    except OSError as error:
        raise RecordError(explain(error, path)) from error


def backoff() -> Backoff:
    """A reconnect's pauses, with the system's own chance."""
    return Backoff(_RANDOM.random)


def build_detector(
    config: Config, folder: Path, progress: Progress | None = None, *, may_measure: bool = False
) -> Detector:
    """The detector of the configuration; raises DetectorError. It takes seconds, once, where it may measure."""
    policy, models_dir = detector_policy(config), folder / models.FOLDER
    if may_measure:
        models.decide(policy, models_dir, progress)
    return build(policy, models_dir, progress, pictures=models.scene_pictures)


def reference_detector(config: Config, folder: Path, *, side: int) -> Detector:
    """The configuration's model in exact numbers, at `side` pixels of the longer edge; raises DetectorError."""
    policy = replace(detector_policy(config), backend="onnx", precision="fp32", side=side, scan_side=side)
    return build(policy, folder / models.FOLDER)


def detector_policy(config: Config) -> DetectorPolicy:
    """What the configuration says of the detector."""
    section = config.detection
    return DetectorPolicy(
        backend=section.backend,
        precision=section.precision,
        model=packaged_model(section.model),
        floor=FLOOR,
        iou=section.iou,
        side=section.side,
        scan_side=section.scan_side,
        threads=section.threads,
    )


def packaged_model(model: str) -> str:
    """The model's file in `$PORCHLIGHT_MODELS`, where a container image brings it along; else what was asked for."""
    named = os.environ.get("PORCHLIGHT_MODELS")
    path = Path(named or "") / f"{model}.onnx"
    return str(path) if named and path.is_file() else model


def origin(config: Config, camera: str, detector: DetectorInfo) -> Origin:
    """What all documents of a camera say."""
    return Origin(
        node=config.node.id,
        camera=camera,
        model=detector.model,
        backend=detector.backend,
        pre_roll_s=config.recording.pre_roll_s,
        version=__version__,
    )


def thrift(config: Config, address: str, *, idle: Callable[[float], bool], spare: Callable[[float], bool]) -> Thrift:
    """What need not be decoded of the stream at `address`."""
    section = config.detection
    return Thrift(
        idle_decode=IdleDecode(section.idle_decode),
        idle=idle,
        spare=spare,
        hardware=Hardware(section.hardware_decode, name=masked_url(address)),
    )


def analyse_stage(
    config: Config,
    camera: str,
    *,
    detector: Detector,
    stamp: Callable[[float], tuple[str, float]],
    utc: Callable[[float], float],
    spots: Sequence[Spot] = (),
) -> AnalyseStage:
    """A camera's analyser; `spots` are what is known of things that look like people."""
    settings = config.settings(camera)
    policy = VisitPolicy(
        confirm_hits=config.visits.confirm_hits,
        confirm_window_s=config.visits.confirm_window_s,
        confidence=settings.confidence,
        hold_s=config.visits.hold_s,
        clip_gap_s=settings.min_clip_gap_s,
        max_clip_s=settings.max_clip_s,
        record=settings.record,
    )
    return AnalyseStage(
        camera=camera,
        policy=AnalysePolicy(
            regions=RegionPolicy(max_regions=config.detection.max_regions, idle_scan_s=config.detection.idle_scan_s),
        ),
        detector=detector,
        encoder=JpegEncoder(quality=config.snapshot.quality),
        machine=VisitMachine(camera, policy, stamp),
        confidence=settings.confidence,
        outline=config.cameras[camera].outline(),
        stopwatch=time.perf_counter,
        utc=utc,
        annotate=draw_boxes if config.snapshot.draw_boxes else None,
        day_of=day_of(config.cameras[camera].occupancy_reset, local_zone()),
        spots=spots,
    )


def day_of(begins: str | None, zone: tzinfo) -> DayOf | None:
    """Tells days apart that begin at a local time such as 04:00; None when none is given."""
    if begins is None:
        return None
    hours, minutes = map(int, begins.split(":"))
    before = timedelta(hours=hours, minutes=minutes)
    return lambda utc: (datetime.fromtimestamp(utc, zone).replace(tzinfo=None) - before).toordinal()


def record_stage(config: Config, camera: str, *, writer: ClipWriter, clock: Clock) -> RecordStage:
    """A camera's recorder."""
    policy = CutPolicy(
        pre_roll_s=config.recording.pre_roll_s,
        max_clip_s=config.recording.max_clip_s,
        min_gap_s=config.recording.min_clip_gap_s,
    )
    return RecordStage(camera=camera, cutter=Cutter(policy), writer=writer, clock=clock)
