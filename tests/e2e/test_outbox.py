"""The outbox beside a running edge: looked at, flushed, forgotten; and no second edge on the same data folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.broker import Broker
from tests.e2e.edge import Edge
from tests.edge.app.outboxes import file, filled, visit

FAR_S = 86_400.0


def config(port: int) -> dict[str, object]:
    """A camera that shows little and is looked at rarely: what counts here is delivery."""
    return {
        "cameras": {"door": {"source": "scene://door?fps=5"}},
        "detection": {"backend": "hog", "fps": 1},
        "mqtt": {"port": port},
    }


def porchlight(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_detector", *arguments, "--config", str(folder / "porchlight.yaml")]
    environment = {**os.environ, "PYTHONWARNINGS": "error"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)


@pytest.mark.timeout(180)
def test_outbox_of_a_running_edge(tmp_path: Path) -> None:
    data = tmp_path / "data"
    later = time.time() + FAR_S
    clips = [replace(file(data, n), attempts=2, next_try_utc=later, last_error="no bucket") for n in range(3)]
    with Broker(tmp_path) as broker, broker.observer("porchlight/+/+/event") as observer:
        edge = Edge(tmp_path, config(broker.port))
        filled(data, *clips)
        with edge:
            observer.wait(lambda heard: any(b'"camera_up"' in message.payload for message in heard), timeout_s=60)

            listed = json.loads(porchlight(tmp_path, "outbox", "list", "--kind", "clip", "--json").stdout)
            assert {each["key"] for each in listed["files"]} >= {clip.key for clip in clips}
            assert not list(edge.archive.rglob("*.mp4"))

            forgotten = porchlight(tmp_path, "outbox", "forget", visit(0), "--yes", "--delete")
            assert (forgotten.returncode, forgotten.stdout) == (0, "1 file given up and deleted\n")
            observer.wait(lambda heard: any(b'"clip_lost"' in message.payload for message in heard), timeout_s=60)

            flushed = porchlight(tmp_path, "outbox", "flush")
            assert flushed.returncode == 0, flushed.stderr
            assert not clips[0].path.exists()
            for clip in clips[1:]:
                assert (edge.archive / clip.key).read_bytes() == bytes(1000)
                assert not clip.path.exists()

            second = porchlight(tmp_path, "run")
            assert second.returncode == 1
            assert "works on the data folder" in second.stderr
            assert "Traceback" not in second.stderr
        assert "Traceback" not in edge.log_text()
