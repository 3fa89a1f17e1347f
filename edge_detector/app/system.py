"""The host: its clock, its chance, and how it is."""

from __future__ import annotations

import platform
import secrets
import shutil
import time
from pathlib import Path

import psutil

from edge_detector.core import naming
from edge_detector.core.facts import Backlog, DetectorInfo, Health

_BOARD_FILE = Path("/proc/device-tree/model")
_TEMPERATURE_FILE = Path("/sys/class/thermal/thermal_zone0/temp")


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

    def read(self, *, backlog: Backlog, detector: DetectorInfo) -> Health:
        """Health of now."""
        now = self._clock.now()
        return Health(
            t=now,
            utc=self._clock.utc(now),
            backlog=backlog,
            disk_free_bytes=shutil.disk_usage(self._data_dir).free,
            cpu_percent=self._process.cpu_percent(),
            memory_bytes=self._process.memory_info().rss,
            temperature_c=_temperature_c(),
            uptime_s=now - self._begun,
            detector=detector,
        )


def _temperature_c() -> float | None:
    """The board's temperature, where the kernel tells it."""
    try:
        return int(_TEMPERATURE_FILE.read_text(encoding="ascii")) / 1000
    except (OSError, ValueError):
        return None
