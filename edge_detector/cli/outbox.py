"""`porchlight outbox`."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from edge_detector.app.flush import Progress, flush
from edge_detector.app.outbox import OPEN, Outbox, Outcome, opened
from edge_detector.cli.configured import configured, redactor, set_up_logging
from edge_detector.cli.progress import delivering
from edge_detector.cli.units import size, span
from edge_detector.config.redact import Redactor
from edge_detector.core.evidence import Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.facts import Backlog
from edge_detector.core.naming import iso8601

_COLUMNS = ("visit", "camera", "kind", "state", "age", "size", "tries", "next try", "last error")


def list_files(  # noqa: PLR0913 - the options, by name
    file: Path | None,
    *,
    states: Collection[ItemState],
    cameras: Collection[str],
    kinds: Collection[ItemKind],
    everything: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Print files as a table, or as one JSON object; raises PorchlightError."""
    wanted = states or (() if everything else OPEN)
    with _desk(file) as (outbox, redact):
        items = outbox.find(states=wanted, cameras=cameras, kinds=kinds, limit=limit)
        backlog = outbox.backlog()
    now = time.time()
    if as_json:
        _print_json({"files": [facts(item, now, redact) for item in items], "backlog": _backlog(backlog, redact)})
        return
    if items:
        Console().print(_table(items, now, redact))
    typer.echo(redact(_sum(backlog)))


def show(name: str, file: Path | None, *, as_json: bool) -> None:
    """Print all that is known of a file or of a visit's files; raises PorchlightError."""
    with _desk(file) as (outbox, redact):
        items = outbox.named([name])
        visit = outbox.visit(items[0].visit_id)
    now = time.time()
    files = [facts(item, now, redact) for item in items]
    of_visit = visit_facts(visit) if visit else None
    if as_json:
        _print_json({"visit": of_visit, "files": files})
        return
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for title, values in [("visit", of_visit or {}), *((str(each["kind"]), each) for each in files)]:
        if values:
            console.print(title, style="bold")
            console.print("\n".join(f"  {key + ':':<18} {_text(value)}" for key, value in values.items()) + "\n")


def retry(names: Sequence[str], file: Path | None, *, failed: bool, everything: bool) -> None:
    """Make files due now; raises PorchlightError for a name that nobody knows."""
    if sum((bool(names), failed, everything)) != 1:
        raise typer.BadParameter("say which: NAME..., --failed or --all")
    with _desk(file) as (outbox, redact):
        states = (ItemState.FAILED,) if failed else OPEN
        items = outbox.named(names) if names else outbox.find(states=states)
        outcome = outbox.retry(items)
        running = outbox.lock.is_held()
    _tell(outcome, "due now", redact)
    if outcome.done and not running:
        typer.echo("No edge is running: the next one delivers them, or `porchlight outbox flush`")


def flush_all(file: Path | None) -> None:
    """Deliver all that waits, showing how far it is; ends with status 1 when the archive refused a file."""
    with _desk(file) as (outbox, redact):
        logging.getLogger("edge_detector.runtime").setLevel(logging.ERROR)  # the end tells the same
        with delivering() as progress:
            done = asyncio.run(flush(outbox, progress))
    for line in _ends(done):
        typer.echo(redact(line))
    if done.refused:
        raise typer.Exit(1)


def forget(names: Sequence[str], file: Path | None, *, delete: bool, yes: bool) -> None:
    """Give files up after asking; raises PorchlightError for a name that nobody knows."""
    with _desk(file) as (outbox, redact):
        items = outbox.named(names)
        if not yes:
            Console().print(_table(items, time.time(), redact))
            gone = " and delete them here" if delete else ""
            typer.confirm(f"Give {_count(items)} up{gone}, so that the archive never gets them?", abort=True)
        outcome = outbox.forget(items, delete=delete)
    _tell(outcome, "given up and deleted" if delete else "given up, still here", redact)


def facts(item: Item, now: float, redact: Redactor) -> dict[str, object]:
    """All that is known of a file, for JSON."""
    return {
        "key": item.key,
        "kind": item.kind.value,
        "state": item.state.value,
        "camera": item.camera,
        "visit_id": item.visit_id,
        "n": item.n,
        "bytes": item.bytes,
        "sha256": item.sha256,
        "content_type": item.content_type,
        "path": str(item.path),
        "here": item.path.exists(),
        "created_at": iso8601(item.created_utc),
        "age_s": round(now - item.created_utc, 1),
        "attempts": item.attempts,
        "next_try_at": iso8601(item.next_try_utc) if item.next_try_utc else None,
        "last_error": redact(item.last_error) if item.last_error else None,
        "metadata": dict(item.metadata),
    }


def visit_facts(visit: VisitRecord) -> dict[str, object]:
    """All that the journal knows of a visit, for JSON."""
    return {
        "visit_id": visit.visit_id,
        "camera": visit.camera,
        "started_at": iso8601(visit.started_utc),
        "last_seen_at": iso8601(visit.last_seen_utc),
        "ended": visit.ended,
        "max_people": visit.stats.max_people,
        "max_confidence": round(visit.stats.max_confidence, 3),
        "mean_inference_ms": round(visit.stats.mean_inference_ms, 1),
        "zones": list(visit.zones),
        "clips": visit.clips,
    }


@contextmanager
def _desk(file: Path | None) -> Iterator[tuple[Outbox, Redactor]]:
    """The outbox of the configuration, and what takes its secrets out of a text."""
    config = configured(file)
    set_up_logging(config, terse=True)
    with opened(config) as outbox:
        yield outbox, redactor(config)


def _table(items: Sequence[Item], now: float, redact: Redactor) -> Table:
    table = Table(*_COLUMNS)
    for item in items:
        number = f"-{item.n}" if item.n > 1 else ""
        waits_s = item.next_try_utc - now
        due = "" if item.state is not ItemState.SAVED else "now" if waits_s <= 0 else f"in {span(waits_s)}"
        table.add_row(
            f"{item.visit_id}{number}",
            item.camera,
            item.kind.value,
            item.state.value,
            span(now - item.created_utc),
            size(item.bytes),
            str(item.attempts),
            due,
            redact(item.last_error or ""),
        )
    return table


def _tell(outcome: Outcome, what: str, redact: Redactor) -> None:
    typer.echo(f"{_count(outcome.done)} {what}")
    for item, why in outcome.left:
        typer.echo(redact(f"{item.key} {why}"))
    if outcome.left and not outcome.done:
        raise typer.Exit(1)


def _ends(done: Progress) -> Iterator[str]:
    """What came out of a flush."""
    if not done.files:
        yield "Nothing waits"
        return
    yield f"{_files(done.done_files)} of {done.files} delivered, {size(done.done_bytes)}"
    if done.refused:
        yield f"{_files(done.refused)} refused, which will be tried again: {done.last_error}"
    if done.untried:
        yield f"{_files(done.untried)} not tried: see `porchlight outbox list`"


def _sum(backlog: Backlog) -> str:
    waits = f"{_files(backlog.pending)} wait" + ("s" if backlog.pending == 1 else "")
    oldest = f", the oldest for {span(backlog.oldest_s)}" if backlog.pending else ""
    return f"{waits}{oldest}; {backlog.failed} given up; {backlog.stored} delivered"


def _backlog(backlog: Backlog, redact: Redactor) -> dict[str, object]:
    return {
        "pending": backlog.pending,
        "oldest_s": round(backlog.oldest_s, 1),
        "failed": backlog.failed,
        "stored": backlog.stored,
        "last_error": redact(backlog.last_error) if backlog.last_error else None,
    }


def _count(items: Sequence[Item]) -> str:
    return _files(len(items))


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False))
