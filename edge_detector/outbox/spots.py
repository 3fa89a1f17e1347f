"""Where things stand that look like people, kept in the database."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict

from edge_detector.core.still import Spot
from edge_detector.core.types import Box
from edge_detector.outbox.database import Database

_LOG = logging.getLogger(__name__)


class SqliteSpots:
    """A SpotShelf in a Database; every call raises LedgerError when the disk refuses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, camera: str) -> Sequence[Spot]:
        """What was kept; nothing when this program cannot read it."""
        rows = self._database.rows("get_spots", {"camera": camera})
        try:
            kept = json.loads(rows[0]["spots"]) if rows else []
            return tuple(Spot(**{**spot, "box": Box(*spot["box"])}) for spot in kept)
        except (KeyError, TypeError, ValueError) as error:
            _LOG.warning("What was found of things that look like people before %s is lost: %s", camera, error)
            return ()

    def put(self, camera: str, spots: Sequence[Spot]) -> None:
        """Keep these, in place of those before."""
        self._database.run("put_spots", {"camera": camera, "spots": json.dumps([asdict(spot) for spot in spots])})
