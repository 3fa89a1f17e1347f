"""The capture loop: sessions, who is told what, and which pictures are analysed."""

import logging
import threading
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.errors import SourceEnded, SourceError
from edge_detector.core.facts import CameraDown, CameraUp, Fact
from edge_detector.core.retry import Backoff
from edge_detector.core.types import Frame, Packet, StreamInfo, StreamLost
from edge_detector.runtime.capture_loop import CaptureLoop, Sampler, Sinks
from edge_detector.testing import FakeClock, FakeSession, FakeSource
from tests.edge.runtime.values import INFO, frame, packet

BROKEN = SourceError("door: the connection broke")


@dataclass
class Taps:
    """What came out of a loop."""

    opened: list[StreamInfo] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    lost: list[StreamLost] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def sinks(self) -> Sinks:
        return Sinks(
            opened=self.opened.append,
            packet=self.packets.append,
            frame=self.frames.append,
            lost=self.lost.append,
            fact=self.facts.append,
        )


def run(source: FakeSource, *, finite: bool = True, stop: threading.Event | None = None) -> Taps:
    taps = Taps()
    loop = CaptureLoop(
        camera="door",
        source=source,
        sinks=taps.sinks(),
        sampler=Sampler(5),
        clock=FakeClock(3.0),
        backoff=Backoff(lambda: 0.0, first_s=0.001, cap_s=0.001),
        finite=finite,
    )
    loop.run(stop or threading.Event())
    return taps


def test_finite_source_is_read_once() -> None:
    items = (packet(0.0, keyframe=True), frame(0.0), packet(0.1), frame(0.1), frame(0.2))
    source = FakeSource(FakeSession(info=INFO, items=items))
    taps = run(source)
    assert taps.opened == [INFO]
    assert [item.t for item in taps.packets] == [0.0, 0.1]
    assert [item.t for item in taps.frames] == [0.0, 0.2], "five a second of ten"
    assert [lost.session for lost in taps.lost] == [1]
    assert [type(fact) for fact in taps.facts] == [CameraUp, CameraDown]
    assert source.closed == 1


def test_each_reconnect_is_a_session_and_a_loss_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    source = FakeSource(
        FakeSession(info=INFO, items=(packet(0.0, keyframe=True),), error=BROKEN),
        FakeSession(error=BROKEN),
        FakeSession(error=BROKEN),
        FakeSession(info=INFO, items=(packet(9.0, keyframe=True, session=4),), error=SourceEnded("the end")),
    )
    with caplog.at_level(logging.INFO):
        taps = run(source)
    assert [info.session for info in taps.opened] == [1, 4]
    assert [lost.session for lost in taps.lost] == [1, 2, 3, 4]
    assert [type(fact) for fact in taps.facts] == [CameraUp, CameraDown, CameraUp, CameraDown]
    assert caplog.text.count("the connection broke") == 1
    assert "door is back" in caplog.text


def test_camera_is_up_with_its_first_picture_and_not_before() -> None:
    taps = run(FakeSource(FakeSession(info=INFO)))
    assert [type(fact) for fact in taps.facts] == [CameraDown]


def test_stop_ends_a_session_and_tells_the_stages() -> None:
    stop = threading.Event()
    stop.set()
    taps = run(FakeSource(FakeSession(info=INFO, items=(packet(0.0, keyframe=True),) * 5)), stop=stop)
    assert taps.opened == []

    class Stopping(FakeSource):
        def open(self, session: int) -> StreamInfo:
            stop.set()
            return super().open(session)

    stop.clear()
    taps = run(Stopping(FakeSession(info=INFO, items=(packet(0.0, keyframe=True),) * 5)), stop=stop, finite=False)
    assert len(taps.packets) == 1
    assert taps.lost == [StreamLost(t=3.0, session=1, reason="stopped")]
    assert [type(fact) for fact in taps.facts] == [CameraUp], "an owner who stops the program has no camera fault"


def test_endless_source_that_ends_is_opened_again() -> None:
    stop = threading.Event()

    class Twice(FakeSource):
        def open(self, session: int) -> StreamInfo:
            if session == 2:
                stop.set()
            return super().open(session)

    items = (packet(0.0, keyframe=True),)
    taps = run(Twice(*[FakeSession(info=INFO, items=items)] * 3), finite=False, stop=stop)
    assert [info.session for info in taps.opened] == [1, 2]


@given(
    fps=st.sampled_from([7.0, 10.0, 12.5, 15.0, 25.0, 29.97, 30.0]),
    wanted=st.sampled_from([1.0, 2.0, 5.0, 10.0]),
    start=st.floats(0, 1e6),
)
def test_sampler_keeps_its_rate_at_any_frame_rate(fps: float, wanted: float, start: float) -> None:
    sampler = Sampler(wanted)
    seconds = 20
    taken = sum(sampler(start + n / fps) for n in range(int(seconds * fps)))
    assert taken == pytest.approx(min(wanted, fps) * seconds, abs=1.01)


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_sampler_starts_anew_when_time_jumps(jump: float) -> None:
    sampler = Sampler(5)
    assert sampler(100.0)
    assert not sampler(100.1)
    assert sampler(100.2 + jump)
    assert not sampler(100.3 + jump)


def test_a_picture_that_is_not_due_is_known_before_it_is_decoded() -> None:
    sampler = Sampler(5)
    assert not sampler.spare(100.0), "nothing is known yet"
    asked = [(n, sampler.spare(100 + n / 10), sampler(100 + n / 10)) for n in range(10)]
    assert [(spare, wanted) for _, spare, wanted in asked] == [(False, True), (True, False)] * 5
    assert not sampler.spare(50.0), "another time altogether"


def test_the_rate_may_change_while_it_runs() -> None:
    sampler = Sampler(10)
    assert sum(sampler(n / 10) for n in range(100)) == 100
    sampler.set_rate(2)
    assert sum(sampler(n / 10) for n in range(100, 200)) == pytest.approx(20, abs=1)
