"""What the broker keeps for us, kept here too: told when it changes, and anew whenever somebody may have missed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edge_detector.core.facts import Fact, FileStored, Health, SettingsChanged, SnapshotReady
from edge_detector.core.status import CameraStatus, fold, initial
from edge_detector.mqtt import messages
from edge_detector.mqtt.messages import Body, CameraInfo, NodeInfo, to_json
from edge_detector.mqtt.timing import Throttle
from edge_detector.mqtt.topics import HEALTH, IMAGE, LAST_CLIP, SETTINGS, STATE, Message, TopicKind, Topics

#: A picture a second is plenty for a dashboard, and 100 kB a second for a small broker.
IMAGE_INTERVAL_S = 1.0
#: Confidence, counts and speed may change with every frame, and every state is a row in somebody's database.
STATE_INTERVAL_S = 0.5


class Retained:
    """Turns facts into the retained messages of a node; on the loop only."""

    def __init__(
        self,
        *,
        topics: Topics,
        info: NodeInfo,
        utc: float,
        send: Callable[[Message], object],
    ) -> None:
        """Until facts come, nobody is anywhere."""
        self._topics = topics
        self._send = send
        self._messages: dict[str, Message] = {}
        self._cameras = {camera.id: _Camera(camera, utc=utc, tell=self._tell) for camera in info.cameras}

    def remember(self, fact: Fact) -> None:
        """Take in a fact, and tell what it changes."""
        if isinstance(fact, Health):
            self._tell(HEALTH, to_json(messages.health(fact)))
        elif camera := self._cameras.get(getattr(fact, "camera", "")):
            camera.remember(fact)

    def tell_all(self) -> None:
        """Tell everything anew."""
        for message in self._messages.values():
            self._send(message)

    def stop(self) -> None:
        """Forget what was to be told later."""
        for camera in self._cameras.values():
            camera.stop()

    def _tell(self, kind: TopicKind, payload: bytes | str, camera: str = "") -> None:
        message = self._topics.message(kind, payload, camera)
        self._messages[message.topic] = message
        self._send(message)


class _Camera:
    """One camera's retained messages, each no more often than it should be."""

    def __init__(
        self,
        info: CameraInfo,
        *,
        utc: float,
        tell: Callable[[TopicKind, bytes | str, str], None],
    ) -> None:
        self._id = info.id
        self._tell = tell
        zones, lines = [zone for zone, _ in info.zones], [line for line, _ in info.lines]
        self._status = initial(info.id, zones=zones, lines=lines, utc=utc)
        self._states = Throttle(self._tell_state, STATE_INTERVAL_S)
        self._images = Throttle(self._tell_image, IMAGE_INTERVAL_S)
        self._visit_of_image = ""
        self._tell_state(self._status)

    def remember(self, fact: Fact) -> None:
        status = fold(self._status, fact)
        if status is not self._status:
            urgent = _essence(status) != _essence(self._status)
            self._status = status
            self._states.offer(status, urgent=urgent)
        if isinstance(fact, SnapshotReady):
            self._images.offer(fact, urgent=fact.visit_id != self._visit_of_image)
        elif isinstance(fact, SettingsChanged):
            self._tell_json(SETTINGS, messages.settings(fact.settings))
        elif isinstance(fact, FileStored) and (clip := messages.last_clip(fact)):
            self._tell_json(LAST_CLIP, clip)

    def stop(self) -> None:
        self._states.cancel()
        self._images.cancel()

    def _tell_state(self, status: CameraStatus) -> None:
        self._tell_json(STATE, messages.state(status))

    def _tell_image(self, snapshot: SnapshotReady) -> None:
        self._visit_of_image = snapshot.visit_id
        self._tell(IMAGE, snapshot.jpeg, self._id)

    def _tell_json(self, kind: TopicKind, body: Body) -> None:
        self._tell(kind, to_json(body), self._id)


def _essence(status: CameraStatus) -> CameraStatus:
    """What nobody should wait for: whether somebody is there, and who went which way."""
    return replace(status, count=0, confidence=0.0, zones=(), fps=0.0, inference_ms=0.0, since_utc=None, utc=0.0)
