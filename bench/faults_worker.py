"""The part of the fault run that is killed: records clips and delivers them, with the program's own parts.

It notes each clip in a list of its own as soon as the first packet is written, and ends when all is delivered.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge_detector.app.outbound import remove_delivered
from edge_detector.app.parts import DATABASE_NAME, write_file
from edge_detector.app.system import Stamps, SystemClock
from edge_detector.archive.s3 import S3Store
from edge_detector.capture.encode import TICKS_HZ, H264Encoder
from edge_detector.capture.jpeg import JpegEncoder
from edge_detector.capture.scene import parse_address
from edge_detector.config.archive import S3Archive
from edge_detector.core import picture
from edge_detector.core.cutter import CutPolicy, Cutter
from edge_detector.core.documents import Origin
from edge_detector.core.errors import LedgerError, RecordError
from edge_detector.core.evidence import ItemKind
from edge_detector.core.facts import CameraStats, Fact, SnapshotReady, VisitEnded, VisitStarted
from edge_detector.core.retry import RetryPolicy
from edge_detector.core.types import ClipStart, ClipStop, Packet, StreamInfo, VisitStats
from edge_detector.files import make_folder
from edge_detector.mqtt.event_queue import EventQueue, JournalThread
from edge_detector.mqtt.events import event_of
from edge_detector.outbox.database import Database
from edge_detector.outbox.desk import LedgerDesk
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.upkeep import SqliteUpkeep
from edge_detector.recorder.early import copy_whole
from edge_detector.recorder.writer import Mp4Writer
from edge_detector.runtime.bookkeeper import Bookkeeper, Place
from edge_detector.runtime.bus import FactBus
from edge_detector.runtime.delivery import Delivery
from edge_detector.runtime.early import EarlyCopies
from edge_detector.runtime.record_loop import RecordInput, RecordStage

NODE = "bench"
#: Exit status when the disk was full at the start: whoever started it tries again.
NO_ROOM = 3
#: As many doors, so that a second brings several clips although each is recorded in real time.
CAMERAS = 6
PARALLEL_UPLOADS = 4
#: Twice the scene's own, so that a clip of a dozen pictures or two takes half a second to a second.
FPS = 20
LEAST_PICTURES, MOST_PICTURES = 10, 22
EARLY_COPY_S = 0.3
#: As the program's own, but short: a run of 1,000 clips meets as many pauses as a year of bad weather.
RETRY: Final = RetryPolicy(
    base_s=0.05, cap_s=0.4, permanent_s=0.3, retry_after_cap_s=0.5, max_attempts=None, file_attempts=1000
)
#: What a store that keeps silent costs; the least that the configuration allows.
TIMEOUT_S = 1.0
LOOK_S = 0.1
STATS: Final = VisitStats(max_people=1, max_confidence=0.87, mean_inference_ms=12.0)
#: Marks a message of ours between the pictures: an H.264 unit that players skip.
_MESSAGE_MARK = bytes.fromhex("000000010605")
_MESSAGE_OWNER = b"porchlight bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What one worker has to do."""

    data: str
    #: Where it notes what was recorded: lines of visit and number.
    noted: str
    endpoint: str
    bucket: str
    prefix: str
    clips: int
    seed: int
    #: Where it tells what goes wrong.
    log: str
    #: What is added to the environment.
    environment: Mapping[str, str]


def work(job: Job) -> None:
    """Record and deliver, as a process of its own."""
    os.environ.update(job.environment)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s", filename=job.log
    )
    try:
        asyncio.run(Worker(job).run())
    except (LedgerError, RecordError, OSError) as error:
        logging.getLogger(__name__).warning("Cannot start: %s", error)
        sys.exit(NO_ROOM)


class Worker:
    """One life of the program."""

    def __init__(self, job: Job) -> None:
        """Nothing is touched before `run`."""
        self._job = job
        self._clock = SystemClock()
        self._folder = Path(job.data)
        self._cameras = tuple(f"door_{n}" for n in range(CAMERAS))

    async def run(self) -> None:
        """Recover, record, deliver everything."""
        self._open()
        self._bus.subscribe("start of visits", self._bookkeeper.begin)
        self._bus.subscribe("events", self._keep_event)
        self._bus.subscribe("bookkeeper", self._bookkeeper.handle)
        self._bus.subscribe("delivery", self._delivery.handle)
        self._bus.subscribe("early copies", self._early.handle)
        await self._recover()
        delivery = asyncio.create_task(self._delivery.run(), name="delivery")
        await self._record()
        self._bus.post(CameraStats(camera=self._cameras[0], t=self._clock.now(), fps=FPS, inference_ms=0.0))
        await self._bus.settled()
        await self._early.stop()
        while self._ledger.backlog(0.0).pending:  # noqa: ASYNC110 - the ledger tells nobody
            await asyncio.sleep(LOOK_S)
        self._delivery.stop()
        await delivery
        await self._bus.stop()
        self._thread.stop()
        self._database.close()

    def _open(self) -> None:
        make_folder(self._folder)
        self._database = Database(self._folder / DATABASE_NAME)
        self._ledger, journal = SqliteLedger(self._database), SqliteJournal(self._database)
        upkeep = SqliteUpkeep(self._database)
        places = {name: Place(spool=self._spool(name), origin=_origin(name)) for name in self._cameras}
        for place in places.values():
            make_folder(place.spool)
        self._thread = JournalThread()
        #: The broker is away all the time, so that every event stays in the journal to be counted.
        self._events = EventQueue(journal=journal, thread=self._thread, send=lambda _: None)
        self._bus = FactBus()
        self._delivery = Delivery(
            ledger=self._ledger,
            upkeep=upkeep,
            store=S3Store(self._archive()),
            clock=self._clock,
            tell=self._bus.tell,
            held=tuple,
            retry=RETRY,
            random01=random.Random(self._job.seed).random,  # noqa: S311 - pauses are no secrets
            parallel=PARALLEL_UPLOADS,
        )
        self._bookkeeper = Bookkeeper(
            places=places,
            ledger=self._ledger,
            journal=journal,
            diary=SqliteHistory(self._database),
            clock=self._clock,
            write_file=write_file,
            wake=self._delivery.wake,
        )
        self._early = EarlyCopies(
            places=places,
            ledger=self._ledger,
            upkeep=upkeep,
            clock=self._clock,
            cut=copy_whole,
            wanted=lambda camera: self._delivery.takes(camera, ItemKind.PARTIAL),
            wake=self._delivery.wake,
            after_s=EARLY_COPY_S,
        )

    def _spool(self, camera: str) -> Path:
        return self._folder / "spool" / camera

    def _archive(self) -> S3Archive:
        """Without a key: boto3 finds it where it is renewed."""
        return S3Archive(
            bucket=self._job.bucket,
            prefix=self._job.prefix,
            endpoint=self._job.endpoint,
            timeout_s=TIMEOUT_S,
            parallel=PARALLEL_UPLOADS,
        )

    async def _keep_event(self, fact: Fact) -> None:
        event = event_of(fact)
        if event is not None:
            await self._events.append(event.stored())

    async def _recover(self) -> None:
        """As the program does at its start."""
        self._ledger.reset()
        self._early.clean()
        remove_delivered(LedgerDesk(self._database), self._ledger)
        for name in self._cameras:
            writer = Mp4Writer(camera=name, folder=self._spool(name))
            clips = await asyncio.to_thread(writer.recover, self._bookkeeper.stats_of)
            await asyncio.to_thread(self._bookkeeper.adopt, name, clips)
        for fact in self._bookkeeper.unfinished():
            await self._bus.tell(fact)

    async def _record(self) -> None:
        chance = random.Random(self._job.seed)  # noqa: S311 - no secrets
        stream = make_stream(chance.randrange(1000))
        takes = Takes(self._job.clips)
        notes = Notes(Path(self._job.noted))
        doors = [
            Door(
                name=name,
                writer=NotingWriter(camera=name, folder=self._spool(name), notes=notes),
                stream=stream,
                clock=self._clock,
                bus=self._bus,
                seed=chance.randrange(1 << 30),
            )
            for name in self._cameras
        ]
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(CAMERAS) as threads:  # its own: the loop's are for the disk
            await asyncio.gather(*(loop.run_in_executor(threads, door.run, takes) for door in doors))


def _origin(camera: str) -> Origin:
    return Origin(node=NODE, camera=camera, model="none", backend="none", pre_roll_s=0.0, version="bench")


# --- what is recorded -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A second of somebody walking, encoded once, and a picture of it."""

    info: StreamInfo
    packets: Sequence[Packet]
    jpeg: bytes


def make_stream(seed: int) -> Stream:
    """Encode the generated scene."""
    scene = parse_address(f"scene://walk?people=1&seed={seed}&size=384x216").scene()
    encoder = H264Encoder(384, 216, FPS)
    begun_t = scene.visits()[0].start_t
    pictures = [scene.frame(begun_t + n / FPS) for n in range(MOST_PICTURES + 1)]
    packets = [packet for n, image in enumerate(pictures) for packet in encoder.encode(image, n / FPS)]
    return Stream(
        info=encoder.info,
        packets=(*packets, *encoder.flush()),
        jpeg=JpegEncoder(quality=85).encode(picture.bgr(pictures[-1])),
    )


class Takes:
    """How many clips are still to be recorded, for all doors together."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Is there one more to record?"""
        with self._lock:
            taken = self._left > 0
            self._left -= taken
            return taken

    def give_back(self) -> None:
        """It was not recorded."""
        with self._lock:
            self._left += 1


class Notes:
    """The list of what was recorded; each line is there when `add` returns, also after a kill."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, visit_id: str, n: int) -> None:
        """Note a clip; a number of 0 stands for the visit itself."""
        os.write(self._descriptor, f"{visit_id} {n}\n".encode())


class NotingWriter(Mp4Writer):
    """Notes each clip whose first packet was written."""

    def __init__(self, *, camera: str, folder: Path, notes: Notes) -> None:
        super().__init__(camera=camera, folder=folder)
        self.notes = notes
        self._unnoted: tuple[str, int] | None = None
        self.noted = 0

    def open(self, *, stream: StreamInfo, visit_id: str, n: int, start_utc: float, trigger_s: float) -> None:
        """Begin a clip."""
        self._unnoted = None
        super().open(stream=stream, visit_id=visit_id, n=n, start_utc=start_utc, trigger_s=trigger_s)
        self._unnoted = visit_id, n

    def write(self, packet: Packet) -> None:
        """Append a packet."""
        super().write(packet)
        if self._unnoted is not None:
            self.notes.add(*self._unnoted)
            self._unnoted = None
            self.noted += 1


class Door:
    """One camera: a visit of one clip after the other, each in real time."""

    def __init__(
        self, *, name: str, writer: NotingWriter, stream: Stream, clock: SystemClock, bus: FactBus, seed: int
    ) -> None:
        self._name = name
        self._writer = writer
        self._stream = stream
        self._clock = clock
        self._bus = bus
        self._stamp = Stamps(clock)
        self._chance = random.Random(seed)  # noqa: S311 - no secrets
        cutter = Cutter(CutPolicy(pre_roll_s=0.0, min_gap_s=0.0))
        self._stage = RecordStage(camera=name, cutter=cutter, writer=writer, clock=clock)
        self._session = 0

    def run(self, takes: Takes) -> None:
        """Record while there is a clip to take."""
        while takes.take():
            before = self._writer.noted
            self._visit(self._chance.randint(LEAST_PICTURES, MOST_PICTURES))
            if self._writer.noted == before:
                takes.give_back()

    def _visit(self, pictures: int) -> None:
        """Somebody comes and goes, with one clip of so many pictures."""
        self._session += 1
        begun_t = self._clock.now()
        visit_id, utc = self._stamp(begun_t)
        self._writer.notes.add(visit_id, 0)
        self._handle(replace(self._stream.info, session=self._session))
        self._handle(self._packet(0, begun_t, visit_id))
        self._bus.post(self._snapshot(begun_t, utc, visit_id))
        started = VisitStarted(
            camera=self._name, visit_id=visit_id, t=begun_t, utc=utc, count=1, confidence=STATS.max_confidence
        )
        self._handle(started)
        self._bus.post(started)
        self._handle(ClipStart(visit_id=visit_id, n=1, trigger_t=begun_t, trigger_utc=utc))
        for n in range(1, pictures):
            self._handle(self._packet(n, begun_t, visit_id))
        last_t = begun_t + (pictures - 1) / FPS
        self._handle(ClipStop(visit_id=visit_id, stop_t=last_t))
        ended = VisitEnded(
            camera=self._name,
            visit_id=visit_id,
            t=last_t,
            utc=utc + last_t - begun_t,
            duration_s=last_t - begun_t,
            stats=STATS,
            clips=1,
        )
        self._handle(ended)
        self._bus.post(ended)
        self._handle(self._packet(pictures, begun_t, visit_id))  # behind the stop: it closes the clip

    def _packet(self, n: int, begun_t: float, visit_id: str) -> Packet:
        """The n-th picture, when its time has come; the first one tells the visit, so that no clip is like another."""
        made = self._stream.packets[n]
        t = begun_t + n / FPS
        time.sleep(max(0.0, t - self._clock.now()))
        head, data = self._stream.info.extradata, made.data
        if n == 0:
            data = data[: len(head)] + message(visit_id) + data[len(head) :]
        ticks = n * TICKS_HZ // FPS
        return replace(made, session=self._session, t=t, pts=ticks, dts=ticks, data=data)

    def _snapshot(self, t: float, utc: float, visit_id: str) -> SnapshotReady:
        return SnapshotReady(
            camera=self._name,
            visit_id=visit_id,
            t=t,
            utc=utc,
            jpeg=self._stream.jpeg + visit_id.encode(),
            count=1,
            confidence=STATS.max_confidence,
        )

    def _handle(self, given: RecordInput) -> None:
        for fact in self._stage.handle(given):
            self._bus.post(fact)


def message(text: str) -> bytes:
    """An H.264 unit of user data (SEI, type 5) that holds a short ASCII text."""
    payload = _MESSAGE_OWNER + text.encode()
    return _MESSAGE_MARK + bytes([len(payload)]) + payload + b"\x80"
