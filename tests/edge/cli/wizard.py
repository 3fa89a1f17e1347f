"""`porchlight setup` on a terminal of its own, with nothing but this machine within its reach."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect  # type: ignore[import-untyped]  # it ships no types

from tests.broker import free_port

#: A question comes within this, on a busy machine too.
PATIENCE_S = 60.0
ENTER, DOWN, CTRL_C, CLEAR = "\r", "\x1b[B", "\x03", "\x15"
YES, NO = "y", "n"

#: Colours, movements of the cursor, and what else a terminal is told.
MOVES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")

#: The program, which asks for cameras and brokers at loopback addresses alone.
STAGE = """
import os, sys
from functools import partial
from edge_detector.app import setup_find
from edge_detector.capture import discover, onvif
onvif.network_cameras = partial(onvif.network_cameras, ("127.0.0.1", {group}), listen_s=0.5)
discover.usb_cameras = list
discover.pi_cameras = list
if {uid}: os.geteuid = lambda: {uid}
from edge_detector.cli import main, setup_places
setup_places.listening = lambda candidates=["127.0.0.1:{broker}"]: setup_find.listening(candidates)
main()
"""


class Wizard:
    """One run; what it says is kept without colours and movements of the cursor."""

    def __init__(
        self,
        folder: Path,
        *options: str | Path,
        group: int | None = None,
        broker: int | None = None,
        uid: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`group` is where cameras are probed, `broker` where one is looked for, `uid` who runs it if not root."""
        stage = STAGE.format(group=group or free_port(), broker=broker or free_port(), uid=uid)
        surroundings = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PROMPT_TOOLKIT_NO_CPR": "1",
            "PORCHLIGHT_DATA": str(folder / "data"),
            **(environment or {}),
        }
        self._process = pexpect.spawn(
            sys.executable,
            ["-c", stage, "setup", *map(str, options)],
            cwd=str(folder),
            env=surroundings,
            dimensions=(50, 160),
            encoding="utf-8",
            timeout=PATIENCE_S,
        )
        self._process.delaybeforesend = None
        #: All that was said as the terminal got it, and as plain text.
        self.raw = self.said = ""
        self._at = 0

    def __enter__(self) -> Self:
        """Nothing more."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it at the latest."""
        self._process.close(force=True)

    def sees(self, text: str) -> str:
        """Wait until this is said after all that was waited for before; what was said in between."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.said.find(text, self._at)) < 0:
            assert time.monotonic() < deadline, f"{text!r} was not said:\n{self.said[self._at :]}"
            assert self._reads(), f"{text!r} was not said before the end:\n{self.said[self._at :]}"
        before, self._at = self.said[self._at : found], found + len(text)
        return before

    def press(self, *keys: str) -> None:
        """Press keys, or type a text."""
        for key in keys:
            self._process.send(key)

    def answers(self, question: str, *keys: str) -> None:
        """Wait for a question, and press keys; a text in place of what stands there."""
        self.sees(question)
        self.press(*keys)

    def types(self, question: str, text: str) -> None:
        """Wait for a question, and answer it in place of what is proposed."""
        self.answers(question, CLEAR, text, ENTER)

    def ends(self) -> int:
        """Wait until it has ended; its status."""
        deadline = time.monotonic() + PATIENCE_S
        while self._reads():
            assert time.monotonic() < deadline, f"it goes on:\n{self.said[self._at :]}"
        self._process.close()
        status = self._process.exitstatus
        assert status is not None, f"ended by signal {self._process.signalstatus}"
        return int(status)

    def _reads(self) -> bool:
        """Take in what is said now; False at its end."""
        try:
            self.raw += self._process.read_nonblocking(65_536, timeout=1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.said = MOVES.sub("", self.raw)
        return True
