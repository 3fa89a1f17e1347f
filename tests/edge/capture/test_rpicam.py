"""The Pi camera, played by a stand-in program that writes real H.264."""

import itertools
import json
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from edge_detector.capture.rpicam import PROGRAMS, RpicamSettings, RpicamSource, parse_settings
from edge_detector.core.errors import SourceEnded, SourceError
from tests.edge.capture.reading import HostClock, always, read
from tests.videos import make_video, packets_of

FPS = 25

#: Writes one picture after the other at the rate it was asked for; `mode` says how it fails.
STAND_IN = """#!{python}
import json, os, signal, sys, time
work, mode = {work!r}, {mode!r}
open(work + "/arguments", "w").write(json.dumps(sys.argv[1:]))
open(work + "/pid", "w").write(str(os.getpid()))
sizes, data = json.load(open(work + "/sizes")), open(work + "/video.h264", "rb").read()
if mode == "refuse":
    sys.exit("ERROR: *** no cameras available ***")
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
while mode != "hang":
    at = 0
    for n, size in enumerate(sizes):
        sys.stdout.buffer.write(data[at : at + size])
        sys.stdout.buffer.flush()
        sys.stderr.write("#%d (25.00 fps) exp 33000.00 ag 1.00 dg 1.00\\n" % n)
        sys.stderr.flush()
        at += size
        time.sleep(1 / 25)
        if mode == "die" and n == 20:
            sys.stderr.write("ERROR: Device timeout detected\\n")
            sys.exit(255)
        if mode == "stall" and n == 20:
            break
    if mode == "stall":
        break
time.sleep(60)
"""


class StandIn:
    """A folder with the program, to be put on the PATH."""

    def __init__(self, folder: Path, name: str, mode: str) -> None:
        self.folder = folder
        self._video = make_video(folder / "video.h264", frames=50, fps=FPS, gop=FPS, options={"profile": "baseline"})
        (folder / "sizes").write_text(json.dumps([len(packet) for packet in packets_of(self._video)]))
        program = folder / name
        program.write_text(STAND_IN.format(python=sys.executable, work=str(folder), mode=mode))
        program.chmod(0o755)

    @property
    def packets(self) -> list[bytes]:
        return packets_of(self._video)

    @property
    def arguments(self) -> list[str]:
        found: list[str] = json.loads((self.folder / "arguments").read_text())
        return found

    @property
    def alive(self) -> bool:
        try:
            os.kill(int((self.folder / "pid").read_text()), 0)
        except (FileNotFoundError, ProcessLookupError):  # it was ended before it got so far, or after
            return False
        return True


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> StandIn:
    monkeypatch.setenv("PATH", str(tmp_path))
    return StandIn(tmp_path, PROGRAMS[0], getattr(request, "param", "good"))


def source(**how: float) -> RpicamSource:
    return RpicamSource(clock=HostClock(), settings=RpicamSettings(width=160, height=120, fps=FPS), **how)  # type: ignore[arg-type]


def test_its_packets_are_recorded_as_they_come_in_the_hosts_time(stand_in: StandIn) -> None:
    reading = read(source(), until=lambda reading: len(reading.packets) >= 40)
    assert reading.data == stand_in.packets[:40]
    assert reading.info.codec == "h264"
    assert reading.packets[0].keyframe
    assert reading.packets[FPS].keyframe
    steps = [b.t - a.t for a, b in itertools.pairwise(reading.packets)]
    assert np.median(steps) > 1 / FPS - 0.01
    lags = [came - packet.t for came, packet in zip(reading.arrivals, reading.packets, strict=True)]
    assert 0 <= min(lags[5:]) < 0.2, "one of them met no delay on a busy machine"
    assert len(reading.frames) >= 35
    assert not stand_in.alive


def test_it_is_asked_for_size_rate_and_a_key_frame_each_second(stand_in: StandIn) -> None:
    read(source(), until=lambda reading: bool(reading.packets))
    line = " ".join(stand_in.arguments)
    for option in ("--width 160", "--height 120", "--framerate 25", "--intra 25", "--bitrate 2000000", "--output -"):
        assert option in line
    assert {"--inline", "--nopreview", "--flush"} <= set(stand_in.arguments)


@pytest.mark.parametrize("name", PROGRAMS)
def test_either_program_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    stand_in = StandIn(tmp_path, name, "good")
    assert read(source(), until=lambda reading: bool(reading.packets)).packets
    assert not stand_in.alive


def test_neither_program_is_one_clear_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match=r"neither rpicam-vid nor libcamera-vid is installed.*apt install"):
        source().open(1)


@pytest.mark.parametrize("stand_in", ["die"], indirect=True)
def test_a_program_that_dies_is_told_with_its_last_words_and_can_be_started_again(stand_in: StandIn) -> None:
    camera = source()
    for session in (1, 2):
        lost = read(camera, session=session)
        assert len(lost.packets) == 21
        assert not isinstance(lost.end, SourceEnded)
        assert str(lost.end) == "rpicam-vid ended with status 255: ERROR: Device timeout detected"


@pytest.mark.parametrize("stand_in", ["refuse"], indirect=True)
def test_a_program_that_refuses_is_told_with_its_last_words(stand_in: StandIn) -> None:
    with pytest.raises(
        SourceError, match=r"^rpicam-vid ended with status 1: ERROR: \*\*\* no cameras available \*\*\*$"
    ):
        source().open(1)
    assert not stand_in.alive


@pytest.mark.parametrize("stand_in", ["hang"], indirect=True)
def test_a_program_that_hangs_at_the_start_is_given_up(stand_in: StandIn) -> None:
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"rpicam-vid did not answer within 0.5 s"):
        source(open_timeout_s=0.5).open(1)
    assert time.monotonic() - began < 10
    assert not stand_in.alive


@pytest.mark.parametrize("stand_in", ["stall"], indirect=True)
def test_a_program_that_hangs_later_is_given_up(stand_in: StandIn) -> None:
    lost = read(source(read_timeout_s=0.5))
    assert len(lost.packets) >= 20
    assert str(lost.end) == "rpicam:// sent nothing for 0.5 s"
    assert not stand_in.alive


@pytest.mark.parametrize("stand_in", ["good", "stubborn"], indirect=True)
def test_close_from_another_thread_ends_program_and_read(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_detector.capture.rpicam._STOP_S", 0.3)
    camera = source()
    camera.open(1)
    timer = threading.Timer(0.2, camera.close)
    timer.start()
    items = list(camera.read(always))
    timer.join()
    assert items
    assert not stand_in.alive


def test_settings_come_from_the_address() -> None:
    assert parse_settings({"width": "640", "fps": "30"}) == RpicamSettings(width=640, fps=30)
    with pytest.raises(SourceError, match="knows no 'widht'; there are width, height"):
        parse_settings({"widht": "640"})
    with pytest.raises(SourceError, match="whole number for fps, not 'fast'"):
        parse_settings({"fps": "fast"})
