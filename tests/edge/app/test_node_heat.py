"""A node on a board that becomes hot: all cameras are looked at less, and everybody is told once."""

import asyncio
import logging
from pathlib import Path

import pytest

from edge_detector.app import node as node_module
from edge_detector.core.facts import Fact, Health
from edge_detector.core.schedule import Board
from edge_detector.testing import FakeDetector
from tests.edge.app.test_web import config, nobody


async def test_a_hot_board_is_told_and_spared_until_it_is_cool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    board = [Board(temperature_c=60.0)]
    monkeypatch.setattr(node_module, "read_board", lambda: board[0])
    monkeypatch.setattr(node_module, "BOARD_INTERVAL_S", 0.05)
    told: list[str | None] = []
    changed = asyncio.Event()

    async def watch(fact: Fact) -> None:
        if isinstance(fact, Health):
            told.append(fact.throttled)
            changed.set()

    async def next_health() -> str | None:
        changed.clear()
        async with asyncio.timeout(60):
            await changed.wait()
        return told[-1]

    settings = config(tmp_path, detection={"fps": 10}, web={"enabled": False})
    node = node_module.Node(settings, detector=FakeDetector(nobody), watch=watch)
    await node.start()
    try:
        assert await next_health() is None
        board[0] = Board(temperature_c=85.0)
        assert await next_health() == "the board is hot"
        assert node._cameras["door"]._rate.fps == pytest.approx(6.0)
        board[0] = Board(temperature_c=60.0)
        assert await next_health() is None
        assert node._cameras["door"]._rate.fps == pytest.approx(10.0)
    finally:
        await node.stop()
    said = [(record.levelname, record.message) for record in caplog.records if "analysed" in record.message]
    assert said == [
        ("WARNING", "Less is analysed: the board is hot"),
        ("INFO", "The board is well again: as much is analysed as before"),
    ]
