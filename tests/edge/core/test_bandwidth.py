import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.bandwidth import TokenBucket


@pytest.mark.parametrize(
    ("takes", "waits"),
    [
        # a full bucket holds a second's worth
        ([(100, 0.0)], [0.0]),
        # what exceeds it waits
        ([(150, 0.0)], [0.5]),
        # debts add up
        ([(100, 0.0), (100, 0.0), (100, 0.0)], [0.0, 1.0, 2.0]),
        # time pays them
        ([(200, 0.0), (0, 1.0)], [1.0, 0.0]),
        # nothing is saved beyond a second's worth
        ([(0, 0.0), (200, 100.0)], [0.0, 1.0]),
        # what went without waiting is paid for by what comes after
        ([(300, 0.0), (50, 1.0)], [2.0, 1.5]),
        # a clock that stands still or goes back pays nothing
        ([(100, 5.0), (100, 4.0)], [0.0, 1.0]),
    ],
)
def test_waits(takes: list[tuple[int, float]], waits: list[float]) -> None:
    bucket = TokenBucket(100.0, burst_s=1.0)
    assert [bucket.take(size, t) for size, t in takes] == pytest.approx(waits)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 5)), min_size=1, max_size=50))
def test_rate_is_kept_by_whoever_waits(takes: list[tuple[int, float]]) -> None:
    bucket = TokenBucket(1000.0)  # a fifth of a second is saved up
    t = sent = 0.0
    for size, pause in takes:
        t += pause
        t += bucket.take(size, t)
        sent += size
        assert sent <= 1000.0 * t + 200.0 + 1e-6
