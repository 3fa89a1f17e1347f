"""Runs a cut YOLOv5 in ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as states

from edge_detector.core.errors import DetectorError, ModelError
from edge_detector.detectors.heads import HEADS_KEY, Floats, HeadDecoder, heads_from_json
from edge_detector.detectors.yolo import Finder

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
    names = [output.name for output in session.get_outputs()]

    def run(tensor: Floats) -> list[Floats]:
        try:
            outputs: list[Floats] = session.run(names, {"images": tensor})
        except _ERRORS as error:
            message = f"ONNX Runtime cannot run {path}: {error}"
            raise DetectorError(message) from error
        return outputs

    heads = heads_from_json(session.get_modelmeta().custom_metadata_map[HEADS_KEY])
    decoder = HeadDecoder(heads, floor)
    return lambda tensor: decoder.decode(run(tensor))


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
