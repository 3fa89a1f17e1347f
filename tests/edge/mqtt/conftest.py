"""Brokers for the MQTT tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_detector.outbox.database import Database
from tests.broker import Broker, Observer


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """A broker that lets everybody in and forgets everything when it is restarted."""
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def observer(broker: Broker) -> Iterator[Observer]:
    """Somebody who hears everything on that broker."""
    with broker.observer() as listening:
        yield listening


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """The file under a real journal."""
    made = Database(tmp_path / "porchlight.db")
    yield made
    made.close()
