"""The Raspberry Pi's own camera: starts `rpicam-vid` or `libcamera-vid` and reads the H.264 that it writes."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import av
from av.container import InputContainer

from edge_detector.capture.demux import Terms
from edge_detector.capture.faults import opening_fault
from edge_detector.capture.pyav import OPEN_AT_ONCE, OPEN_TIMEOUT_S, READ_TIMEOUT_S, ContainerSource
from edge_detector.capture.sparing import Thrift
from edge_detector.core.errors import SourceError
from edge_detector.ports import Clock

#: The program's name since Raspberry Pi OS Bookworm, and the one before.
PROGRAMS = ("rpicam-vid", "libcamera-vid")
#: How long the program may take to end when asked, before it is killed.
_STOP_S = 3.0
#: What is kept of the program's own messages; it writes a line of progress for each picture.
_TAIL_BYTES = 4096
_TAIL_LINES = 3
_PROGRESS = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class RpicamSettings:
    """What the camera is asked for."""

    width: int = 1280
    height: int = 720
    #: Pictures a second.
    fps: int = 15
    #: Bits a second.
    bitrate: int = 2_000_000
    #: Which camera, where there is more than one.
    camera: int = 0
    #: 0 or 180 degrees.
    rotation: int = 0

    def arguments(self) -> list[str]:
        """The command line after the program's name: a key frame each second, its headers with it, no preview.

        Baseline, because the Pi 5 encodes in software and would otherwise make B-frames, whose order a bare H.264
        stream does not tell.
        """
        options = {
            "--timeout": 0,
            "--camera": self.camera,
            "--width": self.width,
            "--height": self.height,
            "--framerate": self.fps,
            "--bitrate": self.bitrate,
            "--intra": self.fps,
            "--rotation": self.rotation,
            "--codec": "h264",
            "--profile": "baseline",
            "--output": "-",
        }
        return ["--nopreview", "--inline", "--flush", *(str(part) for option in options.items() for part in option)]


def parse_settings(values: Mapping[str, str]) -> RpicamSettings:
    """Settings from the query of a `rpicam://` address; raises SourceError that names the allowed ones."""
    known = [field.name for field in fields(RpicamSettings)]
    for name, text in values.items():
        if name not in known:
            raise SourceError(f"rpicam:// knows no {name!r}; there are {', '.join(known)}")
        if not text.isdecimal():
            raise SourceError(f"rpicam:// needs a whole number for {name}, not {text!r}")
    return RpicamSettings(**{name: int(text) for name, text in values.items()})


class CameraProcess:
    """The running program: a file for FFmpeg to read, with a time limit, and the last of what the program said."""

    def __init__(self, program: str, settings: RpicamSettings, *, timeout_s: float) -> None:
        """Start it; raises OSError when that fails."""
        self._process = subprocess.Popen(  # noqa: S603 - a program of a known name, its arguments are numbers
            [program, *settings.arguments()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        #: Seconds that one read may take.
        self.timeout_s = timeout_s
        self._name = Path(program).name
        self._tail = b""
        self._ended = False
        self._out, self._err = (pipe.fileno() for pipe in (self._process.stdout, self._process.stderr) if pipe)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._out, selectors.EVENT_READ)
        self._selector.register(self._err, selectors.EVENT_READ)

    def read(self, size: int) -> bytes:
        """What there is, `size` bytes at most; empty when the program has ended; raises TimeoutError."""
        deadline = time.monotonic() + self.timeout_s
        while (rest := deadline - time.monotonic()) > 0:
            ready = self._ready(rest)
            if self._err in ready:
                self._keep_message()
            if self._out in ready:
                data = os.read(self._out, size)
                self._ended = not data
                return data
        raise TimeoutError(f"nothing for {self.timeout_s:g} s")

    def explain(self, fault: str) -> str:
        """The fault, or that the program ended, with the last lines of what it said."""
        if self._ended:
            with contextlib.suppress(subprocess.TimeoutExpired):  # it may have closed its output and live on
                fault = f"{self._name} ended with status {self._process.wait(_STOP_S)}"
        while self._err in self._ready(0):
            self._keep_message()
        lines = [line.strip() for line in self._tail.decode(errors="replace").splitlines()]
        said = [line for line in lines if line and not line.startswith(_PROGRESS)]
        return f"{fault}: {'; '.join(said[-_TAIL_LINES:])}" if said else fault

    def stop(self) -> None:
        """End it, and wait until it has; from any thread."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def release(self) -> None:
        """Close the pipes, when nobody reads them any more."""
        self._selector.close()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _ready(self, timeout_s: float) -> list[int]:
        return [key.fd for key, _ in self._selector.select(timeout_s)]

    def _keep_message(self) -> None:
        said = os.read(self._err, _TAIL_BYTES)
        if not said:
            self._selector.unregister(self._err)
        self._tail = (self._tail + said)[-_TAIL_BYTES:]


class RpicamSource(ContainerSource):
    """The Pi camera; pictures have the time when they come, since the program sends none and slows down in the dark."""

    def __init__(  # noqa: PLR0913 - what a source can be told, by name
        self,
        *,
        clock: Clock,
        settings: RpicamSettings | None = None,
        packets: bool = True,
        frames: bool = True,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        read_timeout_s: float = READ_TIMEOUT_S,
        thrift: Thrift | None = None,
    ) -> None:
        """Nothing is started before `open`."""
        self._settings = settings or RpicamSettings()
        self._open_timeout_s, self._read_timeout_s = open_timeout_s, read_timeout_s
        self._process: CameraProcess | None = None
        terms = Terms(
            name="rpicam://",
            packets=packets,
            frames=frames,
            live=True,
            finite=False,
            read_timeout_s=read_timeout_s,
            now=clock.now,
            thrift=thrift or Thrift(),
        )
        super().__init__(terms, self._start)

    def close(self) -> None:
        """End the program, which ends a read as well."""
        self._closing.set()
        process = self._process
        if process is not None:
            process.stop()
        super().close()

    def _start(self) -> InputContainer:
        program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
        if program is None:
            raise SourceError(
                "neither rpicam-vid nor libcamera-vid is installed; "
                "on Raspberry Pi OS: sudo apt install rpicam-apps-lite (before Bookworm: libcamera-apps-lite)"
            )
        name = Path(program).name
        try:
            self._process = process = CameraProcess(program, self._settings, timeout_s=self._open_timeout_s)
            container = av.open(process, "r", format="h264", options=dict(OPEN_AT_ONCE))
        except (av.FFmpegError, OSError) as error:
            fault = self._explained(opening_fault(name, error, self._open_timeout_s))
            self._end()
            raise fault from error
        process.timeout_s = self._read_timeout_s
        return container

    def _explained(self, error: SourceError) -> SourceError:
        return error if self._process is None else SourceError(self._process.explain(str(error)))

    def _release(self) -> None:
        super()._release()
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.stop()
            process.release()
