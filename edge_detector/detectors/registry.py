"""Picks and builds the detector that the configuration asks for; each backend is imported only when it is the one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edge_detector.core.errors import DetectorError
from edge_detector.detectors.choice import Choice
from edge_detector.detectors.engines import PRECISIONS, Engine, Precision, default_threads, runtimes_here
from edge_detector.detectors.measure import BUDGET_S, Measured, best, measure
from edge_detector.detectors.models import Progress, resolve
from edge_detector.detectors.weights import Pictures, Weights
from edge_detector.ports import Detector

if TYPE_CHECKING:
    from edge_detector.detectors.yolo import Finder

_LOGGER = logging.getLogger(__name__)

Backend = Literal["auto", "onnx", "openvino", "hog", "yolov5"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorPolicy:
    """How people are to be found."""

    backend: Backend = "auto"
    precision: Precision | Literal["auto"] = "auto"
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
    #: Threads of one inference; None for what was measured, else one a core, up to four.
    threads: int | None = None

    def engines(self) -> tuple[Engine, ...]:
        """Every engine that may be taken, in one thread; the one to take without a measurement first."""
        runtimes = runtimes_here() if self.backend == "auto" else (self.backend,)
        precisions = PRECISIONS if self.precision == "auto" else (self.precision,)
        return tuple(
            Engine(runtime=runtime, precision=precision)
            for precision in precisions
            for runtime in runtimes
            if runtime in {"onnx", "openvino"}
        )


def build(
    policy: DetectorPolicy, models_dir: Path, progress: Progress | None = None, *, pictures: Pictures | None = None
) -> Detector:
    """The detector, ready to run, its model fetched into `models_dir` if need be; raises DetectorError, ModelError.

    Where the policy leaves a choice, the engine that `measure_all` found to be the fastest is taken, else the first.
    8-bit weights that the policy insists on are made from `pictures` where they are not there.
    """
    if policy.backend == "hog":
        return _hog(policy)
    if policy.backend == "yolov5":
        return _yolov5(policy, models_dir, progress)
    weights = weights_of(policy, models_dir, pictures=pictures, progress=progress)
    first = replace(policy.engines()[0], threads=policy.threads or default_threads())
    engine = _choice(policy, weights).read() or first
    try:
        return open_engine(engine, policy, weights)
    except DetectorError as error:
        if engine == first:
            raise
        _LOGGER.warning("%s was the fastest and does not run any more, so %s does: %s", engine, first, error)
        return open_engine(first, policy, weights)


def weights_of(
    policy: DetectorPolicy, models_dir: Path, *, pictures: Pictures | None = None, progress: Progress | None = None
) -> Weights:
    """The model of the policy, fetched and cut if need be; raises ModelError."""
    path = resolve(policy.model, models_dir, progress=progress)
    return Weights(path, models_dir, side=policy.side, pictures=pictures)


def undecided(policy: DetectorPolicy, models_dir: Path, progress: Progress | None = None) -> bool:
    """Whether the policy leaves a choice that was not made yet on this machine; raises ModelError."""
    if len(policy.engines()) * len(_threads(policy)) <= 1:
        return False
    return _choice(policy, weights_of(policy, models_dir, progress=progress)).read() is None


def measure_all(
    policy: DetectorPolicy, models_dir: Path, pictures: Pictures, budget_s: float = BUDGET_S
) -> list[Measured]:
    """What every engine of the policy takes here and how far it agrees; the fastest is kept for later starts.

    Loads every runtime that there is, so it is best done in a process of its own.
    """
    pictures = cache(pictures)
    weights = weights_of(policy, models_dir, pictures=pictures)
    measured = measure(
        policy.engines(),
        threads=_threads(policy),
        open_engine=partial(open_engine, policy=policy, weights=weights),
        pictures=pictures()[1::2],
        budget_s=budget_s,
    )
    if (chosen := best(measured)) is not None:
        _choice(policy, weights).write(chosen.engine, measured)
    return measured


def settle(policy: DetectorPolicy, models_dir: Path) -> None:
    """Take the first engine of the policy from now on: measuring the others has failed."""
    first = replace(policy.engines()[0], threads=policy.threads or default_threads())
    _choice(policy, weights_of(policy, models_dir)).write(first, ())


def open_engine(engine: Engine, policy: DetectorPolicy, weights: Weights) -> Detector:
    """A detector that runs on one engine, with the sizes and thresholds of the policy; raises DetectorError."""
    content = weights.of(engine.precision)
    name = weights.path.stem + ("-int8" if engine.precision == "int8" else "")
    if engine.runtime == "onnx":
        from edge_detector.detectors import onnx  # noqa: PLC0415 - loads onnxruntime

        find = onnx.open_finder(weights.path, content, threads=engine.threads, floor=policy.floor)
    else:
        from edge_detector.detectors import openvino  # noqa: PLC0415 - loads openvino

        cache = weights.models_dir / "cache"
        find = openvino.open_finder(weights.path, content, threads=engine.threads, floor=policy.floor, cache=cache)
    return _yolo(policy, engine.runtime, name, find)


def _choice(policy: DetectorPolicy, weights: Weights) -> Choice:
    asked = (policy.backend, policy.precision, policy.side, policy.threads)
    return Choice(weights.models_dir, *weights.identity(), *asked)


def _threads(policy: DetectorPolicy) -> tuple[int, ...]:
    """Numbers of threads that may be taken, the cheapest first."""
    return (policy.threads,) if policy.threads else tuple(dict.fromkeys((1, default_threads())))


def _yolov5(policy: DetectorPolicy, models_dir: Path, progress: Progress | None) -> Detector:
    from edge_detector.detectors.yolov5_torch import open_finder  # noqa: PLC0415 - loads torch

    path = resolve(policy.model, models_dir, suffix=".pt", progress=progress)
    threads = policy.threads or default_threads()
    find = open_finder(path, threads=threads, floor=policy.floor)
    return _yolo(policy, "yolov5", path.stem, find)


def _yolo(policy: DetectorPolicy, backend: str, name: str, find: Finder) -> Detector:
    from edge_detector.detectors.yolo import YoloDetector  # noqa: PLC0415 - loads OpenCV

    sizes = {"side": policy.side, "scan_side": policy.scan_side}
    return YoloDetector(find, backend=backend, model=name, iou=policy.iou, **sizes)


def _hog(policy: DetectorPolicy) -> Detector:
    from edge_detector.detectors.hog import HogDetector  # noqa: PLC0415 - loads OpenCV

    _LOGGER.warning("hog is a fallback that finds little: install a model for real use")
    return HogDetector(floor=policy.floor, iou=policy.iou)
