"""Understands a YOLOv5 ONNX export: its heads, its anchors, the class that is wanted."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, numpy_helper

from edge_detector.core.errors import ModelError
from edge_detector.detectors.heads import ANCHORS, ANCHORS_PER_CELL, BOX_ROWS, STRIDES

#: Resize has taken its scales as the third input since this opset.
MIN_OPSET = 11
#: Operations of the decoding tail that tell another family's heads (YOLOv3, YOLOX) from YOLOv5's.
FOREIGN_OPS = frozenset({"Exp", "Softmax"})

Values = NDArray[np.generic]
Constants = Mapping[str, Values]


class End(NamedTuple):
    """The last convolution before a head's decoding."""

    conv: NodeProto
    weight: Values
    bias: Values
    #: Every node that depends on it.
    tail: tuple[NodeProto, ...]


def parse(source: bytes) -> ModelProto:
    """The model of a file's content, its nodes in order; raises ModelError, a sentence without the file's name."""
    try:
        model = onnx.load_model_from_string(source)
    except DecodeError as error:
        message = "it is damaged, or no ONNX file"
        raise ModelError(message) from error
    if not model.graph.node or len(model.graph.input) != 1:
        message = "it is no ONNX model of one picture"
        raise ModelError(message)
    opset = next((o.version for o in model.opset_import if o.domain in {"", "ai.onnx"}), 0)
    if opset < MIN_OPSET:
        message = f"it was exported for opset {opset}; export it for {MIN_OPSET} or later"
        raise ModelError(message)
    _sort(model.graph)
    return model


def _sort(graph: GraphProto) -> None:
    """Put every node after those that it depends on: some exports do not keep to it."""
    makers = {name: i for i, node in enumerate(graph.node) for name in node.output}
    before = {i: [makers[name] for name in node.input if name in makers] for i, node in enumerate(graph.node)}
    try:
        order = [graph.node[i] for i in TopologicalSorter(before).static_order()]
    except CycleError as error:
        message = "its graph runs in a circle"
        raise ModelError(message) from error
    replace_nodes(graph, order)


def replace_nodes(graph: GraphProto, nodes: Iterable[NodeProto]) -> None:
    """Let the graph have these nodes, in this order."""
    fresh = list(nodes)
    del graph.node[:]
    graph.node.extend(fresh)


def constants_of(graph: GraphProto) -> dict[str, Values]:
    """Every value that the file itself holds, by name."""
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def ends_of(graph: GraphProto, constants: Constants) -> list[End]:
    """The last convolutions of each branch, if they look like YOLOv5's: three of 1x1, 3 * (5 + classes) rows each."""
    found = []
    for node in graph.node:
        if node.op_type != "Conv" or not all(name in constants for name in node.input[1:]):
            continue
        tail = tuple(_downstream(graph, node))
        if not any(other.op_type == "Conv" for other in tail):
            weight = constants[node.input[1]]
            bias = constants[node.input[2]] if len(node.input) > 2 else np.zeros(0)  # noqa: PLR2004 - data, weight, bias
            found.append(End(node, weight, bias, tail))
    rows = {len(end.bias) for end in found}
    likely = len(found) == len(STRIDES) and len(rows) == 1 and all(end.weight.shape[2:] == (1, 1) for end in found)
    classes, rest = divmod(next(iter(rows), 0), ANCHORS_PER_CELL)
    foreign = any(node.op_type in FOREIGN_OPS for end in found for node in end.tail)
    if not likely or rest or classes <= BOX_ROWS or foreign:
        message = "it has not the three heads of a YOLOv5 model"
        raise ModelError(message)
    return found


def _downstream(graph: GraphProto, start: NodeProto) -> Iterable[NodeProto]:
    """Every node that depends on `start`."""
    reached = set(start.output)
    for node in graph.node:
        if reached.intersection(node.input):
            reached.update(node.output)
            yield node


def class_index(model: ModelProto, classes: int, label: str) -> int:
    """Which class the wanted one is, by the export's own list of names; the first where it has none."""
    text = next((prop.value for prop in model.metadata_props if prop.key == "names"), "")
    try:
        names = ast.literal_eval(text) if text else {0: label}
    except (ValueError, SyntaxError):  # some exports cut a long list short
        names = {0: label} if label in text.split(",", 1)[0] else {}
    for index, name in names.items() if isinstance(names, dict) else enumerate(names):
        if name == label and index < classes:
            return int(index)
    message = f"it does not know the class '{label}'"
    raise ModelError(message)


def anchors_of(ends: list[End], constants: Constants) -> list[list[list[float]]]:
    """Anchors in pixels: what each head multiplies its squared sizes by, else those that YOLOv5 is published with."""
    found = [_anchors_at(end, constants) for end in ends]
    if all(found):
        return found
    if any(found):
        message = "its anchors cannot be read"
        raise ModelError(message)
    return [[list(anchor) for anchor in head] for head in ANCHORS]


def _anchors_at(end: End, constants: Constants) -> list[list[float]]:
    squares = {node.output[0] for node in end.tail if node.op_type == "Pow"}
    for node in end.tail:
        if node.op_type == "Mul" and squares.intersection(node.input):
            for name in node.input:
                grid = constants.get(name, np.zeros(0))
                if grid.shape[:2] == (1, ANCHORS_PER_CELL) and grid.shape[4:] == (2,):  # then y, x, and both sizes
                    return [[float(w), float(h)] for w, h in grid[0, :, 0, 0, :]]
    return []
