"""Cuts a YOLOv5 ONNX export at its raw heads, down to one class, so that one file runs at any input size.

An export ends in reshapes and constants that belong to one input size, and carries 80 classes. What is left here: the
network up to its head convolutions, and of those only the rows for box, objectness and the wanted class, in 32-bit
floats. Anchors are read from the export before they are cut off, and travel in the model's own metadata.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper, shape_inference

from edge_detector.core.errors import ModelError
from edge_detector.detectors.exports import End, anchors_of, class_index, constants_of, ends_of, parse, replace_nodes
from edge_detector.detectors.heads import ANCHORS_PER_CELL, BOX_ROWS, HEADS_KEY, STRIDES, Head, heads_to_json

#: The input for which the strides are looked at.
PROBE_PX = 64


def cut(source: bytes, label: str = "person") -> bytes:
    """The cut model of an export: input `images` [1, 3, h, w] in 0..1, outputs `head0..2` [1, 18, h / s, w / s].

    Raises ModelError, a sentence without the file's name, when the source is no YOLOv5 export that knows `label`.
    """
    model = parse(source)
    constants = constants_of(model.graph)
    ends = ends_of(model.graph, constants)
    classes = len(ends[0].bias) // ANCHORS_PER_CELL - BOX_ROWS
    rows = _rows(classes, class_index(model, classes, label))
    graph = helper.make_graph(
        name="porchlight",
        nodes=list(_trunk(model.graph, ends)),
        inputs=[helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, PROBE_PX, PROBE_PX])],
        outputs=[helper.make_tensor_value_info(end.conv.output[0], TensorProto.FLOAT, None) for end in ends],
        initializer=list(model.graph.initializer),
    )
    _double_by_scale(graph)
    _widen(graph)
    result = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    ends = _fine_to_coarse(result, ends)
    _narrow(result.graph, ends, rows)
    _free_size(result.graph, len(rows))
    anchors = anchors_of(ends, constants)
    heads = [Head(stride, sizes) for stride, sizes in zip(STRIDES, anchors, strict=True)]
    helper.set_model_props(result, {HEADS_KEY: heads_to_json(heads)})
    return bytes(result.SerializeToString())


def _upstream(graph: GraphProto, names: set[str]) -> list[NodeProto]:
    """Every node that one of these values depends on, in order."""
    needed = set(names)
    found = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            found.append(node)
    return found[::-1]


def _rows(classes: int, index: int) -> NDArray[np.intp]:
    """The rows of a head to keep: for each anchor its box, its objectness and one class."""
    first = np.arange(ANCHORS_PER_CELL, dtype=np.intp)[:, None] * (BOX_ROWS + classes)
    wanted = np.array([*range(BOX_ROWS), BOX_ROWS + index], np.intp)
    return np.add(first, wanted).ravel()


def _trunk(graph: GraphProto, ends: list[End]) -> Iterable[NodeProto]:
    """Copies of the nodes that lead to a head, in order, the heads included; the picture's name becomes `images`."""
    picture = graph.input[0].name
    for node in _upstream(graph, {end.conv.output[0] for end in ends}):
        copy = NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = ["images" if name == picture else name for name in node.input]
        yield copy


def _fine_to_coarse(model: ModelProto, ends: list[End]) -> list[End]:
    """The ends in the order of their strides, which shape inference tells."""
    try:
        graph = shape_inference.infer_shapes(model, strict_mode=True).graph
    except shape_inference.InferenceError as error:
        message = "its layers do not fit together"
        raise ModelError(message) from error
    cells = [[dim.dim_value for dim in output.type.tensor_type.shape.dim[2:]] for output in graph.output]
    by_cells = {tuple(size): end for size, end in zip(cells, ends, strict=True)}
    wanted = [(PROBE_PX // stride, PROBE_PX // stride) for stride in STRIDES]
    if by_cells.keys() != set(wanted):
        message = "its heads have other strides than those of a YOLOv5 model"
        raise ModelError(message)
    return [by_cells[size] for size in wanted]


def _narrow(graph: GraphProto, ends: list[End], rows: NDArray[np.intp]) -> None:
    """Keep these rows of each end, name the ends `head0` to `head2`, and drop the rest."""
    by_output = {node.output[0]: node for node in graph.node}
    for i, end in enumerate(ends):
        conv = by_output[end.conv.output[0]]
        conv.input[:] = [conv.input[0], f"head{i}.weight", f"head{i}.bias"]
        conv.output[0] = f"head{i}"
        for name, values in ((conv.input[1], end.weight), (conv.input[2], end.bias)):
            kept = np.ascontiguousarray(values[rows], np.float32)
            graph.initializer.append(numpy_helper.from_array(kept, name))
    replace_nodes(graph, _upstream(graph, {f"head{i}" for i in range(len(ends))}))
    needed = {name for node in graph.node for name in node.input}
    tensors = [tensor for tensor in graph.initializer if tensor.name in needed]
    del graph.initializer[:]
    graph.initializer.extend(tensors)


def _free_size(graph: GraphProto, rows: int) -> None:
    """Let the input be of any size."""
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "height", "width"])
    graph.input[0].CopyFrom(picture)
    for i, output in enumerate(graph.output):
        shape: list[int | str] = [1, rows, f"rows{i}", f"columns{i}"]
        output.CopyFrom(helper.make_tensor_value_info(f"head{i}", TensorProto.FLOAT, shape))


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
