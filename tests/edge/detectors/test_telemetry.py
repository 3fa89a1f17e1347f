"""Nothing is told to anybody: ONNX Runtime leaves a session file behind when it means to."""

import os
import subprocess
import sys
from pathlib import Path

#: With any of these ONNX Runtime is silent by itself.
QUIET = {"CI", "GITHUB_ACTIONS", "TF_BUILD", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS"}


def test_onnxruntime_tells_nobody(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in QUIET}
    environment["TMPDIR"] = str(tmp_path)
    subprocess.run([sys.executable, "-c", "import edge_detector.detectors.onnx"], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
