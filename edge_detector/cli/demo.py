"""`porchlight demo`."""

from __future__ import annotations

import asyncio
import logging
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from edge_detector.app.broker import HOST
from edge_detector.app.demo import SCENE, Beside, DemoOptions, Show, alone, demo_config, demo_detector, run_demo
from edge_detector.app.demo_state import DemoState
from edge_detector.cli.configured import need_source, set_up_logging
from edge_detector.cli.progress import fetching
from edge_detector.config import Config
from edge_detector.core.masking import masked_url

#: Lines of the event log that the live view shows.
_LOG_LINES = 8
_LABEL_COLUMNS = 12
#: Rows that say nothing at the beginning.
_FIGURES = {"People", "Visits", "Clips", "Queue"}


def demo(source: str | None, *, out: Path, seconds: float | None, detector: str | None, model: str | None) -> None:
    """Run the demo and say what was seen; raises PorchlightError when it cannot start."""
    run(DemoOptions(out=out.absolute(), source=source or SCENE, seconds=seconds, detector=detector, model=model))


def run(options: DemoOptions, beside: Beside = alone) -> None:
    """The same with more options, and with something beside it."""
    need_source(options.source)
    config = demo_config(options)
    set_up_logging(config, terse=True)
    with fetching("model yolov5n") as progress:
        built, fallback = demo_detector(config, chosen=bool(options.detector or options.model), progress=progress)
    if fallback:
        typer.echo(fallback, err=True)
    with _view(config) as show:
        state = asyncio.run(run_demo(options, config, built, show, beside))
    typer.echo("\n".join(summary(state, options.out)))


@contextmanager
def _view(config: Config) -> Iterator[Show]:
    """A live view on a terminal, else a line for each event."""
    console = Console()
    if not console.is_terminal:
        yield Lines(typer.echo)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        messages = Messages()
        set_up_logging(config, messages, terse=True)

        def show(state: DemoState) -> None:
            messages.move_to(state)
            live.update(screen(state, time.monotonic()), refresh=True)

        try:
            yield show
        finally:
            set_up_logging(config, terse=True)


class Messages(logging.Handler):
    """Keeps log lines of any thread until the view takes them, so that they do not run through its picture."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self._lines.append(self.format(record).partition("\n")[0])

    def move_to(self, state: DemoState) -> None:
        """Hand over what was kept."""
        while self._lines:
            state.note(self._lines.pop(0))


class Lines:
    """Plain lines: the head once, then each event as it comes."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._told = -1

    def __call__(self, state: DemoState) -> None:
        """Write what is new."""
        if self._told < 0:
            self._told = 0
            for name, value in rows(state, time.monotonic()):
                if name not in _FIGURES:
                    self._write(f"{name + ':':<{_LABEL_COLUMNS}} {value}")
        new = state.logged - self._told
        self._told = state.logged
        for t, text in list(state.log)[-new:] if new else []:
            self._write(f"{t:6.1f} s  {text}")


def screen(state: DemoState, now: float) -> Panel:
    """The live view."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", width=_LABEL_COLUMNS)
    grid.add_column(overflow="fold")
    for name, value in rows(state, now):
        grid.add_row(name, Text(value, style="green" if name == "People" and state.people else ""))
    lines = [
        Text(f"{t:6.1f} s  {text}", overflow="ellipsis", no_wrap=True) for t, text in list(state.log)[-_LOG_LINES:]
    ]
    blank = [Text() for _ in range(_LOG_LINES - len(lines))]
    return Panel(Group(grid, Text(), *lines, *blank), title="Porchlight demo", subtitle=_subtitle(state, now))


def rows(state: DemoState, now: float) -> Iterator[tuple[str, str]]:
    """Names and values of what the demo shows."""
    yield "Camera", f"{state.camera}, {masked_url(state.source)}, {state.stream}"
    sure = f", confidence {state.confidence:.2f}" if state.people else ""
    yield "People", f"{state.people}{sure}"
    detector = state.detector
    speed = f", {state.inference_ms:.0f} ms a look, {state.fps:g} frames a second" if state.inference_ms else ""
    yield "Detector", f"{detector.model} by {detector.backend}{speed}"
    going_on = "" if state.visit_t is None else f", and one for {now - state.visit_t:.0f} s now"
    yield "Visits", f"{len(state.visits)}{going_on}"
    yield "Clips", f"{len(state.clips)} in the archive"
    yield "Queue", f"{state.waiting} waiting for the archive"
    if state.broker is None:
        yield "Broker", "none"
    else:
        yield "Broker", f"{state.broker.name} at {HOST}:{state.broker.port}"
        yield "Listen in", listen(state.broker.port)
    yield from state.more.items()


def listen(port: int | str) -> str:
    """How to see the messages."""
    return f"mosquitto_sub -h {HOST} -p {port} -v -t 'porchlight/+/+/event' -t 'porchlight/+/+/state'"


def summary(state: DemoState, out: Path) -> Iterator[str]:
    """What was seen, where the clips lie, and how to look at them."""
    yield ""
    if not state.visits:
        yield "Nobody was seen."
    else:
        visits = "1 visit" if len(state.visits) == 1 else f"{len(state.visits)} visits"
        people = max(visit.max_people for visit in state.visits)
        sure = max(visit.max_confidence for visit in state.visits)
        yield f"Seen: {visits}, at most {people} at a time, confidence up to {sure:.2f}."
    if state.clips:
        yield "Clips, recorded as the camera sent them:"
        yield from (f"  {_short(clip.path)}  ({clip.duration_s:.1f} s)" for clip in state.clips)
        yield f"Look at one:   ffplay {shlex.quote(str(_short(state.clips[0].path)))}   or open it in a browser"
    yield f"All of it:     {out}"
    yield "Listen in:     porchlight demo --forever, and the line with mosquitto_sub that it shows"


def _short(path: Path) -> Path:
    """The path from here, where that leads down."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _subtitle(state: DemoState, now: float) -> str:
    if state.ending:
        return "ending"
    left_s = state.left_s(now)
    if state.seconds is None:
        return "Ctrl-C ends it"
    return f"ends in {left_s:.0f} s, Ctrl-C ends it now" if left_s else "ends when the last visit is in the archive"
