"""A whole camera on fakes: its threads, its inboxes, and that it ends."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from edge_detector.core.cutter import CutPolicy, Cutter
from edge_detector.core.facts import (
    CameraDown,
    CameraStats,
    CameraUp,
    ClipSaved,
    Fact,
    SnapshotReady,
    VisitEnded,
    VisitStarted,
)
from edge_detector.core.outline import Outline
from edge_detector.core.retry import Backoff
from edge_detector.core.types import Bgr, Configure, Detection, Frame, Packet, Settings, StreamInfo, TakeSnapshot
from edge_detector.core.visits import VisitMachine, VisitPolicy
from edge_detector.ports import WantsFrame
from edge_detector.runtime import camera as camera_module
from edge_detector.runtime.analyse_loop import AnalysePolicy, AnalyseStage
from edge_detector.runtime.camera import Camera, Streams
from edge_detector.runtime.capture_loop import CaptureLoop, Sampler, Sinks
from edge_detector.runtime.record_loop import RecordStage
from edge_detector.testing import FakeClipWriter, FakeDetector, FakeEncoder, FakeSession, FakeSource
from tests.edge.runtime.values import INFO, SOMEBODY, VISIT, frame, packet


class HostClock:
    """The host's own time, counted from the start of the test."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._begun

    def utc(self, t: float) -> float:
        return 1_700_000_000 + t


class Facts:
    """Facts from all threads, and a way to wait for one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.all: list[Fact] = []

    def tell(self, fact: Fact) -> None:
        with self._changed:
            self.all.append(fact)
            self._changed.notify_all()

    def wait(self, kind: type, timeout_s: float = 60.0) -> Fact:
        with self._changed:
            found = self._changed.wait_for(lambda: [fact for fact in self.all if isinstance(fact, kind)], timeout_s)
        assert found, f"no {kind.__name__} among {[type(fact).__name__ for fact in self.all]}"
        first: Fact = found[0]
        return first


class PacedSource(FakeSource):
    """Yields its items when their time has come."""

    def __init__(self, clock: HostClock, *sessions: FakeSession) -> None:
        super().__init__(*sessions)
        self._clock = clock

    def read(self, wants: WantsFrame) -> Iterator[Packet | Frame]:
        for item in super().read(wants):
            time.sleep(max(0.0, item.t - self._clock.now()))
            yield item


class Set:
    """One camera with everything faked around it, five frames and packets a second for two seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(camera_module, "TICK_S", 0.05)
        monkeypatch.setattr(camera_module, "STATS_INTERVAL_S", 0.5)
        self.clock = HostClock()
        self.facts = Facts()
        self.writer = FakeClipWriter()
        self.camera = Camera(
            name="door",
            analyse=AnalyseStage(
                camera="door",
                policy=AnalysePolicy(),
                detector=FakeDetector(lambda _: (SOMEBODY,)),
                encoder=FakeEncoder(),
                machine=VisitMachine("door", VisitPolicy(hold_s=0.5), lambda t: (VISIT, 1_700_000_000 + t)),
                confidence=0.5,
                outline=Outline(),
                stopwatch=time.perf_counter,
                utc=self.clock.utc,
            ),
            record=RecordStage(
                camera="door",
                cutter=Cutter(CutPolicy(pre_roll_s=0.2)),
                writer=self.writer,
                clock=self.clock,
            ),
            clock=self.clock,
            tell=self.facts.tell,
            backoff=lambda: Backoff(lambda: 0.0, first_s=0.01, cap_s=0.01),
            fps=5,
        )

    def add_stream(self, *sessions: FakeSession, role: str = "capture") -> None:
        streams = Streams([role], self.facts.tell)
        sinks = Sinks(
            opened=self.camera.on_opened,
            packet=self.camera.on_packet,
            frame=self.camera.on_frame,
            lost=lambda lost: self.camera.on_lost(lost, packets=True, frames=True),
            fact=lambda fact: streams.fact(role, fact),
        )
        loop = CaptureLoop(
            camera="door",
            source=PacedSource(self.clock, *sessions),
            sinks=sinks,
            sampler=Sampler(5),
            clock=self.clock,
            backoff=Backoff(lambda: 0.0, first_s=0.01, cap_s=0.01),
            finite=True,
        )
        self.camera.add_capture(loop, role)


def two_seconds() -> tuple[Packet | Frame, ...]:
    items: list[Packet | Frame] = []
    for fifth in range(10):
        items += [packet(fifth / 5, keyframe=fifth % 5 == 0), frame(fifth / 5)]
    return tuple(items)


def seconds_later(start: float) -> tuple[Packet | Frame, ...]:
    return tuple(replace(item, t=item.t + start) for item in two_seconds())


def test_from_packets_to_a_clip_and_a_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Set(monkeypatch)
    stage.add_stream(FakeSession(info=INFO, items=two_seconds()))
    stage.camera.start()
    stage.facts.wait(ClipSaved)
    stage.facts.wait(VisitEnded)
    stats = stage.facts.wait(CameraStats)
    stage.camera.stop()
    assert stage.camera.finished()
    kinds = [type(fact) for fact in stage.facts.all]
    assert kinds.index(CameraUp) < kinds.index(SnapshotReady) < kinds.index(VisitStarted) < kinds.index(ClipSaved)
    assert isinstance(stats, CameraStats)
    assert stats.analysed > 0
    assert len(stage.writer.clips) == 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("door ")]


def test_stop_in_the_middle_keeps_the_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Set(monkeypatch)
    stage.add_stream(FakeSession(info=INFO, items=two_seconds()))
    stage.camera.start()
    stage.facts.wait(VisitStarted)
    stage.camera.stop()
    assert isinstance(stage.facts.wait(VisitEnded), VisitEnded)
    assert isinstance(stage.facts.wait(ClipSaved), ClipSaved)


def test_commands_reach_both_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Set(monkeypatch)
    configure = Configure(t=0.0, settings=Settings())
    stage.camera.command(configure)
    stage.camera.command(TakeSnapshot(t=0.0))
    assert stage.camera.packets.get(0) == configure
    assert [stage.camera.frames.get(0) for _ in range(2)] == [configure, TakeSnapshot(t=0.0)]
    assert stage.camera.packets.get(0) is None


def test_camera_of_two_streams_is_up_while_both_are() -> None:
    facts: list[Fact] = []
    streams = Streams(["record", "detect"], facts.append)
    up = CameraUp(camera="door", t=0.0, utc=0.0, width=64, height=48)
    down = CameraDown(camera="door", t=1.0, utc=1.0, reason="gone")
    streams.fact("record", up)
    assert facts == []
    streams.fact("detect", up)
    assert facts == [up]
    streams.fact("detect", down)
    streams.fact("record", down)
    assert facts == [up, down], "a camera that is down is told once"
    streams.fact("detect", up)
    streams.fact("record", up)
    assert facts == [up, down, up]


def test_streams_listen_to_nothing_else() -> None:
    facts: list[Fact] = []
    Streams(["capture"], facts.append).fact("capture", CameraStats(camera="door", t=0.0, fps=1.0, inference_ms=1.0))
    assert facts == []


def test_stream_info_is_for_the_recorder(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Set(monkeypatch)
    info = StreamInfo(session=3, codec="hevc", width=8, height=8, time_base=(1, 90000))
    stage.camera.on_opened(info)
    assert stage.camera.packets.get(0) == info


def test_a_camera_is_idle_when_nothing_moves_and_no_one_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Set(monkeypatch).camera
    door._analyse.calm.note(0.0, busy=True)
    assert not door.idle(1.0)
    assert door.idle(10.0)

    def wake() -> None:
        pass

    door.frame_tap.watch(wake)
    assert not door.idle(10.0)
    door.frame_tap.unwatch(wake)
    assert door.idle(10.0)


def test_a_hot_board_analyses_less(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Set(monkeypatch).camera
    door.brake(0.6)
    assert sum(door.sampler(n / 10) for n in range(100)) == pytest.approx(30, abs=1)
    door.brake(1.0)
    assert sum(door.sampler(n / 10) for n in range(100, 200)) == pytest.approx(50, abs=1)


def test_a_camera_whose_detector_is_slow_asks_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Set(monkeypatch)
    slow = threading.Event()  # never set: it only waits

    def detect(_: Bgr) -> tuple[Detection, ...]:
        slow.wait(0.45)
        return (SOMEBODY,)

    stage.camera._analyse._detector = FakeDetector(detect)
    stage.add_stream(FakeSession(info=INFO, items=two_seconds() + seconds_later(2.0)))
    stage.camera.start()
    stage.facts.wait(CameraDown)
    stage.camera.stop()
    assert stage.camera._rate.fps < 5
