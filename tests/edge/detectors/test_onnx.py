from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_detector.core.errors import DetectorError, ModelError
from edge_detector.core.types import Bgr
from edge_detector.detectors.onnx import open_finder
from edge_detector.detectors.registry import DetectorPolicy, build
from edge_detector.detectors.surgery import cut
from tests.edge.detectors.tiny_yolo import TinyYolo
from tests.paths import media, model

PATH = Path("some.onnx")


def test_a_damaged_cut_is_one_clear_error() -> None:
    with pytest.raises(ModelError, match=r"The model file some\.onnx cannot be used: ONNX Runtime says"):
        open_finder(PATH, cut(TinyYolo().build())[:500], threads=1, floor=0.2)


def test_an_input_that_does_not_fit_is_a_detector_error() -> None:
    find = open_finder(PATH, cut(TinyYolo().build()), threads=1, floor=0.2)
    with pytest.raises(DetectorError, match=r"ONNX Runtime cannot run some\.onnx"):
        find(np.zeros((1, 4, 32, 32), np.float32))


def test_threads_do_not_change_the_result() -> None:
    content = cut(TinyYolo().build())
    tensor = np.random.default_rng(5).random((1, 3, 96, 128), np.float32)
    one = open_finder(PATH, content, threads=1, floor=0.01)(tensor)
    two = open_finder(PATH, content, threads=2, floor=0.01)(tensor)
    assert len(one[1]) > 0
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[1], two[1])


def read(name: str) -> Bgr:
    return np.asarray(cv2.imread(str(media(name))), np.uint8)


@pytest.mark.parametrize("export", ["yolov5n.onnx", "yolov5n-fp32.onnx", "yolov5n-scales.onnx"])
@pytest.mark.parametrize(
    ("name", "side", "people"),
    [
        ("bus.jpg", 640, [(0.06, 0.37, 0.30, 0.84), (0.27, 0.38, 0.43, 0.80), (0.82, 0.34, 1.0, 0.82)]),
        ("zidane.jpg", 640, [(0.58, 0.06, 0.90, 1.0), (0.10, 0.26, 0.80, 1.0)]),
        ("zidane.jpg", 480, [(0.58, 0.06, 0.90, 1.0)]),  # smaller, and still seen
    ],
)
def test_every_export_finds_the_people_of_the_sample_pictures(
    export: str, name: str, side: int, people: list[tuple[float, ...]], tmp_path: Path
) -> None:
    policy = DetectorPolicy(model=str(model(export)), scan_side=side, floor=0.4)
    found = build(policy, tmp_path).detect(read(name))
    for box in people:
        assert min(np.abs(np.subtract(d.box, box)).max() for d in found) < 0.25
    assert len(people) <= len(found) <= 4


def test_two_detectors_run_twice_give_equal_results(tmp_path: Path) -> None:
    policy = DetectorPolicy(model=str(model("yolov5n.onnx")), floor=0.05)
    image = read("bus.jpg")
    crop = image[300:900, 100:700]
    first, second = build(policy, tmp_path), build(policy, tmp_path)
    results = [detector.detect(picture) for detector in (first, second, first) for picture in (image, crop)]
    assert results[0] == results[2] == results[4]
    assert results[1] == results[3] == results[5]
    assert results[0]
    assert results[1]
