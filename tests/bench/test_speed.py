"""The speed benchmark: its rows, its goals, and a small run of the program."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bench import speed
from bench.speed_plot import draw
from bench.speed_table import CannotError, Goal, Part, Row, Wanted, markdown, rows
from bench.speed_world import World, need
from tests.paths import ROOT

NUMBERS = {"ours": [2.0, 4.0, 3.0], "theirs": [20.0, 20.0, 60.0]}
LESS = Wanted(name="work", of="ours", unit="s", beside="theirs", times_less=True, goal=Goal(at_least=10))


def made(want: Wanted, numbers: Mapping[str, list[float]] | None = None) -> Row:
    (row,) = rows("part", [want], numbers or NUMBERS)
    return row


def test_ratios_are_of_one_round() -> None:
    row = made(LESS)
    assert (row.value, row.baseline) == (3.0, 20.0)
    assert (row.ratio, row.low, row.high) == (10.0, 5.0, 20.0)
    assert (row.goal, row.met, row.margin, row.rounds) == (">= 10", True, 1.0, 3)


def test_more_than_the_baseline() -> None:
    row = made(Wanted(name="work", of="ours", unit="s", beside="theirs", goal=Goal(at_most=0.05)))
    assert (row.ratio, row.low, row.high) == (0.1, 0.05, 0.2)
    assert (row.met, row.margin) == (False, 0.5)


def test_a_goal_of_the_value() -> None:
    row = made(Wanted(name="work", of="ours", unit="s", goal=Goal(at_most=6.0)))
    assert (row.ratio, row.low, row.high, row.met, row.margin) == (None, 2.0, 4.0, True, 2.0)
    row = made(Wanted(name="work", of="ours", unit="s", beside="theirs", goal=Goal(at_most=2.0, of_value=True)))
    assert (row.ratio, row.met) == (0.1, False)


def test_nothing_left_to_be_better_at() -> None:
    row = made(Wanted(name="missed", of="missed", unit="", goal=Goal(at_most=0)), {"missed": [0.0]})
    assert (row.met, row.margin) == (True, None)
    row = made(Wanted(name="missed", of="missed", unit="", goal=Goal(at_most=0)), {"missed": [2.0]})
    assert (row.met, row.margin) == (False, 0.0)


def test_without_its_baseline_a_row_is_not_judged() -> None:
    row = made(LESS, {"ours": [2.0]})
    assert (row.value, row.baseline, row.ratio, row.goal, row.met) == (2.0, None, None, ">= 10", None)


def test_without_its_own_number_there_is_no_row() -> None:
    assert list(rows("part", [LESS], {"theirs": [1.0]})) == []


def test_the_table() -> None:
    assert list(markdown([made(LESS)]))[-1] == "| work | 3 s | 20 s, theirs | 10 (5 to 20) | >= 10 | yes |"


def test_steps_are_interleaved_and_exact_parts_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def step(name: str) -> Mapping[str, float]:
        order.append(name)
        return {name: 1.0}

    def part(_: World, *, exact: bool = False) -> Part:
        return Part(
            steps=[lambda: step("a"), lambda: step("b")], rows=[Wanted(name="a", of="a", unit="s")], exact=exact
        )

    monkeypatch.setitem(speed.PARTS, "several", part)
    monkeypatch.setitem(speed.PARTS, "exact", lambda world: part(world, exact=True))
    several, once = speed.measure(World(video=Path("video.mp4"), rounds=3), ["several", "exact"])
    assert "".join(order) == "ababab" + "ab"
    assert (several.part, several.rounds, once.rounds) == ("several", 3, 1)


def test_what_cannot_be_measured_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(_: World) -> Part:
        need(tmp_path / "absent.onnx")
        raise AssertionError

    def broken(_: World) -> Part:
        subprocess.run([sys.executable, "-c", "raise SystemExit('out of luck')"], check=True, capture_output=True)
        raise AssertionError

    monkeypatch.setitem(speed.PARTS, "absent", absent)
    monkeypatch.setitem(speed.PARTS, "broken", broken)
    world = World(video=Path("video.mp4"), rounds=1)
    assert speed.measure(world, ["absent", "broken"]) == []
    assert world.missing[0].startswith("absent: absent.onnx is absent")
    assert "out of luck" in world.missing[1]


def test_without_torch_the_rest_is_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bench.speed_world.CHECKPOINT", tmp_path / "absent.pt")
    world = World(video=Path("video.mp4"), rounds=1)
    assert world.predecessor_or_none is None
    assert world.predecessor_or_none is None
    assert world.missing == [
        "everything beside torch: absent.pt is absent: set PORCHLIGHT_SHARED to a folder with media/ and models/"
    ]
    with pytest.raises(CannotError):
        _ = world.predecessor


def test_the_plot(tmp_path: Path) -> None:
    cameras = [Wanted(name=f"{count} idle 720p cameras", of=str(count), unit="cores") for count in (1, 2, 4)]
    table = [made(LESS), *rows("cameras", cameras, {"1": [0.1, 0.2], "2": [0.2, 0.3], "4": [0.4, 0.5]})]
    draw(table, tmp_path / "plots")
    draw(table[:1], tmp_path / "one")
    assert (tmp_path / "plots" / "speed.png").read_bytes().startswith(b"\x89PNG")
    for folder in ("plots", "one"):
        assert "times better than the goal" in (tmp_path / folder / "speed.svg").read_text()
    assert "idle 720p cameras" in (tmp_path / "plots" / "speed.svg").read_text()


@pytest.mark.serial
def test_a_small_run() -> None:
    command = [sys.executable, "-m", "bench.speed", "--rounds", "2", "--only", "help", "--json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    body: dict[str, Any] = json.loads(ended.stdout)
    (row,) = body["rows"]
    assert set(row) == {field.name for field in fields(Row)}
    assert (row["name"], row["unit"], row["goal"], row["rounds"]) == ("porchlight --help", "s", "<= 0.3", 2)
    assert 0 < row["low"] <= row["value"] <= row["high"]
    assert body["missing"] in ([], ["one-by-one-person-detection.mp4 is absent: a generated scene is there instead"])
    assert "help, round 2 of 2" in ended.stderr
