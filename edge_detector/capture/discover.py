"""Finds the cameras of this machine: USB ones by what Linux tells of them, the Pi's own by asking its program."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from edge_detector.capture.rpicam import PROGRAMS

#: Where Linux lists video devices, and where udev gives them names that stay over a reboot.
SYSFS = Path("/sys/class/video4linux")
BY_ID = Path("/dev/v4l/by-id")
#: The program looks at each connector of the Pi.
LIST_S = 10.0

#: `0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a)`
_LISTED = re.compile(r"^\s*(\d+)\s*:\s*(.+?)\s*\[(\d+x\d+)[^\]]*\](?:\s*\((.*)\))?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A camera."""

    #: What it calls itself, for people.
    name: str
    #: What a camera's `source` takes.
    address: str


def usb_cameras(sysfs: Path = SYSFS, by_id: Path = BY_ID) -> list[Found]:
    """USB cameras. A Pi's codecs and image processors are video devices as well, and are no cameras."""
    names = {link.resolve().name: link for link in sorted(by_id.glob("*"))}
    return [
        Found(name=_text(device / "name") or device.name, address=str(names.get(device.name, f"/dev/{device.name}")))
        for device in sorted(sysfs.glob("video*"), key=lambda path: (len(path.name), path.name))
        if _is_usb(device) and _text(device / "index") in {"", "0"}  # a camera's other devices hold its metadata
    ]


def pi_cameras() -> list[Found]:
    """Cameras at the Pi's own connectors; none where their program is not installed or does not answer."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        return []
    try:
        told = subprocess.run(  # noqa: S603 - a program of a known name
            [program, "--list-cameras"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIST_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return list(_listed(told.stdout + told.stderr))


def _listed(text: str) -> list[Found]:
    """Those of the Pi's list; it holds USB cameras as well, which are found by another way."""
    return [
        Found(name=f"{name} of the Pi, {size}", address="rpicam://" if number == "0" else f"rpicam://?camera={number}")
        for number, name, size, path in _LISTED.findall(text)
        if "usb" not in path.lower()
    ]


def _is_usb(device: Path) -> bool:
    return (device / "device" / "subsystem").resolve().name == "usb"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
