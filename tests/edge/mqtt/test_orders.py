"""Commands that cannot be carried out; what can is tested with the bridge."""

from __future__ import annotations

import asyncio

import pytest

from edge_detector.config.root import SETTINGS_BOUNDS
from edge_detector.core.errors import LedgerError
from edge_detector.core.types import Settings
from edge_detector.mqtt.event_queue import JournalThread
from edge_detector.mqtt.orders import INBOX_LIMIT, Orders
from edge_detector.mqtt.topics import DO, SET
from tests.edge.mqtt.edge import Controls


class FullDisk(Controls):
    """Cannot keep settings."""

    def change(self, camera: str, settings: Settings) -> None:
        del camera, settings
        raise LedgerError("the disk is full")


async def test_a_setting_that_cannot_be_kept(caplog: pytest.LogCaptureFixture) -> None:
    reasons: asyncio.Queue[str] = asyncio.Queue()

    async def reject(camera: str, reason: str) -> None:
        reasons.put_nowait(f"{camera}: {reason}")

    thread = JournalThread()
    orders = Orders(controls=FullDisk(), bounds=SETTINGS_BOUNDS, thread=thread, reject=reject)
    orders.take(SET, "door", b'{"armed": false}')
    orders.take(DO, "door", b"nonsense")  # the next one is obeyed all the same
    task = asyncio.create_task(orders.run())
    assert await reasons.get() == 'door: the message is no JSON: "nonsense"'
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    thread.stop()
    assert "A command for camera door was not kept: the disk is full" in caplog.text


async def test_too_many_commands_at_once(caplog: pytest.LogCaptureFixture) -> None:
    async def reject(camera: str, reason: str) -> None:
        raise AssertionError(camera, reason)

    thread = JournalThread()
    orders = Orders(controls=Controls(), bounds=SETTINGS_BOUNDS, thread=thread, reject=reject)
    for _ in range(INBOX_LIMIT + 1):
        orders.take(DO, "door", b'{"action": "snapshot"}')
    thread.stop()
    assert caplog.text.count("was dropped") == 1
