"""`porchlight models`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from edge_detector.app import models, parts, tuning
from edge_detector.cli.configured import configured_for
from edge_detector.cli.progress import fetching, looking
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


def tune_model(source: str | None, pictures: int, file: Path | None) -> None:
    """Make 8-bit weights and say how far they agree; raises SourceError, DetectorError and ConfigError."""
    config = configured_for(source or "scene://door", file, command_line())
    with looking() as tell, fetching(config.detection.model) as progress:
        tuned = tuning.tune(source, config, most=pictures, tell=tell, progress=progress)
    typer.echo(f"{tuned.pictures} pictures to make them, as many others to compare: {tuned.agreement}")
    typer.echo("The new 8-bit weights are kept" if tuned.kept else "They lose too much and are not kept")
    if not tuned.kept:
        raise typer.Exit(1)


def bench_models(file: Path | None, *, as_json: bool) -> None:
    """Measure every engine, print a table or one JSON object; raises DetectorError and ConfigError."""
    config = configured_for("scene://door", file, command_line())
    with fetching(config.detection.model) as progress:
        measured, chosen = tuning.bench(config, progress)
    if as_json:
        rows = [{**asdict(one), "chosen": one is chosen} for one in measured]
        typer.echo(json.dumps({"side": config.detection.side, "engines": rows}))
        return
    table = Table("engine", "ms", "CPU ms", "agreement with onnx fp32", "")
    for one in measured:
        says = str(one.agreement or one.error)
        table.add_row(
            str(one.engine), f"{one.wall_ms:.1f}", f"{one.cpu_ms:.1f}", says, "taken" if one is chosen else ""
        )
    Console().print(table)


def _data_dir(file: Path | None) -> Path:
    return parts.data_dir(configured_for("scene://door", file, command_line()))
