"""Nodes that the broker keeps an announcement of: for somebody who adds one by hand."""

import asyncio
from contextlib import suppress
from typing import Final

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback

from .fields import SLUG, Refusal
from .models import Announce, parse_announce, raw

#: The broker sends what it keeps at once; the MQTT integration waits half a second before it subscribes.
LISTEN_S: Final = 2.0


async def async_heard(hass: HomeAssistant, base_topic: str, node: str = "+") -> dict[str, Announce | Refusal]:
    """What is announced below a base topic, by node; returns early once the one node that is asked for was heard."""
    heard: dict[str, Announce | Refusal] = {}
    enough = asyncio.Event()

    @callback
    def on_announce(message: mqtt.ReceiveMessage) -> None:
        name = message.topic.rpartition("/")[2]
        if message.payload and SLUG.fullmatch(name):
            heard[name] = parse_announce(raw(message.payload), name)
            if node != "+":
                enough.set()

    stop = await mqtt.async_subscribe(hass, f"{base_topic}/announce/{node}", on_announce, qos=1, encoding=None)
    with suppress(TimeoutError):
        async with asyncio.timeout(LISTEN_S):
            await enough.wait()
    stop()
    return heard
