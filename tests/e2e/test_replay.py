"""The sample video through `porchlight replay`: the visits, the clips, and the same again."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from tests.e2e.edge import decoded_frames
from tests.e2e.player import played_seconds
from tests.paths import media, model

#: When people are in the sample video, in seconds, as a reference detector on every frame has it.
PRESENCE = ((6.2, 44.8), (50.3, 86.6), (92.5, 135.8))


def replay(out: Path) -> list[dict[str, Any]]:
    """Every line that a replay of the sample video prints."""
    video, weights = media("one-by-one-person-detection.mp4"), model("yolov5n.onnx")
    command = [sys.executable, "-m", "edge_detector", "replay", str(video), "--json", "--out", str(out)]
    done = subprocess.run([*command, "--model", str(weights)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """One replay, for all tests."""
    return replay(tmp_path_factory.mktemp("replay"))


@pytest.fixture(scope="module")
def summary(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Its last line."""
    return lines[-1]


def test_visits(summary: dict[str, Any]) -> None:
    visits = [(visit["start_t"], visit["end_t"]) for visit in summary["visits"]]
    assert len(visits) == len(PRESENCE)
    for (start, end), (came, went) in zip(visits, PRESENCE, strict=True):
        assert start == pytest.approx(came, abs=1)
        assert end == pytest.approx(went, abs=6)


def test_events_tell_the_visits_in_order(lines: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    told = [line for line in lines[:-1] if line["event_type"] in {"person_arrived", "person_left"}]
    assert [line["event_type"] for line in told] == ["person_arrived", "person_left"] * len(PRESENCE)
    times = [time for visit in summary["visits"] for time in (visit["start_t"], visit["end_t"])]
    assert [line["t"] for line in told] == times


def test_clips_keep_their_limits(summary: dict[str, Any]) -> None:
    clips = summary["clips"]
    assert len(clips) == 3
    assert all(clip["end_t"] - clip["start_t"] <= 20.0 for clip in clips)
    starts = [clip["start_t"] for clip in clips]
    assert all(later - earlier >= 60.0 for earlier, later in pairwise(starts))
    assert PRESENCE[0][0] - starts[0] >= 3.0, "the first clip shows the door before the person comes"


def test_clips_are_the_cameras_own_packets(summary: dict[str, Any]) -> None:
    def packets(path: str) -> list[bytes]:
        with av.open(path) as container:
            return [bytes(packet) for packet in container.demux(video=0) if packet.size]

    source = packets(str(media("one-by-one-person-detection.mp4")))
    for clip in summary["clips"]:
        own = packets(clip["path"])
        begin = source.index(own[0])
        assert own == source[begin : begin + len(own)]
        assert Path(clip["path"]).stat().st_size == clip["bytes"]


def test_clips_play_from_first_to_last(summary: dict[str, Any]) -> None:
    for clip in summary["clips"]:
        packets, frames = decoded_frames(Path(clip["path"]))
        assert packets == frames == pytest.approx((clip["end_t"] - clip["start_t"]) * 10, abs=1)


def test_clips_play_in_a_browser(summary: dict[str, Any], tmp_path: Path) -> None:
    for clip in summary["clips"]:
        assert played_seconds(Path(clip["path"]), tmp_path) == pytest.approx(clip["end_t"] - clip["start_t"], abs=0.15)


def test_the_same_again(lines: list[dict[str, Any]], summary: dict[str, Any]) -> None:
    out = Path(summary["clips"][0]["path"]).parents[4]
    before = {path: path.read_bytes() for path in out.rglob("*.mp4")}
    again = replay(out)
    assert {path: path.read_bytes() for path in out.rglob("*.mp4")} == before
    for line in (lines[-1], again[-1]):
        assert line.pop("wall_s") > 0
        assert line.pop("cpu_s") > 0
    assert json.dumps(again) == json.dumps(lines)
