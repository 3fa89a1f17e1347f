"""`porchlight replay`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from edge_detector.app import compare as scorer
from edge_detector.app import replay as app
from edge_detector.cli.configured import configured_for, need_source, set_up_logging
from edge_detector.config import Config
from edge_detector.config.load import command_line

#: What an event's line shows of its figures.
_SHOWN = ("count", "confidence", "duration_s", "max_people", "max_confidence", "bytes", "reason")


def replay(  # noqa: PLR0913 - the options, by name
    video: str,
    *,
    as_json: bool,
    out: Path | None,
    config: Path | None,
    detector: str | None,
    model: str | None,
    reference: Path | None = None,
    compare: Path | None = None,
) -> None:
    """Print the events of a video and a summary; raises PorchlightError.

    With `reference` it is written instead, with `compare` the summary tells how the replay does beside it.
    """
    need_source(video)
    settings = configured_for(video, config, command_line(detector=detector, model=model))
    set_up_logging(settings)
    if reference is not None:
        count = _write_reference(video, settings, reference)
        typer.echo(f"{count} pictures were looked at; compare with: porchlight replay {video} --compare {reference}")
        return
    tell = _print_json if as_json else _print_event
    if compare is not None:
        summary = scorer.compare(video, settings, compare, out=out, tell=tell)
    else:
        summary = app.replay(video, settings, out=out, tell=tell)
    if as_json:
        _print_json(summary)
        return
    console = Console()
    for table in tables(summary):
        console.print()
        console.print(table)
    typer.echo(f"\n{last_lines(summary, out)}")


def _write_reference(video: str, settings: Config, file: Path) -> int:
    """The pictures of a video, one by one, with the seconds that are done; how many there were."""
    with Progress(TextColumn("{task.description}"), SpinnerColumn(), transient=True) as progress:
        task = progress.add_task("looking at every picture")
        return scorer.write_reference(
            video, settings, file, lambda t: progress.update(task, description=f"looking at every picture: {t:.0f} s")
        )


def _print_event(event: Mapping[str, Any]) -> None:
    typer.echo(event_line(event))


def event_line(event: Mapping[str, Any]) -> str:
    """An event in one line: when, what, and its figures."""
    figures = ", ".join(f"{name} {event[name]}" for name in _SHOWN if event.get(name) is not None)
    return f"{event['t']:8.1f} s  {event['event_type']:<16} {figures}".rstrip()


def tables(summary: Mapping[str, Any]) -> Iterator[Table]:
    """Visits, clips and the comparison, for reading."""
    visits = Table("from", "to", "people", "confidence", title="Visits", title_justify="left")
    for visit in summary["visits"]:
        sure = f"{visit['max_confidence']:.2f}"
        visits.add_row(_time(visit["start_t"]), _time(visit["end_t"]), str(visit["max_people"]), sure)
    yield visits
    clips = Table("from", "to", "size", title="Clips", title_justify="left")
    for clip in summary["clips"]:
        clips.add_row(_time(clip["start_t"]), _time(clip["end_t"]), f"{clip['bytes'] / 1024:.0f} KiB")
    yield clips
    if "compared" in summary:
        yield _compared(summary["compared"])


def _compared(found: Mapping[str, Any]) -> Table:
    table = Table("", "", title="Beside the reference", title_justify="left", show_header=False)
    table.add_row("pictures with somebody", f"{found['person_frames']} of {found['frames']}")
    table.add_row("of those, seen", f"{found['recall']:.1%}")
    table.add_row("seen rightly", f"{found['precision']:.1%}")
    table.add_row("visits found", f"{found['visit_recall']:.0%} of {found['visits']}")
    table.add_row("visits that were any", f"{found['visit_precision']:.0%}")
    table.add_row("first detection, after", ", ".join(f"{delay:.1f} s" for delay in found["delays_s"]) or "-")
    table.add_row("overlap of boxes", f"{found['overlap']:.2f}")
    for size in found["sizes"]:
        if size["people"]:
            share = f"{size['found'] / size['people']:.1%} of {size['people']}"
            table.add_row(f"boxes found, from {size['from_px']} pixels", share)
    return table


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
