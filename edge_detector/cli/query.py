"""`porchlight query`."""

from __future__ import annotations

import csv
import json
import math
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge_detector.app.query import Answer, ask_archive, query
from edge_detector.cli.configured import configured, set_up_logging
from edge_detector.cli.progress import reading

Form = Literal["table", "json", "csv"]


def query_archive(  # noqa: PLR0913 - the options, by name
    sql: str,
    file: Path | None,
    *,
    folder: Path | None,
    profile: str | None,
    since: date | None,
    until: date | None,
    form: Form,
) -> None:
    """Print what SQL answers; raises PorchlightError."""
    if folder is not None:
        answer = query(folder, sql, since=since, until=until)
    else:
        config = configured(file)
        set_up_logging(config, terse=True)
        with reading() as tell:
            answer = ask_archive(config, sql, profile=profile, since=since, until=until, tell=tell)
    {"table": _print_table, "json": _print_json, "csv": _print_csv}[form](answer)


def _print_table(answer: Answer) -> None:
    numbers = {index for row in answer.rows for index, value in enumerate(row) if isinstance(value, int | float)}
    table = Table()
    for index, name in enumerate(answer.columns):
        table.add_column(Text(name), justify="right" if index in numbers else "left", overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    Console().print(table)


def _print_json(answer: Answer) -> None:
    """One line a row."""
    for row in answer.rows:
        line = {name: _plain(value) for name, value in zip(answer.columns, row, strict=True)}
        typer.echo(json.dumps(line, ensure_ascii=False, allow_nan=False))


def _print_csv(answer: Answer) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerows([answer.columns, *([_cell(value) for value in row] for row in answer.rows)])


def _cell(value: object) -> str:
    """A value in one cell: text as it is, nothing as nothing, lists and structures as JSON."""
    plain = _plain(value)
    if plain is None:
        return ""
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever DuckDB gives, as JSON has it
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="milliseconds")
    return value if value is None or isinstance(value, str | int) else str(value)
