"""Runs a cut YOLOv5 in ONNX Runtime."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as states

from edge_detector.core.errors import DetectorError, ModelError
from edge_detector.detectors.heads import HEADS_KEY, Floats, HeadDecoder, head_buffers, heads_from_json
from edge_detector.detectors.yolo import MAX_SIZES, Finder

#: ONNX Runtime's errors have no common parent of their own.
_ERRORS = (
    states.EPFail,
    states.EngineError,
    states.Fail,
    states.InvalidArgument,
    states.InvalidGraph,
    states.InvalidProtobuf,
    states.NoModel,
    states.NoSuchFile,
    states.NotImplemented,
    states.RuntimeException,
)
#: Its warnings are about the graph, which nobody here can change.
_ERRORS_ONLY = 3


def open_finder(path: Path, cut: bytes, *, threads: int, floor: float) -> Finder:
    """What finds people in a tensor with a cut model; `path` is named in the ModelError when it does not run."""
    session = _open(path, cut, threads)
    heads = heads_from_json(session.get_modelmeta().custom_metadata_map[HEADS_KEY])
    decoder = HeadDecoder(heads, floor)

    @lru_cache(maxsize=MAX_SIZES)
    def bound(shape: tuple[int, ...]) -> tuple[onnxruntime.IOBinding, list[Floats]]:
        """The outputs of one input size, written anew by every inference."""
        binding, outputs = session.io_binding(), head_buffers(heads, shape)
        for name, output in zip(names, outputs, strict=True):
            binding.bind_output(name, "cpu", 0, np.float32, output.shape, output.ctypes.data)
        return binding, outputs

    def find(tensor: Floats) -> tuple[Floats, Floats]:
        binding, outputs = bound(tensor.shape)
        try:
            binding.bind_input("images", "cpu", 0, np.float32, tensor.shape, tensor.ctypes.data)
            session.run_with_iobinding(binding)
        except (RuntimeError, *_ERRORS) as error:  # the former is all that a binding tells
            message = f"ONNX Runtime cannot run {path}: {error}"
            raise DetectorError(message) from error
        return decoder.decode(outputs)

    names = [output.name for output in session.get_outputs()]
    return find


def _open(path: Path, cut: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Threads that wait for the next picture in a busy loop would burn the time between two pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(cut, options, providers=["CPUExecutionProvider"])
    except _ERRORS as error:
        message = f"The model file {path} cannot be used: ONNX Runtime says {error}"
        raise ModelError(message) from error
