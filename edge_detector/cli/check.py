"""`porchlight check-config`."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from edge_detector.config.load import load
from edge_detector.config.redact import shown


def check_config(file: Path) -> None:
    """Print the effective configuration of a file and the environment; raises ConfigError with every fault."""
    typer.echo(shown(load(file, variables=os.environ)), nl=False)
