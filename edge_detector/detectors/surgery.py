"""Cuts a YOLOv5 ONNX export at its raw heads, down to one class, so that one file runs at any input size.

An export ends in reshapes and constants that belong to one input size, and carries 80 classes. What is left here: the
network up to its head convolutions, and of those only the rows for box, objectness and the wanted class, in 32-bit
floats. Anchors are read from the export before they are cut off, and travel in the model's own metadata.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from edge_detector.core.errors import ModelError
from edge_detector.detectors.heads import ANCHORS, ANCHORS_KEY, ANCHORS_PER_CELL, BOX_ROWS, HEADS

#: Resize has taken its scales as the third input since this opset.
MIN_OPSET = 11
#: Operations of the decoding tail that tell another family's heads (YOLOv3, YOLOX) from YOLOv5's.
FOREIGN_OPS = frozenset({"Exp", "Softmax"})

Constants = Mapping[str, NDArray[np.generic]]


class _Head(NamedTuple):
    conv: NodeProto
    weight: NDArray[np.generic]
    bias: NDArray[np.generic]
    #: The nodes between this head and the next join.
    tail: tuple[NodeProto, ...]


def cut(source: bytes, label: str = "person") -> bytes:
    """The cut model of an export: input `images` [1, 3, h, w] in 0..1, outputs `head0..2` [1, 18, h / s, w / s].

    Raises ModelError, a sentence without the file's name, when the source is no YOLOv5 export that knows `label`.
    """
    model = _parse(source)
    constants = _constants(model.graph)
    heads = _heads(model.graph, constants)
    classes = len(heads[0].bias) // ANCHORS_PER_CELL - BOX_ROWS
    rows = _rows(classes, _class_index(model, classes, label))
    anchors = _anchors(heads, constants)
    graph = helper.make_graph(
        name="porchlight",
        nodes=list(_trunk(model.graph, heads)),
        inputs=[helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "height", "width"])],
        outputs=[
            helper.make_tensor_value_info(f"head{i}", TensorProto.FLOAT, [1, len(rows), f"rows{i}", f"columns{i}"])
            for i in range(HEADS)
        ],
        initializer=list(model.graph.initializer),
    )
    _slice_heads(graph, heads, rows)
    _double_by_scale(graph)
    _widen(graph)
    _drop_unused(graph)
    result = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    helper.set_model_props(result, {ANCHORS_KEY: json.dumps(anchors)})
    return bytes(result.SerializeToString())


def _parse(source: bytes) -> ModelProto:
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
    _replace_nodes(graph, order)


def _replace_nodes(graph: GraphProto, nodes: Iterable[NodeProto]) -> None:
    fresh = list(nodes)
    del graph.node[:]
    graph.node.extend(fresh)


def _constants(graph: GraphProto) -> dict[str, NDArray[np.generic]]:
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def _heads(graph: GraphProto, constants: Constants) -> list[_Head]:
    """The last convolutions of each branch, if they look like YOLOv5's: three of 1x1, 3 * (5 + classes) rows each."""
    heads = []
    for node in graph.node:
        if node.op_type != "Conv" or not all(name in constants for name in node.input[1:]):
            continue
        tail = tuple(_downstream(graph, node))
        if not any(other.op_type == "Conv" for other in tail):
            weight = constants[node.input[1]]
            bias = constants[node.input[2]] if len(node.input) > 2 else np.zeros(0)  # noqa: PLR2004 - data, weight, bias
            heads.append(_Head(node, weight, bias, tail))
    rows = {len(head.bias) for head in heads}
    likely = len(heads) == HEADS and len(rows) == 1 and all(head.weight.shape[2:] == (1, 1) for head in heads)
    classes, rest = divmod(next(iter(rows), 0), ANCHORS_PER_CELL)
    foreign = any(node.op_type in FOREIGN_OPS for head in heads for node in head.tail)
    if not likely or rest or classes <= BOX_ROWS or foreign:
        message = "it has not the three heads of a YOLOv5 model"
        raise ModelError(message)
    return heads


def _downstream(graph: GraphProto, start: NodeProto) -> Iterable[NodeProto]:
    """Every node that depends on `start`."""
    reached = set(start.output)
    for node in graph.node:
        if reached.intersection(node.input):
            reached.update(node.output)
            yield node


def _upstream(graph: GraphProto, names: set[str]) -> list[NodeProto]:
    """Every node that one of these values depends on, in order."""
    needed = set(names)
    found = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            found.append(node)
    return found[::-1]


def _class_index(model: ModelProto, classes: int, label: str) -> int:
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


def _rows(classes: int, index: int) -> NDArray[np.intp]:
    """The rows of a head to keep: for each anchor its box, its objectness and one class."""
    first = np.arange(ANCHORS_PER_CELL, dtype=np.intp)[:, None] * (BOX_ROWS + classes)
    wanted = np.array([*range(BOX_ROWS), BOX_ROWS + index], np.intp)
    return np.add(first, wanted).ravel()


def _anchors(heads: list[_Head], constants: Constants) -> list[list[list[float]]]:
    """Anchors in pixels: what each head multiplies its squared sizes by, else those that YOLOv5 is published with."""
    found = [_anchors_of(head, constants) for head in heads]
    if all(found):
        return found
    if any(found):
        message = "its anchors cannot be read"
        raise ModelError(message)
    return [[list(anchor) for anchor in head] for head in ANCHORS]


def _anchors_of(head: _Head, constants: Constants) -> list[list[float]]:
    squares = {node.output[0] for node in head.tail if node.op_type == "Pow"}
    for node in head.tail:
        if node.op_type == "Mul" and squares.intersection(node.input):
            for name in node.input:
                grid = constants.get(name, np.zeros(0))
                if grid.ndim == 5 and grid.shape[1] == ANCHORS_PER_CELL and grid.shape[-1] == 2:  # noqa: PLR2004 - 1, anchor, y, x, size
                    return [[float(w), float(h)] for w, h in grid[0, :, 0, 0, :]]
    return []


def _trunk(graph: GraphProto, heads: list[_Head]) -> Iterable[NodeProto]:
    """Copies of the nodes that lead to a head, in order, the heads included; the picture's name becomes `images`."""
    picture = graph.input[0].name
    for node in _upstream(graph, {head.conv.output[0] for head in heads}):
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = ["images" if name == picture else name for name in node.input]
        yield copy


def _slice_heads(graph: GraphProto, heads: list[_Head], rows: NDArray[np.intp]) -> None:
    by_output = {node.output[0]: node for node in graph.node}
    for i, head in enumerate(heads):
        conv = by_output[head.conv.output[0]]
        conv.input[:] = [conv.input[0], f"head{i}.weight", f"head{i}.bias"]
        conv.output[0] = f"head{i}"
        for name, values in ((conv.input[1], head.weight), (conv.input[2], head.bias)):
            graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values[rows]), name))


def _double_by_scale(graph: GraphProto) -> None:
    """Let each Resize double by constant scales: exports bake the size of one input into it."""
    for node in graph.node:
        if node.op_type == "Resize":
            if not any(a.name == "mode" and a.s == b"nearest" for a in node.attribute):
                message = "it enlarges in a way that YOLOv5 does not"
                raise ModelError(message)
            node.input[:] = [node.input[0], "double.roi", "double.scales"]
    graph.initializer.append(numpy_helper.from_array(np.zeros(0, np.float32), "double.roi"))
    graph.initializer.append(numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "double.scales"))


def _widen(graph: GraphProto) -> None:
    """Turn 16-bit floats into 32-bit ones: a CPU computes in 32 bits, and would convert at every step."""
    for tensor in graph.initializer:
        _widen_tensor(tensor)
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                _widen_tensor(attribute.t)
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
                attribute.i = TensorProto.FLOAT


def _widen_tensor(tensor: TensorProto) -> None:
    if tensor.data_type == TensorProto.FLOAT16:
        wide = numpy_helper.to_array(tensor).astype(np.float32)
        tensor.CopyFrom(numpy_helper.from_array(wide, tensor.name))


def _drop_unused(graph: GraphProto) -> None:
    """Drop what only the old Resize targets and the whole heads needed."""
    _replace_nodes(graph, _upstream(graph, {output.name for output in graph.output}))
    needed = {name for node in graph.node for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(tensors)
