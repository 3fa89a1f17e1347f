"""A whole MQTT side of the edge on a real broker; started as a program it runs until it is killed."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_detector.config.mqtt import MqttConfig
from edge_detector.config.root import SETTINGS_BOUNDS
from edge_detector.core.facts import (
    CameraUp,
    Fact,
    SettingsChanged,
    SnapshotReady,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)
from edge_detector.core.naming import ulid
from edge_detector.core.types import Settings, VisitStats
from edge_detector.mqtt.bridge import MqttBridge
from edge_detector.mqtt.client import MqttClient
from edge_detector.mqtt.messages import CameraInfo, NodeInfo
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.ports import Journal
from edge_detector.testing import MemoryJournal
from tests.broker import Heard, Observer

INFO = NodeInfo(
    node="pi",
    name="Pi",
    version="0.1.0",
    model="Raspberry Pi 5",
    cameras=(
        CameraInfo(id="door", name="Door", width=640, height=480, zones=(("steps", "Steps"),)),
        CameraInfo(id="gate", name="Gate", width=640, height=480, lines=(("kerb", "Kerb"),)),
    ),
)
UTC = 1795246200.0

DISCOVERED = (
    "homeassistant/device/porchlight-pi/config",
    "homeassistant/device/porchlight_pi_door/config",
    "homeassistant/device/porchlight_pi_gate/config",
)


def visit_id(n: int) -> str:
    return ulid(round((UTC + n) * 1000), n)


def started(n: int, camera: str = "door") -> VisitStarted:
    return VisitStarted(
        camera=camera, visit_id=visit_id(n), t=float(n), utc=UTC + n, count=1, confidence=0.8, zones=(("steps", 1),)
    )


def updated(n: int, count: int, confidence: float = 0.8) -> VisitUpdated:
    return VisitUpdated(
        camera="door",
        visit_id=visit_id(n),
        t=n + 0.2,
        utc=UTC + n + 0.2,
        count=count,
        confidence=confidence,
        zones=(),
        stats=VisitStats(max_people=count),
    )


def ended(n: int, camera: str = "door") -> VisitEnded:
    return VisitEnded(
        camera=camera,
        visit_id=visit_id(n),
        t=n + 5.0,
        utc=UTC + n + 5,
        duration_s=5.0,
        stats=VisitStats(max_confidence=0.9),
        clips=1,
    )


def snapshot(n: int, jpeg: bytes) -> SnapshotReady:
    return SnapshotReady(
        camera="door", visit_id=visit_id(n), t=float(n), utc=UTC + n, jpeg=jpeg, count=1, confidence=0.8
    )


def up(camera: str = "door") -> CameraUp:
    return CameraUp(camera=camera, t=0.0, utc=UTC, width=640, height=480)


class WallClock:
    """The host's own time."""

    def now(self) -> float:
        return time.monotonic()

    def utc(self, t: float) -> float:
        return time.time() - time.monotonic() + t


class Controls:
    """Does at once what it is told, and remembers it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.now = {camera.id: Settings() for camera in INFO.cameras}
        self.changed: Callable[[Fact], None] = lambda _fact: None

    def settings(self, camera: str) -> Settings:
        return self.now[camera]

    def change(self, camera: str, settings: Settings) -> None:
        self.now[camera] = settings
        self.told.append((camera, settings))
        self.changed(SettingsChanged(camera=camera, t=0.0, settings=settings))

    def take_snapshot(self, camera: str) -> None:
        self.told.append((camera, "snapshot"))

    def test_clip(self, camera: str) -> None:
        self.told.append((camera, "test_clip"))

    def set_occupancy(self, camera: str, count: int) -> None:
        self.told.append((camera, count))


class Edge:
    """Client, bridge, journal and controls, wired as the application does it; an async context manager."""

    def __init__(
        self,
        port: int,
        *,
        journal: Journal | None = None,
        info: NodeInfo = INFO,
        claim_grace_s: float = 0.2,
        claimed_grace_s: float = 0.4,
        **config: Any,  # noqa: ANN401 - any setting
    ) -> None:
        self.config = MqttConfig(port=port, **config)
        self.controls = Controls()
        self.journal = journal or MemoryJournal()
        self.client = MqttClient(
            self.config, client_id=f"porchlight-{info.node}", reconnect_min_s=0.05, reconnect_max_s=0.2
        )
        self.bridge = MqttBridge(
            connection=self.client,
            journal=self.journal,
            controls=self.controls,
            clock=WallClock(),
            config=self.config,
            info=info,
            bounds=SETTINGS_BOUNDS,
            claim_grace_s=claim_grace_s,
            claimed_grace_s=claimed_grace_s,
            birth_spread_s=0.0,
        )
        self._loop = asyncio.get_running_loop()
        self.controls.changed = self._tell

    async def __aenter__(self) -> Self:
        await self.bridge.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.bridge.stop()

    def _tell(self, fact: Fact) -> None:
        """The application's bus: facts from any thread."""
        asyncio.run_coroutine_threadsafe(self.bridge.handle(fact), self._loop)

    async def handle(self, *facts: Fact) -> None:
        for fact in facts:
            await self.bridge.handle(fact)


async def heard(observer: Observer, condition: Callable[[list[Heard]], bool], timeout_s: float = 60.0) -> list[Heard]:
    """Wait on a thread, so that the loop goes on."""
    return await asyncio.to_thread(observer.wait, condition, timeout_s)


async def heard_on(observer: Observer, topic: str, count: int = 1, timeout_s: float = 60.0) -> list[Heard]:
    """Wait for that many messages on a topic; all of them."""
    await heard(observer, lambda told: sum(message.topic == topic for message in told) >= count, timeout_s)
    return observer.on(topic)


async def publish(observer: Observer, topic: str, payload: bytes | str, *, retain: bool = False) -> None:
    await asyncio.to_thread(observer.publish, topic, payload, retain=retain)


async def main(port: int, database: Path) -> None:
    """See somebody come, and never see them go."""
    async with Edge(port, journal=SqliteJournal(Database(database))) as edge:
        await edge.handle(up(), started(1))
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
