"""What the broker keeps of MQTT discovery: published while it is wanted, else taken away, and only what is there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from edge_detector.mqtt.discovery import Discovery
from edge_detector.mqtt.messages import NodeInfo
from edge_detector.mqtt.topics import Message


class Shown:
    """The discovery messages of one node; on the loop only.

    Home Assistant warns of a removal that removes nothing. So what is emptied is what the broker keeps: what it answers
    when it is asked, and what was published since.
    """

    def __init__(self, discovery: Discovery, send: Callable[[Message], object]) -> None:
        """Nothing is published before it is asked for."""
        self._discovery = discovery
        self._send = send
        self._topics = frozenset(message.topic for message in discovery.removals())
        self._kept: set[str] = set()
        #: The removals of cameras that were taken out of the configuration.
        self._gone: dict[str, Message] = {}

    def redraw(self, info: NodeInfo) -> None:
        """Zones or lines have changed; the cameras are the same."""
        self._discovery = replace(self._discovery, info=info)

    def forget(self) -> tuple[str, ...]:
        """A new connection: the topics on which the broker is to be asked what it keeps."""
        self._kept.clear()
        self._gone.clear()
        return tuple(sorted(self._topics))

    def lost(self, camera: str) -> str:
        """A camera was taken out of the configuration: the topic on which the broker is to be asked."""
        removal = self._discovery.removal(camera)
        self._gone[removal.topic] = removal
        return removal.topic

    def heard(self, topic: str, payload: bytes) -> bool:
        """The broker answers; whether that is a topic of discovery."""
        if payload and topic in self._gone:
            self._send(self._gone[topic])
        elif payload and topic in self._topics:
            self._kept.add(topic)
        return topic in self._gone or topic in self._topics

    def publish(self) -> None:
        """Show every device."""
        for message in self._discovery.messages():
            self._kept.add(message.topic)
            self._send(message)

    def take_away(self, left: Collection[str] = ()) -> None:
        """Empty what the broker keeps, and again what made the devices that are `left`, of somebody who missed it."""
        again = {message.topic for message in self._discovery.removals_of(left)}
        for message in self._discovery.removals():
            if message.topic in self._kept | again:
                self._send(message)
        self._kept.clear()
