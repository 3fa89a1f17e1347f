"""The commands and their options. What a command does is imported when it runs, so that `--help` is quick."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from edge_detector import __version__
from edge_detector.cli.bucket_commands import iam_policy, setup_bucket
from edge_detector.cli.options import ConfigFile, Detector, Model
from edge_detector.cli.outbox_commands import outbox_app
from edge_detector.cli.setup_command import setup

app = typer.Typer(
    name="porchlight",
    help="Watch a door: people, snapshots and clips for Home Assistant and your own archive.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(
    help="List, fetch, export, tune and measure models.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(models_app, name="models")
app.add_typer(outbox_app, name="outbox")

#: How a day is written.
DAYS = ["%Y-%m-%d"]


def _version(value: bool) -> None:  # noqa: FBT001 - typer hands the option's value
    if value:
        typer.echo(f"porchlight {__version__}")
        raise typer.Exit


@app.callback()
def _porchlight(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Options before any command."""


app.command()(setup)


@app.command()
def run(config: ConfigFile = None, detector: Detector = None, model: Model = None) -> None:
    """Watch the configured cameras until Ctrl-C."""
    from edge_detector.cli.run import run as command  # noqa: PLC0415 - loads the whole program

    command(config, detector=detector, model=model)


@app.command()
def demo(
    *,
    source: Annotated[
        str | None, typer.Option("--source", metavar="URL|FILE", help="What is watched; else a generated scene.")
    ] = None,
    forever: Annotated[bool, typer.Option("--forever", help="Go on until Ctrl-C.")] = False,
    seconds: Annotated[float, typer.Option("--seconds", metavar="N", min=1, help="How long it goes on.")] = 60.0,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where clips and pictures stay.", file_okay=False)
    ] = Path("porchlight-demo"),
    detector: Detector = None,
    model: Model = None,
) -> None:
    """Show all of it at work, with nothing to configure."""
    from edge_detector.cli.demo import demo as command  # noqa: PLC0415 - loads the whole program

    command(source, out=out, seconds=None if forever else seconds, detector=detector, model=model)


@app.command()
def replay(  # noqa: PLR0913 - the options, by name
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="A video file.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line an event, then one summary line.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep clips, pictures and documents here.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="A configuration; its first camera shows the video.")
    ] = None,
    reference: Annotated[
        Path | None,
        typer.Option("--reference", metavar="FILE", help="Look at every picture, and write who is there."),
    ] = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", metavar="FILE", help="Score the replay against such a reference.")
    ] = None,
    detector: Detector = None,
    model: Model = None,
) -> None:
    """Run a recorded video through the pipeline."""
    from edge_detector.cli.replay import replay as command  # noqa: PLC0415 - loads the whole program

    command(
        video,
        as_json=as_json,
        out=out,
        config=config,
        detector=detector,
        model=model,
        reference=reference,
        compare=compare,
    )


@app.command("check-config")
def check_config(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The configuration to check.")],
) -> None:
    """Print a configuration as it would hold, or its faults."""
    from edge_detector.cli.check import check_config as command  # noqa: PLC0415 - loads pydantic

    command(file)


@app.command()
def doctor(
    *,
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object in place of the table.")] = False,
) -> None:
    """Try camera, model, archive, broker and disk."""
    from edge_detector.cli.doctor import doctor as command  # noqa: PLC0415 - loads the whole program

    command(config, as_json=as_json)


@app.command()
def query(  # noqa: PLR0913 - the options, by name
    sql: Annotated[str, typer.Argument(metavar="SQL", help="Such as 'SELECT * FROM visits'.")],
    *,
    config: ConfigFile = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", metavar="DIR", help="A folder with an archive, in place of the configured one."),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", metavar="NAME", help="An AWS profile that may read the bucket, unlike the edge's key."
        ),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--from", metavar="DATE", formats=DAYS, help="Visits from this day on, UTC.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", metavar="DATE", formats=DAYS, help="Visits up to this day, UTC.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a row.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values, names first.")] = False,
) -> None:
    """Ask the archive: its visits as a table of SQL."""
    from edge_detector.cli.query import query_archive as command  # noqa: PLC0415 - loads the whole program

    if as_json and as_csv:
        raise typer.BadParameter("--json or --csv, not both")
    days = [day.date() if day else None for day in (since, until)]
    form: Literal["table", "json", "csv"] = "json" if as_json else "csv" if as_csv else "table"
    command(sql, config, folder=archive, profile=profile, since=days[0], until=days[1], form=form)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write, such as porch.tar.gz.")],
    config: ConfigFile = None,
) -> None:
    """Back up configuration, history and token, also while the edge runs."""
    from edge_detector.cli.backup import backup as command  # noqa: PLC0415 - loads the whole program

    command(target, config)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="What `porchlight backup` wrote.")],
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Where the configuration goes; else porchlight.yaml here."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Set aside what is there already.")] = False,
) -> None:
    """Put a backup in place, while the edge does not run."""
    from edge_detector.cli.backup import restore as command  # noqa: PLC0415 - loads the whole program

    command(source, config, replace=replace)


app.command("iam-policy")(iam_policy)
app.command("setup-bucket")(setup_bucket)


@models_app.command("list")
def list_models(config: ConfigFile = None) -> None:
    """List the models known by name, and which of them are here."""
    from edge_detector.cli.models import list_models as command  # noqa: PLC0415 - loads pydantic

    command(config)


@models_app.command("fetch")
def fetch_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that `models list` shows.")],
    config: ConfigFile = None,
) -> None:
    """Fetch a model from its publisher into the data folder and verify it."""
    from edge_detector.cli.models import fetch_model as command  # noqa: PLC0415 - loads pydantic

    command(name, config)


@models_app.command("export")
def export_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A checkpoint's path or known name.")] = "yolov5n",
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The ONNX file; else named as the checkpoint, here."),
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Export a YOLOv5 checkpoint (.pt) to ONNX; needs the extra `yolov5`."""
    from edge_detector.cli.models import export_model as command  # noqa: PLC0415 - loads torch

    command(model, out, config)


@models_app.command("tune")
def tune_model(
    *,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="URL|FILE", help="A camera or a video of yours; else generated scenes alone."),
    ] = None,
    pictures: Annotated[
        int, typer.Option("--pictures", metavar="N", min=8, max=1000, help="So many of it, a second apart, at most.")
    ] = 64,
    config: ConfigFile = None,
) -> None:
    """Make 8-bit weights from pictures, and keep them if they find what the 32-bit ones find."""
    from edge_detector.cli.models import tune_model as command  # noqa: PLC0415 - loads OpenCV

    command(source, pictures, config)


@models_app.command("bench")
def bench_models(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object in place of the table.")] = False,
    config: ConfigFile = None,
) -> None:
    """Measure every way to run the model here; `run` takes the fastest that agrees from its next start on."""
    from edge_detector.cli.models import bench_models as command  # noqa: PLC0415 - loads OpenCV

    command(config, as_json=as_json)
