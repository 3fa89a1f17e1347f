"""A thief takes the machine while it films: what it had filmed is off-site, and plays."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_detector.core import naming
from tests.e2e.edge import Edge, decoded_frames
from tests.paths import media, model

#: Six seconds after somebody appears there is a copy that plays. A machine that has much else to do gets more, but less
#: than the clip itself takes.
PROMISE_S = 15.0


def long_stay(folder: Path) -> Path:
    """A video with somebody in it from its first picture to its last."""
    video = folder / "stay.mp4"
    cut = ["-ss", "12", "-t", "25", "-i", str(media("one-by-one-person-detection.mp4"))]
    subprocess.run(["ffmpeg", "-v", "error", *cut, "-g", "10", str(video)], check=True)
    return video


def until(condition: Callable[[], object], edge: Edge, limit_s: float = 60.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, edge.log_text()[-4000:]
        time.sleep(0.05)


@pytest.mark.timeout(300)
def test_early_copy_outlives_the_machine(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    edge = Edge(
        tmp_path,
        {
            "cameras": {"door": {"source": str(long_stay(tmp_path))}},
            "detection": {"backend": "onnx", "precision": "fp32", "threads": 1, "model": str(model("yolov5n.onnx"))},
            "archive": {"path": str(elsewhere)},
            "mqtt": {"enabled": False},
        },
    )
    edge.start()
    until(lambda: [*elsewhere.rglob("*.partial.mp4")], edge)
    edge.kill()

    (copy,) = elsewhere.rglob("*.partial.mp4")
    key = naming.parse_archive_key(copy.relative_to(elsewhere).as_posix())
    ((visit_id, started_utc),) = edge.rows("SELECT visit_id, started_utc FROM visits")
    assert key.visit_id == visit_id
    assert copy.stat().st_mtime - started_utc <= PROMISE_S
    packets, frames = decoded_frames(copy)
    assert packets == frames >= 40
    assert not [*elsewhere.rglob(f"{visit_id}.mp4")], "the clip itself was still being recorded"

    edge.start()  # the power is back: the clip up to the kill takes the place of its copy
    until(lambda: [path for path in elsewhere.rglob("*.mp4") if path.name == f"{visit_id}.mp4"], edge)
    until(lambda: not copy.exists(), edge)
    assert edge.stop() == 0
    whole_packets, whole_frames = decoded_frames(elsewhere / naming.whole_key(copy.relative_to(elsewhere).as_posix()))
    assert whole_packets == whole_frames >= packets
    assert not [*(edge.data / "spool").rglob("*.partial")]
