"""The one place that catches everything: threads that are restarted, and calls that must not end their caller."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

from edge_detector.core.errors import PorchlightError
from edge_detector.core.retry import Backoff

_LOG = logging.getLogger(__name__)

_T = TypeVar("_T")

#: A thread that does not end within this was stuck in a driver; it is a daemon and dies with the process.
STOP_TIMEOUT_S = 12.0


class Worker:
    """One supervised thread: runs `body(stop)` until it returns; a failure is logged, counted and tried again."""

    def __init__(self, name: str, body: Callable[[threading.Event], None], *, backoff: Backoff) -> None:
        """Keep the body; nothing runs before `start`."""
        self._body = body
        self._backoff = backoff
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        #: How often the body failed.
        self.failures = 0

    @property
    def name(self) -> str:
        """The thread's name."""
        return self._thread.name

    @property
    def finished(self) -> bool:
        """Has the body returned for good?"""
        return self._thread.ident is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def request_stop(self) -> None:
        """Ask the body to return; does not wait."""
        self._stop.set()

    def join(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Wait for the end; False, with a warning, when the thread is stuck."""
        if self._thread.ident is None:
            return True
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _LOG.warning("%s did not end within %.0f s", self.name, timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._body(self._stop)
            except Exception:  # noqa: BLE001 - the supervisor: whatever it is, the thread comes back
                self.failures += 1
                _LOG.exception("%s failed (%d), it is started again", self.name, self.failures)
                self._stop.wait(self._backoff.next_delay())
            else:
                return


async def guarded(name: str, call: Awaitable[object]) -> bool:
    """Await one step of a stage on the loop; a failure is logged, gives False, and the stage goes on with the next."""
    try:
        await call
    except PorchlightError as error:
        _LOG.error("%s: %s", name, error)
    except Exception:  # noqa: BLE001 - the supervisor of the loop: one bad step must not stop what follows
        _LOG.exception("%s failed", name)
    else:
        return True
    return False


async def apart(name: str, call: Callable[[], _T]) -> _T:
    """What a call returns or raises, in a thread of its own: one that hangs dies with the process."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001 - it is raised where the call is awaited
            future.set_exception(error)

    future.set_running_or_notify_cancel()
    threading.Thread(target=run, name=name, daemon=True).start()
    return await asyncio.wrap_future(future)
