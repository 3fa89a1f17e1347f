"""A recorded video through the very same pipeline, in one thread and on the video's own clock."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_detector.app import parts
from edge_detector.archive.folder import FolderStore
from edge_detector.capture.factory import open_source
from edge_detector.config import Config
from edge_detector.core import naming
from edge_detector.core.errors import (
    LedgerError,
    RecordError,
    RetryableStoreError,
    SourceEnded,
    SourceError,
    StoreError,
)
from edge_detector.core.evidence import ClipFile, Item, ItemKind, Stored
from edge_detector.core.facts import ClipLost, ClipSaved, Fact, FileStored, SnapshotReady, VisitEnded, VisitStarted
from edge_detector.core.retry import RetryPolicy
from edge_detector.core.types import Frame, Packet, StreamLost, Track
from edge_detector.files import explain, make_folder
from edge_detector.mqtt.events import event_of
from edge_detector.outbox.database import Database
from edge_detector.outbox.history import SqliteHistory
from edge_detector.outbox.journal import SqliteJournal
from edge_detector.outbox.ledger import SqliteLedger
from edge_detector.outbox.upkeep import SqliteUpkeep
from edge_detector.ports import ObjectStore
from edge_detector.recorder.writer import Mp4Writer
from edge_detector.runtime.bookkeeper import Bookkeeper, Place
from edge_detector.runtime.camera import Junction
from edge_detector.runtime.capture_loop import Sampler
from edge_detector.runtime.delivery import Delivery
from edge_detector.runtime.record_loop import RecordInput

#: Where files wait while a replay runs, within the folder of its results: so begins the name of its own folder.
SPOOL_PREFIX = ".replay-"
Tell = Callable[[dict[str, object]], None]
#: Told of every analysed picture: its seconds, and who is in it.
Watch = Callable[[float, tuple[Track, ...]], None]


class StreamTime:
    """The video's own time; it advances as pictures are read."""

    def __init__(self, utc_at_0: float) -> None:
        """`utc_at_0`: when the video began, in seconds since the epoch."""
        self.t = 0.0
        self._utc_at_0 = utc_at_0

    def now(self) -> float:
        """Seconds of the video."""
        return self.t

    def utc(self, t: float) -> float:
        """UTC of a moment of the video."""
        return self._utc_at_0 + t


class VisitIds:
    """Visit ids that are the same in every replay of the same video."""

    def __init__(self, camera: str, utc: Callable[[float], float]) -> None:
        """Count from the first visit."""
        self._camera = camera
        self._utc = utc
        self._made = 0

    def __call__(self, t: float) -> tuple[str, float]:
        """The id of the next visit, which begins at `t`, and its UTC."""
        self._made += 1
        utc = self._utc(t)
        return naming.ulid(round(utc * 1000), naming.digest80("replay", self._camera, self._made)), utc


class RelativeStore:
    """A folder whose addresses are relative to it, so that a replay tells the same wherever its results lie."""

    def __init__(self, store: ObjectStore) -> None:
        """Files go to `store`."""
        self._store = store

    def put(self, item: Item) -> Stored:
        """Store a file; its address is its key."""
        self._store.put(item)
        return self.address(item.key)

    def address(self, key: str) -> Stored:
        """The key itself, as an address."""
        return Stored(uri=f"file:{key}", url=f"file:{key}")

    def check(self) -> str:
        """Try the folder."""
        return self._store.check()


class Replay:
    """One run over one video; `run` once."""

    def __init__(  # noqa: PLR0913 - what a replay can be told, by name
        self, video: str, config: Config, *, out: Path, spool: Path, keep: bool, tell: Tell, watch: Watch | None = None
    ) -> None:
        """The first camera of `config` shows `video`; `keep`: paths in `out` are of use when it is over.

        `spool` is empty: what another replay left would become a part of this one.
        """
        self._config = config
        self._out = out
        self._keep = keep
        self._camera = next(iter(config.cameras))
        self._tell_event = tell
        self._watch = watch
        self._clock = StreamTime(0.0)
        self._sampler = Sampler(config.detection.fps)
        self._frames = 0
        self._visits: dict[str, dict[str, object]] = {}
        self._clips: dict[str, dict[str, object]] = {}
        self._facts: deque[Fact] = deque()
        self._delivered: deque[FileStored | ClipLost] = deque()
        detector = parts.build_detector(config, parts.data_dir(config))
        self._detector = detector.info
        ids = VisitIds(self._camera, self._clock.utc)
        self._analyse = parts.analyse_stage(config, self._camera, detector=detector, stamp=ids, utc=self._clock.utc)
        thrift = parts.thrift(config, video, idle=self._analyse.calm.lasts, spare=self._sampler.spare)
        self._source = open_source(video, clock=self._clock, live=False, packets=True, frames=True, thrift=thrift)
        self._spool = spool
        writer = Mp4Writer(camera=self._camera, folder=self._spool)
        self._record = parts.record_stage(config, self._camera, writer=writer, clock=self._clock)
        self._junction = Junction(record=self._recorded, tell=self._facts.append)
        self._database = Database(self._spool / parts.DATABASE_NAME)
        self._ledger = ledger = SqliteLedger(self._database)
        journal = SqliteJournal(self._database)
        place = Place(spool=self._spool, origin=parts.origin(config, self._camera, self._detector))
        self._bookkeeper = Bookkeeper(
            places={self._camera: place},
            ledger=ledger,
            journal=journal,
            diary=SqliteHistory(self._database),
            clock=self._clock,
            write_file=parts.write_file,
            wake=lambda: None,
        )
        self._delivery = Delivery(
            ledger=ledger,
            upkeep=SqliteUpkeep(self._database),
            store=RelativeStore(FolderStore(out)),
            clock=self._clock,
            tell=self._stored,
            held=tuple,
            retry=RetryPolicy(),
            random01=lambda: 1.0,  # a pause after each failure, which the video's clock never sees end
            parallel=1,
        )

    async def run(self) -> dict[str, object]:
        """Replay from the first packet to the last; the summary. Raises SourceError, when all before it was kept."""
        wall, cpu = time.perf_counter(), time.process_time()
        broken: SourceError | None = None
        info = self._source.open(1)
        self._recorded(info)
        try:
            for item in self._source.read(self._wants):
                self._step(item)
                await self._settle()
        except SourceEnded:
            pass
        except SourceError as error:
            broken = error
        finally:
            self._source.close()
        await self._end()
        self._check_delivered()
        if broken is not None:
            raise broken
        return self._summary(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _check_delivered(self) -> None:
        """Raise StoreError when files wait in the spool."""
        backlog = self._ledger.backlog(self._clock.utc(self._clock.t))
        if backlog.pending:
            raise RetryableStoreError(f"{backlog.last_error}; {backlog.pending} files wait in {self._spool}")

    def _wants(self, t: float) -> bool:
        self._frames += 1
        self._clock.t = max(self._clock.t, t)
        return self._sampler(t)

    def _step(self, item: Packet | Frame) -> None:
        if isinstance(item, Packet):
            self._recorded(item)
        else:
            self._junction(self._analyse.handle(item))
            if self._watch is not None:
                self._watch(item.t, self._analyse.people)

    def _recorded(self, item: RecordInput) -> None:
        self._facts.extend(self._record.handle(item))

    async def _end(self) -> None:
        lost = StreamLost(t=self._clock.t, session=1, reason="the end of the video")
        self._junction(self._analyse.handle(lost))
        self._recorded(lost)
        await self._settle()

    async def _settle(self) -> None:
        """Keep, deliver and tell what has come out so far."""
        while self._facts:
            fact = self._facts.popleft()
            if isinstance(fact, VisitStarted):
                self._bookkeeper.keep_start(fact)
            self._told(fact)
            self._bookkeeper.keep(fact)
            if isinstance(fact, ClipSaved | SnapshotReady | VisitEnded):
                await self._delivery.drain()
                self._tell_delivered()

    async def _stored(self, fact: FileStored | ClipLost) -> None:
        self._delivered.append(fact)

    def _tell_delivered(self) -> None:
        """Outside of delivery: whoever reads may be gone, which is no fault of the archive."""
        while self._delivered:
            self._told(self._delivered.popleft())

    def _told(self, fact: Fact) -> None:
        self._note(fact)
        event = event_of(fact)
        if event is not None:
            self._tell_event({**event.body(), "t": round(getattr(fact, "t", self._clock.t), 3)})

    def _note(self, fact: Fact) -> None:
        """Remember what the summary tells."""
        if isinstance(fact, VisitStarted):
            self._visits[fact.visit_id] = {"start_t": round(fact.t, 3)}
        elif isinstance(fact, VisitEnded):
            self._visits[fact.visit_id] |= {
                "end_t": round(fact.t, 3),
                "max_people": fact.stats.max_people,
                "max_confidence": round(fact.stats.max_confidence, 3),
            }
        elif isinstance(fact, ClipSaved):
            clip = fact.clip
            self._clips[f"{clip.visit_id}-{clip.n}"] = {
                "start_t": round(fact.start_t, 3),
                "end_t": round(fact.end_t, 3),
                "path": str(self._out / self._key(clip)) if self._keep else self._key(clip),
                "bytes": clip.bytes,
            }

    def _key(self, clip: ClipFile) -> str:
        node = self._config.node.id
        return naming.archive_key(ItemKind.CLIP, node=node, camera=clip.camera, visit_id=clip.visit_id, n=clip.n)

    def _summary(self, *, wall_s: float, cpu_s: float) -> dict[str, object]:
        return {
            "event_type": "summary",
            "frames": self._frames,
            "analysed": self._analyse.analysed,
            "inferences": self._analyse.speed.count,
            "visits": list(self._visits.values()),
            "clips": list(self._clips.values()),
            "wall_s": round(wall_s, 3),
            "cpu_s": round(cpu_s, 3),
            "detector": {"backend": self._detector.backend, "model": self._detector.model},
        }


def replay(
    video: str, config: Config, *, out: Path | None, tell: Tell, watch: Watch | None = None
) -> dict[str, object]:
    """Run a video through the pipeline; `tell` gets each event with its `t`, the answer is the summary.

    Clips, snapshots and documents lie in `out` as in an archive; without it they are made and thrown away.
    """
    if out is None:
        with tempfile.TemporaryDirectory(prefix="porchlight-replay-") as folder:
            spool = Path(folder)
            return _run(Replay(video, config, out=spool, spool=spool, keep=False, tell=tell, watch=watch))
    with _spool(out) as spool:
        return _run(Replay(video, config, out=out, spool=spool, keep=True, tell=tell, watch=watch))


@contextmanager
def _spool(out: Path) -> Iterator[Path]:
    """A folder within `out` for as long as the context lasts, and longer when the disk or the archive has failed."""
    try:
        make_folder(out)
        spool = Path(tempfile.mkdtemp(prefix=SPOOL_PREFIX, dir=out))
    except OSError as error:
        raise RecordError(explain(error, out)) from error
    try:
        yield spool
    except (LedgerError, RecordError) as error:
        raise RecordError(f"{error}; what was recorded until then lies in {out}") from error
    except StoreError:
        raise
    except BaseException:
        shutil.rmtree(spool)
        raise
    shutil.rmtree(spool)


def _run(run: Replay) -> dict[str, object]:
    try:
        return asyncio.run(run.run())
    finally:
        run.close()
