"""Agreement with the reference; runs where the extra `yolov5` is installed."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_detector.core.boxes import iou
from edge_detector.detectors.registry import DetectorPolicy, build
from tests.paths import media, model

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("yolov5") is None, reason="the extra yolov5 is not installed"),
    pytest.mark.filterwarnings("ignore"),  # torch and yolov5 warn of each other's age
]


@pytest.mark.parametrize(("export", "tolerance"), [("yolov5n-fp32.onnx", 1e-5), ("yolov5n.onnx", 5e-3)])
@pytest.mark.parametrize("name", ["bus.jpg", "zidane.jpg"])
def test_the_cut_model_agrees_with_the_reference(export: str, tolerance: float, name: str, tmp_path: Path) -> None:
    image = np.asarray(cv2.imread(str(media(name))), np.uint8)
    reference = build(DetectorPolicy(backend="yolov5", model=str(model("yolov5n.pt"))), tmp_path).detect(image)
    found = build(DetectorPolicy(model=str(model(export))), tmp_path).detect(image)
    assert len(found) == len(reference) >= 2
    for mine, theirs in zip(found, reference, strict=True):
        assert mine.score == pytest.approx(theirs.score, abs=tolerance)
        assert iou(mine.box, theirs.box) > 0.99


def test_an_export_of_the_reference_can_be_cut(tmp_path: Path) -> None:
    from edge_detector.detectors.yolov5_torch import export  # noqa: PLC0415 - needs the extra

    out = export(model("yolov5n.pt"), tmp_path / "new" / "mine.onnx")
    image = np.asarray(cv2.imread(str(media("bus.jpg"))), np.uint8)
    assert len(build(DetectorPolicy(model=str(out), floor=0.5), tmp_path).detect(image)) == 4
