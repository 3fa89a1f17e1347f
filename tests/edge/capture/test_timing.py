"""How a session's packets get their time."""

import pytest

from edge_detector.capture.stamps import RawStamp
from edge_detector.capture.timing import Rhythm, Timekeeper
from edge_detector.testing import FakeClock

TICK_S = 0.001
STEP = 40


def keeper(clock: FakeClock, **how: object) -> Timekeeper[int]:
    known = {"tick_s": TICK_S, "step": STEP, "start": None, "live": True, "timeless": False, "pace": None}
    return Timekeeper(Rhythm(**{**known, "now": clock.now, **how}))  # type: ignore[arg-type]


def test_the_opening_burst_is_held_and_placed_as_one() -> None:
    clock = FakeClock(100.0)
    time = keeper(clock)
    assert time.push(0, RawStamp(None, None, STEP)) == []
    assert [time.push(i, RawStamp(i * STEP, i * STEP, STEP)) for i in range(1, 25)] == [[]] * 24
    clock.t += 0.03  # the first packet that had to be waited for
    placed = time.push(25, RawStamp(25 * STEP, 25 * STEP, STEP))
    assert [packet for packet, _, _ in placed] == list(range(26))
    assert [stamp.pts for _, stamp, _ in placed] == [i * STEP for i in range(26)]
    assert [t for _, _, t in placed] == pytest.approx([100.0 - 0.97 + i * 0.04 for i in range(26)])
    clock.t += 0.04
    ((_, _, t),) = time.push(26, RawStamp(26 * STEP, 26 * STEP, STEP))
    assert t == pytest.approx(clock.t)


def test_a_burst_is_not_held_for_ever() -> None:
    clock = FakeClock(100.0)
    time = keeper(clock)
    placed = []
    for i in range(400):
        placed += time.push(i, RawStamp(i * STEP, i * STEP, STEP))
        clock.t += 0.01
        if placed:
            break
    assert clock.t == pytest.approx(102.0, abs=0.05)


def test_packets_without_any_stamp_are_held_no_longer_than_the_lead() -> None:
    time = keeper(FakeClock(), live=False)
    placed = [len(time.push(i, RawStamp(None, None, STEP))) for i in range(260)]
    assert (sum(placed), placed[0], placed[249]) == (260, 0, 250)


def test_a_short_recording_is_drained() -> None:
    time = keeper(FakeClock(), live=False)
    time.push(0, RawStamp(None, None, STEP))
    time.push(1, RawStamp(None, None, STEP))
    assert [t for _, _, t in time.drain()] == pytest.approx([0.0, 0.04])
    assert time.drain() == []


@pytest.mark.parametrize(
    ("start", "first"),
    [
        (None, 0.0),  # nobody says: from the first picture
        (1000, 0.4),  # the container says that pictures begin earlier
    ],
)
def test_a_recording_counts_from_its_start(start: int | None, first: float) -> None:
    time = keeper(FakeClock(), live=False, start=start)
    ((_, _, t),) = time.push(0, RawStamp(1400, 1400, STEP))
    assert t == pytest.approx(first)


def test_pictures_without_timestamps_are_counted_in_a_recording() -> None:
    time = keeper(FakeClock(), live=False, timeless=True)
    placed = [time.push(i, RawStamp(None, 7777 * i, 123))[0] for i in range(3)]
    assert [(stamp.pts, t) for _, stamp, t in placed] == [(0, 0.0), (40, 0.04), (80, 0.08)]


def test_pictures_without_timestamps_have_the_time_when_they_come() -> None:
    clock = FakeClock(100.0)
    time = keeper(clock, timeless=True)
    placed = []
    for wait in (0.0, 0.1, 0.35):
        clock.t += wait
        placed += time.push(0, RawStamp(None, None, 0))
    assert [t for _, _, t in placed] == pytest.approx([100.0, 100.1, 100.45])
    assert [stamp.pts for _, stamp, _ in placed] == [0, 100, 450]


def test_a_file_that_plays_a_camera_is_paced_by_its_decoding_order() -> None:
    clock = FakeClock(100.0)
    waited: list[float] = []
    time = keeper(clock, pace=waited.append)
    placed = []
    for pts, dts in ((0, -80), (80, -40), (40, 0)):
        placed += time.push(0, RawStamp(pts, dts, STEP))
    assert waited == pytest.approx([0.0, 0.04, 0.08])
    assert [t for _, _, t in placed] == pytest.approx([100.0, 100.08, 100.04])
