"""The command line, run in this process or in one of its own."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_detector.cli import main

#: Nobody listens there, so that nothing is fetched from the internet.
NOBODY = "http://127.0.0.1:1"
#: A visitor of the scene is at the door from about 5 to 19 s, and gone 5 s later; the machine may be busy.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    status: int
    out: str
    err: str


Porchlight = Callable[..., Ended]


@pytest.fixture(autouse=True)
def signals_as_at_a_terminal() -> Iterator[None]:
    """Programs that are started inherit what `nohup`, or a shell that works in the background, has turned off."""
    hang_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGHUP, hang_up)
    signal.signal(signal.SIGINT, interrupt)


@pytest.fixture(autouse=True)
def no_internet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Models lie in a folder of the test's own, and are fetched from nowhere; nothing of this checkout is found."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, NOBODY)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORCHLIGHT_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def log_as_before() -> Iterator[None]:
    """Take back what a command does to this process's log."""
    root, own = logging.getLogger(), logging.getLogger("edge_detector")
    runtime = logging.getLogger("edge_detector.runtime")
    handlers, level, own_level, runtime_level = root.handlers[:], root.level, own.level, runtime.level
    hooks = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = hooks
    root.handlers[:] = handlers
    root.setLevel(level)
    own.setLevel(own_level)
    runtime.setLevel(runtime_level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def porchlight(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, log_as_before: None) -> Porchlight:
    """Run `porchlight` with these arguments within this process."""

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["porchlight", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return Ended(status=int(end.value.code or 0), out=said.out, err=said.err)

    return run


class Running:
    """`porchlight` as a process of its own; its lines are kept as they come."""

    def __init__(self, folder: Path, *arguments: str | Path) -> None:
        """Start it."""
        self._err = folder / f"stderr-{time.monotonic_ns()}.txt"
        command = [sys.executable, "-m", "edge_detector", *map(str, arguments)]
        with self._err.open("wb") as err:
            self.process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=err,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self._changed = threading.Condition()
        self._lines: list[str] = []
        self._over = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def out(self) -> str:
        """What it has said so far."""
        return "".join(self._lines)

    @property
    def err(self) -> str:
        """What it has complained of so far."""
        return self._err.read_text(encoding="utf-8")

    def until(self, pattern: str, limit_s: float = PATIENCE_S) -> re.Match[str]:
        """Wait until it has said this."""
        with self._changed:
            self._changed.wait_for(lambda: re.search(pattern, self.out) or self._over, limit_s)
        found = re.search(pattern, self.out)
        assert found, f"{pattern!r} was not said:\n{self.out}{self.err}"
        return found

    def end(self, number: signal.Signals | None = None) -> int:
        """Wait for its end, after this signal; its status."""
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return status

    def complains(self, *words: str) -> None:
        """Wait until it has complained of all these."""
        deadline = time.monotonic() + PATIENCE_S
        while not all(word in self.err for word in words):
            assert self.process.poll() is None, self.err
            assert time.monotonic() < deadline, f"{words} were not said:\n{self.err}"
            time.sleep(0.05)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start `porchlight` as a process of its own; ended with the test at the latest."""
    started: list[Running] = []

    def begin(*arguments: str | Path) -> Running:
        started.append(Running(tmp_path, *arguments))
        return started[-1]

    yield begin
    for running in started:
        if running.process.poll() is None:  # asked first, so that it ends what it started
            running.process.terminate()
        try:
            running.end()
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.end()
        if running.process.stdout is not None:
            running.process.stdout.close()
