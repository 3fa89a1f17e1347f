import pytest

from edge_detector.core.errors import PermanentStoreError, RetryableStoreError, StoreError
from edge_detector.core.outage import HURRY_S, Outage
from edge_detector.core.retry import RetryPolicy

POLICY = RetryPolicy(base_s=2.0, cap_s=300.0, permanent_s=900.0)
AWAY = RetryableStoreError("away")
REFUSED = PermanentStoreError("access denied")


def outage(random01: float = 1.0) -> Outage:
    return Outage(POLICY, lambda: random01)


def test_all_may_go_while_it_is_well() -> None:
    assert outage().room(0.0, 3) == 3
    assert outage().remaining_s(0.0) == 0.0


def test_one_probe_goes_after_the_pause_and_all_after_it_worked() -> None:
    broken = outage()
    broken.failed(AWAY, 10.0)
    assert [broken.room(t, 3) for t in (10.0, 11.9, 12.0, 99.0)] == [0, 0, 1, 1]
    broken.worked()
    assert broken.room(99.0, 3) == 3


@pytest.mark.parametrize(
    ("error", "random01", "pauses"),
    [
        # full jitter: from nothing to a bound that doubles up to the cap
        (AWAY, 1.0, [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0]),
        (AWAY, 0.0, [0.0, 0.0, 0.0]),
        # somebody has to mend it, who will not be quicker than half of the bound
        (REFUSED, 1.0, [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 900.0, 900.0]),
        (REFUSED, 0.0, [1.0, 2.0, 4.0]),
        # the archive's own wish is the least
        (RetryableStoreError("slow down", retry_after_s=7.0), 1.0, [7.0, 7.0, 8.0]),
    ],
)
def test_pauses_grow(error: StoreError, random01: float, pauses: list[float]) -> None:
    broken = outage(random01)
    t = 0.0
    for pause in pauses:
        broken.failed(error, t)
        assert broken.remaining_s(t) == pytest.approx(pause)
        t += pause


def test_pause_is_never_cut_by_a_later_failure_of_the_same_time() -> None:
    broken = outage()
    broken.failed(RetryableStoreError("slow down", retry_after_s=60.0), 0.0)
    broken.failed(AWAY, 1.0)
    assert broken.remaining_s(1.0) == 59.0


def test_same_fault_is_news_once() -> None:
    broken = outage()
    assert [broken.failed(error, 0.0) for error in (AWAY, AWAY, REFUSED, REFUSED, AWAY)] == [
        True,
        False,
        True,
        False,
        True,
    ]
    broken.worked()
    assert broken.failed(AWAY, 0.0)


@pytest.mark.parametrize(("failures", "real"), [(0, False), (1, False), (2, False), (3, True), (9, True)])
def test_end_of_a_real_outage_is_told(failures: int, *, real: bool) -> None:
    broken = outage()
    for _ in range(failures):
        broken.failed(AWAY, 0.0)
    assert broken.well is (failures == 0)
    assert broken.worked() is real
    assert broken.well


@pytest.mark.parametrize(
    ("error", "remaining_s"),
    [
        (AWAY, HURRY_S),
        (REFUSED, 512.0),  # a visitor mends no key
        (RetryableStoreError("slow down", retry_after_s=60.0), 60.0),  # nor does one justify to push
    ],
)
def test_hurry(error: StoreError, remaining_s: float) -> None:
    broken = outage()
    for _ in range(9):
        broken.failed(error, 0.0)
    broken.hurry()
    assert broken.remaining_s(0.0) == pytest.approx(remaining_s)


def test_hurry_makes_no_pause_longer() -> None:
    broken = outage()
    broken.failed(AWAY, 0.0)
    broken.hurry()
    assert broken.remaining_s(0.0) == 2.0


def test_pause_ends_when_somebody_says_so() -> None:
    broken = outage()
    broken.failed(REFUSED, 0.0)
    broken.end_pause()
    assert broken.room(0.0, 3) == 1, "as a probe"
