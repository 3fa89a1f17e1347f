"""The visits of an archive as a table of SQL, by DuckDB; needs the extra `query`."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from edge_detector.core.errors import PorchlightError

#: The columns of a visit document, as `visit_document` of the core writes them, in the order of `SELECT *`.
COLUMNS = {
    "visit_id": "VARCHAR",
    "started_at": "TIMESTAMP",
    "ended_at": "TIMESTAMP",
    "duration_s": "DOUBLE",
    "max_people": "INTEGER",
    "max_confidence": "DOUBLE",
    "mean_inference_ms": "DOUBLE",
    "model": "VARCHAR",
    "backend": "VARCHAR",
    "width": "INTEGER",
    "height": "INTEGER",
    "clips": "STRUCT(key VARCHAR, poster VARCHAR, started_at TIMESTAMP, duration_s DOUBLE, bytes BIGINT,"
    " sha256 VARCHAR)[]",
    "snapshot": "VARCHAR",
    "zones": "VARCHAR[]",
    "dwell_s": "MAP(VARCHAR, DOUBLE)",
    "crossings": "JSON[]",
    "pre_roll_s": "DOUBLE",
    "version": "VARCHAR",
    "schema": "INTEGER",
}
#: What the key of a document tells.
PARTITIONS = {"node": "VARCHAR", "camera": "VARCHAR", "date": "DATE"}

_FILES = "visits/node=*/camera=*/date=*/*.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query gave."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


def query(root: Path, sql: str, *, since: date | None = None, until: date | None = None) -> Answer:
    """Run SQL in which `visits` is a table of all visits below `root`, from the date `since` to `until`.

    Several statements may stand in `sql`, the last one answers. Times are UTC. Raises PorchlightError.
    """
    try:
        import duckdb  # noqa: PLC0415 - an extra, and only here
    except ImportError as error:
        raise PorchlightError(
            "This needs DuckDB, which is not installed: pip install 'porchlight-edge[query]'"
        ) from error
    try:
        with duckdb.connect() as connection:
            if not connection.extract_statements(sql):
                raise PorchlightError('The query is empty: try "SELECT * FROM visits"')
            connection.execute(_view(root, since, until))
            answer = connection.execute(sql)
            columns = tuple(column[0] for column in answer.description or ())
            return Answer(columns=columns, rows=answer.fetchall())
    except duckdb.Error as error:
        raise PorchlightError(f"The query failed: {error}") from error


def _view(root: Path, since: date | None, until: date | None) -> str:
    """The statement that makes `visits`."""
    selected = ", ".join([*PARTITIONS, *(f'"{name}"' for name in COLUMNS)])
    conditions = [f"date {sign} DATE '{day}'" for sign, day in ((">=", since), ("<=", until)) if day]
    wanted = " AND ".join(conditions or ["true"])
    return f"CREATE VIEW visits AS SELECT {selected} FROM {_source(root)} WHERE {wanted}"  # noqa: S608 - all of it is ours


def _source(root: Path) -> str:
    if next(root.glob(_FILES), None) is None:
        nothing = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in {**PARTITIONS, **COLUMNS}.items())
        return f"(SELECT {nothing} WHERE false)"
    files = _quoted(f"{glob.escape(str(root.absolute()))}/{_FILES}")
    return (
        f"read_json({files}, format = 'unstructured', columns = {_struct(COLUMNS)},"
        f" hive_partitioning = true, hive_types = {_struct(PARTITIONS)})"
    )


def _struct(types: dict[str, str]) -> str:
    return "{" + ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in types.items()) + "}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
