"""A newcomer's run by the README: an empty folder, the wizard, the edge, Home Assistant, and a phone that is told.

Every step is timed, and waiting counts. `pytest -s` shows the table that docs/explanation/newcomer.md holds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from edge_detector.config.load import load
from script.demo_home_assistant.api import wait_until
from script.demo_home_assistant.home import Edge, new_home, set_up
from tests.broker import Broker, free_port
from tests.paths import ha_python, model

pytestmark = [pytest.mark.serial, pytest.mark.timeout(900)]

#: All of it, on a busy machine too.
LIMIT_S = 900.0
#: The edge is up, and somebody comes, within this.
PATIENCE_S = 120.0
CAMERA = "scene://walk?people=1"


@dataclass(slots=True)
class Stopwatch:
    """Seconds by step."""

    steps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done within."""
        began = time.monotonic()
        yield
        self.steps[name] = time.monotonic() - began

    def table(self) -> str:
        """As Markdown."""
        rows = [f"| {name} | {seconds:.1f} s |" for name, seconds in self.steps.items()]
        return "\n".join(["| step | time |", "| --- | ---: |", *rows, f"| **all of it** | {self.total():.1f} s |"])

    def total(self) -> float:
        """Of all steps."""
        return sum(self.steps.values())


def test_from_the_readme_to_a_phone_that_is_told(tmp_path: Path) -> None:
    ha_python()
    watch = Stopwatch()
    told: list[tuple[str, str]] = []
    for name in ("broker", "porch", "home"):
        (tmp_path / name).mkdir()
    port = free_port()
    environment = {
        **os.environ,
        "PORCHLIGHT_DATA": str(tmp_path / "porch" / "data"),
        "PORCHLIGHT__DETECTION__MODEL": str(model("yolov5n.onnx")),
        "PORCHLIGHT__WEB__PORT": str(port),
    }
    with Broker(tmp_path / "broker") as broker:
        answers = ["--source", CAMERA, "--broker", f"127.0.0.1:{broker.port}", "--archive", "evidence", "--no-share"]
        with watch.step("`porchlight setup`: camera, broker and archive tried, configuration written"):
            command = [sys.executable, "-m", "edge_detector", "setup", "--yes", "--no-service", *answers]
            subprocess.run(command, cwd=tmp_path / "porch", env=environment, check=True, capture_output=True)
        config = load(tmp_path / "porch" / "porchlight.yaml")
        hass, _ = new_home(tmp_path / "home")
        with watch.step("Home Assistant started, its owner made"):
            hass.start()
        off = threading.Event()
        edge: subprocess.Popen[bytes] | None = None
        try:
            with watch.step("`porchlight run`, until the broker knows it"), broker.observer() as observer:
                command = [sys.executable, "-m", "edge_detector", "run"]
                edge = subprocess.Popen(command, cwd=tmp_path / "porch", env=environment, stderr=subprocess.DEVNULL)
                observer.wait(lambda heard: any("/announce/" in each.topic for each in heard), PATIENCE_S)
            assert config.node.data_dir is not None
            where = Edge(
                broker_port=broker.port, url=f"http://127.0.0.1:{port}", token=config.node.data_dir / "api-token"
            )
            with watch.step("MQTT and Porchlight added, phone, automation and dashboard made"):
                phone = set_up(hass, where, lambda title, message: told.append((title, message)))
            listener = threading.Thread(target=phone.listen, args=(off,))
            listener.start()
            try:
                with watch.step("somebody comes, and the phone is told"):
                    wait_until(lambda: told, "a notification", PATIENCE_S)
            finally:
                off.set()
                listener.join()
        finally:
            hass.stop()
            if edge is not None:
                edge.terminate()
                edge.wait(PATIENCE_S)
    sys.stdout.write(f"\n{watch.table()}\n")
    title, message = told[0]
    assert "Front door" in f"{title} {message}"
    assert watch.total() < LIMIT_S
