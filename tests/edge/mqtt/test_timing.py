"""When a message goes out."""

from __future__ import annotations

import asyncio

from edge_detector.mqtt.timing import Throttle


async def test_the_newest_value_waits_for_the_interval() -> None:
    sent: asyncio.Queue[int] = asyncio.Queue()
    throttle = Throttle(sent.put_nowait, 0.05)
    for value in range(4):
        throttle.offer(value)
    assert [await sent.get(), await sent.get()] == [0, 3]
    throttle.offer(4)
    throttle.cancel()
    throttle.cancel()  # nothing waits any more
    throttle.offer(5, urgent=True)
    assert await sent.get() == 5
    assert sent.empty()


async def test_an_urgent_value_replaces_what_waits() -> None:
    sent: list[str] = []
    throttle = Throttle(sent.append, 3600.0)
    throttle.offer("first")
    throttle.offer("waits")
    throttle.offer("urgent", urgent=True)
    assert sent == ["first", "urgent"]
