"""When key frames are enough."""

import pytest

from edge_detector.core.thrift import (
    CALM_S,
    LONGEST_GAP_S,
    RELIEF_S,
    WINDOW_S,
    Calm,
    IdleDecode,
    KeyframeRule,
    Overload,
)


def rule(mode: IdleDecode, *, gap_s: float, seconds: float = 10.0) -> KeyframeRule:
    """One that has seen a steady stream of ten pictures a second."""
    made = KeyframeRule(mode)
    for n in range(round(seconds * 10)):
        made.see(n / 10, keyframe=n % round(gap_s * 10) == 0)
    return made


@pytest.mark.parametrize(
    ("mode", "gap_s", "enough"),
    [
        (IdleDecode.ALL, 0.5, False),
        (IdleDecode.AUTO, 0.5, True),
        (IdleDecode.AUTO, 0.7, False),  # an alert would come later than promised
        (IdleDecode.AUTO, 4.0, False),
        (IdleDecode.KEYFRAMES, 4.0, True),  # as the owner wishes
    ],
)
def test_who_is_idle_may_take_key_frames_alone(mode: IdleDecode, gap_s: float, enough: bool) -> None:
    made = rule(mode, gap_s=gap_s)
    assert made.enough(idle=True) is enough
    assert not made.enough(idle=False)


@pytest.mark.parametrize("mode", IdleDecode)
def test_nothing_is_left_out_before_the_first_key_frame(mode: IdleDecode) -> None:
    made = KeyframeRule(mode)
    made.see(0.0, keyframe=False)
    assert not made.enough(idle=True)


def test_auto_waits_until_it_knows_the_stream_and_notices_when_key_frames_become_rare() -> None:
    made = rule(IdleDecode.AUTO, gap_s=0.5, seconds=1.0)
    assert made.gap_s is None
    assert not made.enough(idle=True)
    made.see(1.0, keyframe=True)
    assert made.gap_s == pytest.approx(0.5)
    made.see(1.0 + LONGEST_GAP_S + 0.1, keyframe=False)
    assert not made.enough(idle=True)


def test_calm_is_when_nothing_has_moved_for_a_while() -> None:
    calm = Calm()
    assert not calm.lasts(100.0)
    calm.note(100.0, busy=False)
    assert not calm.lasts(100.0 + CALM_S - 0.1)
    assert calm.lasts(100.0 + CALM_S)
    calm.note(104.0, busy=True)
    calm.note(105.0, busy=False)
    assert not calm.lasts(106.0)
    assert calm.lasts(104.0 + CALM_S)


def run(overload: Overload, *, begin: float, seconds: float, waited: float) -> list[bool]:
    """Ten packets a second, for each of which this share of its time was waited."""
    return [overload.note(begin + n / 10, waited / 10) for n in range(round(seconds * 10))]


@pytest.mark.parametrize(
    ("waited", "behind"),
    [
        (1.0, False),  # nothing to do but wait
        (0.1, False),  # busy, and in time
        (0.02, True),  # reading takes a moment, too
        (0.0, True),
    ],
)
def test_who_hardly_waits_for_packets_is_behind(waited: float, *, behind: bool) -> None:
    told = run(Overload(), begin=100.0, seconds=2 * WINDOW_S, waited=waited)
    assert not any(told[: round(WINDOW_S * 10)])
    assert told[-1] is behind


def test_a_burst_at_the_beginning_is_no_overload() -> None:
    overload = Overload()
    assert not any(run(overload, begin=100.0, seconds=WINDOW_S - 0.5, waited=0.0))
    assert not any(run(overload, begin=100.0 + WINDOW_S - 0.5, seconds=2 * WINDOW_S, waited=0.5))


def test_after_a_while_everything_is_tried_again() -> None:
    overload = Overload()
    run(overload, begin=100.0, seconds=WINDOW_S + 0.1, waited=0.0)
    relieved = run(overload, begin=100.1 + WINDOW_S, seconds=RELIEF_S + 1.0, waited=0.9)
    assert relieved[0]
    assert relieved.index(False) == pytest.approx(RELIEF_S * 10, abs=2)
