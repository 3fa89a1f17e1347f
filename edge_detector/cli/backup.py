"""`porchlight backup` and `porchlight restore`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer

from edge_detector.app import backup as app
from edge_detector.cli.configured import configured, found_file
from edge_detector.cli.options import FILE_NAME


def backup(target: Path, config: Path | None) -> None:
    """Write a backup and say where; raises PorchlightError."""
    app.back_up(configured(config), found_file(config), target)
    typer.echo(f"{target} holds the configuration, the history and the token: keep it as safe as a password")


def restore(source: Path, config: Path | None, *, replace: bool) -> None:
    """Put a backup in place and say what came from when; raises PorchlightError."""
    done = app.restore(source, config or Path(FILE_NAME), replace=replace)
    made = datetime.fromtimestamp(done.made_utc, UTC).strftime("%Y-%m-%d %H:%M UTC")
    typer.echo(f"Restored from {made}, Porchlight {done.version}:")
    for path in done.files:
        typer.echo(f"  {path}")
