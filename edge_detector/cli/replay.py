"""`porchlight replay`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from edge_detector.app import replay as app
from edge_detector.cli.configured import configured_for, need_source, set_up_logging
from edge_detector.config.load import command_line

#: What an event's line shows of its figures.
_SHOWN = ("count", "confidence", "duration_s", "max_people", "max_confidence", "bytes", "reason")


def replay(
    video: str, *, as_json: bool, out: Path | None, config: Path | None, detector: str | None, model: str | None
) -> None:
    """Print the events of a video and a summary; raises PorchlightError."""
    need_source(video)
    settings = configured_for(video, config, command_line(detector=detector, model=model))
    set_up_logging(settings)
    if as_json:
        _print_json(app.replay(video, settings, out=out, tell=_print_json))
        return
    summary = app.replay(video, settings, out=out, tell=lambda event: typer.echo(event_line(event)))
    console = Console()
    for table in tables(summary):
        console.print()
        console.print(table)
    typer.echo(f"\n{last_lines(summary, out)}")


def event_line(event: Mapping[str, Any]) -> str:
    """An event in one line: when, what, and its figures."""
    figures = ", ".join(f"{name} {event[name]}" for name in _SHOWN if event.get(name) is not None)
    return f"{event['t']:8.1f} s  {event['event_type']:<16} {figures}".rstrip()


def tables(summary: Mapping[str, Any]) -> tuple[Table, Table]:
    """Visits and clips for reading."""
    visits = Table("from", "to", "people", "confidence", title="Visits", title_justify="left")
    for visit in summary["visits"]:
        sure = f"{visit['max_confidence']:.2f}"
        visits.add_row(_time(visit["start_t"]), _time(visit["end_t"]), str(visit["max_people"]), sure)
    clips = Table("from", "to", "size", title="Clips", title_justify="left")
    for clip in summary["clips"]:
        clips.add_row(_time(clip["start_t"]), _time(clip["end_t"]), f"{clip['bytes'] / 1024:.0f} KiB")
    return visits, clips


def last_lines(summary: Mapping[str, Any], out: Path | None) -> str:
    """Where the clips lie, and how much was done."""
    frames, analysed, inferences = (summary[name] for name in ("frames", "analysed", "inferences"))
    by = f"{summary['detector']['backend']} ({summary['detector']['model']})"
    paths = [clip["path"] for clip in summary["clips"]] if out else ["Keep the clips with --out DIR"]
    counts = f"{frames} frames, {analysed} analysed, {inferences} inferences by {by} in {summary['wall_s']:.1f} s"
    return "\n".join([*paths, counts])


def _time(t: float) -> str:
    return f"{t:.1f} s"


def _print_json(line: Mapping[str, Any]) -> None:
    typer.echo(json.dumps(line, ensure_ascii=False))
