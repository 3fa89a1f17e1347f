"""The end of the program's log, in memory, for the page: bounded, and without secrets."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence

from edge_detector.web.sources import LogLine

LINES_LIMIT = 1000
#: One line of a fault's trace-back may be long; the log itself has all of it.
TEXT_LIMIT = 2000


class LogTail(logging.Handler):
    """Listens to the program's own loggers between `open` and `close`."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        """`redact` takes secrets out of a text."""
        super().__init__()
        self._redact = redact
        self._lines: deque[LogLine] = deque(maxlen=LINES_LIMIT)
        self._logger = logging.getLogger("edge_detector")

    def open(self) -> None:
        """Begin to listen."""
        self._logger.addHandler(self)

    def close(self) -> None:
        """Listen no more."""
        self._logger.removeHandler(self)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; called with this handler's lock held."""
        text = self._redact(self.format(record))[:TEXT_LIMIT]
        self._lines.append(LogLine(utc=record.created, level=record.levelname.lower(), logger=record.name, text=text))

    def lines(self) -> Sequence[LogLine]:
        """The last lines, oldest first."""
        self.acquire()
        try:
            return tuple(self._lines)
        finally:
            self.release()
