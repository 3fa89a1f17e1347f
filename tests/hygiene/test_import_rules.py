import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hygiene.import_rules import HEAVY, INTEGRATION, PACKAGE, SLOW, faults, imports
from tests.paths import ROOT

MODULES = sorted((ROOT / PACKAGE).rglob("*.py"))
INTEGRATION_MODULES = sorted((ROOT / INTEGRATION).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_keeps_the_rules(path: Path) -> None:
    assert faults(name_of(path), path.read_text(), is_package=path.name == "__init__.py") == []


@pytest.mark.parametrize("path", INTEGRATION_MODULES, ids=name_of)
def test_integration_does_not_know_the_edge(path: Path) -> None:
    tree = ast.parse(path.read_text())
    names = {name for name, _ in imports(tree, name_of(path), is_package=path.name == "__init__.py")}
    assert {name for name in names if name.partition(".")[0] == PACKAGE} == set()


@pytest.mark.parametrize(
    ("module", "source"),
    [
        # downwards
        ("edge_detector.app", "from edge_detector.runtime.camera import Camera"),
        ("edge_detector.app", "from edge_detector.capture.pyav import PyavSource"),
        ("edge_detector.cli", "import edge_detector.app"),
        ("edge_detector.capture.pyav", "import av\nfrom edge_detector.ports import PacketSource"),
        ("edge_detector.runtime.bus", "import threading\nfrom edge_detector.core.types import Tick"),
        # beside, within one part
        ("edge_detector.capture.rpicam", "from edge_detector.capture.pyav import PyavSource"),
        ("edge_detector.mqtt.discovery", "from edge_detector.mqtt.topics import state_topic"),
        # an adapter's own section, and the version, which anybody may know
        ("edge_detector.mqtt.client", "from edge_detector.config.mqtt import MqttConfig"),
        ("edge_detector.mqtt.messages", "from edge_detector import __version__"),
        # chance with a seed, and a path as a value
        ("edge_detector.core.retry", "import random\nrandom.Random(7)\nfrom pathlib import Path"),
        ("edge_detector.core.motion", "import cv2\nimport numpy as np\nnp.random.default_rng(1)"),
    ],
)
def test_rules_allow(module: str, source: str) -> None:
    assert faults(module, source) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        # upwards
        ("edge_detector.core.visits", "from edge_detector.ports import Clock"),
        ("edge_detector.ports", "from edge_detector.runtime.bus import Bus"),
        ("edge_detector.config.load", "from edge_detector.ports import Clock"),
        ("edge_detector.app", "from edge_detector.cli import main"),
        ("edge_detector.testing", "from edge_detector.runtime.bus import Bus"),
        # sideways
        ("edge_detector.capture.pyav", "from edge_detector.recorder.writer import Writer"),
        ("edge_detector.capture.pyav", "from edge_detector.runtime.bus import Bus"),
        ("edge_detector.runtime.bus", "from edge_detector.mqtt.client import Client"),
        ("edge_detector.runtime.bus", "from edge_detector.config.mqtt import MqttConfig"),
        ("edge_detector.mqtt.messages", "from edge_detector.mqtt.client import Client"),
        ("edge_detector.mqtt.topics", "from edge_detector.ports import Clock"),
        # past the composition root
        ("edge_detector.cli", "from edge_detector.mqtt.client import Client"),
        ("edge_detector.cli", "from edge_detector.runtime.camera import Camera"),
        # the whole configuration
        ("edge_detector.mqtt.client", "from edge_detector.config import Config"),
        ("edge_detector.mqtt.client", "from edge_detector.config.load import load"),
        # relative spellings of the same
        ("edge_detector.core.visits", "from ..ports import Clock"),
        ("edge_detector.core.visits", "from .. import ports"),
        # foreign packages out of their place, also within a function or for types only
        ("edge_detector.core.ring", "import av"),
        ("edge_detector.app", "def build():\n    import onnxruntime"),
        ("edge_detector.runtime.camera", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import av"),
        ("edge_detector.runtime.camera", "import psutil"),
        ("edge_detector.core.status", "import psutil"),
        # the core reaching out
        ("edge_detector.core.clock", "import time"),
        ("edge_detector.core.clock", "from datetime import datetime, UTC\ndatetime.now(UTC)"),
        ("edge_detector.core.naming", "from pathlib import Path\nPath('x').exists()"),
        ("edge_detector.core.naming", "open('x')"),
        ("edge_detector.core.motion", "import cv2\ncv2.imread('x')"),
        ("edge_detector.core.retry", "import random\nrandom.random()"),
        ("edge_detector.core.retry", "from random import Random\nRandom()"),
        ("edge_detector.core.motion", "import numpy as np\nnp.random.rand()"),
        ("edge_detector.core.ring", "def push():\n    global count"),
        ("edge_detector.mqtt.discovery", "import os"),
        # across the contract, and a part that nobody has placed
        ("edge_detector.mqtt.client", "import custom_components.porchlight.const"),
        ("edge_detector.helpers", ""),
        ("edge_detector", "from edge_detector.app import run"),
    ],
)
def test_rules_forbid(module: str, source: str) -> None:
    assert len(faults(module, source)) == 1


@pytest.mark.parametrize(
    ("arguments", "absent"), [(["--help"], SLOW), (["--version"], SLOW), (["check-config", "absent.yaml"], HEAVY)]
)
def test_light_commands_load_nothing_heavy(arguments: list[str], absent: set[str], tmp_path: Path) -> None:
    code = f"""
import json, sys
from edge_detector.cli import main
sys.argv = ["porchlight", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
print("\\n" + json.dumps(sorted(sys.modules)))
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(json.loads(result.stdout.splitlines()[-1]))
    assert loaded & absent == set()
