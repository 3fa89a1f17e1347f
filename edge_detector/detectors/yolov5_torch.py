"""The reference: YOLOv5 in torch, as its authors run it; an extra for comparison and export, not for a camera."""

from __future__ import annotations

import contextlib
import importlib
import io
import sys
from pathlib import Path
from typing import Any

from edge_detector.core.errors import DetectorError
from edge_detector.detectors.heads import Floats
from edge_detector.detectors.models import KNOWN, sha256_of
from edge_detector.detectors.yolo import Finder

#: The size that exports carry: the one that the model was trained at.
EXPORT_PX = 640
#: What the published exports use; every runtime knows it.
EXPORT_OPSET = 12
#: Operations that torchvision's Python side asks for even where its compiled side cannot be loaded.
_VISION_OPS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def open_finder(path: Path, *, threads: int, floor: float) -> Finder:
    """What finds people in a tensor with a checkpoint; raises DetectorError without the extra."""
    model = _load(path)
    torch = sys.modules["torch"]
    torch.set_num_threads(threads)

    def find(tensor: Floats) -> tuple[Floats, Floats]:
        with torch.inference_mode():
            rows: Floats = model(torch.from_numpy(tensor))[0][0].numpy()
        scores = rows[:, 4] * rows[:, 5]
        rows, scores = rows[scores >= floor], scores[scores >= floor]
        half = rows[:, 2:4] / 2
        boxes = rows.copy()[:, :4]
        boxes[:, :2], boxes[:, 2:] = rows[:, :2] - half, rows[:, :2] + half
        return boxes, scores

    return find


def export(path: Path, out: Path) -> Path:
    """Write the checkpoint as an ONNX file in 32-bit floats, like the published exports; raises DetectorError."""
    model = _load(path)
    torch = sys.modules["torch"]
    import onnx  # noqa: PLC0415 - heavy, and only for this

    model.model[-1].export = True  # one output instead of two
    picture = torch.zeros(1, 3, EXPORT_PX, EXPORT_PX)
    content = io.BytesIO()
    with torch.inference_mode():
        model(picture)  # makes the grids of this size
    torch.onnx.export(
        model,
        (picture,),
        content,
        opset_version=EXPORT_OPSET,
        input_names=["images"],
        output_names=["output0"],
        dynamo=False,  # the newer exporter writes another graph, which the cut does not know
    )
    graph = onnx.load_model_from_string(content.getvalue())
    names = model.names if isinstance(model.names, dict) else dict(enumerate(model.names))
    onnx.helper.set_model_props(graph, {"stride": str(int(max(model.stride))), "names": str(names)})
    part = out.with_name(out.name + ".part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(graph.SerializeToString())
        part.replace(out)
    except OSError as error:
        message = f"The export cannot be written to {out}: {error.strerror}"
        raise DetectorError(message) from error
    return out


def _load(path: Path) -> Any:  # noqa: ANN401 - torch brings no types
    """The network of a published checkpoint, batch norms fused, on the CPU."""
    # Loading a checkpoint runs whatever code it names: only for a file whose content is known.
    if sha256_of(path) not in {model.sha256 for model in KNOWN.values()}:
        message = f"The backend yolov5 opens published checkpoints only, and {path} is none: use the backend onnx"
        raise DetectorError(message)
    torch = _import()
    checkpoint = torch.load(path, map_location="cpu", weights_only=False)
    with contextlib.redirect_stdout(sys.stderr):
        return (checkpoint.get("ema") or checkpoint["model"]).float().fuse().eval()


def _import() -> Any:  # noqa: ANN401 - the same
    """Import torch and the yolov5 package, whose classes a checkpoint names."""
    try:
        import torch  # noqa: PLC0415 - an extra

        with contextlib.redirect_stdout(sys.stderr):  # it greets on standard output
            _import_torchvision(torch)
            import yolov5  # noqa: F401, PLC0415 - an extra; makes its modules findable
    except ImportError as error:
        message = (
            f"The backend yolov5 is an extra that is not installed ({error}): in Python 3.11 or 3.12, "
            f"pip install 'porchlight-edge[yolov5]'"
        )
        raise DetectorError(message) from error
    return torch


def _import_torchvision(torch: Any) -> None:  # noqa: ANN401 - the same
    """Import torchvision also where its compiled part needs libraries that are absent: nothing here calls into it."""
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for schema in _VISION_OPS:
            library.define(schema)
        vision: Any = importlib.import_module("torchvision")
        vision.porchlight_library = library  # it lives as long as what it defines
