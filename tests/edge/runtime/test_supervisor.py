"""Workers: restarted when they fail, ended when asked, told of when stuck."""

import logging
import subprocess
import sys
import threading

import pytest

from edge_detector.core.retry import Backoff
from edge_detector.runtime.supervisor import Worker, apart


def at_once() -> Backoff:
    return Backoff(lambda: 0.0, first_s=0.01, cap_s=0.01)


def test_failing_body_is_logged_counted_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    runs: list[int] = []
    done = threading.Event()

    def body(_: threading.Event) -> None:
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("broken")
        done.set()

    worker = Worker("door capture", body, backoff=at_once())
    with caplog.at_level(logging.ERROR):
        worker.start()
        assert done.wait(60)
        assert worker.join()
    assert worker.failures == 2
    assert caplog.text.count("door capture failed") == 2


def test_stop_ends_the_body_and_its_pauses() -> None:
    def body(stop: threading.Event) -> None:
        stop.wait(60)
        raise ValueError("on the way out")

    worker = Worker("door record", body, backoff=Backoff(lambda: 0.0, first_s=60, cap_s=60))
    worker.start()
    worker.request_stop()
    assert worker.join(60)


def test_stuck_thread_is_told(caplog: pytest.LogCaptureFixture) -> None:
    release = threading.Event()

    def body(_: threading.Event) -> None:
        release.wait(60)

    worker = Worker("door analyse", body, backoff=at_once())
    worker.start()
    with caplog.at_level(logging.WARNING):
        assert not worker.join(0.01)
    release.set()
    assert worker.join(60)
    assert "door analyse did not end" in caplog.text


def test_worker_that_never_ran_has_nothing_to_join() -> None:
    assert Worker("idle", lambda _: None, backoff=at_once()).join(0.01)


async def test_call_apart_gives_what_it_returns_or_raises() -> None:
    assert await apart("upload", lambda: threading.current_thread().name) == "upload"
    with pytest.raises(KeyError, match="nobody"):
        await apart("upload", lambda: dict[str, str]()["nobody"])


HANGS = """
import asyncio, threading
from edge_detector.runtime.supervisor import apart

async def main():
    hung = asyncio.create_task(apart("upload", threading.Event().wait))
    await asyncio.sleep(0)
    hung.cancel()
    await asyncio.gather(hung, return_exceptions=True)

asyncio.run(main())
"""


def test_call_apart_that_hangs_does_not_keep_the_program_from_its_end() -> None:
    subprocess.run([sys.executable, "-c", HANGS], check=True, timeout=100)
