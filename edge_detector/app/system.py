"""The host: its clock, its chance, and how it is."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psutil

from edge_detector.core import naming
from edge_detector.core.facts import Backlog, DetectorInfo, Health
from edge_detector.core.schedule import Board

_BOARD_FILE = Path("/proc/device-tree/model")
_TEMPERATURES = "sys/class/thermal/thermal_zone*/temp"
#: The Raspberry Pi's kernel tells here what `vcgencmd get_throttled` does, in hexadecimal.
_THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
_VCGENCMD = "vcgencmd"
_VCGENCMD_TIMEOUT_S = 2.0
#: The bits of now; those above them tell what was since the start.
_NOW = 0xFFFF


class SystemClock:
    """The host's monotonic and wall clocks."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def utc(self, t: float) -> float:
        """Seconds since the epoch at monotonic `t`; a set clock (a Pi has none until the network is up) moves it."""
        return time.time() - (time.monotonic() - t)


class Stamps:
    """Gives each visit its id and its wall-clock time."""

    def __init__(self, clock: SystemClock) -> None:
        """Ids come from the system's own randomness."""
        self._clock = clock

    def __call__(self, t: float) -> tuple[str, float]:
        """A new visit id and the UTC of `t`."""
        utc = self._clock.utc(t)
        return naming.ulid(round(utc * 1000), secrets.randbits(80)), utc


def local_minute() -> int:
    """The minute of the day where this machine stands."""
    now = time.localtime()
    return now.tm_hour * 60 + now.tm_min


def board_model() -> str:
    """What this machine calls itself, such as `Raspberry Pi 5 Model B Rev 1.0`, else its architecture."""
    try:
        return _BOARD_FILE.read_text(encoding="utf-8").rstrip("\0\n")
    except OSError:
        return platform.machine()


class HealthProbe:
    """Reads how the host is; CPU is this process's share of one core since the last reading."""

    def __init__(self, *, clock: SystemClock, data_dir: Path) -> None:
        """Begin measuring CPU; uptime counts from here."""
        self._clock = clock
        self._data_dir = data_dir
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._begun = clock.now()

    def read(self, *, backlog: Backlog, detector: DetectorInfo, throttled: str | None = None) -> Health:
        """Health of now; `throttled` is why less is analysed than shall be."""
        now = self._clock.now()
        return Health(
            t=now,
            utc=self._clock.utc(now),
            backlog=backlog,
            disk_free_bytes=shutil.disk_usage(self._data_dir).free,
            cpu_percent=self._process.cpu_percent(),
            memory_bytes=self._process.memory_info().rss,
            temperature_c=read_board().temperature_c,
            uptime_s=now - self._begun,
            detector=detector,
            throttled=throttled,
        )


def read_board(root: Path = Path("/")) -> Board:
    """How hot the board is, where the kernel tells it, and what its firmware does about it; `root` holds `sys`."""
    temperatures = [_number(path) for path in root.glob(_TEMPERATURES)]
    return Board(
        temperature_c=max((found / 1000 for found in temperatures if found is not None), default=None),
        throttled=_throttled(root / _THROTTLED) & _NOW,
    )


def _throttled(file: Path) -> int:
    found = _number(file, base=16)
    if found is None and (program := shutil.which(_VCGENCMD)):
        found = _asked(program)
    return found or 0


def _asked(program: str) -> int | None:
    """What `vcgencmd` says, which is `throttled=0x50005`."""
    with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
        answer = subprocess.run(  # noqa: S603 - a program of a known name
            [program, "get_throttled"], capture_output=True, text=True, timeout=_VCGENCMD_TIMEOUT_S, check=True
        )
        return int(answer.stdout.partition("=")[2], 16)
    return None


def _number(file: Path, base: int = 10) -> int | None:
    try:
        return int(file.read_text(encoding="ascii"), base)
    except (OSError, ValueError):
        return None


def local_zone(variables: Mapping[str, str] = os.environ, file: Path = Path("/etc/localtime")) -> tzinfo:
    """The time zone of this machine: `$TZ` by its name, else what the system is set to, else UTC."""
    with contextlib.suppress(ZoneInfoNotFoundError, ValueError, OSError):
        if named := variables.get("TZ", "").removeprefix(":"):
            return ZoneInfo(named)
    with contextlib.suppress(ValueError, OSError):
        name = str(file.resolve()).rpartition("zoneinfo/")[2]
        with file.open("rb") as data:
            return ZoneInfo.from_file(data, key=name)
    return UTC
