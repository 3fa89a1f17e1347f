"""Makes an 8-bit model of a cut one: static quantisation, its ranges read off pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from edge_detector.core.types import Bgr
from edge_detector.detectors.heads import Floats
from edge_detector.detectors.yolo import PictureInput

#: A scale for every channel of a weight is told in a form that came with this opset; a cut model is the same in it.
OPSET = 13
#: From the convolution on that makes the picture smaller for so many times, a layer computes in 8 bits.
FLOAT_TIMES = 3


def quantise(cut: bytes, pictures: Sequence[Bgr], side: int) -> bytes:
    """The cut model with 8-bit weights and activations, calibrated on `pictures` at `side` pixels.

    Its first layers, of few channels and many pixels, stay in 32-bit floats: that is no slower, and a third of the
    error was theirs. So do its three heads: they are little work, and boxes and scores hang on them. The ranges are
    the smallest and largest values seen.
    """
    model = onnx.load_model_from_string(cut)
    for opset in model.opset_import:
        if not opset.domain:
            opset.version = max(opset.version, OPSET)
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"{node.op_type}{number}"
    add_pre_process_metadata(model)  # else it warns that the model could be simplified first: there is nothing to
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "int8.onnx"
        quantize_static(
            model,
            out,
            _Reader(_tensors(pictures, side)),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[*_stem(model), *_heads(model)],
            calibrate_method=CalibrationMethod.MinMax,
        )
        made = onnx.load_model(str(out))
    helper.set_model_props(made, {prop.key: prop.value for prop in onnx.load_model_from_string(cut).metadata_props})
    return bytes(made.SerializeToString())


def _stem(model: ModelProto) -> Iterable[str]:
    """The names of the nodes before the picture is made smaller the third time; the graph is in order."""
    times = 0
    for node in model.graph.node:
        strides = next((list(one.ints) for one in node.attribute if one.name == "strides"), [1])
        times += node.op_type == "Conv" and max(strides) > 1
        if times == FLOAT_TIMES:
            return
        yield node.name


def _heads(model: ModelProto) -> Iterable[str]:
    """The names of the nodes whose values leave the model."""
    outputs = {output.name for output in model.graph.output}
    return (node.name for node in model.graph.node if outputs.intersection(node.output))


def _tensors(pictures: Sequence[Bgr], side: int) -> Iterable[Floats]:
    whole = PictureInput((side, side))
    return (np.copy(whole.load(picture)[0]) for picture in pictures)


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime brings no types
    """Hands pictures to the calibration."""

    def __init__(self, tensors: Iterable[Floats]) -> None:
        self._tensors = iter(tensors)

    def get_next(self) -> dict[str, Floats] | None:
        """The next picture, None after the last."""
        tensor = next(self._tensors, None)
        return None if tensor is None else {"images": tensor}
