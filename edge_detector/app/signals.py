"""The signals that ask the program to end: from the terminal, from the system, and from a terminal that has gone."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

#: What a shell makes of a program that a signal ended.
_STATUS_BASE = 128


def stop_on_signals() -> asyncio.Event:
    """Is set as soon as somebody asks the program to end; belongs to the running loop."""
    import asyncio  # noqa: PLC0415 - most commands need no loop, and `--help` shall be quick

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, *_from_outside()):
        loop.add_signal_handler(number, stop.set)
    return stop


def exit_on_signals() -> None:
    """Let a command that is told to end put away what it has begun, as after Ctrl-C; main thread only."""
    for number in _from_outside():
        signal.signal(number, lambda given, _: sys.exit(_STATUS_BASE + given))


def _from_outside() -> Iterator[signal.Signals]:
    yield signal.SIGTERM
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` wants the program to go on
        yield signal.SIGHUP
