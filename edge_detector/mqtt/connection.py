"""What the message logic and the connection to the broker know of each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from edge_detector.mqtt.topics import Message


class Listener(Protocol):
    """What a connection tells, from a thread of its own."""

    def on_connected(self) -> None:
        """The broker accepted us."""
        ...

    def on_disconnected(self, reason: str) -> None:
        """The line broke or a try to connect failed; `reason` is a sentence."""
        ...

    def on_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """A message on a topic that was subscribed to; retained: the broker had it before that."""
        ...

    def on_ack(self, mid: int) -> None:
        """The broker has the message or the subscription of this number."""
        ...


class Connection(Protocol):
    """A lasting connection to the broker: it comes back by itself, and raises nothing."""

    def start(self, listener: Listener, *, will: Message | None) -> None:
        """Connect in the background; `will` is what the broker says when we vanish."""
        ...

    def publish(self, topic: str, payload: bytes | str, *, qos: int, retain: bool) -> int | None:
        """Send at once when connected, else drop: state is sent anew on connect, events wait in the journal.

        Returns the message's number, by which its acknowledgement is known, None when it was dropped.
        """
        ...

    def subscribe(self, filters: Sequence[tuple[str, int]]) -> int | None:
        """Ask for topics, each with its quality of service; the number that `on_ack` will tell."""
        ...

    def stop(self) -> None:
        """Publish the will when connected, hang up; may take seconds."""
        ...
