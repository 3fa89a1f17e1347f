"""Things that look like people and never move: found over days, forgotten when gone, hidden when told to."""

from dataclasses import replace

import pytest

from edge_detector.core.still import LOOK_S, PROPOSE_S, Spot, StillWatch
from edge_detector.core.types import Box, Detection

COAT = Box(0.4, 0.2, 0.5, 0.6)
TREMBLED = Box(0.405, 0.205, 0.505, 0.595)
ELSEWHERE = Box(0.6, 0.2, 0.7, 0.6)
HOUR_S, DAY_S = 3600.0, 86_400.0


def after(seconds: float, *boxes: Box, begun: float = 1e9, watch: StillWatch | None = None) -> StillWatch:
    """A watch that has seen the same boxes once a minute for so long."""
    watch = watch or StillWatch()
    for n in range(int(seconds / LOOK_S) + 1):
        watch.look(begun + n * LOOK_S, boxes)
    return watch


def test_what_stands_for_days_is_proposed() -> None:
    assert not any(spot.proposed for spot in after(PROPOSE_S - HOUR_S, COAT).spots)
    (spot,) = after(PROPOSE_S, COAT).spots
    assert spot.proposed
    assert spot.box == COAT


def test_a_box_that_trembles_is_at_its_spot() -> None:
    watch = StillWatch()
    for n in range(100):
        watch.look(n * LOOK_S, [TREMBLED if n % 3 else COAT])
    assert [spot.looks for spot in watch.spots] == [100]


def test_two_boxes_at_one_spot_are_one_look() -> None:
    watch = StillWatch()
    watch.look(100.0, [COAT, TREMBLED])
    assert [spot.looks for spot in watch.spots] == [1]


def test_the_picture_is_looked_at_once_a_minute() -> None:
    watch = StillWatch()
    for n in range(120):
        watch.look(1000.0 + n, [COAT])
    assert [spot.looks for spot in watch.spots] == [2]


def test_a_coat_is_no_person_in_the_dark() -> None:
    watch = StillWatch()
    for day in range(3):
        after(10 * HOUR_S, COAT, begun=day * DAY_S, watch=watch)
    assert [spot.proposed for spot in watch.spots] == [True]


def test_who_stands_at_one_spot_now_and_then_is_no_thing() -> None:
    watch = StillWatch()
    for day in range(4):
        after(HOUR_S, COAT, begun=day * DAY_S, watch=watch)
        after(HOUR_S, COAT, begun=day * DAY_S + 12 * HOUR_S, watch=watch)
    assert [spot.proposed for spot in watch.spots] == [False]


@pytest.mark.parametrize(
    ("stood_s", "gone_s", "known"),
    [
        (5 * 60, 10 * 60, 1),
        (5 * 60, 20 * 60, 0),  # somebody who waited
        (2 * HOUR_S, 17 * HOUR_S, 1),  # a night
        (2 * HOUR_S, 19 * HOUR_S, 0),
    ],
)
def test_what_is_gone_is_forgotten(stood_s: float, gone_s: float, known: int) -> None:
    watch = after(stood_s, COAT, begun=0.0)
    watch.look(stood_s + gone_s, [ELSEWHERE])
    assert sum(spot.box == COAT for spot in watch.spots) == known


def test_the_owner_suppresses_a_spot_and_undoes_it() -> None:
    watch = after(PROPOSE_S, COAT, begun=0.0)
    (spot,) = watch.spots
    coat, visitor = Detection(box=TREMBLED, score=0.6), Detection(box=ELSEWHERE, score=0.9)
    assert watch.hidden([coat, visitor]) == ()
    assert watch.suppress(spot.id, on=True)
    assert watch.hidden([coat, visitor]) == (coat,)
    assert not watch.suppress(spot.id, on=True)
    assert not watch.spots[0].proposed
    assert watch.suppress(spot.id, on=False)
    assert watch.hidden([coat, visitor]) == ()
    assert not watch.spots[0].proposed  # it has to stand for days anew
    assert not watch.suppress("s1", on=True)


def test_a_suppressed_spot_is_never_forgotten() -> None:
    watch = StillWatch([Spot(id="s1", box=COAT, since_utc=0.0, seen_utc=0.0, suppressed=True)])
    watch.look(30 * DAY_S, [])
    assert [spot.id for spot in watch.spots] == ["s1"]


def test_what_is_worth_keeping_is_told_by_the_hour_and_when_it_changes() -> None:
    watch = StillWatch()
    told = [n * LOOK_S for n in range(48 * 60 + 1) if watch.look(n * LOOK_S, [COAT])]
    assert told == [n * HOUR_S for n in range(1, 49)]


def test_each_spot_has_an_id_of_its_own_and_there_are_not_too_many() -> None:
    watch = StillWatch()
    watch.look(1000.4, [Box(n / 100, 0.0, n / 100 + 0.005, 0.5) for n in range(90)])
    assert len({spot.id for spot in watch.spots}) == 64
    assert watch.spots[0].id == "s1000"


def test_a_watch_goes_on_with_what_was_kept() -> None:
    before = after(PROPOSE_S / 2, COAT, begun=0.0)
    watch = StillWatch([replace(spot) for spot in before.spots])
    after(PROPOSE_S / 2, COAT, begun=PROPOSE_S / 2, watch=watch)
    assert watch.spots[0].proposed
