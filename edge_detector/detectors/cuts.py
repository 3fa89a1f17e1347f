"""Keeps cut models in the data folder, so that only the first start of a model pays for the surgery."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from edge_detector.core.errors import ModelError

_LOGGER = logging.getLogger(__name__)

#: Raise it whenever `surgery.cut` comes out otherwise, so that no old cut is used any more.
CUT_VERSION = 2
#: Hexadecimal digits of a checksum that tell files apart in a name.
_NAME_DIGITS = 16


def cut_model(path: Path, models_dir: Path) -> bytes:
    """The model cut to one class and raw heads, from `models_dir` where an earlier start has left it.

    Raises ModelError, with the file's name, when the file cannot be read or is no YOLOv5 export.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        message = f"The model file {path} cannot be read: {error.strerror}"
        raise ModelError(message) from error
    folder = models_dir / "cut"
    stem = f"{_digest(source)}-v{CUT_VERSION}-"
    for kept in folder.glob(stem + "*.onnx"):
        content = kept.read_bytes()
        if kept.name == f"{stem}{_digest(content)}.onnx":
            return content
        kept.unlink()
    from edge_detector.detectors.surgery import cut  # noqa: PLC0415 - loads onnx, half a second that most starts save

    try:
        content = cut(source)
    except ModelError as error:
        message = f"The model file {path} cannot be used: {error}"
        raise ModelError(message) from error
    _keep(folder / f"{stem}{_digest(content)}.onnx", content)
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_NAME_DIGITS]


def _keep(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; a folder that cannot be written to only costs time at the next start."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        _LOGGER.warning("the cut model cannot be kept in %s: %s", path.parent, error.strerror)
