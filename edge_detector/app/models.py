"""The model files of the data folder: what is known, fetched and exported."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context
from pathlib import Path

from edge_detector.core.errors import ModelError
from edge_detector.core.types import Bgr
from edge_detector.detectors import models, registry
from edge_detector.detectors.measure import BUDGET_S, Measured, best
from edge_detector.detectors.models import ModelState, Progress
from edge_detector.detectors.registry import DetectorPolicy

_LOGGER = logging.getLogger(__name__)

FOLDER = "models"
#: What 8-bit weights are calibrated and compared on where nobody shows anything better: each scene at so many moments.
SCENES = (
    "door?people=1&seed=1",
    "door?people=1&seed=2&night=1",
    "pair?seed=3",
    "far?seed=4&distance=20",
    "crowd?seed=5&night=0.4",
    "infrared?seed=6",
    "box?seed=8&people=1",
    "pillar?seed=9",
)
MOMENTS = 6
#: Whole pictures, whose people are small at the model's size, and square ones, which go through it as crops do. Those
#: with odd numbers are compared on, and a square one costs a detector least.
SHAPES = ("640x360", "480x480", "480x480", "480x480")


def scene_pictures() -> Sequence[Bgr]:
    """Pictures of generated scenes: near and far, day and night, people and none; the same every time."""
    from edge_detector.capture.scene import parse_address  # noqa: PLC0415 - loads what draws scenes
    from edge_detector.core.picture import bgr  # noqa: PLC0415 - loads OpenCV

    pictures = []
    for address in SCENES:
        scenes = {shape: parse_address(f"scene://{address}&size={shape}").scene() for shape in set(SHAPES)}
        for moment in range(MOMENTS):
            scene = scenes[SHAPES[moment % len(SHAPES)]]
            pictures.append(bgr(scene.frame(scene.length_s * (moment + 0.6) / (MOMENTS + 0.7))))
    return pictures


def decide(policy: DetectorPolicy, folder: Path, progress: Progress | None = None) -> None:
    """Find the fastest engine for this machine, unless an earlier start did; raises ModelError.

    In a process of its own: what it loads is gone afterwards, and a runtime that crashes on this board takes nothing
    with it.
    """
    if not registry.undecided(policy, folder, progress):
        return
    _LOGGER.info("finding out how %s runs fastest on this machine, once", policy.model)
    try:
        measured = measure_apart(policy, folder)
    except (BrokenProcessPool, OSError) as error:  # it crashed, or the system lets nobody start one
        _LOGGER.warning("how the model runs fastest could not be measured, so nothing is chosen: %s", error)
        registry.settle(policy, folder)
        return
    chosen = best(measured)
    _LOGGER.info("%s: %s; measured %s", policy.model, chosen and chosen.engine, "; ".join(map(str, measured)))


def measure_apart(policy: DetectorPolicy, folder: Path, *, budget_s: float = BUDGET_S) -> list[Measured]:
    """What every engine takes and how far it agrees, measured in a process of its own."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        measuring = pool.submit(registry.measure_all, policy, folder, scene_pictures, budget_s)
        try:
            return measuring.result()
        except (SystemExit, KeyboardInterrupt):  # nobody who ends the program waits for a measurement
            for child in active_children():
                child.terminate()
            raise


def listing(data_dir: Path) -> tuple[ModelState, ...]:
    """Every model known by name, and the state of its file."""
    return models.listing(data_dir / FOLDER)


def fetch(name: str, data_dir: Path, progress: Progress | None = None) -> Path:
    """The verified file of a known model, fetched unless it is there; raises ModelError."""
    model = models.KNOWN.get(name) or models.KNOWN.get(f"{name}.onnx")
    if model is None:
        raise ModelError(f"There is no known model '{name}': there are {', '.join(models.KNOWN)}")
    kept = data_dir / FOLDER / model.file
    if kept.is_file() and models.sha256_of(kept) == model.sha256:
        return kept
    return models.fetch(model, data_dir / FOLDER, progress)


def export(name: str, out: Path | None, data_dir: Path, progress: Progress | None = None) -> Path:
    """A YOLOv5 checkpoint as an ONNX file, by default of the same stem in this folder; raises DetectorError."""
    from edge_detector.detectors.yolov5_torch import export as write  # noqa: PLC0415 - loads NumPy

    path = models.resolve(name, data_dir / FOLDER, suffix=".pt", progress=progress)
    return write(path, out or Path(f"{path.stem}.onnx"))
