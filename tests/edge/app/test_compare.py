"""A replay beside the exact model on every picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_detector.app.compare import REFERENCE_PX, SCHEMA, compare, read_reference, write_reference
from edge_detector.capture.scene import parse_address
from edge_detector.config import Config
from edge_detector.core.boxes import iou
from edge_detector.core.errors import ConfigError
from tests.paths import model

#: Somebody crosses the picture.
WALK = "scene://walk?people=1&seed=3&duration=9"
WALK_S, FPS = 9, 10
EMPTY = "scene://empty?duration=2"


def config(address: str, folder: Path) -> Config:
    return Config.model_validate(
        {
            "node": {"data_dir": folder},
            "cameras": {"door": {"source": address}},
            "detection": {"backend": "onnx", "precision": "fp32", "model": str(model("yolov5n.onnx"))},
        }
    )


def compared(address: str, reference: Path, folder: Path) -> dict[str, Any]:
    found = compare(address, config(address, folder), reference, out=None, tell=lambda _: None)["compared"]
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def walk(data: Path) -> Path:
    """The reference of somebody who walks through."""
    done: list[float] = []
    file = data / "walk.json"
    assert write_reference(WALK, config(WALK, data), file, done.append) == len(done) == WALK_S * FPS
    assert done == sorted(done)
    return file


def test_the_reference_sees_who_is_there_in_every_picture(walk: Path) -> None:
    looks, height = read_reference(walk)
    assert height == 432
    assert [look.t for look in looks] == pytest.approx([n / FPS for n in range(WALK_S * FPS)])
    scene = parse_address(WALK).scene()
    shown = [(look, scene.people(look.t, visible=0.9)) for look in looks]
    there = [(look, people[0]) for look, people in shown if people]
    assert len(there) > 20
    right = [max((iou(found.box, truth.box) for found in look.people), default=0.0) > 0.6 for look, truth in there]
    assert sum(right) >= 0.95 * len(there)


def test_the_reference_says_what_it_was_made_with(walk: Path) -> None:
    body = json.loads(walk.read_text())
    assert (body["schema"], body["side"], body["model"]) == (SCHEMA, REFERENCE_PX, "yolov5n")


def test_a_replay_finds_what_the_reference_found(walk: Path, data: Path) -> None:
    found = compared(WALK, walk, data)
    assert found["frames"] >= WALK_S * FPS / 2
    assert found["person_frames"] > 10
    assert found["recall"] >= 0.95
    assert found["precision"] >= 0.95
    assert (found["visits"], found["visit_recall"], found["visit_precision"]) == (1, 1.0, 1.0)
    assert [abs(delay) < 1.0 for delay in found["delays_s"]] == [True]
    assert found["overlap"] > 0.8


def test_a_replay_is_worse_than_a_reference_that_saw_more(walk: Path, data: Path, tmp_path: Path) -> None:
    body = json.loads(walk.read_text())
    body["frames"] = [[t, [*people, [0.0, 0.0, 0.1, 0.2, 0.9]]] for t, people in body["frames"]]
    file = tmp_path / "more.json"
    file.write_text(json.dumps(body))
    found = compared(WALK, file, data)
    assert found["person_frames"] == found["frames"]
    assert found["recall"] < 0.95
    by_size = {size["from_px"]: size for size in found["sizes"]}
    assert by_size[80]["people"] == found["frames"]
    assert by_size[80]["found"] == 0


def test_a_replay_is_wrong_where_the_reference_saw_nobody(walk: Path, data: Path, tmp_path: Path) -> None:
    body = json.loads(walk.read_text())
    file = tmp_path / "none.json"
    file.write_text(json.dumps(body | {"frames": [[t, []] for t, _ in body["frames"]]}))
    found = compared(WALK, file, data)
    assert (found["precision"], found["visits"], found["visit_precision"]) == (0.0, 0, 0.0)


def test_where_nobody_is_there_is_nothing_to_miss(data: Path) -> None:
    file = data / "empty.json"
    assert write_reference(EMPTY, config(EMPTY, data), file, lambda _: None) == 20
    found = compared(EMPTY, file, data)
    assert (found["person_frames"], found["visits"], found["recall"], found["precision"]) == (0, 0, 1.0, 1.0)
    assert found["delays_s"] == []


def changed(**parts: object) -> Callable[[dict[str, Any]], str]:
    return lambda body: json.dumps(body | parts)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda _: "frames:", "is no JSON"),
        (changed(schema=SCHEMA + 1), f"is of schema {SCHEMA + 1}"),
        # keys and values of other files
        (lambda _: "{}", "is none"),
        (lambda _: "[]", "is none"),
        (changed(frames=[[0.0]]), "is none"),
        (changed(frames=[[0.0, [[0.1, 0.2]]]]), "is none"),
        (changed(height="high"), "is none"),
    ],
)
def test_what_is_no_reference_is_refused(write: Callable[[dict[str, Any]], str], says: str, tmp_path: Path) -> None:
    file = tmp_path / "reference.json"
    file.write_text(write({"schema": SCHEMA, "height": 432, "frames": []}))
    with pytest.raises(ConfigError, match=says):
        read_reference(file)


def test_an_absent_reference_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^Cannot read the reference .*absent.json: no such file"):
        read_reference(tmp_path / "absent.json")


def test_a_reference_that_cannot_be_written_is_told(data: Path, tmp_path: Path) -> None:
    address = "scene://empty?duration=0.1"
    with pytest.raises(ConfigError, match=r"^Cannot write to .*reference.json"):
        write_reference(address, config(address, data), tmp_path / "absent" / "reference.json", lambda _: None)
