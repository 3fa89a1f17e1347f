"""How often pictures are analysed, and whose turn it is."""

from collections.abc import Callable

import pytest

from edge_detector.core.schedule import LATE_S, LEAST_FPS, Board, Brake, RateControl, Turns


def work(rate: RateControl, seconds: float, *, cost_s: Callable[[float], float], start: float = 0.0) -> float:
    """Let a board that needs `cost_s` for a picture work for so long; the moment at which it stops."""
    t = free = start
    while t < start + seconds:
        begun = max(t, free)
        step_s = 1 / rate.fps
        free = begun + cost_s(begun)
        missed = int((free - begun) / step_s)
        rate.note(free, age_s=free - t, missed=missed)
        t = max(t + step_s, free - step_s)
    return t


def test_a_fast_board_keeps_the_target() -> None:
    rate = RateControl(5.0)
    work(rate, 60, cost_s=lambda _: 0.05)
    assert rate.fps == 5.0


@pytest.mark.parametrize(("cost_s", "least", "most"), [(0.3, 2.0, 3.4), (2.0, LEAST_FPS, LEAST_FPS)])
def test_a_slow_board_is_asked_for_what_it_can_do_but_not_less_than_two(
    cost_s: float, least: float, most: float
) -> None:
    rate = RateControl(5.0)
    work(rate, 60, cost_s=lambda _: cost_s)
    assert least <= rate.fps <= most


def test_the_rate_recovers_when_the_work_is_done() -> None:
    rate = RateControl(10.0)
    end = work(rate, 20, cost_s=lambda _: 0.4)
    assert rate.fps < 4
    work(rate, 60, cost_s=lambda _: 0.02, start=end)
    assert rate.fps == 10.0


def test_one_late_picture_is_chance() -> None:
    rate = RateControl(5.0)
    for n in range(100):
        rate.note(n / 5, age_s=LATE_S + 1 if n % 10 == 0 else 0.05, missed=0)
    assert rate.fps == 5.0


@pytest.mark.parametrize("target", [1.0, 1.5])
def test_a_target_below_the_least_is_kept(target: float) -> None:
    rate = RateControl(target)
    rate.brake(0.5)
    work(rate, 60, cost_s=lambda _: 2.0)
    assert rate.fps == target


def test_the_brake_lowers_the_rate_and_lets_it_go_again() -> None:
    rate = RateControl(10.0)
    rate.brake(0.6)
    assert rate.fps == 6.0
    work(rate, 20, cost_s=lambda _: 0.01)
    assert rate.fps == 6.0
    rate.brake(1.0)
    assert rate.fps == 10.0


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (Board(), None),
        (Board(temperature_c=79.9), None),
        (Board(temperature_c=80.0), "hot"),
        (Board(throttled=0x1), "power supply"),
        (Board(throttled=0x2), "caps"),
        (Board(throttled=0x4), "throttles"),
        (Board(throttled=0x8), "temperature limit"),
        (Board(temperature_c=60.0, throttled=0x5), "power supply"),  # what can be mended comes first
        (Board(throttled=0x50000), None),  # was so once, is not now
    ],
)
def test_the_brake_says_why_it_is_on(board: Board, said: str | None) -> None:
    brake = Brake()
    assert brake.update(board) is (said is not None)
    assert (brake.reason is None) if said is None else said in (brake.reason or "")
    assert (brake.share < 1) is (said is not None)
    assert not brake.update(board), "once a change"


def test_a_board_is_cool_again_only_well_below_the_limit() -> None:
    brake = Brake()
    assert [brake.update(Board(temperature_c=c)) for c in (81, 78, 75.1, 74.9, 78)] == [True, False, False, True, False]


def served(turns: Turns, waiting: dict[str, float], seconds: float) -> dict[str, float]:
    """Users who all always want more, each with its own cost of one use: what each gets."""
    numbers = {user: turns.enter(user) for user in waiting}
    done = 0.0
    while done < seconds:
        user = min(numbers, key=lambda name: numbers[name])
        turns.leave(user, numbers[user], waiting[user])
        done += waiting[user]
        numbers[user] = turns.enter(user)
    return dict(turns.used_s)


def test_each_gets_the_same_time_whatever_one_use_costs() -> None:
    used = served(Turns(), {"garden": 0.01, "street": 0.04, "door": 0.02}, 30)
    assert used == pytest.approx(dict.fromkeys(used, 10.0), rel=0.02)


def test_who_did_nothing_has_saved_nothing_up() -> None:
    turns = Turns()
    served(turns, {"street": 0.01}, 100)
    used = served(turns, {"street": 0.01, "door": 0.01}, 10)
    assert used["door"] == pytest.approx(5.0, rel=0.02)
