"""The API on a free loopback port, with real database, archive and taps behind it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge_detector.archive.folder import FolderStore
from edge_detector.capture.jpeg import JpegEncoder
from edge_detector.config import SETTINGS_BOUNDS
from edge_detector.config.web import WebConfig
from edge_detector.core import naming
from edge_detector.core.board import StatusBoard
from edge_detector.core.evidence import Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.facts import CameraDown, CameraUp, Fact
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.status import initial
from edge_detector.core.still import Spot
from edge_detector.core.types import Box, Command, Settings, StreamInfo, VisitStats
from edge_detector.core.zones import Zone
from edge_detector.mqtt import messages
from edge_detector.outbox.database import Database
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.outlines import SqliteOutlines
from edge_detector.outbox.spots import SqliteSpots
from edge_detector.ports import ArchiveReader
from edge_detector.recorder.mpegts import TsMuxer
from edge_detector.runtime.control import Control
from edge_detector.runtime.outlines import Outlines
from edge_detector.runtime.spots import Spots
from edge_detector.runtime.tap import FrameTap, PacketTap
from edge_detector.testing import FakeClock
from edge_detector.web.limits import Allowance
from edge_detector.web.live import Viewers
from edge_detector.web.server import WebServer
from edge_detector.web.sources import CameraSource, LogLine, Sources
from tests.edge.web.client import Client

#: 2026-11-05T10:00:00Z
BEGUN_MS = 1_793_872_800_000
INFO = StreamInfo(session=1, codec="h264", width=64, height=48, time_base=(1, 1000), fps=10.0)


#: Two hours after the first visit.
NOW_UTC = BEGUN_MS / 1000 + 7200
OUTLINE = Outline(
    zones=(Zone(id="mat", name="Door mat", points=((0.1, 0.5), (0.9, 0.5), (0.9, 1.0))),),
    lines=(Line(id="gate", name="Gate", start=(0.1, 0.6), end=(0.9, 0.6)),),
)
#: A coat since three days, a statue that is known, and somebody who stands still for a while.
SPOTS = (
    Spot(
        id="s1",
        box=Box(0.1, 0.2, 0.3, 0.4),
        since_utc=BEGUN_MS / 1000 - 3 * 86_400,
        seen_utc=BEGUN_MS / 1000,
        looks=3000,
    ),
    Spot(id="s2", box=Box(0.5, 0.2, 0.6, 0.4), since_utc=1.0, seen_utc=2.0, suppressed=True),
    Spot(id="s3", box=Box(0.7, 0.2, 0.8, 0.4), since_utc=1.0, seen_utc=2.0),
)


class Obedient:
    """A camera that keeps what it is told."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def command(self, command: Command) -> None:
        """Keep it."""
        self.commands.append(command)


def visit_id(n: int) -> str:
    """The id of the visit that began `n` minutes after the first."""
    return naming.ulid(BEGUN_MS + n * 60_000, n)


@dataclass(kw_only=True)
class Site:
    """A server and all that it shows."""

    folder: Path
    board: StatusBoard
    packets: PacketTap
    frames: FrameTap
    journal: SqliteJournal
    ledger: SqliteLedger
    archive: FolderStore
    history: SqliteHistory
    cameras: dict[str, Obedient]
    #: What control and outlines told.
    facts: list[Fact]
    log: list[LogLine]
    viewers: Viewers
    server: WebServer
    client: Client

    def up(self) -> None:
        """The camera delivers pictures."""
        self.packets.open(INFO)
        self.board.tell(CameraUp(camera="door", t=1.0, utc=1.0, width=64, height=48))

    def down(self) -> None:
        """It delivers no more."""
        self.packets.close()
        self.frames.put(None)
        self.board.tell(CameraDown(camera="door", t=2.0, utc=2.0, reason="gone"))

    def visit(self, n: int, *, camera: str = "door", ended: bool = True) -> str:
        """Somebody was there."""
        begun = BEGUN_MS / 1000 + n * 60
        record = VisitRecord(
            visit_id=visit_id(n),
            camera=camera,
            started_utc=begun,
            last_seen_utc=begun + 12.5,
            stats=VisitStats(max_people=2, max_confidence=0.91, mean_inference_ms=9.0),
            zones=("mat",),
            clips=1,
            ended=ended,
        )
        self.journal.put_visit(record)
        return record.visit_id

    def file(self, visit: str, data: bytes, kind: ItemKind = ItemKind.CLIP, n: int = 1) -> Item:
        """A file of a visit, in the spool and the ledger."""
        ms = naming.ulid_ms(visit)
        clip = naming.ClipName(
            start_ms=ms,
            duration_ms=12_000,
            max_people=2,
            confidence_permille=910,
            inference_ms=9,
            width=64,
            height=48,
            visit_id=visit,
            n=n,
        )
        name = f"{clip.stem}.mp4" if kind is ItemKind.CLIP else naming.snapshot_name(visit, ms)
        path = self.folder / "spool" / "door" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        item = Item(
            key=naming.archive_key(kind, node="porchlight", camera="door", visit_id=visit, n=n),
            kind=kind,
            camera="door",
            visit_id=visit,
            n=n,
            path=path,
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            content_type="video/mp4" if kind is ItemKind.CLIP else "image/jpeg",
            created_utc=ms / 1000,
        )
        self.ledger.add(item)
        return item

    def settle(self, item: Item, state: ItemState) -> None:
        """Say how far a file is."""
        self.ledger.settle(Item(**{name: getattr(item, name) for name in Item.__slots__} | {"state": state}))

    def deliver(self, item: Item) -> None:
        """Bring a file to the archive and remove it from the spool."""
        self.archive.put(item)
        self.settle(item, ItemState.STORED)
        item.path.unlink()
        self.settle(item, ItemState.PURGED)


@pytest.fixture
def reader() -> ArchiveReader | None:
    """Where the archive is read; None for the folder. A test module may say otherwise."""
    return None


@pytest.fixture
def requests() -> Allowance:
    """How often a client may ask; a test module may say otherwise."""
    return Allowance(burst=2000, per_s=1000)


@pytest.fixture
async def site(tmp_path: Path, reader: ArchiveReader | None, requests: Allowance) -> AsyncIterator[Site]:
    database = Database(tmp_path / "porchlight.db")
    journal, ledger = SqliteJournal(database), SqliteLedger(database)
    history, clock, log = SqliteHistory(database), FakeClock(), list[LogLine]()
    board = StatusBoard([initial("door", zones=["mat"], lines=["gate"]), initial("yard")])
    cameras = {"door": Obedient(), "yard": Obedient()}
    facts: list[Fact] = []
    control = Control(
        cameras=cameras,
        defaults=dict.fromkeys(cameras, Settings()),
        journal=journal,
        clock=clock,
        tell=facts.append,
    )
    spots = SqliteSpots(database)
    spots.put("door", SPOTS)
    outlines = Outlines(
        cameras=cameras,
        configured={"door": OUTLINE, "yard": Outline()},
        shelf=SqliteOutlines(database),
        clock=clock,
        tell=facts.append,
    )
    packets, frames, viewers = PacketTap(), FrameTap(), Viewers(limit=4)
    archive = FolderStore(tmp_path / "archive")
    sources = Sources(
        version="0.1.0",
        board=board,
        cameras={
            "door": CameraSource(name="Front door", address="rtsp://***@192.0.2.7/1", packets=packets, frames=frames),
            "yard": CameraSource(name="yard", packets=PacketTap(), frames=FrameTap()),
        },
        visits=journal,
        ledger=ledger,
        archive=reader or archive,
        encoder=JpegEncoder(),
        open_muxer=TsMuxer,
        health_body=messages.health,
        state_body=messages.state,
        history=history,
        number=history.number,
        outlines=outlines,
        controls=control,
        spots=Spots(cameras=cameras, shelf=spots, clock=clock),
        bounds=SETTINGS_BOUNDS,
        log=lambda: log,
        utc=lambda: NOW_UTC,
        zone=ZoneInfo("Europe/Berlin"),
    )
    config = WebConfig.model_construct(enabled=True, host="127.0.0.1", port=0, url=None, ingress=False)
    server = WebServer(config, folder=tmp_path, sources=sources, viewers=viewers, requests=requests)
    await server.start()
    yield Site(
        folder=tmp_path,
        board=board,
        packets=packets,
        frames=frames,
        journal=journal,
        ledger=ledger,
        archive=archive,
        history=history,
        cameras=cameras,
        facts=facts,
        log=log,
        viewers=viewers,
        server=server,
        client=Client(port=server.address[1], token=(tmp_path / "api-token").read_text().strip()),
    )
    await server.stop()
    database.close()
