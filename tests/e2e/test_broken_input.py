"""Broken input: one clear message each, no traceback, and what was recorded is kept."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker import free_port
from tests.e2e.edge import decoded_frames
from tests.paths import media, model


def replay(source: object, out: Path, *options: str, data: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A replay that is expected to fail."""
    command = [sys.executable, "-m", "edge_detector", "replay", str(source), "--out", str(out), *options]
    environment = os.environ | ({"PORCHLIGHT_DATA": str(data)} if data else {})
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)


def check_message(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """One sentence for the user, and nothing of the program's inside."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("porchlight: ")]
    assert len(said) == 1, done.stderr
    for part in parts:
        assert part in said[0]


@pytest.fixture
def sample() -> Path:
    """The sample video."""
    return media("one-by-one-person-detection.mp4")


@pytest.fixture
def weights() -> str:
    """The model's option."""
    return f"--model={model('yolov5n.onnx')}"


def test_truncated_file(tmp_path: Path, sample: Path, weights: str) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(sample.read_bytes()[:1_500_000])
    check_message(replay(cut, tmp_path / "out", weights), "cut.mp4 is cut short")
    (clip,) = (tmp_path / "out").rglob("*.mp4")
    packets, frames = decoded_frames(clip)
    assert packets == frames > 100


def test_text_file_named_mp4(tmp_path: Path, weights: str) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("This is no video.\n")
    check_message(replay(text, tmp_path / "out", weights), "text.mp4 is no video")


def test_unknown_codec(tmp_path: Path, sample: Path, weights: str) -> None:
    odd = tmp_path / "odd.mp4"
    odd.write_bytes(sample.read_bytes().replace(b"avc1", b"zzz1"))
    check_message(replay(odd, tmp_path / "out", weights), "a video codec that is not known; use H.264, H.265 or MJPEG")


def test_camera_that_nobody_answers_for(tmp_path: Path, weights: str) -> None:
    address = f"rtsp://user:hunter22@127.0.0.1:{free_port()}/door"
    done = replay(address, tmp_path / "out", weights)
    check_message(done, "refused the connection", "check that the camera is on")
    assert "hunter22" not in done.stdout + done.stderr


@pytest.mark.parametrize("content", [b"no model at all", None])
def test_broken_model(tmp_path: Path, sample: Path, content: bytes | None) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(content or model("yolov5n.onnx").read_bytes()[:100_000])
    check_message(replay(sample, tmp_path / "out", f"--model={broken}"), "broken.onnx")


def test_model_with_a_wrong_hash(tmp_path: Path, sample: Path) -> None:
    """The data folder's file is not what was published, and there is no network to fetch it anew."""
    wrong = tmp_path / "data" / "models" / "yolov5n.onnx"
    wrong.parent.mkdir(parents=True)
    wrong.write_bytes(b"something else")
    before = hashlib.sha256(wrong.read_bytes()).hexdigest()
    done = replay(sample, tmp_path / "out", data=tmp_path / "data")
    check_message(done, "yolov5n.onnx", "https://", "--model PATH")
    assert "is not the published file" in done.stderr
    assert hashlib.sha256(wrong.read_bytes()).hexdigest() == before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 600 kB, less than two clips."""
    mount = tmp_path / "disk"
    mount.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(mount)], check=False)
    if made.returncode != 0:
        pytest.skip("mounting a small disk takes root's rights")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def test_full_disk(small_disk: Path, sample: Path, weights: str) -> None:
    check_message(replay(sample, small_disk / "out", weights), "full", "what was recorded until then lies in")
    clips = list(small_disk.rglob("*.mp4"))
    assert clips
    for clip in clips:
        packets, frames = decoded_frames(clip)
        assert packets == frames > 20
