import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_detector.core.errors import DetectorError, ModelError
from edge_detector.detectors.engines import MAX_THREADS, default_threads
from edge_detector.detectors.registry import Backend, DetectorPolicy, build
from tests.edge.detectors.tiny_yolo import TinyYolo
from tests.paths import model


@pytest.mark.parametrize("backend", ["auto", "onnx"])
def test_a_model_file_becomes_a_detector(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "porch.onnx"
    path.write_bytes(TinyYolo().build())
    made = build(DetectorPolicy(backend=backend, model=str(path), side=96, floor=0.05), tmp_path)
    assert (made.info.backend, made.info.model, made.side) == ("onnx", "porch", 96)
    found = made.detect(np.random.default_rng(2).integers(0, 256, (200, 300, 3), np.uint8))
    assert found == tuple(sorted(found, key=lambda d: -d.score))
    assert all(d.score >= 0.05 for d in found)


def test_hog_needs_no_model_and_says_what_it_is(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert build(DetectorPolicy(backend="hog"), tmp_path / "absent").info.backend == "hog"
    assert "fallback" in caplog.text
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("content", [b"a text file", TinyYolo().build()[:-900], TinyYolo(heads=2).build()])
def test_a_file_that_is_no_model_is_one_clear_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"The model file .*broken\.onnx cannot be used: it ") as caught:
        build(DetectorPolicy(model=str(path)), tmp_path)
    assert "\n" not in str(caught.value)


def test_the_reference_opens_published_files_only(tmp_path: Path) -> None:
    path = tmp_path / "mine.pt"
    path.write_bytes(b"a pickle that would run code")
    with pytest.raises(DetectorError, match="opens published checkpoints only"):
        build(DetectorPolicy(backend="yolov5", model=str(path)), tmp_path)


def test_the_reference_says_when_its_extra_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # as if it were not installed
    with pytest.raises(DetectorError, match=r"pip install 'porchlight-edge\[yolov5\]'"):
        build(DetectorPolicy(backend="yolov5", model=str(model("yolov5n.pt"))), tmp_path)


def test_only_the_chosen_backend_is_loaded() -> None:
    code = (
        "import sys; from pathlib import Path; from edge_detector.detectors.registry import DetectorPolicy, build;"
        "before = {'onnx', 'onnxruntime', 'cv2', 'torch'} & sys.modules.keys();"
        "build(DetectorPolicy(backend='hog'), Path('absent'));"
        "after = {'onnx', 'onnxruntime', 'torch'} & sys.modules.keys();"
        "sys.exit(str(before | after) if before | after else 0)"
    )
    run = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_threads_follow_the_board() -> None:
    assert default_threads() == min(len(os.sched_getaffinity(0)), MAX_THREADS) >= 1
