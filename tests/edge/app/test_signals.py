"""How the program is asked to end."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from edge_detector.app.signals import exit_on_signals, stop_on_signals

FROM_OUTSIDE = (signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers_as_before() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_DFL) for number in (*FROM_OUTSIDE, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, *FROM_OUTSIDE])
async def test_a_loop_is_told(number: signal.Signals) -> None:
    stop = stop_on_signals()
    assert not stop.is_set()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(60):
        await stop.wait()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_ends_like_a_program_that_the_signal_ended(number: signal.Signals, status: int) -> None:
    exit_on_signals()
    with pytest.raises(SystemExit) as end:
        signal.raise_signal(number)
    assert end.value.code == status


async def test_nohup_is_heeded() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    exit_on_signals()
    stop_on_signals()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    os.kill(os.getpid(), signal.SIGHUP)
