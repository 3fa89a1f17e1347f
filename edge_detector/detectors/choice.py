"""Remembers which engine was the fastest on this machine, so that only the first start measures."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path

from edge_detector.detectors.engines import PRECISIONS, RUNTIMES, Engine
from edge_detector.detectors.measure import Measured

_LOGGER = logging.getLogger(__name__)

#: Raise it whenever engines are measured or judged otherwise.
CHOICE_VERSION = 1
#: Where Linux says what the processor is: an ARM board in the first, anything else in the second.
_BOARD = Path("/proc/device-tree/model")
_CPUINFO = Path("/proc/cpuinfo")
#: As many threads as the configuration allows.
_THREADS = range(1, 17)


class Choice:
    """The choice for one model on one machine: a file in the folder of models, named after all that it hangs on."""

    def __init__(self, models_dir: Path, *depends_on: object) -> None:
        """`depends_on`: the weights, the sizes and whatever else changes what is measured."""
        self._folder = models_dir / "choice"
        self._hangs_on = {
            "version": CHOICE_VERSION,
            "machine": machine(),
            "runtimes": {name: _version(name) for name in ("onnxruntime", "openvino")},
            "model": [str(part) for part in depends_on],
        }

    @property
    def path(self) -> Path:
        """Where the choice is kept."""
        text = json.dumps(self._hangs_on, sort_keys=True)
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"

    def read(self) -> Engine | None:
        """The engine that was chosen; None when none was, or when the file does not say."""
        try:
            kept = json.loads(self.path.read_text("utf-8"))
            engine = Engine(**kept["engine"])
        except (OSError, ValueError, TypeError, KeyError):
            return None
        known = (engine.runtime, engine.precision) in product(RUNTIMES, PRECISIONS)
        return engine if known and engine.threads in _THREADS else None

    def write(self, chosen: Engine, measured: Sequence[Measured]) -> None:
        """Keep a choice, and what it was made from; where it cannot be kept, the next start measures again."""
        content = {"engine": asdict(chosen), "measured": [asdict(one) for one in measured], **self._hangs_on}
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(content, indent=1), "utf-8")
            part.replace(self.path)
        except OSError as error:
            _LOGGER.warning("the choice of an engine cannot be kept in %s: %s", self._folder, error.strerror)


def machine() -> str:
    """The board or the processor, and the cores that this process may use."""
    return f"{_processor()}, {platform.machine()}, {len(os.sched_getaffinity(0))} cores"


def _processor() -> str:
    try:
        return _BOARD.read_text("utf-8").rstrip("\0")
    except OSError:
        lines = _CPUINFO.read_text("utf-8", errors="replace").splitlines()
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
