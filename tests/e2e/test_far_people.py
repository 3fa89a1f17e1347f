"""People far off in a large picture are found, because their pixels are kept."""

from pathlib import Path

import pytest

from bench.models import Followed
from edge_detector.detectors.registry import DetectorPolicy, build
from tests.paths import model


@pytest.mark.slow
@pytest.mark.parametrize("seed", [7, 5])
def test_a_person_of_40_pixels_in_1080_lines_is_followed(seed: int, tmp_path: Path) -> None:
    policy = DetectorPolicy(backend="onnx", precision="fp32", threads=1, model=str(model("yolov5n.onnx")), floor=0.1)
    detector = build(policy, tmp_path)
    followed = Followed(f"scene://far?distance=68&people=1&seed={seed}&size=1920x1080", detector, detector)
    assert 38 <= max(followed.heights) <= 45
    assert float(followed.run_and_count()["regions"]) >= 0.9
