"""The host: how hot it is, and what its firmware does about it."""

from pathlib import Path

import pytest

from edge_detector.app.system import HealthProbe, SystemClock, read_board
from edge_detector.core.facts import Backlog, DetectorInfo
from edge_detector.core.schedule import Board


def put(root: Path, path: str, text: str) -> None:
    file = root / "sys" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_board_that_tells_nothing(tmp_path: Path, programs: Path) -> None:
    assert programs.is_dir()
    assert read_board(tmp_path) == Board()


def test_the_hottest_place_counts_and_one_that_cannot_be_read_does_not(tmp_path: Path, programs: Path) -> None:
    assert programs.is_dir()
    for n, text in enumerate(("54300", "81250", "", "-")):
        put(tmp_path, f"class/thermal/thermal_zone{n}/temp", text)
    assert read_board(tmp_path).temperature_c == 81.25


def test_what_the_kernel_tells_of_the_firmware(tmp_path: Path) -> None:
    put(tmp_path, "devices/platform/soc/soc:firmware/get_throttled", "50005\n")
    assert read_board(tmp_path).throttled == 0x5, "without what was in the past"


@pytest.mark.parametrize(
    ("script", "throttled"),
    [
        ("echo throttled=0x80008", 0x8),
        ("echo throttled=0x0", 0),
        ("echo VCHI initialization failed; exit 255", 0),
        ("echo unknown", 0),
    ],
)
def test_what_vcgencmd_tells(tmp_path: Path, programs: Path, script: str, throttled: int) -> None:
    program = programs / "vcgencmd"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert read_board(tmp_path).throttled == throttled


def test_health_says_why_less_is_analysed(tmp_path: Path) -> None:
    probe = HealthProbe(clock=SystemClock(), data_dir=tmp_path)
    detector = DetectorInfo(backend="fake", model="fake")
    assert probe.read(backlog=Backlog(), detector=detector).throttled is None
    assert (
        probe.read(backlog=Backlog(), detector=detector, throttled="the board is hot").throttled == "the board is hot"
    )
