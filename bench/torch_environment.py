"""An environment of its own for torch and YOLOv5's own package, which the benchmarks compare with; made once.

Neither is needed to run Porchlight. They want a Python of their own (3.11 or 3.12) and take 2 GB.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.paths import ROOT

#: Beside the other environments that are made once; not part of the repository.
FOLDER = ROOT / ".cache" / "torch"
#: The build without CUDA is asked for by its exact version: it is kept where it was had by hand, and small.
TORCH = "torch==2.13.0"
PYTHONS = ("python3.12", "python3.11", "python3")


class NoTorchError(Exception):
    """The environment cannot be made here; says why."""


def torch_python() -> Path:
    """The Python of the environment, made at the first call; raises NoTorchError."""
    python = FOLDER / "bin" / "python"
    made = FOLDER / ".made"
    if made.exists():
        return python
    found = next((path for name in PYTHONS if (path := shutil.which(name)) and _is_old_enough(path)), None)
    if found is None:
        raise NoTorchError("there is no Python 3.11 or 3.12, which the yolov5 package needs")
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["yolov5"]
    names = [line.partition(";")[0].strip() for line in wanted]
    others = [name for name in names if not name.startswith("torch")]
    try:
        _run(found, "-m", "venv", "--clear", str(FOLDER))
        _run(str(python), "-m", "pip", "install", "--quiet", TORCH)
        _run(str(python), "-m", "pip", "install", "--quiet", TORCH, *others, "opencv-python-headless<5")
    except subprocess.CalledProcessError as error:
        raise NoTorchError(f"torch cannot be installed here: {error.stderr.strip().splitlines()[-1:]}") from error
    made.touch()
    return python


def _is_old_enough(python: str) -> bool:
    code = "import sys; raise SystemExit(not (3, 11) <= sys.version_info < (3, 13))"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


def _run(*command: str) -> None:
    print(" ".join(command[-3:]), file=sys.stderr, flush=True)
    subprocess.run(command, capture_output=True, text=True, check=True)
