"""Repair of timestamps."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.capture.stamps import RawStamp, Stamp, Stamper, backfill


@pytest.mark.parametrize(
    ("lead", "filled"),
    [
        # whole already
        ([(0, 0), (10, 10)], [(0, 0), (10, 10)]),
        # RTSP: the key frame has nothing
        ([(None, None), (10, 10), (20, 20)], [(0, 0), (10, 10), (20, 20)]),
        # RTSP with two B-frames: dts are known late, the key frame is shown before all
        (
            [(None, None), (20, None), (10, None), (40, 10)],
            [(0, -20), (20, -10), (10, 0), (40, 10)],
        ),
        # no dts at all: nothing to go by
        ([(None, None), (10, None)], [(0, None), (10, None)]),
        # nothing is known
        ([(None, None)], [(None, None)]),
        ([], []),
    ],
)
def test_backfill(lead: list[tuple[int | None, int | None]], filled: list[tuple[int | None, int | None]]) -> None:
    found = backfill([RawStamp(pts, dts, 10) for pts, dts in lead], 99)
    assert [(stamp.pts, stamp.dts) for stamp in found] == filled


def test_backfill_without_durations_takes_the_step() -> None:
    assert backfill([RawStamp(None, None, 0), RawStamp(10, 10, 0)], 4)[0] == (6, 6, 0)


@pytest.mark.parametrize(
    ("raw", "stamp"),
    [
        ((30, 20, 10), (30, 20, 10)),  # whole
        ((None, 20, 10), (20, 20, 10)),  # no pts
        ((30, None, 10), (30, 20, 10)),  # no dts: one step after the last
        ((15, None, 10), (15, 15, 10)),  # no dts, and the step would be too far
        ((None, None, 10), (20, 20, 10)),  # nothing
        ((30, 20, 0), (30, 20, 10)),  # no duration
        ((30, 10, 10), (30, 11, 10)),  # dts repeats
        ((5, 5, 10), (11, 11, 10)),  # runs back
    ],
)
def test_repair(raw: tuple[int | None, int | None, int], stamp: tuple[int, int, int]) -> None:
    stamper = Stamper(7)
    assert stamper.next(RawStamp(10, 10, 10)) == Stamp(10, 10, 10)
    assert stamper.next(RawStamp(*raw)) == Stamp(*stamp)


def test_the_first_packet_may_say_nothing() -> None:
    assert Stamper(7).next(RawStamp(None, None, 0)) == Stamp(0, 0, 7)


ticks = st.none() | st.integers(-1000, 1000)


@given(st.lists(st.builds(RawStamp, ticks, ticks, st.integers(-5, 50))), st.integers(1, 100))
def test_stamps_are_always_whole(raws: list[RawStamp], step: int) -> None:
    stamper = Stamper(step)
    stamps = [stamper.next(raw) for raw in backfill(raws, step)]
    assert all(stamp.pts >= stamp.dts and stamp.duration > 0 for stamp in stamps)
    assert all(a.dts < b.dts for a, b in itertools.pairwise(stamps))
