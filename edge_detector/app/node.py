"""The running edge: cameras, ledger, delivery and MQTT put together, started, watched and stopped in order."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from edge_detector import __version__
from edge_detector.app import addon, parts
from edge_detector.app.lock import FolderLock
from edge_detector.app.outbound import Outbound
from edge_detector.app.retained import last_clips
from edge_detector.app.signals import stop_on_signals
from edge_detector.app.system import HealthProbe, Stamps, SystemClock, board_model, read_board
from edge_detector.app.web import Web
from edge_detector.capture.factory import is_finite, open_source
from edge_detector.config import SETTINGS_BOUNDS, Config
from edge_detector.core.errors import PorchlightError
from edge_detector.core.facts import Fact
from edge_detector.core.schedule import Brake
from edge_detector.core.types import StreamInfo
from edge_detector.mqtt.bridge import MqttBridge
from edge_detector.mqtt.client import MqttClient
from edge_detector.mqtt.messages import CameraInfo, NodeInfo, drawn
from edge_detector.outbox.database import Database
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.outlines import SqliteOutlines
from edge_detector.outbox.spots import SqliteSpots
from edge_detector.ports import Detector
from edge_detector.recorder.writer import Mp4Writer
from edge_detector.runtime.bookkeeper import Bookkeeper, Place
from edge_detector.runtime.bus import FactBus
from edge_detector.runtime.camera import Camera, Streams
from edge_detector.runtime.capture_loop import CaptureLoop, Sinks
from edge_detector.runtime.control import Control
from edge_detector.runtime.counts import resume
from edge_detector.runtime.outlines import Outlines
from edge_detector.runtime.slot import FairSlot
from edge_detector.runtime.spots import Spots

_LOG = logging.getLogger(__name__)

HEALTH_INTERVAL_S = 30.0
#: How often is looked whether the board is hot.
BOARD_INTERVAL_S = 10.0

Watcher = Callable[[Fact], Awaitable[None]]


class Node:
    """One edge program; `start`, then `stop`, once each, on one loop."""

    def __init__(self, config: Config, *, detector: Detector, watch: Watcher | None = None) -> None:
        """`watch` sees every fact after it was kept and published."""
        self._config = config
        self._folder = parts.data_dir(config)
        self._lock = FolderLock(self._folder)
        #: What is given back at the end.
        self._held = ExitStack()
        self._detector = FairSlot(detector)
        self._watch = watch
        self._clock = SystemClock()
        self._brake = Brake()
        self._cameras: dict[str, Camera] = {}

    async def start(self) -> None:
        """Recover what a crash left, then start everything; raises PorchlightError when that cannot be.

        Refuses a data folder on which another edge runs: each would take the other's files for left behind.
        """
        await asyncio.to_thread(self._lock.take)
        self._held.callback(self._lock.release)
        try:
            await self._start()
        except PorchlightError:
            self._held.close()
            raise

    async def _start(self) -> None:
        names = [name for name, camera in self._config.cameras.items() if camera.enabled]
        self._bus = FactBus()
        self._open_outbox(names)
        self._cameras = {name: self._camera(name) for name in names}
        self._control = Control(
            cameras=self._cameras,
            defaults={name: self._config.settings(name) for name in names},
            journal=self._journal,
            clock=self._clock,
            tell=self._bus.post,
        )
        self._outlines = Outlines(
            cameras=self._cameras,
            configured={name: self._config.cameras[name].outline() for name in names},
            shelf=SqliteOutlines(self._database),
            clock=self._clock,
            tell=self._bus.post,
        )
        self._spots = Spots(cameras=self._cameras, shelf=self._shelf_of_spots, clock=self._clock)
        self._web = Web(
            self._config,
            folder=self._folder,
            cameras=self._cameras,
            database=self._database,
            control=self._control,
            outlines=self._outlines,
            spots=self._spots,
            clock=self._clock,
        )
        await self._web.start()
        self._bridge = self._make_bridge(names)
        self._bus.subscribe("start of visits", self._bookkeeper.begin)
        if self._bridge is not None:
            self._bus.subscribe("MQTT", self._bridge.handle)
        self._bus.subscribe("bookkeeper", self._bookkeeper.handle)
        self._bus.subscribe("spots", self._spots.handle)
        self._bus.subscribe("outbound", self._outbound.handle)
        self._bus.subscribe("web", self._web.handle)
        if self._watch is not None:
            self._bus.subscribe("watcher", self._watch)
        await self._recover()
        if self._bridge is not None:
            clips = last_clips(names, visits=self._journal, ledger=self._ledger, store=self._outbound.store)
            self._bridge.restore(await asyncio.to_thread(list, clips))
            await self._bridge.start()
        self._control.start()
        self._outlines.start()
        resume(self._cameras, diary=self._history, clock=self._clock, tell=self._bus.post)
        for camera in self._cameras.values():
            camera.start()
        self._outbound.start()
        self._health = asyncio.create_task(self._tell_health(), name="health")

    async def stop(self) -> None:
        """End capture, record what is under way, keep and publish it, then end."""
        await asyncio.gather(self._web.stop(), *(asyncio.to_thread(camera.stop) for camera in self._cameras.values()))
        await self._bus.settled()
        self._health.cancel()
        await self._outbound.stop()
        await asyncio.gather(self._health, return_exceptions=True)
        await self._bus.stop()
        if self._bridge is not None:
            await self._bridge.stop()
        self._held.close()

    def finished(self) -> bool:
        """Have all cameras come to the end of finite sources?"""
        return all(camera.finished() for camera in self._cameras.values())

    # --- building -----------------------------------------------------------------------------------------------------

    def _open_outbox(self, names: Sequence[str]) -> None:
        parts.own_folder(self._folder)
        self._database = Database(self._folder / parts.DATABASE_NAME)
        self._held.callback(self._database.close)
        self._ledger = SqliteLedger(self._database)
        self._journal = SqliteJournal(self._database)
        self._history = SqliteHistory(self._database)
        self._shelf_of_spots = SqliteSpots(self._database)
        for name in names:
            parts.own_folder(self._spool(name))
        places = {
            name: Place(spool=self._spool(name), origin=parts.origin(self._config, name, self._detector.info))
            for name in names
        }
        self._outbound = Outbound(
            self._config,
            folder=self._folder,
            database=self._database,
            places=places,
            clock=self._clock,
            tell=self._bus.tell,
            held=lambda: [name for name in self._cameras if not self._control.settings(name).upload],
        )
        self._bookkeeper = Bookkeeper(
            places=places,
            ledger=self._ledger,
            journal=self._journal,
            diary=self._history,
            clock=self._clock,
            write_file=parts.write_file,
            wake=self._outbound.wake,
        )

    def _spool(self, camera: str) -> Path:
        return self._folder / "spool" / camera

    def _writer(self, camera: str, known: Mapping[Path, str] | None = None) -> Mp4Writer:
        return Mp4Writer(
            camera=camera,
            folder=self._spool(camera),
            sync_every_s=self._config.recording.fsync_s,
            known_sha256=(known or {}).get,
        )

    def _camera(self, name: str) -> Camera:
        stamp = Stamps(self._clock)
        camera = Camera(
            name=name,
            analyse=parts.analyse_stage(
                self._config,
                name,
                detector=self._detector.share(name),
                stamp=stamp,
                utc=self._clock.utc,
                spots=self._shelf_of_spots.get(name),
            ),
            record=parts.record_stage(self._config, name, writer=self._writer(name), clock=self._clock),
            clock=self._clock,
            tell=self._bus.post,
            backoff=parts.backoff,
            fps=self._config.detection.fps,
        )
        section = self._config.cameras[name]
        if section.detect_source is None:
            streams = Streams(["capture"], self._bus.post)
            self._add_stream(camera, streams, section.source, "capture", packets=True, frames=True)
        else:
            streams = Streams(["record", "detect"], self._bus.post)
            self._add_stream(camera, streams, section.source, "record", packets=True, frames=False)
            self._add_stream(camera, streams, section.detect_source, "detect", packets=False, frames=True)
        return camera

    def _add_stream(
        self, camera: Camera, streams: Streams, address: str, role: str, *, packets: bool, frames: bool
    ) -> None:
        section = self._config.cameras[camera.name]
        source = open_source(
            address,
            clock=self._clock,
            live=True,
            packets=packets,
            frames=frames,
            loop=section.loop,
            thrift=parts.thrift(self._config, address, idle=camera.idle, spare=camera.sampler.spare),
        )
        sinks = Sinks(
            opened=camera.on_opened if packets else _ignore,
            packet=camera.on_packet,
            frame=camera.on_frame,
            lost=partial(camera.on_lost, packets=packets, frames=frames),
            fact=partial(streams.fact, role),
        )
        loop = CaptureLoop(
            camera=camera.name,
            source=source,
            sinks=sinks,
            sampler=camera.sampler,
            clock=self._clock,
            backoff=parts.backoff(),
            finite=is_finite(address) and not section.loop,
        )
        camera.add_capture(loop, role)

    def _make_bridge(self, names: Sequence[str]) -> MqttBridge | None:
        section = self._config.mqtt
        if not section.enabled:
            return None
        info = NodeInfo(
            node=self._config.node.id,
            name=self._config.node.name,
            version=__version__,
            model=board_model(),
            cameras=tuple(self._camera_info(name) for name in names),
            api_url=self._web.url,
        )
        return MqttBridge(
            connection=MqttClient(
                section, client_id=f"porchlight-{self._config.node.id}", random01=random.SystemRandom().random()
            ),
            journal=self._journal,
            controls=self._control,
            clock=self._clock,
            config=section,
            info=info,
            bounds=SETTINGS_BOUNDS,
        )

    def _camera_info(self, name: str) -> CameraInfo:
        section = self._config.cameras[name]
        return drawn(CameraInfo(id=name, name=section.name or name), self._outlines.outline(name))

    # --- running ------------------------------------------------------------------------------------------------------

    async def _recover(self) -> None:
        """Take over what an earlier run left: files on disk, files half delivered, visits without an end."""
        self._ledger.reset()
        self._outbound.clean()
        known = self._outbound.checksums()
        for name in self._cameras:
            clips = await asyncio.to_thread(self._writer(name, known).recover, self._bookkeeper.stats_of)
            await asyncio.to_thread(self._bookkeeper.adopt, name, clips)
        for fact in self._bookkeeper.unfinished():
            await self._bus.tell(fact)

    async def _tell_health(self) -> None:
        probe = HealthProbe(clock=self._clock, data_dir=self._folder)
        while True:
            backlog = await asyncio.to_thread(self._ledger.backlog, self._clock.utc(self._clock.now()))
            self._bus.post(probe.read(backlog=backlog, detector=self._detector.info, throttled=self._brake.reason))
            await self._mind_board()

    async def _mind_board(self) -> None:
        """Until health is due, which is at once when the board has become hot or cool."""
        for _ in range(round(HEALTH_INTERVAL_S / BOARD_INTERVAL_S)):
            await asyncio.sleep(BOARD_INTERVAL_S)
            if not self._brake.update(await asyncio.to_thread(read_board)):
                continue
            if self._brake.reason is None:
                _LOG.info("The board is well again: as much is analysed as before")
            else:
                _LOG.warning("Less is analysed: %s", self._brake.reason)
            for camera in self._cameras.values():
                camera.brake(self._brake.share)
            return


def _ignore(_: StreamInfo) -> None:
    """A stream that is only looked at needs no recorder."""


async def run_node(config: Config, *, detector: Detector) -> None:
    """Run until a signal, or until all sources have ended; raises PorchlightError when it cannot start."""
    stop = stop_on_signals()
    node = Node(config, detector=detector)
    await node.start()
    if (supervisor := addon.supervisor()) is not None:
        await asyncio.to_thread(addon.tell, supervisor, config)
    try:
        while not stop.is_set() and not node.finished():
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await stop.wait()
    finally:
        await node.stop()
