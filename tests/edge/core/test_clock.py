"""The mapping of stream timestamps to host time."""

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.clock import JUMP_S, SLEW, ReplayClock, StreamClock
from edge_detector.core.errors import SourceError

STEP_S = 0.04
HOST_S = 5000.0


def shown(count: int, *, start: float = 0.0) -> list[float]:
    return [start + i * STEP_S for i in range(count)]


def test_a_replay_counts_seconds_from_its_first_picture() -> None:
    clock = ReplayClock(1.4)
    assert clock.map(1.4, 99.0) == 0.0
    assert clock.map(3.4, 12.0) == 2.0
    assert clock.at(2.4) == pytest.approx(1.0)


def test_a_steady_camera_is_mapped_to_its_arrivals() -> None:
    clock = StreamClock()
    times = [clock.map(pts, HOST_S + pts) for pts in shown(100)]
    assert times == pytest.approx([HOST_S + pts for pts in shown(100)])
    assert clock.at(1.0) == pytest.approx(HOST_S + 1.0)


def test_jitter_does_not_shake_time() -> None:
    chance = random.Random(7)
    clock = StreamClock()
    times = [clock.map(pts, HOST_S + pts + chance.choice((0.0, 0.01, 0.2))) for pts in shown(3000)]
    steps = [b - a for a, b in itertools.pairwise(times[250:])]
    assert max(steps) == pytest.approx(STEP_S)
    assert min(steps) == pytest.approx(STEP_S)
    assert times[-1] == pytest.approx(HOST_S + shown(3000)[-1])


@pytest.mark.parametrize(
    "drift",
    [
        0.0005,  # a cheap crystal, camera fast
        -0.0005,  # the same, camera slow
        0.0,
    ],
)
def test_the_cameras_drift_is_followed(drift: float) -> None:
    chance = random.Random(3)
    clock = StreamClock()
    worst = 0.0
    for i in range(25 * 900):
        taken = HOST_S + i * STEP_S
        t = clock.map(i * STEP_S * (1 + drift), taken + chance.random() * 0.03)
        worst = max(worst, abs(t - taken))
    assert worst < 0.035


def test_the_opening_burst_is_learnt_before_anything_is_placed() -> None:
    clock = StreamClock()
    for pts in shown(26):
        clock.observe(pts, HOST_S + 1.0)
    assert clock.at(0.0) == pytest.approx(HOST_S)
    assert clock.map(1.04, HOST_S + 1.04) == pytest.approx(HOST_S + 1.04)


def test_a_late_start_is_mended_without_running_backwards() -> None:
    clock = StreamClock()
    times = [clock.map(0.0, HOST_S + 0.5)]
    times += [clock.map(pts, HOST_S + pts) for pts in shown(500)[1:]]
    assert all(a < b for a, b in itertools.pairwise(times))
    assert times[-1] == pytest.approx(HOST_S + shown(500)[-1])


def test_a_hiccup_of_the_network_moves_nothing() -> None:
    clock = StreamClock()
    for pts in shown(100):
        clock.map(pts, HOST_S + pts)
    late = HOST_S + 4.0 + 8.0  # eight seconds of silence, then all at once
    for pts in shown(200, start=4.0):
        assert clock.map(pts, max(late, HOST_S + pts)) == pytest.approx(HOST_S + pts)


def test_a_gap_in_which_the_camera_sent_nothing_is_no_jump() -> None:
    clock = StreamClock()
    clock.map(0.0, HOST_S)
    assert clock.map(9.0, HOST_S + 9.0) == pytest.approx(HOST_S + 9.0)


@pytest.mark.parametrize(
    ("pts", "waited"),
    [
        (10.0 - JUMP_S - 0.1, 0.04),  # back
        (10.0 + JUMP_S + 0.1, 0.04),  # ahead
        (10.0 + 9.0, 5.0),  # ahead of the time that went by
        (-1e6, 9.0),  # the camera counts from its start again
    ],
)
def test_a_jump_is_refused(pts: float, waited: float) -> None:
    clock = StreamClock()
    clock.map(10.0, HOST_S)
    with pytest.raises(SourceError, match="timestamps jumped"):
        clock.map(pts, HOST_S + waited)


def test_two_streams_of_one_camera_share_the_axis() -> None:
    chance = random.Random(5)
    main, sub = StreamClock(), StreamClock()
    t_main = t_sub = 0.0
    for i in range(500):
        taken = HOST_S + i * STEP_S
        t_main = main.map(1234.5 + i * STEP_S, taken + 0.01 + chance.random() * 0.05)
        t_sub = sub.map(i * STEP_S, taken + 0.01 + chance.random() * 0.05)
    assert abs(t_main - t_sub) < 0.01


@given(
    st.lists(st.floats(0.0, 2.0), min_size=2, max_size=60),
    st.integers(0, 3),
    st.floats(-1000.0, 1000.0),
)
def test_time_rises_with_pts_whatever_the_network_does(delays: list[float], b_frames: int, start: float) -> None:
    order = reordered(len(delays), b_frames)
    clock = StreamClock()
    now = HOST_S
    mapped = []
    for n, (index, delay) in enumerate(zip(order, delays, strict=True)):
        now = max(now, HOST_S + n * STEP_S + delay)
        pts = start + index * STEP_S
        mapped.append((pts, clock.map(pts, now)))
    mapped.sort()
    for (a, t_a), (b, t_b) in itertools.pairwise(mapped):
        # It may run slower or faster than the stream by the slew of the pictures that were sent ahead, never backwards.
        assert t_b - t_a > (b - a) * (1 - SLEW * (b_frames + 2))


def reordered(count: int, b_frames: int) -> list[int]:
    """Decoding order: each anchor goes before the B-frames that are shown ahead of it."""
    order = [0]
    while len(order) < count:
        first = len(order)
        last = min(first + b_frames, count - 1)
        order += [last, *range(first, last)]
    return order
