import json
from pathlib import Path

import pytest

from edge_detector.detectors import choice as module
from edge_detector.detectors.choice import Choice, machine
from edge_detector.detectors.engines import Engine
from edge_detector.detectors.measure import Measured

CHOSEN = Engine(runtime="openvino", precision="int8", threads=2)


def test_a_choice_is_read_as_it_was_written(tmp_path: Path) -> None:
    Choice(tmp_path, "model").write(CHOSEN, [Measured(engine=CHOSEN, wall_ms=3.5)])
    assert Choice(tmp_path, "model").read() == CHOSEN
    kept = json.loads(Choice(tmp_path, "model").path.read_text("utf-8"))
    assert kept["measured"][0]["wall_ms"] == 3.5
    assert kept["machine"] == machine()


def test_another_model_or_machine_or_version_has_a_choice_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Choice(tmp_path, "model").write(CHOSEN, ())
    assert Choice(tmp_path, "other").read() is None
    for name, value in (("machine", lambda: "another"), ("_version", lambda _: "9"), ("CHOICE_VERSION", 99)):
        with monkeypatch.context() as other:
            other.setattr(module, name, value)
            assert Choice(tmp_path, "model").read() is None
    assert Choice(tmp_path, "model").read() == CHOSEN


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"engine": 3}',
        '{"engine": {"cores": 2}}',
        '{"engine": {"runtime": "abacus"}}',
        '{"engine": {"precision": "int1"}}',
        '{"engine": {"threads": 0}}',
        '{"engine": {"threads": "2"}}',
        '{"engine": {"threads": 1000}}',
    ],
)
def test_a_damaged_choice_is_none(content: str, tmp_path: Path) -> None:
    made = Choice(tmp_path, "model")
    made.path.parent.mkdir()
    made.path.write_text(content, "utf-8")
    assert made.read() is None


def test_where_nothing_can_be_written_the_next_start_measures_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "choice").write_text("a file where the folder should be")
    Choice(tmp_path, "model").write(CHOSEN, ())
    assert "cannot be kept" in caplog.text
    assert Choice(tmp_path, "model").read() is None


@pytest.mark.parametrize(
    ("board", "cpuinfo", "name"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0\0", "", "Raspberry Pi 5 Model B Rev 1.0, "),
        (None, "processor\t: 0\nmodel name\t: Some CPU\n", "Some CPU, "),
        (None, "processor\t: 0\n", "unknown, "),
    ],
)
def test_the_machine_is_named(
    board: str | None, cpuinfo: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if board is not None:
        (tmp_path / "board").write_text(board)
    (tmp_path / "cpuinfo").write_text(cpuinfo)
    monkeypatch.setattr(module, "_BOARD", tmp_path / "board")
    monkeypatch.setattr(module, "_CPUINFO", tmp_path / "cpuinfo")
    assert machine().startswith(name)
    assert machine().endswith("cores")
