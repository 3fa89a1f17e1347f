"""The configuration as a command of this process sees it, and the log that it asks for."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from edge_detector.cli.options import FILE_NAME
from edge_detector.config import Config
from edge_detector.config.describe import Where
from edge_detector.config.layers import Layer, given
from edge_detector.config.load import command_line, load
from edge_detector.config.redact import Redactor
from edge_detector.core.errors import SourceError

#: Where a configuration is looked for when none is named; the first one found is taken.
FOLDERS = (Path(), Path("/config"), Path("/etc/porchlight"))
#: What the Supervisor of Home Assistant writes for an add-on.
OPTIONS_FILE = Path("/data/options.json")

#: Where boto3 looks for a key.
_KEY_OF_ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")

_LOG = logging.getLogger(__name__)
_LINE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def configured(file: Path | None, *, detector: str | None = None, model: str | None = None) -> Config:
    """The configuration of the named file, else of the usual places; raises ConfigError."""
    found = found_file(file)
    options = OPTIONS_FILE if OPTIONS_FILE.is_file() else None
    over = command_line(detector=detector, model=model)
    return load(found, variables=os.environ, options=options, base=_of_supervisor(found, options), over=over)


def found_file(named: Path | None) -> Path | None:
    """The configuration's file: the named one, else that of the first of the usual places, else none."""
    return named or next((path for folder in FOLDERS if (path := folder / FILE_NAME).is_file()), None)


def _of_supervisor(file: Path | None, options: Path | None) -> Layer | None:
    """What Home Assistant's Supervisor adds; None outside of an add-on."""
    if "SUPERVISOR_TOKEN" not in os.environ:
        return None
    from edge_detector.app import addon  # noqa: PLC0415 - nobody else needs it

    asked = addon.supervisor(os.environ)
    return None if asked is None else addon.base_layer(asked, file=file, options=options, variables=os.environ)


def configured_for(source: str, file: Path | None, over: Layer, base: Mapping[Where, object] | None = None) -> Config:
    """What file, options of the command and environment say; without a file, a camera `door` at `source`."""
    layer = given({("cameras", "door", "source"): source, **(base or {})})
    return load(file, variables=os.environ, base=None if file else layer, over=over)


def need_source(source: str) -> None:
    """Raise SourceError for a path that leads nowhere: there is nothing to wait for."""
    path = source.partition("?")[0] if source.startswith("/dev/") else source
    if "://" not in source and not Path(path).exists():
        raise SourceError(f"The source {source} does not exist: check the path")


def set_up_logging(config: Config, handler: logging.Handler | None = None, *, terse: bool = False) -> None:
    """Log at the configured level, to standard error unless told otherwise, without secrets.

    A second call replaces the first. `terse`: warnings alone, and of them what they say. What other packages log is
    told from warnings on.
    """
    handler = handler or logging.StreamHandler(sys.stderr)
    handler.setFormatter(RedactingFormatter(redactor(config), "%(message)s" if terse else _LINE))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("edge_detector").setLevel("WARNING" if terse else config.logging.level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda fault: _log_uncaught(fault.exc_type, fault.exc_value, fault.exc_traceback)


def redactor(config: Config) -> Redactor:
    """Takes out of a text the secrets of the configuration, and the key of the environment."""
    return Redactor(config, also=filter(None, map(os.environ.get, _KEY_OF_ENVIRONMENT)))


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """A fault of the program itself: its traceback goes through the log, which holds no secret."""
    _LOG.critical("Unexpected fault, please report it", exc_info=(kind, error or kind(), trace))


class RedactingFormatter(logging.Formatter):
    """A line of the log, traceback and all, without a secret."""

    def __init__(self, redactor: Redactor, line: str) -> None:
        super().__init__(line)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The finished line, redacted."""
        return self._redactor(super().format(record))
