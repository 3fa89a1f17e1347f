import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_detector.core.errors import DetectorError, ModelError
from edge_detector.detectors import onnx, openvino
from edge_detector.detectors.surgery import cut
from tests.edge.detectors.tiny_yolo import TinyYolo

PATH = Path("some.onnx")
TENSOR = np.random.default_rng(5).random((1, 3, 96, 128), np.float32)

installed = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="the extra openvino is absent")


@installed
@pytest.mark.parametrize("threads", [1, 2])
def test_it_finds_what_onnx_runtime_finds(threads: int, tmp_path: Path) -> None:
    content = cut(TinyYolo().build())
    found = openvino.open_finder(PATH, content, threads=threads, floor=1e-6, cache=tmp_path)(TENSOR)
    wanted = onnx.open_finder(PATH, content, threads=1, floor=1e-6)(TENSOR)
    # It computes in 16 bits where the processor can.
    np.testing.assert_allclose(found[0], wanted[0], atol=3)
    np.testing.assert_allclose(found[1], wanted[1], atol=0.02)


@installed
def test_what_was_compiled_stays_in_its_folder(tmp_path: Path) -> None:
    find = openvino.open_finder(PATH, cut(TinyYolo().build()), threads=1, floor=0.01, cache=tmp_path)
    find(TENSOR)
    find(TENSOR[:, :, :64, :64].copy())
    assert len(list(tmp_path.glob("*.blob"))) == 2


@installed
def test_every_size_gives_the_same_again_after_another(tmp_path: Path) -> None:
    find = openvino.open_finder(PATH, cut(TinyYolo().build()), threads=1, floor=0.01, cache=tmp_path)
    small = TENSOR[:, :, :64, :64].copy()
    results = [find(tensor) for tensor in (TENSOR, small, TENSOR, small)]
    for earlier, later in ((0, 2), (1, 3)):
        np.testing.assert_array_equal(results[earlier][0], results[later][0])
        np.testing.assert_array_equal(results[earlier][1], results[later][1])


@installed
def test_a_damaged_cut_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"The model file some\.onnx cannot be used: OpenVINO says"):
        openvino.open_finder(PATH, cut(TinyYolo().build())[:500], threads=1, floor=0.2, cache=tmp_path)


@installed
def test_an_input_that_does_not_fit_is_a_detector_error(tmp_path: Path) -> None:
    find = openvino.open_finder(PATH, cut(TinyYolo().build()), threads=1, floor=0.2, cache=tmp_path)
    with pytest.raises(DetectorError, match=r"OpenVINO cannot run some\.onnx"):
        find(np.zeros((1, 4, 32, 32), np.float32))


@installed
def test_nobody_is_told_that_it_was_imported() -> None:
    code = (
        "import sys; from edge_detector.detectors.openvino import _import; _import();"
        "sys.exit(any(sys.modules[name] for name in sys.modules if name.startswith('openvino_telemetry')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_it_says_when_its_extra_is_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)  # as if it were not installed
    with pytest.raises(DetectorError, match=r"pip install 'porchlight-edge\[openvino\]'"):
        openvino.open_finder(PATH, b"", threads=1, floor=0.2, cache=tmp_path)
