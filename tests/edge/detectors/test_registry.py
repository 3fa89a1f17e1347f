import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_detector.core.errors import DetectorError, ModelError
from edge_detector.core.types import Bgr
from edge_detector.detectors import engines, measure, registry
from edge_detector.detectors.engines import MAX_THREADS, Engine, Precision, default_threads
from edge_detector.detectors.registry import Backend, DetectorPolicy, build, measure_all, settle, undecided, weights_of
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


def pictures() -> list[Bgr]:
    return list(np.random.default_rng(3).integers(0, 256, (4, 96, 96, 3), np.uint8))


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DetectorPolicy:
    """A small model that is quickly measured."""
    path = tmp_path / "porch.onnx"
    path.write_bytes(TinyYolo().build())
    monkeypatch.setattr(measure, "MIN_LOOKING_S", 0.0)
    return DetectorPolicy(model=str(path), side=96, floor=0.05)


def test_nothing_is_measured_where_there_is_no_choice(policy: DetectorPolicy, tmp_path: Path) -> None:
    assert not undecided(replace(policy, backend="onnx", precision="fp32", threads=1), tmp_path)
    assert not undecided(DetectorPolicy(backend="hog"), tmp_path / "absent")
    assert not undecided(DetectorPolicy(backend="yolov5"), tmp_path / "absent")
    assert undecided(replace(policy, backend="onnx", threads=1), tmp_path)
    assert undecided(policy, tmp_path)


def test_what_was_measured_is_taken_from_then_on(policy: DetectorPolicy, tmp_path: Path) -> None:
    measured = measure_all(policy, tmp_path, pictures)
    assert [one.engine.precision for one in measured[:: len(engines.runtimes_here())]] == ["fp32", "int8"]
    assert measured[0].agreement is not None
    assert measured[0].agreement.agrees  # with itself
    assert not undecided(policy, tmp_path)
    chosen = measure.best(measured)
    assert chosen is not None
    made = build(policy, tmp_path)
    assert made.info.backend == chosen.engine.runtime
    assert made.info.model == ("porch-int8" if chosen.engine.precision == "int8" else "porch")


@pytest.mark.parametrize("damage", ["choice", "int8"])
def test_what_is_damaged_is_measured_anew(damage: str, policy: DetectorPolicy, tmp_path: Path) -> None:
    measure_all(policy, tmp_path, pictures)
    for file in (tmp_path / damage).iterdir():
        file.write_bytes(b"damaged")
    assert undecided(policy, tmp_path)
    assert build(policy, tmp_path).info.backend == "onnx"  # until then, what needs no measurement
    measure_all(policy, tmp_path, pictures)
    assert not undecided(policy, tmp_path)


def test_what_cannot_be_measured_is_settled(policy: DetectorPolicy, tmp_path: Path) -> None:
    settle(policy, tmp_path)
    assert not undecided(policy, tmp_path)
    assert build(policy, tmp_path).info.model == "porch"


def test_a_choice_that_does_not_run_any_more_gives_way(
    policy: DetectorPolicy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    weights = weights_of(policy, tmp_path)
    registry._choice(policy, weights).write(Engine(runtime="openvino"), ())
    monkeypatch.setitem(sys.modules, "openvino", None)  # as if it were not installed
    assert build(policy, tmp_path).info.backend == "onnx"
    assert "does not run any more" in caplog.text
    with pytest.raises(DetectorError, match=r"porchlight-edge\[openvino\]"):
        build(replace(policy, backend="openvino"), tmp_path)


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
@pytest.mark.parametrize(("precision", "name"), [("fp32", "porch"), ("int8", "porch-int8")])
def test_every_engine_can_be_asked_for(
    backend: Backend, precision: Precision, name: str, policy: DetectorPolicy, tmp_path: Path
) -> None:
    if backend not in engines.runtimes_here():
        pytest.skip(f"{backend} is not installed")
    asked = replace(policy, backend=backend, precision=precision, threads=2)
    made = build(asked, tmp_path, pictures=pictures)
    assert (made.info.backend, made.info.model) == (backend, name)
    assert made.detect(np.random.default_rng(2).integers(0, 256, (200, 300, 3), np.uint8)) is not None
