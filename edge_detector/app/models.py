"""The model files of the data folder: what is known, fetched and exported."""

from __future__ import annotations

from pathlib import Path

from edge_detector.core.errors import ModelError
from edge_detector.detectors import models
from edge_detector.detectors.models import ModelState, Progress

FOLDER = "models"


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
