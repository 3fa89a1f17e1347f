"""Picks and builds the detector that the configuration asks for; each backend is imported only when it is the one."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edge_detector.detectors.cuts import cut_model
from edge_detector.detectors.models import Progress, resolve
from edge_detector.ports import Detector

if TYPE_CHECKING:
    from edge_detector.detectors.yolo import Finder

_LOGGER = logging.getLogger(__name__)

#: More threads than this cost more in hand-over than one small picture gains.
MAX_THREADS = 4

Backend = Literal["auto", "onnx", "hog", "yolov5"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorPolicy:
    """How people are to be found."""

    backend: Backend = "auto"
    #: A known model's name, or the path of a file.
    model: str = "yolov5n"
    #: Lower scores are not told at all; what counts as a person is decided later, and higher.
    floor: float = 0.2
    #: Of two boxes that overlap more than this, the better one stays.
    iou: float = 0.45
    #: Pixels of the input for square crops, a multiple of 32.
    side: int = 320
    #: Pixels of the input's longer edge for whole pictures, a multiple of 32.
    scan_side: int = 640
    #: Threads of one inference; None for one a core, up to four.
    threads: int | None = None


def build(policy: DetectorPolicy, models_dir: Path, progress: Progress | None = None) -> Detector:
    """The detector, ready to run, its model fetched into `models_dir` if need be; raises DetectorError, ModelError."""
    if policy.backend == "hog":
        return _hog(policy)
    if policy.backend == "yolov5":
        return _yolov5(policy, models_dir, progress)
    return _onnx(policy, models_dir, progress)


def _onnx(policy: DetectorPolicy, models_dir: Path, progress: Progress | None) -> Detector:
    from edge_detector.detectors.onnx import open_finder  # noqa: PLC0415 - loads onnxruntime

    path = resolve(policy.model, models_dir, progress=progress)
    threads = policy.threads or default_threads()
    return _yolo(
        policy, "onnx", path, open_finder(path, cut_model(path, models_dir), threads=threads, floor=policy.floor)
    )


def _yolov5(policy: DetectorPolicy, models_dir: Path, progress: Progress | None) -> Detector:
    from edge_detector.detectors.yolov5_torch import open_finder  # noqa: PLC0415 - loads torch

    path = resolve(policy.model, models_dir, suffix=".pt", progress=progress)
    threads = policy.threads or default_threads()
    find = open_finder(path, threads=threads, floor=policy.floor)
    return _yolo(policy, "yolov5", path, find)


def _yolo(policy: DetectorPolicy, backend: str, path: Path, find: Finder) -> Detector:
    from edge_detector.detectors.yolo import YoloDetector  # noqa: PLC0415 - loads OpenCV

    sizes = {"side": policy.side, "scan_side": policy.scan_side}
    return YoloDetector(find, backend=backend, model=path.stem, iou=policy.iou, **sizes)


def _hog(policy: DetectorPolicy) -> Detector:
    from edge_detector.detectors.hog import HogDetector  # noqa: PLC0415 - loads OpenCV

    _LOGGER.warning("hog is a fallback that finds little: install a model for real use")
    return HogDetector(floor=policy.floor, iou=policy.iou)


def default_threads() -> int:
    """One thread for each core that this process may use, up to four."""
    return min(len(os.sched_getaffinity(0)), MAX_THREADS)
