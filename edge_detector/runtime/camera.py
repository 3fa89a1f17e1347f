"""One running camera: its threads, its inboxes, and what flows between them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import get_args

from edge_detector.core.facts import CameraDown, CameraStats, CameraUp, Fact, VisitEnded, VisitStarted, VisitUpdated
from edge_detector.core.retry import Backoff
from edge_detector.core.schedule import RateControl
from edge_detector.core.types import (
    ClipStart,
    ClipStop,
    Command,
    Configure,
    Frame,
    Packet,
    StreamInfo,
    StreamLost,
    Tick,
)
from edge_detector.ports import Clock
from edge_detector.runtime.analyse_loop import AnalyseInput, AnalyseOutput, AnalyseStage
from edge_detector.runtime.capture_loop import CaptureLoop, Sampler
from edge_detector.runtime.inbox import LatestInbox, PacketInbox
from edge_detector.runtime.record_loop import RecordInput, RecordStage
from edge_detector.runtime.supervisor import Worker
from edge_detector.runtime.tap import FrameTap, PacketTap, PeopleTap

#: Silence after which the analyser gets a tick, so that hold times end without frames.
TICK_S = 0.5
#: How often the speed of a camera is told.
STATS_INTERVAL_S = 5.0

_FOR_RECORDER = (ClipStart, ClipStop, VisitStarted, VisitUpdated, VisitEnded)
_FACTS = get_args(Fact)


class Junction:
    """Carries what the analyser puts out: decisions to the recorder, facts to everybody."""

    def __init__(self, *, record: Callable[[RecordInput], None], tell: Callable[[Fact], None]) -> None:
        """Both callables must not block."""
        self._record = record
        self._tell = tell

    def __call__(self, outputs: Sequence[AnalyseOutput]) -> None:
        """Pass on, in order."""
        for output in outputs:
            if isinstance(output, _FOR_RECORDER):
                self._record(output)
            if isinstance(output, _FACTS):
                self._tell(output)


class Streams:
    """Makes one camera of its streams: it is up while all of them are."""

    def __init__(self, names: Sequence[str], tell: Callable[[Fact], None]) -> None:
        """`names` of the streams, all of them down but untold."""
        self._lock = threading.Lock()
        self._down = set(names)
        self._told_down = False
        self._tell = tell

    def fact(self, name: str, fact: Fact) -> None:
        """A stream says that it is up or down."""
        with self._lock:
            if isinstance(fact, CameraUp):
                self._down.discard(name)
                if not self._down:
                    self._told_down = False
                    self._tell(fact)
            elif isinstance(fact, CameraDown):
                self._down.add(name)
                if not self._told_down:
                    self._told_down = True
                    self._tell(fact)


class Camera:
    """Three threads, or four when detection has a stream of its own."""

    def __init__(  # noqa: PLR0913 - all that a camera needs, by name
        self,
        *,
        name: str,
        analyse: AnalyseStage,
        record: RecordStage,
        clock: Clock,
        tell: Callable[[Fact], None],
        backoff: Callable[[], Backoff],
        fps: float,
    ) -> None:
        """Streams are added before `start`; `fps` is how often pictures shall be analysed."""
        self.name = name
        self._analyse = analyse
        self._record = record
        self._clock = clock
        self._tell = tell
        self._backoff = backoff
        self.frames: LatestInbox[AnalyseInput] = LatestInbox()
        self.packets: PacketInbox[RecordInput] = PacketInbox()
        #: For those who look on.
        self.packet_tap, self.frame_tap, self.people_tap = PacketTap(), FrameTap(), PeopleTap()
        self._rate = RateControl(fps)
        self._missed = 0
        #: For the stream whose pictures are analysed.
        self.sampler = Sampler(fps)
        self._captures: list[CaptureLoop] = []
        self._workers = [
            Worker(f"{name} analyse", self._analyse_body, backoff=backoff()),
            Worker(f"{name} record", self._record_body, backoff=backoff()),
        ]
        self._capture_workers: list[Worker] = []
        self._junction = Junction(record=self.packets.put, tell=tell)
        self._told_t = clock.now()
        self._told_analysed = 0

    def add_capture(self, loop: CaptureLoop, role: str) -> None:
        """Give the camera one of its streams."""
        self._captures.append(loop)
        self._capture_workers.append(Worker(f"{self.name} {role}", loop.run, backoff=self._backoff()))

    def start(self) -> None:
        """Start all threads, consumers first."""
        for worker in (*self._workers, *self._capture_workers):
            worker.start()

    def stop(self) -> None:
        """End capture, then analysis, then the recorder, so that nothing under way is lost."""
        for group in (self._capture_workers, self._workers[:1], self._workers[1:]):
            for worker in group:
                worker.request_stop()
            for worker in group:
                worker.join()

    def finished(self) -> bool:
        """Have all streams ended for good?"""
        return all(worker.finished for worker in self._capture_workers)

    def command(self, command: Command) -> None:
        """Pass a command to the stages that it concerns."""
        self.frames.put(command)
        if isinstance(command, Configure):
            self.packets.put(command)

    def brake(self, share: float) -> None:
        """Analyse at most this share of the pictures that shall be; 1 lets go."""
        self._rate.brake(share)
        self.sampler.set_rate(self._rate.fps)

    def idle(self, t: float) -> bool:
        """Does nothing move, is nobody there, and does no one look on, at a packet's time `t`?"""
        return self._analyse.calm.lasts(t) and not self.frame_tap.watched

    # --- what capture loops push into ---------------------------------------------------------------------------------

    def on_opened(self, info: StreamInfo) -> None:
        """A recorded stream opened."""
        self.packets.put(info)
        self.packet_tap.open(info)

    def on_packet(self, packet: Packet) -> None:
        """A packet to record."""
        self.packets.put(packet)
        self.packet_tap.put(packet)

    def on_frame(self, frame: Frame) -> None:
        """A frame to analyse, if it is still the newest when the analyser comes to it."""
        self.frames.put_frame(frame)
        self.frame_tap.put(frame)

    def on_lost(self, lost: StreamLost, *, packets: bool, frames: bool) -> None:
        """A stream is over: what it fed hears of it."""
        if packets:
            self.packets.put(lost)
            self.packet_tap.close()
        if frames:
            self.frames.put(lost)
            self.frame_tap.put(None)

    # --- the threads --------------------------------------------------------------------------------------------------

    def _analyse_body(self, stop: threading.Event) -> None:
        while True:
            item = self.frames.get(TICK_S)
            now = self._clock.now()
            if item is not None:
                self._junction(self._analyse.handle(item))
                if isinstance(item, Frame):
                    self.people_tap.put(item.t, self._analyse.people)
                if isinstance(item, Frame):
                    self._keep_pace(item)
            elif stop.is_set():
                return
            else:
                self._junction(self._analyse.handle(Tick(t=now)))
            if now - self._told_t >= STATS_INTERVAL_S:
                self._tell(self._stats(now))

    def _keep_pace(self, done: Frame) -> None:
        """Ask for no more pictures than can be analysed."""
        now = self._clock.now()
        missed, self._missed = self.frames.dropped - self._missed, self.frames.dropped
        self.sampler.set_rate(self._rate.note(now, age_s=now - done.t, missed=missed))

    def _stats(self, now: float) -> CameraStats:
        analysed = self._analyse.analysed
        fps = (analysed - self._told_analysed) / (now - self._told_t)
        self._told_t, self._told_analysed = now, analysed
        return CameraStats(
            camera=self.name,
            t=now,
            fps=round(fps, 1),
            inference_ms=self._analyse.speed.recent,
            frames=sum(loop.frames for loop in self._captures),
            analysed=analysed,
            inferences=self._analyse.speed.count,
            dropped=tuple(
                (name, count)
                for name, count in (("frames", self.frames.dropped), ("packets", self.packets.dropped))
                if count
            ),
        )

    def _record_body(self, stop: threading.Event) -> None:
        while True:
            item = self.packets.get(TICK_S)
            if item is not None:
                self._tell_all(self._record.handle(item))
                self.packets.eager = self._record.recording
            elif stop.is_set():
                break
        self._tell_all(self._record.finish())

    def _tell_all(self, facts: Sequence[Fact]) -> None:
        for fact in facts:
            self._tell(fact)
