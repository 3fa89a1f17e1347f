from pathlib import Path

import numpy as np
import onnx
import pytest

from edge_detector.core.errors import ModelError
from edge_detector.core.types import Bgr
from edge_detector.detectors.heads import HEADS_KEY
from edge_detector.detectors.int8 import quantise
from edge_detector.detectors.onnx import open_finder
from edge_detector.detectors.surgery import cut
from edge_detector.detectors.weights import Weights
from tests.edge.detectors.tiny_yolo import TinyYolo

PICTURES: list[Bgr] = list(np.random.default_rng(3).integers(0, 256, (4, 96, 96, 3), np.uint8))


@pytest.fixture(scope="module")
def fp32() -> bytes:
    return cut(TinyYolo().build())


@pytest.fixture(scope="module")
def int8(fp32: bytes) -> bytes:
    return quantise(fp32, PICTURES, 96)


def test_first_layers_and_heads_keep_their_floats(int8: bytes) -> None:
    model = onnx.load_model_from_string(int8)
    types = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    kept = [name for name, kind in types.items() if name.endswith(".weight") and kind == onnx.TensorProto.FLOAT]
    assert sorted(kept) == ["fine.weight", "head0.weight", "head1.weight", "head2.weight", "middle.weight"]
    assert types["coarse.weight_quantized"] == onnx.TensorProto.INT8


def test_a_scale_for_every_channel(int8: bytes) -> None:
    model = onnx.load_model_from_string(int8)
    scales = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    assert scales["coarse.weight_scale"] == [8]


def test_it_still_says_what_its_heads_mean(fp32: bytes, int8: bytes) -> None:
    texts = [
        {prop.key: prop.value for prop in onnx.load_model_from_string(content).metadata_props}[HEADS_KEY]
        for content in (fp32, int8)
    ]
    assert texts[0] == texts[1]


def test_it_finds_nearly_the_same(fp32: bytes, int8: bytes) -> None:
    tensor = np.random.default_rng(5).random((1, 3, 96, 96), np.float32)
    wide, narrow = (open_finder(Path("x"), content, threads=1, floor=1e-6)(tensor)[1] for content in (fp32, int8))
    assert wide.shape == narrow.shape
    np.testing.assert_allclose(narrow, wide, atol=0.05)
    assert (narrow != wide).any()


def test_the_same_pictures_give_the_same_weights(fp32: bytes, int8: bytes) -> None:
    assert quantise(fp32, PICTURES, 96) == int8


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "mine.onnx"
    path.write_bytes(TinyYolo().build())
    return path


def test_weights_are_made_once_from_every_second_picture(source: Path, tmp_path: Path, int8: bytes) -> None:
    asked = []

    def pictures() -> list[Bgr]:
        asked.append(1)
        return [picture for picture in PICTURES for _ in range(2)]

    weights = Weights(source, tmp_path, side=96, pictures=pictures)
    assert weights.identity()[1] == ""
    assert weights.of("int8") == weights.of("int8") == Weights(source, tmp_path, side=96).of("int8") == int8
    assert len(asked) == 1
    assert weights.identity()[1] != ""


def test_without_pictures_there_are_none(source: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no 8-bit weights of .*mine\.onnx: `porchlight models tune` makes them"):
        Weights(source, tmp_path, side=96).of("int8")


def test_new_weights_take_the_place_of_those_before(source: Path, tmp_path: Path) -> None:
    weights = Weights(source, tmp_path, side=96)
    weights.keep(b"old")
    assert weights.with_int8(b"tried").of("int8") == b"tried"
    assert weights.of("int8") == b"old"
    weights.keep(b"new")
    assert weights.of("int8") == b"new"
    assert len(list((tmp_path / "int8").iterdir())) == 1
