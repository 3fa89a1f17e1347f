"""The command line: what is wanted goes to the app, every fault comes back as one sentence."""

from __future__ import annotations

import sys

from edge_detector.app.signals import exit_on_signals
from edge_detector.cli.commands import app
from edge_detector.core.errors import PorchlightError
from edge_detector.core.masking import redact

#: The command could not do what was asked; bad usage is 2, an interrupt 130, another signal 128 and its number.
FAILED = 1


def main() -> None:
    """Run `porchlight` with the arguments of this process; always ends by SystemExit."""
    exit_on_signals()
    try:
        app()
    except PorchlightError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'the system'}: {error.strerror or error}")


def _fail(message: str) -> None:
    sys.stderr.write(f"porchlight: {redact(message)}\n")
    sys.exit(FAILED)
