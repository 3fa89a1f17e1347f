"""The HTTP API put together of the node's parts; a node watches on without it when it cannot listen."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge_detector import __version__
from edge_detector.app import parts
from edge_detector.app.log_tail import LogTail
from edge_detector.app.system import local_zone
from edge_detector.archive.folder import FolderStore
from edge_detector.capture.jpeg import JpegEncoder
from edge_detector.config import SETTINGS_BOUNDS, Config, S3Archive
from edge_detector.config.redact import Redactor
from edge_detector.core import naming
from edge_detector.core.board import StatusBoard
from edge_detector.core.errors import WebError
from edge_detector.core.facts import Fact
from edge_detector.core.masking import masked_url
from edge_detector.core.places import CAMERA, LINE, ZONE
from edge_detector.core.status import initial
from edge_detector.core.types import Track
from edge_detector.mqtt import messages
from edge_detector.outbox.database import Database
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.ports import ArchiveReader, Clock
from edge_detector.recorder.mpegts import TsMuxer
from edge_detector.runtime.camera import Camera
from edge_detector.runtime.control import Control
from edge_detector.runtime.outlines import Outlines
from edge_detector.runtime.spots import Spots

if TYPE_CHECKING:
    from edge_detector.web.server import WebServer
    from edge_detector.web.sources import CameraSource

_LOG = logging.getLogger(__name__)

#: An address of no network (RFC 5737): the way there is the way out of this machine, and nothing is sent.
_ANYWHERE = "192.0.2.1"
_DISCARD_PORT = 9


class Web:
    """Made of the node's parts; `start`, then `stop`, once each."""

    def __init__(  # noqa: PLR0913 - the node's parts, by name
        self,
        config: Config,
        *,
        folder: Path,
        cameras: Mapping[str, Camera],
        database: Database,
        control: Control,
        outlines: Outlines,
        spots: Spots,
        clock: Clock,
    ) -> None:
        """`folder` is the data folder, where the token lies."""
        self._config = config
        self._folder = folder
        self._cameras = cameras
        self._control = control
        self._outlines = outlines
        self._spots = spots
        self._clock = clock
        self._database = database
        self._loop = asyncio.get_running_loop()
        drawn = {name: outlines.outline(name) for name in cameras}
        self._board = StatusBoard(
            [
                initial(name, zones=[zone.id for zone in outline.counted], lines=[line.id for line in outline.lines])
                for name, outline in drawn.items()
            ]
        )
        self._tail = LogTail(Redactor(config, also=_keys_of_environment()))
        self._server: WebServer | None = None
        #: Where others reach the API; None while they do not.
        self.url: str | None = None

    async def handle(self, fact: Fact) -> None:
        """Take in a fact."""
        self._board.tell(fact)
        if self._server is not None:
            self._server.tell(fact)

    async def start(self) -> None:
        """Listen, unless it is switched off; evidence matters more, so a failure is told and no more."""
        if not self._config.web.enabled:
            return
        self._tail.open()
        server = self._build()
        try:
            await server.start()
        except WebError as error:
            _LOG.error("%s; going on without it", error)
            return
        self._server = server
        self.url = await asyncio.to_thread(announced_url, self._config, *server.address)
        for name, camera in self._cameras.items():
            camera.people_tap.watch(partial(self._see, server, name))

    async def stop(self) -> None:
        """Listen no more."""
        self._tail.close()
        if self._server is not None:
            await self._server.stop()

    def _see(self, server: WebServer, camera: str, t: float, people: tuple[Track, ...]) -> None:
        """From a camera's thread: somebody is there."""
        if server.listened:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(server.tell_people, camera, self._clock.utc(t), people)

    def _build(self) -> WebServer:
        # Only now: a node without the API needs neither its modules nor their memory.
        from edge_detector.web.server import WebServer  # noqa: PLC0415
        from edge_detector.web.sources import Sources  # noqa: PLC0415

        history = SqliteHistory(self._database)
        self._number_all(history)
        sources = Sources(
            version=__version__,
            board=self._board,
            cameras=self._sources(),
            visits=SqliteJournal(self._database),
            ledger=SqliteLedger(self._database),
            archive=archive_reader(self._config, self._folder),
            encoder=JpegEncoder(quality=self._config.snapshot.quality),
            open_muxer=TsMuxer,
            health_body=messages.health,
            state_body=messages.state,
            history=history,
            number=history.number,
            outlines=self._outlines,
            controls=self._control,
            spots=self._spots,
            bounds=SETTINGS_BOUNDS,
            log=self._tail.lines,
            utc=lambda: self._clock.utc(self._clock.now()),
            zone=local_zone(),
        )
        return WebServer(self._config.web, folder=self._folder, sources=sources)

    def _number_all(self, history: SqliteHistory) -> None:
        """Give what there is its numbers in the order of the configuration, before anything happens there."""
        for name in self._cameras:
            outline = self._outlines.outline(name)
            history.number(name, CAMERA)
            for kind, drawn in ((ZONE, outline.zones), (LINE, outline.lines)):
                for one in drawn:
                    history.number(name, kind, one.id)

    def _sources(self) -> dict[str, CameraSource]:
        from edge_detector.web.sources import CameraSource  # noqa: PLC0415 - as above

        return {
            name: CameraSource(
                name=self._config.cameras[name].name or name,
                address=masked_url(self._config.cameras[name].source),
                packets=camera.packet_tap,
                frames=camera.frame_tap,
            )
            for name, camera in self._cameras.items()
        }


def _keys_of_environment() -> list[str]:
    """What boto3 finds in the environment must not be shown either."""
    return [os.environ.get(name, "") for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")]


class _Bucket:
    """An archive that this edge may not read: its key may only put."""

    def __init__(self, section: S3Archive) -> None:
        self._root = f"s3://{section.bucket}/{naming.below(section.prefix)}"

    def locate(self, key: str) -> Path | None:
        """Nothing of it is here."""
        del key
        return None

    def uri(self, key: str) -> str:
        """Where the object lies."""
        return self._root + key


def archive_reader(config: Config, folder: Path) -> ArchiveReader:
    """Where the configured archive keeps things; `folder` is the data folder."""
    section = config.archive
    if isinstance(section, S3Archive):
        return _Bucket(section)
    return FolderStore(parts.archive_dir(section, folder))


def announced_url(config: Config, host: str, port: int) -> str | None:
    """Where others reach the API that listens at this address; None when they cannot."""
    if config.web.url is not None:
        return config.web.url.rstrip("/")
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.is_unspecified:
        found = _own_address(config.mqtt.host)
        return None if found is None else f"http://{found}:{port}"
    if address.is_loopback:
        return None
    return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"  # noqa: PLR2004 - IPv6


def _own_address(broker: str) -> str | None:
    """This machine's IPv4 address as the broker sees it, or else as its own network does."""
    for target in (broker, _ANYWHERE):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
                way.connect((target, _DISCARD_PORT))
                found: str = way.getsockname()[0]
        except OSError:
            continue
        if not ipaddress.ip_address(found).is_loopback:
            return found
    return None
