"""Cameras of this machine: Linux's lists played by a folder, the Pi's program by a stand-in."""

import sys
from pathlib import Path

import pytest

from edge_detector.capture.discover import Found, pi_cameras, usb_cameras
from edge_detector.capture.rpicam import PROGRAMS

#: What `rpicam-hello --list-cameras` tells on a Pi 5 with a camera of each kind.
LIST = """\
Available cameras
-----------------
0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
                             2304x1296 [56.03 fps - (0, 0)/4608x2592 crop]
1 : ov5647 [2592x1944 10-bit GBRG] (/base/axi/pcie@120000/rp1/i2c@80000/ov5647@36)
    Modes: 'SGBRG10_CSI2P' : 640x480 [58.92 fps - (16, 0)/2560x1920 crop]
2 : HD Webcam: HD Webcam [1920x1080] (/base/axi/pcie@120000/rp1/usb@200000-1:1.0-046d:0825)
"""


def device(sysfs: Path, number: int, *, name: str, index: int = 0, bus: str = "usb") -> None:
    folder = sysfs / f"video{number}"
    (folder / "device").mkdir(parents=True)
    (folder / "name").write_text(f"{name}\n")
    (folder / "index").write_text(f"{index}\n")
    (sysfs / "bus" / bus).mkdir(parents=True, exist_ok=True)
    (folder / "device" / "subsystem").symlink_to(sysfs / "bus" / bus)


def test_usb_cameras_and_nothing_that_only_looks_like_one(tmp_path: Path) -> None:
    sysfs, by_id = tmp_path / "sys", tmp_path / "by-id"
    device(sysfs, 10, name="Late Cam")
    device(sysfs, 2, name="HD Webcam")
    device(sysfs, 3, name="HD Webcam", index=1)  # its metadata
    device(sysfs, 19, name="rpi-hevc-dec", bus="platform")  # a decoder of the Pi
    (tmp_path / "video2").touch()
    by_id.mkdir()
    stable = by_id / "usb-046d_HD_Webcam-video-index0"
    stable.symlink_to(tmp_path / "video2")
    assert usb_cameras(sysfs, by_id) == [
        Found(name="HD Webcam", address=str(stable)),
        Found(name="Late Cam", address="/dev/video10"),
    ]


def test_a_device_that_tells_nothing_of_itself(tmp_path: Path) -> None:
    device(tmp_path, 0, name="")
    (tmp_path / "video0" / "index").unlink()
    assert usb_cameras(tmp_path, tmp_path / "none") == [Found(name="video0", address="/dev/video0")]


def test_a_machine_without_video(tmp_path: Path) -> None:
    assert usb_cameras(tmp_path / "none", tmp_path / "none") == []


def stand_in(folder: Path, name: str, text: str) -> None:
    program = folder / name
    program.write_text(f"#!{sys.executable}\nimport sys, time\nassert sys.argv[1:] == ['--list-cameras']\n{text}\n")
    program.chmod(0o755)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("pipe", ["stdout", "stderr"])
def test_cameras_of_the_pi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, pipe: str) -> None:
    stand_in(tmp_path, name, f"sys.{pipe}.write({LIST!r})")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pi_cameras() == [
        Found(name="imx708 of the Pi, 4608x2592", address="rpicam://"),
        Found(name="ov5647 of the Pi, 2592x1944", address="rpicam://?camera=1"),
    ]


@pytest.mark.parametrize("text", ["print('No cameras available!')", "sys.exit('ERROR: broken')", "time.sleep(60)"])
def test_a_pi_without_a_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("edge_detector.capture.discover.LIST_S", 0.5 if "sleep" in text else 10)
    stand_in(tmp_path, PROGRAMS[0], text)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pi_cameras() == []


def test_no_program_to_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pi_cameras() == []
