"""When a message goes out."""

from __future__ import annotations

import asyncio

from edge_detector.mqtt.timing import PictureFirst, Throttle


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


async def test_an_event_waits_for_its_picture() -> None:
    pictures = PictureFirst(3600.0)
    pictures.expect("event", "visit")
    waiting = asyncio.create_task(pictures.wait("event"))
    await asyncio.sleep(0)
    assert not waiting.done()
    pictures.pictured("another")
    pictures.pictured("visit")
    await waiting
    pictures.pictured("visit")  # a better one, later
    await pictures.wait("event")  # sent again after an outage


async def test_a_picture_that_came_first_holds_nothing_up() -> None:
    pictures = PictureFirst(3600.0)
    pictures.expect("event", "visit")
    pictures.pictured("visit")
    await pictures.wait("event")
    await pictures.wait("nobody expects this one")


async def test_an_event_goes_without_its_picture_in_the_end() -> None:
    pictures = PictureFirst(0.02)
    pictures.expect("event", "visit")
    await pictures.wait("event")
