"""Keeps cut models in the data folder, so that only the first start of a model pays for the surgery."""

from __future__ import annotations

from pathlib import Path

from edge_detector.core.errors import ModelError
from edge_detector.detectors.kept import Kept, digest

#: Raise it whenever `surgery.cut` comes out otherwise, so that no old cut is used any more.
CUT_VERSION = 2


def cut_model(path: Path, models_dir: Path) -> bytes:
    """The model cut to one class and raw heads, from `models_dir` where an earlier start has left it.

    Raises ModelError, with the file's name, when the file cannot be read or is no YOLOv5 export.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        message = f"The model file {path} cannot be read: {error.strerror}"
        raise ModelError(message) from error
    kept = Kept(models_dir / "cut", f"{digest(source)}-v{CUT_VERSION}")
    if (content := kept.read()) is not None:
        return content
    from edge_detector.detectors.surgery import cut  # noqa: PLC0415 - loads onnx, half a second that most starts save

    try:
        content = cut(source)
    except ModelError as error:
        message = f"The model file {path} cannot be used: {error}"
        raise ModelError(message) from error
    kept.write(content)
    return content
