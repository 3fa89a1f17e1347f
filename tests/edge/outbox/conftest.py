"""The real database, in a folder of the test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_detector.outbox.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "porchlight.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    opened = Database(path)
    yield opened
    opened.close()
