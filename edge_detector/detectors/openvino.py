"""Runs a cut YOLOv5 in OpenVINO; an extra."""

from __future__ import annotations

import importlib
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from edge_detector.core.errors import DetectorError, ModelError
from edge_detector.detectors.heads import HEADS_KEY, Floats, HeadDecoder, head_buffers, heads_from_json
from edge_detector.detectors.yolo import MAX_SIZES, Finder


def open_finder(path: Path, cut: bytes, *, threads: int, floor: float, cache: Path) -> Finder:
    """What finds people in a tensor with a cut model; `path` is named in the ModelError when it does not run.

    A network is compiled for each input size, which runs half as fast again as one for all; `cache` keeps it.
    """
    openvino = _import()
    core = openvino.Core()
    options = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # cameras and recorders need the cores as well
        "CACHE_DIR": str(cache),
    }
    try:
        model = core.read_model(cut)
    except RuntimeError as error:
        message = f"The model file {path} cannot be used: OpenVINO says {error}"
        raise ModelError(message) from error
    heads = heads_from_json(model.get_rt_info(["framework", HEADS_KEY]).astype(str))
    decoder = HeadDecoder(heads, floor)

    @lru_cache(maxsize=MAX_SIZES)
    def compiled(shape: tuple[int, ...]) -> tuple[Any, list[Floats]]:
        """A request for one input size and its outputs, written anew by every inference."""
        model.reshape(list(shape))
        request = core.compile_model(model, "CPU", options).create_infer_request()
        outputs = head_buffers(heads, shape)
        for number, output in enumerate(outputs):
            request.set_output_tensor(number, openvino.Tensor(output, shared_memory=True))
        return request, outputs

    def find(tensor: Floats) -> tuple[Floats, Floats]:
        try:
            request, outputs = compiled(tensor.shape)
            request.set_input_tensor(openvino.Tensor(tensor, shared_memory=True))
            request.infer()
        except RuntimeError as error:
            message = f"OpenVINO cannot run {path}: {error}"
            raise DetectorError(message) from error
        return decoder.decode(outputs)

    return find


def _import() -> Any:  # noqa: ANN401 - most of it has no types
    """Import OpenVINO without what tells its makers of every import."""
    forbidden: Any = None
    sys.modules.setdefault("openvino_telemetry", forbidden)
    try:
        return importlib.import_module("openvino")
    except ImportError as error:
        message = (
            f"The backend openvino is an extra that is not installed ({error}): pip install 'porchlight-edge[openvino]'"
        )
        raise DetectorError(message) from error
