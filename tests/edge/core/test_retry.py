import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.errors import FileRefusedError, PermanentStoreError, RetryableStoreError, StoreError
from edge_detector.core.retry import Backoff, GiveUp, RetryAt, RetryPolicy, decide

NOW = 1_800_000_000.0
POLICY = RetryPolicy(base_s=2.0, cap_s=100.0, permanent_s=900.0, retry_after_cap_s=3600.0)
CHANCE = st.floats(0, 1, exclude_max=True)


def pause(attempts: int, error: StoreError, random01: float, policy: RetryPolicy = POLICY) -> float:
    decision = decide(attempts=attempts, error=error, now_utc=NOW, random01=random01, policy=policy)
    assert isinstance(decision, RetryAt)
    return decision.utc - NOW


@pytest.mark.parametrize(
    ("attempts", "random01", "expected"),
    [
        # full jitter: from nothing to the bound
        (1, 0.0, 0.0),
        (1, 0.5, 1.0),
        (1, 1.0, 2.0),
        # the bound doubles
        (2, 1.0, 4.0),
        (5, 1.0, 32.0),
        # up to the cap
        (7, 1.0, 100.0),
        (7, 0.25, 25.0),
        # and for ever, without leaving the floats
        (100_000, 1.0, 100.0),
        # an attempt that nobody counted is a first one
        (0, 1.0, 2.0),
    ],
)
def test_pause_grows_with_jitter(attempts: int, random01: float, expected: float) -> None:
    assert pause(attempts, RetryableStoreError("busy"), random01) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("retry_after_s", "expected"),
    [
        # heeded when it is the longer one
        (30.0, 30.0),
        # a store may not make us faster
        (0.5, 1.0),
        # nor park a file for years
        (1e9, 3600.0),
        # nonsense
        (-5.0, 1.0),
        (float("nan"), 1.0),
        (float("inf"), 1.0),
        (None, 1.0),
    ],
)
def test_wish_of_the_store(retry_after_s: float | None, expected: float) -> None:
    error = RetryableStoreError("slow down", retry_after_s=retry_after_s)
    assert pause(1, error, 0.5) == pytest.approx(expected)


def test_error_of_no_kind_is_tried_again() -> None:
    assert pause(1, StoreError("what was that"), 0.5) == pytest.approx(1.0)


@pytest.mark.parametrize(("random01", "expected"), [(0.0, 450.0), (0.5, 675.0), (1.0, 900.0)])
@pytest.mark.parametrize("attempts", [1, 50])
def test_what_needs_a_person_is_tried_slowly_and_for_ever(attempts: int, random01: float, expected: float) -> None:
    assert pause(attempts, PermanentStoreError("access denied"), random01) == pytest.approx(expected)


@pytest.mark.parametrize("error", [RetryableStoreError("busy"), PermanentStoreError("access denied")])
def test_given_up_only_when_told_so(error: StoreError) -> None:
    policy = RetryPolicy(max_attempts=3)
    assert pause(2, error, 0.0, policy) >= 0
    decision = decide(attempts=3, error=error, now_utc=NOW, random01=0.0, policy=policy)
    assert decision == GiveUp(reason=f"given up after 3 tries: {error}")


@pytest.mark.parametrize(("attempts", "given_up"), [(1, False), (4, False), (5, True), (9, True)])
def test_file_that_alone_is_refused_is_given_up(attempts: int, *, given_up: bool) -> None:
    error = FileRefusedError("damaged")
    decision = decide(attempts=attempts, error=error, now_utc=NOW, random01=0.0, policy=POLICY)
    assert isinstance(decision, GiveUp) is given_up


@given(attempts=st.integers(1, 10_000), random01=CHANCE, wish=st.none() | st.floats())
def test_pause_stays_within_its_bounds(attempts: int, random01: float, wish: float | None) -> None:
    error = RetryableStoreError("x", retry_after_s=wish)
    assert 0 <= pause(attempts, error, random01) <= max(POLICY.cap_s, POLICY.retry_after_cap_s)


# --- reconnects -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("random01", "expected"),
    [
        # without luck always the shortest, with luck doubling up to the cap
        (0.0, [1.0] * 7),
        (1.0, [2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]),
        (0.5, [1.5, 2.5, 4.5, 8.5, 15.5, 15.5, 15.5]),
    ],
)
def test_backoff(random01: float, expected: list[float]) -> None:
    backoff = Backoff(lambda: random01)
    assert [backoff.next_delay() for _ in expected] == pytest.approx(expected)


def test_backoff_begins_anew_after_success() -> None:
    backoff = Backoff(lambda: 1.0)
    assert [backoff.next_delay(), backoff.next_delay()] == [2.0, 4.0]
    backoff.reset()
    assert backoff.next_delay() == 2.0


@given(st.lists(CHANCE, min_size=1, max_size=100))
def test_backoff_stays_between_first_and_cap(chances: list[float]) -> None:
    chance = iter(chances)
    backoff = Backoff(lambda: next(chance))
    assert all(1.0 <= backoff.next_delay() <= 30.0 for _ in chances)
