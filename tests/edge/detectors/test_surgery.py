from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from edge_detector.core.errors import ModelError
from edge_detector.detectors.heads import ANCHORS as PUBLISHED_ANCHORS
from edge_detector.detectors.heads import HEADS_KEY, Floats, HeadDecoder, heads_from_json
from edge_detector.detectors.surgery import cut
from edge_detector.detectors.yolo import PictureInput
from tests.edge.detectors import tiny_yolo
from tests.edge.detectors.tiny_yolo import TinyYolo
from tests.paths import media, model


def session(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def whole(content: bytes, tensor: Floats, person: int, floor: float) -> tuple[Floats, Floats]:
    """Boxes and scores of an uncut export, by its own decoding."""
    run = session(content)
    kind = np.float16 if "float16" in run.get_inputs()[0].type else np.float32
    rows: Floats = run.run(None, {"images": tensor.astype(kind)})[0][0].astype(np.float32)
    scores = rows[:, 4] * rows[:, 5 + person]
    rows, scores = rows[scores >= floor], scores[scores >= floor]
    half = rows[:, 2:4] / 2
    return np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1), scores


def cut_down(content: bytes, tensor: Floats, floor: float) -> tuple[Floats, Floats]:
    """The same of the cut model."""
    run = session(content)
    heads = heads_from_json(run.get_modelmeta().custom_metadata_map[HEADS_KEY])
    return HeadDecoder(heads, floor).decode(run.run(None, {"images": tensor}))


def picture(side: int = tiny_yolo.SIZE, seed: int = 3) -> Floats:
    return np.random.default_rng(seed).random((1, 3, side, side), np.float32)


@pytest.mark.parametrize(
    ("export", "person", "tolerance"),
    [
        (TinyYolo(), 1, 1e-5),  # 32 bits, names as a dict
        (TinyYolo(half=True), 1, 4e-3),  # the uncut one computes in 16 bits, boxes are up to 64 pixels
        (TinyYolo(reverse=True), 1, 1e-5),  # nodes out of order
        (TinyYolo(names="['person', 'car', 'dog']"), 0, 1e-5),  # names as a list
        (TinyYolo(names="['person', 'car', 'do"), 0, 1e-5),  # a list that an exporter cut short
        (TinyYolo(names=""), 0, 1e-5),  # no names: the first is taken
        (TinyYolo(names="{0: 'person'}", classes=1), 0, 1e-5),  # trained for people alone
    ],
)
def test_a_cut_model_finds_what_the_whole_one_finds(export: TinyYolo, person: int, tolerance: float) -> None:
    content = export.build()
    boxes, scores = whole(content, picture(), person, 0.0)
    cut_boxes, cut_scores = cut_down(cut(content), picture(), 1e-9)
    assert len(scores) == len(cut_scores) == 3 * (64 + 16 + 4)
    order, cut_order = np.lexsort(boxes.round(1).T), np.lexsort(cut_boxes.round(1).T)
    if tolerance < 1e-4:
        np.testing.assert_allclose(cut_boxes[cut_order], boxes[order], atol=tolerance * 64)
        np.testing.assert_allclose(cut_scores[cut_order], scores[order], atol=tolerance)
    else:
        np.testing.assert_allclose(np.sort(cut_scores), np.sort(scores), atol=tolerance)


def test_a_cut_model_keeps_one_class_in_32_bits() -> None:
    content = cut(TinyYolo(half=True).build())
    graph = onnx.load_model_from_string(content).graph
    assert [o.type.tensor_type.shape.dim[1].dim_value for o in graph.output] == [18, 18, 18]
    kinds = {tensor.data_type for tensor in graph.initializer}
    kinds |= {a.t.data_type for node in graph.node for a in node.attribute if a.name == "value"}
    assert onnx.TensorProto.FLOAT16 not in kinds
    assert not {"Sigmoid", "Split", "Transpose"} & {node.op_type for node in graph.node}
    assert not any(tensor.name == "raw0.weight" for tensor in graph.initializer)


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (160, 32)])
def test_a_cut_model_runs_at_any_multiple_of_32(size: tuple[int, int]) -> None:
    outputs = session(cut(TinyYolo().build())).run(None, {"images": np.zeros((1, 3, *size), np.float32)})
    assert [o.shape for o in outputs] == [(1, 18, size[0] // s, size[1] // s) for s in tiny_yolo.STRIDES]


def test_the_cut_is_the_same_every_time() -> None:
    assert cut(TinyYolo().build()) == cut(TinyYolo().build())


def anchors_of(content: bytes) -> NDArray[np.float64]:
    props = {prop.key: prop.value for prop in onnx.load_model_from_string(content).metadata_props}
    heads = heads_from_json(props[HEADS_KEY])
    assert [head.stride for head in heads] == [8, 16, 32]
    return np.array([head.anchors for head in heads])


def test_anchors_are_read_from_the_export() -> None:
    np.testing.assert_array_equal(anchors_of(cut(TinyYolo().build())), tiny_yolo.ANCHORS)


def test_without_anchors_in_the_export_the_published_ones_count() -> None:
    content = cut(TinyYolo(anchored=(False, False, False)).build())
    np.testing.assert_array_equal(anchors_of(content), PUBLISHED_ANCHORS)


def relu_only() -> bytes:
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])],
        "other",
        [onnx.helper.make_tensor_value_info("x", 1, [1])],
        [onnx.helper.make_tensor_value_info("y", 1, [1])],
    )
    return bytes(onnx.helper.make_model(graph).SerializeToString())


def circle() -> bytes:
    broken = onnx.load_model_from_string(TinyYolo().build())
    first = next(node for node in broken.graph.node if node.op_type == "Conv")
    first.input[0] = "joined"
    return bytes(broken.SerializeToString())


def with_stride(name: str, stride: int) -> bytes:
    """An export with another stride in one of its convolutions."""
    other = onnx.load_model_from_string(TinyYolo().build())
    conv = next(node for node in other.graph.node if node.op_type == "Conv" and node.output[0] == name)
    next(a for a in conv.attribute if a.name == "strides").ints[:] = [stride, stride]
    return bytes(other.SerializeToString())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"This is a text file\n" * 40, "damaged, or no ONNX file"),
        (b"", "no ONNX model of one picture"),
        (TinyYolo().build()[:-700], "damaged, or no ONNX file"),  # truncated
        (relu_only(), "has not the three heads"),  # another model
        (TinyYolo(heads=2).build(), "has not the three heads"),
        (TinyYolo(squash="Softmax").build(), "has not the three heads"),  # decoded in another way
        (TinyYolo(opset=9).build(), "exported for opset 9"),
        (TinyYolo(names="['car', 'bus', 'dog']").build(), "does not know the class 'person'"),
        (TinyYolo(names="['car', 'bus', 'perso").build(), "does not know the class 'person'"),  # cut short before it
        (TinyYolo(names="['a', 'b', 'c', 'person']").build(), "does not know the class 'person'"),  # more than rows
        (TinyYolo(anchored=(True, False, True)).build(), "anchors cannot be read"),
        (TinyYolo(resize_mode="linear").build(), "enlarges in a way"),
        (circle(), "runs in a circle"),
        (with_stride("fine", 16), "other strides"),
        (with_stride("middle", 1), "layers do not fit together"),
    ],
)
def test_what_is_no_yolov5_export_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        cut(content)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("yolov5n-fp32.onnx", 1e-5),
        ("yolov5n.onnx", 1e-3),  # 16-bit weights, in which the uncut one computes its decoding
        ("yolov5n-scales.onnx", 1e-3),
    ],
)
def test_real_exports_find_the_same_people_cut_and_whole(name: str, tolerance: float) -> None:
    content = model(name).read_bytes()
    image: Any = cv2.imread(str(media("bus.jpg")))
    tensor, _ = PictureInput((640, 640)).load(image)
    found, expected = cut_down(cut(content), tensor, 0.2), whole(content, tensor, 0, 0.2)
    assert (found[1] > 0.25).sum() > 20
    for mine, others in ((found, expected), (expected, found)):
        for box, score in zip(*mine, strict=True):
            if score >= 0.25:
                like = np.abs(others[1] - score) < tolerance
                assert np.abs(others[0][like] - box).max(axis=1).min() < tolerance * 1000
