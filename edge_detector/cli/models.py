"""`porchlight models`."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from edge_detector.app import models, parts
from edge_detector.cli.configured import configured_for
from edge_detector.cli.progress import fetching
from edge_detector.config.load import command_line

_STATES = {None: "not here", True: "here", False: "damaged: fetch it again"}


def list_models(file: Path | None) -> None:
    """Print every known model and whether its file is here."""
    table = Table("name", "state", "licence", "what for")
    for state in models.listing(_data_dir(file)):
        table.add_row(state.model.file, _STATES[state.verified], state.model.licence, state.model.about)
    Console().print(table)
    typer.echo(f"Folder: {_data_dir(file) / models.FOLDER}")


def fetch_model(name: str, file: Path | None) -> None:
    """Fetch a model and print where it lies; raises ModelError."""
    with fetching(name) as progress:
        path = models.fetch(name, _data_dir(file), progress)
    typer.echo(str(path))


def export_model(name: str, out: Path | None, file: Path | None) -> None:
    """Export a checkpoint and print where the file lies; raises DetectorError."""
    with fetching(name) as progress:
        path = models.export(name, out, _data_dir(file), progress)
    typer.echo(str(path))


def _data_dir(file: Path | None) -> Path:
    return parts.data_dir(configured_for("scene://door", file, command_line()))
