"""A replay as its owner sees it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from edge_detector.cli.replay import event_line
from tests.edge.cli.conftest import Porchlight
from tests.paths import model
from tests.videos import make_video

SCENE = "scene://door?people=1"


def without_times(line: str) -> dict[str, Any]:
    values = json.loads(line)
    return {key: value for key, value in values.items() if key not in {"wall_s", "cpu_s"}}


def test_json_is_the_same_each_time(porchlight: Porchlight) -> None:
    runs = [porchlight("replay", SCENE, "--json", "--detector", "hog", "--out", "out") for _ in range(2)]
    assert sorted(path.name for path in Path("out").iterdir()) == ["clips", "snapshots", "visits"]
    first, second = ([without_times(line) for line in run.out.splitlines()] for run in runs)
    assert first == second
    *events, summary = first
    assert {event["event_type"] for event in events} == {
        "person_arrived",
        "snapshot_stored",
        "clip_stored",
        "person_left",
    }
    assert all("t" in event for event in events)
    assert summary["event_type"] == "summary"
    assert len(summary["visits"]) == 1
    assert [Path(clip["path"]).stat().st_size for clip in summary["clips"]] == [summary["clips"][0]["bytes"]]


def test_tables(porchlight: Porchlight) -> None:
    ended = porchlight("replay", SCENE, "--detector", "hog")
    assert ended.status == 0
    for part in ("person_arrived", "Visits", "Clips", "Keep the clips with --out DIR", "inferences by hog"):
        assert part in ended.out


def test_a_replay_beside_a_reference(porchlight: Porchlight) -> None:
    scene = "scene://walk?people=1&seed=3&duration=9"
    weights = ("--model", str(model("yolov5n.onnx")))
    made = porchlight("replay", scene, "--reference", "reference.json", *weights)
    assert "90 pictures were looked at" in made.out
    assert "person_arrived" not in made.out
    ended = porchlight("replay", scene, "--compare", "reference.json", *weights)
    assert ended.status == 0
    for part in (
        "person_arrived",
        "Beside the reference",
        "of those, seen",
        "100% of 1",
        "boxes found, from 160 pixels",
    ):
        assert part in ended.out
    summary = json.loads(
        porchlight("replay", scene, "--compare", "reference.json", "--json", *weights).out.splitlines()[-1]
    )
    assert summary["compared"]["visit_recall"] == 1.0


def test_what_the_archive_does_not_take_is_kept(porchlight: Porchlight) -> None:
    Path("out").mkdir()
    Path("out/clips").touch()
    ended = porchlight("replay", f"{SCENE}&duration=12", "--detector", "hog", "--out", "out")
    assert ended.status == 1
    (spool,) = Path("out").glob(".replay-*")
    assert re.search(rf"files wait in \S+/{re.escape(spool.name)}$", ended.err, re.MULTILINE)
    assert list(spool.glob("*.mp4"))


@pytest.mark.parametrize("name", ["10:30:12.mp4", "why?#50% ü.mp4", "%d.mp4"])
def test_a_file_of_any_name(porchlight: Porchlight, name: str) -> None:
    make_video(Path("plain.mp4")).rename(name)
    ended = porchlight("replay", "--json", "--detector", "hog", "--", name)
    assert ended.status == 0, ended.err
    assert json.loads(ended.out)["frames"] == 30


def test_an_absent_reference_is_told(porchlight: Porchlight) -> None:
    weights = ("--model", str(model("yolov5n.onnx")))
    ended = porchlight("replay", SCENE, "--compare", "absent.json", *weights)
    assert ended.status != 0
    assert "Cannot read the reference absent.json" in ended.err


def test_a_configuration_wins_and_options_win_over_it(porchlight: Porchlight) -> None:
    Path("my.yaml").write_text(
        "node: {id: attic}\ncameras: {loft: {source: absent}}\ndetection: {backend: onnx, model: absent.onnx}\n"
    )
    ended = porchlight("replay", SCENE, "--json", "--detector", "hog", "--config", "my.yaml", "--out", "out")
    assert ended.status == 0, ended.err
    assert "node=attic/camera=loft" in ended.out


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            {"t": 6.4, "event_type": "person_arrived", "count": 1, "confidence": 0.85, "zones": []},
            "     6.4 s  person_arrived   count 1, confidence 0.85",
        ),
        ({"t": 6.4, "event_type": "snapshot_stored", "uri": "file:x"}, "     6.4 s  snapshot_stored"),
        ({"t": 9.0, "event_type": "camera_down", "reason": "gone"}, "     9.0 s  camera_down      reason gone"),
    ],
)
def test_event_line(event: dict[str, Any], line: str) -> None:
    assert event_line(event) == line
