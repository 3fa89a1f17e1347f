"""A node as a broker sees it: it says what the golden messages say, and whatever a test has it say besides."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tests.broker import Observer

MESSAGES = Path(__file__).resolve().parents[2] / "contract" / "messages"
NODE = "hallway_pi"
CAMERA = "front_door"
#: The smallest JPEG file that any viewer shows.
JPEG = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300" + "10" * 64 + "ffc0000b080001000101011100"
    "ffc40014000100000000000000000000000000000009ffc40014100100000000000000000000000000000000ffda0008010100003f0054dfffd9"
)


def golden(name: str) -> dict[str, Any]:
    """A golden message, to be changed at will."""
    message: dict[str, Any] = json.loads((MESSAGES / f"{name}.json").read_text())
    return copy.deepcopy(message)


class Node:
    """Publishes as the edge does."""

    def __init__(self, observer: Observer, node: str = NODE, base: str = "porchlight") -> None:
        self.observer = observer
        self.node = node
        self.base = base
        self._events = 0

    @property
    def connected(self) -> bool:
        """Whether the broker would take what it says."""
        return bool(self.observer._client.is_connected())

    def announce(self, **changes: object) -> None:
        self.say(f"{self.base}/announce/{self.node}", {**golden("announce"), "node": self.node, **changes})

    def status(self, text: str) -> None:
        self.say(f"{self.base}/{self.node}/status", text)

    def health(self, **changes: object) -> None:
        self.say(f"{self.base}/{self.node}/health", {**golden("health"), **changes})

    def state(self, camera: str = CAMERA, **changes: object) -> None:
        self.say(self.topic(camera, "state"), {**golden("state"), **changes})

    def settings(self, camera: str = CAMERA, **changes: object) -> None:
        self.say(self.topic(camera, "settings"), {**golden("settings"), **changes})

    def last_clip(self, camera: str = CAMERA, **changes: object) -> None:
        self.say(self.topic(camera, "last_clip"), {**golden("last_clip"), **changes})

    def image(self, camera: str = CAMERA, data: bytes = JPEG) -> None:
        self.say(self.topic(camera, "image"), data)

    def event(self, kind: str, camera: str = CAMERA, **changes: object) -> str:
        """An event under an id of its own, unless one is given."""
        self._events += 1
        event = {**golden(f"event_{kind}"), "id": f"01M7YG65DT00000000000{self._events:05d}", **changes}
        self.observer.publish(self.topic(camera, "event"), json.dumps(event))
        return str(event["id"])

    def tell_all(self) -> None:
        """What it says on every connect, in its order."""
        self.announce()
        self.state()
        self.state("garden", person=False, count=0, confidence=0.0, zones={}, lines={}, visit_id=None, since=None)
        for camera in (CAMERA, "garden"):
            self.settings(camera)
        self.last_clip()
        self.image()
        self.health()
        self.status("online")

    def topic(self, camera: str, leaf: str) -> str:
        return f"{self.base}/{self.node}/{camera}/{leaf}"

    def shout(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Publish without waiting for the broker; what is said afterwards arrives afterwards."""
        self.observer._client.publish(topic, payload, 0, retain)

    def say(self, topic: str, body: dict[str, Any] | bytes | str, *, retain: bool = True) -> None:
        payload = json.dumps(body) if isinstance(body, dict) else body
        self.observer.publish(topic, payload, retain=retain)
