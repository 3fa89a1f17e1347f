"""What the owner drew on the cameras' pictures, kept in the database."""

from __future__ import annotations

import json
import logging

from edge_detector.core.drawing import outline_of, plain
from edge_detector.core.errors import OutlineError
from edge_detector.core.outline import Outline
from edge_detector.outbox.database import Database

_LOG = logging.getLogger(__name__)


class SqliteOutlines:
    """An OutlineShelf in a Database; every call is durable when it returns, and raises LedgerError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, camera: str) -> Outline | None:
        """What was drawn; None when nothing was, or when this program cannot read it."""
        rows = self._database.rows("get_outline", {"camera": camera})
        try:
            return outline_of(json.loads(rows[0]["outline"])) if rows else None
        except (OutlineError, ValueError) as error:
            _LOG.warning("What was drawn for camera %s cannot be used, the configuration counts: %s", camera, error)
            return None

    def put(self, camera: str, outline: Outline) -> None:
        """Keep what was drawn, in place of what was before."""
        self._database.run("put_outline", {"camera": camera, "outline": json.dumps(plain(outline))})

    def drop(self, camera: str) -> None:
        """Forget what was drawn."""
        self._database.run("drop_outline", {"camera": camera})
