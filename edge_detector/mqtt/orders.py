"""Commands from the broker, carried out one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from edge_detector.core.errors import LedgerError
from edge_detector.core.types import Settings
from edge_detector.mqtt.commands import Action, Bounds, Refusal, parse_do, parse_set
from edge_detector.mqtt.event_queue import JournalThread
from edge_detector.mqtt.topics import SET, TopicKind

_LOG = logging.getLogger(__name__)

#: Refused commands that are answered in a minute; the journal is no place for somebody's endless loop.
REFUSALS_A_MINUTE = 60
SECONDS_A_MINUTE = 60.0
#: Commands that wait to be carried out; no owner sends more at once.
INBOX_LIMIT = 100


class Controls(Protocol):
    """Where commands go."""

    def settings(self, camera: str) -> Settings:
        """A camera's settings as they are now."""
        ...

    def change(self, camera: str, settings: Settings) -> None:
        """Keep and apply new settings, already checked; may wait for the disk."""
        ...

    def take_snapshot(self, camera: str) -> None:
        """Send a picture of now."""
        ...

    def test_clip(self, camera: str) -> None:
        """Record a clip of now."""
        ...

    def set_occupancy(self, camera: str, count: int) -> None:
        """So many people are inside, whatever was counted."""
        ...


class Orders:
    """Carries out what comes on the `set` and `do` topics, or answers why not; on the loop only."""

    def __init__(
        self,
        *,
        controls: Controls,
        bounds: Bounds,
        thread: JournalThread,
        reject: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """`reject` tells a camera's owner the reason of a refusal."""
        self._controls = controls
        self._bounds = bounds
        self._thread = thread
        self._reject = reject
        self._loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[tuple[TopicKind, str, bytes]] = asyncio.Queue(INBOX_LIMIT)
        self._refused: deque[float] = deque(maxlen=REFUSALS_A_MINUTE)

    def take(self, kind: TopicKind, camera: str, payload: bytes) -> None:
        """A command for a known camera; dropped when too many wait."""
        if self._inbox.full():
            _LOG.warning("A command for camera %s was dropped: %d wait already", camera, INBOX_LIMIT)
        else:
            self._inbox.put_nowait((kind, camera, payload))

    async def run(self) -> None:
        """Obey until cancelled."""
        while True:
            kind, camera, payload = await self._inbox.get()
            try:
                refusal = await (self._set(camera, payload) if kind is SET else self._do(camera, payload))
                if refusal:
                    await self._refuse(camera, refusal.reason)
            except LedgerError as error:
                _LOG.warning("A command for camera %s was not kept: %s", camera, error)

    async def _set(self, camera: str, payload: bytes) -> Refusal | None:
        wanted = parse_set(payload, current=self._controls.settings(camera), bounds=self._bounds)
        if isinstance(wanted, Refusal):
            return wanted
        await self._thread.run(self._controls.change, camera, wanted)
        return None

    async def _do(self, camera: str, payload: bytes) -> Refusal | None:
        action = parse_do(payload)
        if isinstance(action, Refusal):
            return action
        match action:
            case Action.SNAPSHOT:
                self._controls.take_snapshot(camera)
            case Action.TEST_CLIP:
                self._controls.test_clip(camera)
            case Action.RESET_OCCUPANCY:
                self._controls.set_occupancy(camera, 0)
        return None

    async def _refuse(self, camera: str, reason: str) -> None:
        now = self._loop.time()
        if len(self._refused) == REFUSALS_A_MINUTE and now - self._refused[0] < SECONDS_A_MINUTE:
            _LOG.debug("Camera %s refuses a command without an answer, there were too many: %s", camera, reason)
            return
        self._refused.append(now)
        await self._reject(camera, reason)
