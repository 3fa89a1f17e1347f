"""Makes small ONNX files that are built like YOLOv5's exports: real heads, real decoding, random weights."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

#: The one input size that the export bakes in, as the real ones do with 640.
SIZE = 64
STRIDES = (8, 16, 32)
#: Not those that YOLOv5 is published with, so that a test sees whether they were read.
ANCHORS = (((4, 9), (7, 20), (11, 15)), ((12, 40), (20, 30), (25, 50)), ((30, 60), (50, 90), (60, 62)))
CHANNELS = 8


@dataclass
class TinyYolo:
    """What may differ between exports."""

    names: str = "{0: 'car', 1: 'person', 2: 'dog'}"
    classes: int = 3
    half: bool = False
    #: Nodes in reverse, as a tool that appends what it adds may leave them.
    reverse: bool = False
    opset: int = 12
    #: Squares sizes by Pow and multiplies by anchors, head by head.
    anchored: Sequence[bool] = (True, True, True)
    #: The operation that takes the place of Sigmoid.
    squash: str = "Sigmoid"
    resize_mode: str = "nearest"
    heads: int = 3
    seed: int = 7
    nodes: list[NodeProto] = field(default_factory=list, init=False)
    tensors: list[TensorProto] = field(default_factory=list, init=False)

    def build(self) -> bytes:
        """The file's content."""
        kind = TensorProto.FLOAT16 if self.half else TensorProto.FLOAT
        self._rng = np.random.default_rng(self.seed)
        levels = self._trunk()
        rows = [self._head(i, level) for i, level in enumerate(levels[: self.heads])]
        self._node("Concat", rows, "output0", axis=1)
        count = 3 * sum((SIZE // stride) ** 2 for stride in STRIDES[: self.heads])
        graph = helper.make_graph(
            self.nodes[::-1] if self.reverse else self.nodes,
            "tiny",
            [helper.make_tensor_value_info("images", kind, [1, 3, SIZE, SIZE])],
            [helper.make_tensor_value_info("output0", kind, [1, count, 5 + self.classes])],
            self.tensors,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=7)
        if self.names:
            helper.set_model_props(model, {"stride": "32", "names": self.names})
        return bytes(model.SerializeToString())

    def _trunk(self) -> list[str]:
        self._conv("images", "fine", (CHANNELS, 3, 8, 8), stride=8)
        self._conv("fine", "middle", (CHANNELS, CHANNELS, 2, 2), stride=2)
        self._conv("middle", "coarse", (CHANNELS, CHANNELS, 2, 2), stride=2)
        # The way that bakes the input's size in: the wanted size instead of a scale.
        self._constant("none", np.zeros(0, np.float32))
        self._constant("size", np.array([1, CHANNELS, SIZE // 16, SIZE // 16], np.int64))
        self._node(
            "Resize",
            ["coarse", "none", "none", "size"],
            "larger",
            mode=self.resize_mode,
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        self._node("Add", ["larger", "middle"], "joined")
        return ["fine", "joined", "coarse"]

    def _head(self, i: int, level: str) -> str:
        width, grid = 5 + self.classes, SIZE // STRIDES[i]
        self._conv(level, f"raw{i}", (3 * width, CHANNELS, 1, 1), stride=1, spread=2.0)
        self._constant(f"shape{i}", np.array([1, 3, width, grid, grid], np.int64))
        self._node("Reshape", [f"raw{i}", f"shape{i}"], f"grid{i}")
        self._node("Transpose", [f"grid{i}"], f"cells{i}", perm=[0, 1, 3, 4, 2])
        self._node(self.squash, [f"cells{i}"], f"share{i}")
        parts = [f"xy{i}", f"wh{i}", f"conf{i}"]
        self.nodes.append(helper.make_node("Split", [f"share{i}"], parts, axis=4, split=[2, 2, 1 + self.classes]))
        y, x = np.mgrid[:grid, :grid]
        offsets = np.broadcast_to(np.stack([x, y], axis=2) - 0.5, (1, 3, grid, grid, 2))
        self._step("Mul", f"xy{i}", f"xy{i}.2", np.array(2.0))
        self._step("Add", f"xy{i}.2", f"xy{i}.offset", offsets)
        self._step("Mul", f"xy{i}.offset", f"centre{i}", np.array(float(STRIDES[i])))
        self._step("Mul", f"wh{i}", f"wh{i}.2", np.array(2.0))
        if self.anchored[i]:
            anchors = np.broadcast_to(np.array(ANCHORS[i], float).reshape(1, 3, 1, 1, 2), (1, 3, grid, grid, 2))
            self._step("Pow", f"wh{i}.2", f"wh{i}.square", np.array(2.0))
            self._step("Mul", f"wh{i}.square", f"extent{i}", anchors)
        else:
            self._step("Mul", f"wh{i}.2", f"extent{i}", np.array(9.0))
        self._node("Concat", [f"centre{i}", f"extent{i}", f"conf{i}"], f"boxes{i}", axis=4)
        self._constant(f"flat{i}", np.array([1, 3 * grid * grid, width], np.int64))
        self._node("Reshape", [f"boxes{i}", f"flat{i}"], f"rows{i}")
        return f"rows{i}"

    def _conv(self, source: str, target: str, shape: tuple[int, ...], *, stride: int, spread: float = 1.0) -> None:
        weight = self._rng.normal(0, spread / np.sqrt(np.prod(shape[1:])), shape)
        self._constant(f"{target}.weight", weight, as_node=False)
        self._constant(f"{target}.bias", self._rng.normal(0, spread, shape[0]), as_node=False)
        inputs = [source, f"{target}.weight", f"{target}.bias"]
        self._node("Conv", inputs, target, strides=[stride, stride], kernel_shape=list(shape[2:]))

    def _step(self, kind: str, source: str, target: str, value: NDArray[np.float64]) -> None:
        self._constant(f"{target}.by", value)
        self._node(kind, [source, f"{target}.by"], target)

    def _constant(self, name: str, value: NDArray[np.generic], *, as_node: bool = True) -> None:
        if value.dtype == np.float64:
            value = value.astype(np.float16 if self.half else np.float32)
        tensor = numpy_helper.from_array(np.ascontiguousarray(value), name)
        if as_node:
            self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        else:
            self.tensors.append(tensor)

    def _node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:  # noqa: ANN401 - as onnx takes them
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=output, **attributes))
