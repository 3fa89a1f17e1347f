"""Nodes that the broker keeps an announcement of: for somebody who adds one by hand."""

import asyncio
from contextlib import suppress
from typing import Final

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback

from .fields import SLUG, Refusal
from .models import Announce, parse_announce, raw

#: The MQTT integration waits a moment before it subscribes, and a broker far away before it answers.
SUBSCRIBED_S: Final = 10.0
#: What the broker keeps comes right after its answer.
LISTEN_S: Final = 1.0


async def async_heard(hass: HomeAssistant, base_topic: str, node: str = "+") -> dict[str, Announce | Refusal]:
    """What is announced below a base topic, by node; returns early once the one node that is asked for was heard."""
    heard: dict[str, Announce | Refusal] = {}
    subscribed, enough = asyncio.Event(), asyncio.Event()

    @callback
    def on_announce(message: mqtt.ReceiveMessage) -> None:
        name = message.topic.rpartition("/")[2]
        if message.payload and SLUG.fullmatch(name):
            heard[name] = parse_announce(raw(message.payload), name)
            if node != "+":
                subscribed.set()
                enough.set()

    topic = f"{base_topic}/announce/{node}"
    stop = await mqtt.async_subscribe(hass, topic, on_announce, qos=1, encoding=None)
    forget = mqtt.async_on_subscribe_done(hass, topic, 1, subscribed.set)
    with suppress(TimeoutError):
        async with asyncio.timeout(SUBSCRIBED_S):
            await subscribed.wait()
        async with asyncio.timeout(LISTEN_S):
            await enough.wait()
    forget()
    stop()
    return heard
