"""A copy of the database while it is in use, for a backup."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from edge_detector.core.errors import LedgerError
from edge_detector.outbox.database import load_queries


def copy_database(source: Path, target: Path) -> None:
    """Copy a database whole, as of one moment; raises LedgerError.

    Without the rows of files that wait: those files are in no backup, and where they are they are adopted by their
    names.
    """
    try:
        address = f"{source.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as here, closing(sqlite3.connect(target)) as copy:
            here.backup(copy)
            copy.execute(load_queries()["drop_waiting"])
            copy.commit()
    except sqlite3.Error as error:
        raise LedgerError(f"The database {source} cannot be copied: {error}") from error
