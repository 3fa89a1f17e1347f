"""Where the detector looks, and what its looks say together."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.boxes import FULL, area, contains, from_region, iou, to_region
from edge_detector.core.regions import RegionPolicy, merge, plan
from edge_detector.core.types import Box, Detection, Motion

HD = (1920, 1080)
SMALL = (768, 432)
SIDE = 320


def planned(
    size: tuple[int, int] = HD,
    motion: Sequence[Box] = (),
    tracks: Sequence[Box] = (),
    *,
    calibrating: bool = False,
    since_full_s: float = 1.0,
    policy: RegionPolicy | None = None,
) -> tuple[Box, ...]:
    moved = Motion(t=5.0, score=0.1, regions=tuple(motion), calibrating=calibrating)
    policy = policy or RegionPolicy()
    return plan(size, motion=moved, tracks=tracks, side=SIDE, since_full_s=since_full_s, policy=policy)


def pixels(box: Box, size: tuple[int, int] = HD) -> tuple[float, float]:
    return (box.x2 - box.x1) * size[0], (box.y2 - box.y1) * size[1]


#: 58 x 108 pixels in HD: far away.
FAR = Box(0.20, 0.40, 0.23, 0.50)
FAR_NEIGHBOUR = Box(0.25, 0.42, 0.28, 0.52)
FAR_AWAY = Box(0.80, 0.40, 0.83, 0.50)
#: 288 x 756 pixels in HD: at the door.
NEAR = Box(0.40, 0.20, 0.55, 0.90)


def test_the_default_policy_is_used() -> None:
    assert plan(HD, motion=Motion(t=0.0, score=0.0), tracks=(), side=SIDE, since_full_s=11.0) == (FULL,)


@pytest.mark.parametrize(
    ("since_full_s", "calibrating", "regions"),
    [
        (9.9, False, ()),  # nothing to look at
        (10.0, False, (FULL,)),  # but now and then
        (0.2, True, (FULL,)),  # the lamp went on: somebody may have come
    ],
)
def test_an_empty_scene(since_full_s: float, calibrating: bool, regions: tuple[Box, ...]) -> None:
    assert planned(since_full_s=since_full_s, calibrating=calibrating) == regions


@pytest.mark.parametrize(
    ("motion", "tracks", "across"),
    [
        ([FAR], [], SIDE),  # no smaller than the model's input
        ([], [FAR], 0.6 * SIDE),  # a known person's pixels are enlarged
        ([FAR], [FAR], 0.6 * SIDE),  # that motion is theirs
        ([Box(0.24, 0.44, 0.25, 0.46)], [FAR], SIDE),  # and this may be somebody else's
        ([NEAR], [], 1080),  # all the height there is
        ([], [Box(0.4, 0.3, 0.5, 0.7)], 432 * 1.5),  # the person and half as much around
        ([Box(0.4, 0.3, 0.5, 0.7)], [], 432 * 1.8),  # more, since motion is not all of a person
    ],
)
def test_one_target_is_one_square_around_it(motion: list[Box], tracks: list[Box], across: float) -> None:
    (region,) = planned(HD, motion, tracks)
    assert pixels(region) == pytest.approx((across, across))
    assert contains(region, (motion + tracks)[0])


def test_a_square_is_moved_into_the_frame() -> None:
    corner = Box(0.0, 0.9, 0.05, 1.0)
    (region,) = planned(HD, [corner])
    assert (region.x1, region.y2) == (0.0, 1.0)
    assert pixels(region) == pytest.approx((SIDE, SIDE))


def test_neighbours_share_a_look_and_others_do_not() -> None:
    assert len(planned(HD, [FAR, FAR_NEIGHBOUR])) == 1
    assert len(planned(HD, [FAR, FAR_AWAY])) == 2


def test_a_small_target_is_not_drowned_in_a_large_look() -> None:
    near = Box(0.30, 0.20, 0.40, 0.60)
    tiny = Box(0.45, 0.40, 0.46, 0.43)
    looks = planned(HD, [near, tiny])
    assert len(looks) == 2
    assert min(pixels(look)[0] for look in looks) == pytest.approx(SIDE)


def test_a_known_persons_own_motion_asks_for_nothing() -> None:
    assert planned(HD, [NEAR], [NEAR]) == planned(HD, [], [NEAR])


def test_a_crop_of_nearly_the_whole_is_the_whole() -> None:
    huge = Box(0.05, 0.0, 0.95, 1.0)
    assert planned(HD, [huge]) == (FULL,)
    assert planned((320, 240), [NEAR]) == (FULL,)


def test_the_whole_comes_first_with_those_too_small_to_be_seen_in_it() -> None:
    huge = Box(0.05, 0.0, 0.6, 1.0)
    looks = planned(HD, [huge, FAR_AWAY], since_full_s=99.0)
    assert looks[0] == FULL
    assert [contains(look, FAR_AWAY) for look in looks[1:]] == [True]


def test_three_people_at_the_door_cost_one_look_at_the_whole() -> None:
    people = [Box(x, 0.2, x + 0.15, 0.9) for x in (0.05, 0.45, 0.8)]
    assert planned(HD, [], people) == (FULL,)
    assert len(planned(HD, [], people[::2])) == 2


@pytest.mark.parametrize(("most", "since_full_s"), [(1, 1.0), (2, 1.0), (3, 1.0), (1, 99.0), (2, 99.0)])
def test_no_more_looks_than_allowed(most: int, since_full_s: float) -> None:
    spread = [Box(x, y, x + 0.02, y + 0.05) for x in (0.05, 0.35, 0.65, 0.95) for y in (0.1, 0.85)]
    looks = planned(HD, spread, since_full_s=since_full_s, policy=RegionPolicy(max_regions=most))
    assert len(looks) <= most
    if FULL not in looks:
        assert all(any(contains(look, box) for look in looks) for box in spread)


def widened(box: Box) -> Box:
    """By what rounding may take."""
    return Box(box.x1 - 1e-9, box.y1 - 1e-9, box.x2 + 1e-9, box.y2 + 1e-9)


@st.composite
def solid_boxes(draw: st.DrawFn) -> Box:
    x1, y1 = draw(st.integers(0, 49)), draw(st.integers(0, 49))
    x2, y2 = draw(st.integers(x1 + 1, 50)), draw(st.integers(y1 + 1, 50))
    return Box(x1 / 50, y1 / 50, x2 / 50, y2 / 50)


@given(
    st.sampled_from([HD, SMALL, (320, 240), (1080, 1920)]),
    st.lists(solid_boxes(), max_size=6),
    st.lists(solid_boxes(), max_size=4),
    st.sampled_from([0.0, 99.0]),
)
def test_any_plan_is_bounded_covers_all_targets_and_cuts_none(
    size: tuple[int, int], motion: list[Box], tracks: list[Box], since_full_s: float
) -> None:
    looks = planned(size, motion, tracks, since_full_s=since_full_s)
    assert len(looks) <= RegionPolicy().max_regions
    assert bool(looks) == bool(motion or tracks or since_full_s)
    for look in looks:
        assert contains(widened(FULL), look)
        least = SIDE if motion and not tracks else 0.6 * SIDE
        assert all(across >= min(least, whole) - 1e-6 for across, whole in zip(pixels(look, size), size, strict=True))
    assert all(any(contains(widened(look), target) for look in looks) for target in [*motion, *tracks])


# --- merging --------------------------------------------------------------------------------------------------------

LEFT = Box(0.0, 0.0, 0.5, 1.0)
RIGHT = Box(0.5, 0.0, 1.0, 1.0)
WIDE_LEFT = Box(0.0, 0.0, 0.6, 1.0)
WIDE_RIGHT = Box(0.4, 0.0, 1.0, 1.0)
UPPER = Box(0.0, 0.0, 1.0, 0.5)
LOWER = Box(0.0, 0.5, 1.0, 1.0)


def seen(region: Box, *people: Box, score: float = 0.9, label: str = "person") -> tuple[Box, list[Detection]]:
    """What a look at the region sees of people given in the frame."""
    shown = [Box(*(min(max(v, 0.0), 1.0) for v in to_region(person, region))) for person in people]
    return region, [Detection(box=box, score=score, label=label) for box in shown if area(box) > 0]


def test_boxes_come_back_in_the_frame_best_first() -> None:
    one, two = Box(0.1, 0.2, 0.2, 0.6), Box(0.7, 0.3, 0.8, 0.7)
    found = merge([seen(LEFT, one, score=0.5), seen(RIGHT, two, score=0.8)])
    assert [d.score for d in found] == [0.8, 0.5]
    assert found[0].box == pytest.approx(two)
    assert found[1].box == pytest.approx(one)


def test_no_looks_and_empty_looks_show_nobody() -> None:
    assert merge([]) == ()
    assert merge([(FULL, [])]) == ()


@pytest.mark.parametrize(
    ("one", "two", "person"),
    [
        (LEFT, RIGHT, Box(0.4, 0.2, 0.6, 0.9)),  # crops side by side
        (RIGHT, LEFT, Box(0.4, 0.2, 0.6, 0.9)),  # told in the other order
        (UPPER, LOWER, Box(0.4, 0.2, 0.6, 0.9)),  # one above the other
        (WIDE_LEFT, WIDE_RIGHT, Box(0.35, 0.1, 0.65, 0.9)),  # crops that overlap, both of which cut
    ],
)
def test_two_halves_are_one_person(one: Box, two: Box, person: Box) -> None:
    (found,) = merge([seen(one, person, score=0.6), seen(two, person, score=0.7)])
    assert found.box == pytest.approx(person)
    assert found.score == 0.7


def test_four_quarters_are_one_person() -> None:
    person = Box(0.4, 0.3, 0.6, 0.9)
    corners = [Box(x, y, x + 0.5, y + 0.5) for x in (0.0, 0.5) for y in (0.0, 0.5)]
    (found,) = merge([seen(corner, person) for corner in corners])
    assert found.box == pytest.approx(person)


def test_halves_that_are_not_alike_stay_two() -> None:
    child, adult = Box(0.42, 0.6, 0.5, 0.9), Box(0.5, 0.1, 0.6, 0.9)
    left, right = seen(LEFT, child), seen(RIGHT, adult)
    assert len(merge([left, right])) == 2


@pytest.mark.parametrize(
    ("two", "label"),
    [
        (Box(0.55, 0.2, 0.7, 0.9), "person"),  # begins well inside the other crop
        (Box(0.5, 0.2, 0.7, 0.9), "dog"),  # is something else
    ],
)
def test_what_does_not_continue_stays_apart(two: Box, label: str) -> None:
    found = merge([seen(LEFT, Box(0.4, 0.2, 0.5, 0.9)), seen(RIGHT, two, label=label)])
    assert len(found) == 2


def test_a_cut_box_gives_way_to_the_whole_one_even_at_a_better_score() -> None:
    person = Box(0.3, 0.2, 0.55, 0.9)
    (found,) = merge([seen(LEFT, person, score=0.95), seen(FULL, person, score=0.6)])
    assert found.box == pytest.approx(person)
    assert found.score == 0.6


def test_a_cut_box_alone_stays_at_a_lower_score() -> None:
    (found,) = merge([seen(LEFT, Box(0.3, 0.2, 0.7, 0.9), score=0.9)])
    assert found.score == pytest.approx(0.72)
    assert found.box == pytest.approx(Box(0.3, 0.2, 0.5, 0.9))


def test_the_edge_of_the_frame_cuts_nothing() -> None:
    (found,) = merge([seen(LEFT, Box(0.0, 0.5, 0.2, 1.0), score=0.9)])
    assert found.score == 0.9


def test_two_cut_boxes_of_one_person_are_the_larger_one() -> None:
    inner = Box(0.2, 0.2, 0.5, 0.6)
    person = Box(0.3, 0.3, 0.7, 0.9)
    (found,) = merge([seen(inner, person, score=0.9), seen(LEFT, person, score=0.8)])
    assert found.box == pytest.approx(Box(0.3, 0.3, 0.5, 0.9))


def test_who_is_seen_whole_twice_is_one_and_a_child_before_an_adult_is_two() -> None:
    adult, child = Box(0.41, 0.2, 0.59, 0.9), Box(0.45, 0.6, 0.52, 0.88)
    found = merge([seen(WIDE_LEFT, adult, child, score=0.8), seen(WIDE_RIGHT, adult, child, score=0.7)])
    assert [d.box for d in found] == [pytest.approx(adult), pytest.approx(child)]


def test_boxes_of_one_look_are_left_as_the_detector_says() -> None:
    near, behind = Box(0.1, 0.2, 0.3, 0.9), Box(0.13, 0.2, 0.33, 0.9)
    assert iou(near, behind) > 0.5
    assert len(merge([seen(FULL, near, behind)])) == 2


@given(st.lists(solid_boxes(), min_size=1, max_size=4), st.lists(solid_boxes(), max_size=5))
def test_merging_invents_nobody_and_stays_in_the_frame(regions: list[Box], people: list[Box]) -> None:
    looks = [seen(region, *people) for region in regions]
    found = merge(looks)
    assert len(found) <= sum(len(some) for _, some in looks)
    assert bool(found) == any(some for _, some in looks)
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    for detection in found:
        assert all(-1e-9 <= v <= 1 + 1e-9 for v in detection.box)


@given(solid_boxes(), solid_boxes())
def test_a_look_twice_is_a_look_once(region: Box, person: Box) -> None:
    look = seen(region, person)
    assert merge([look, look]) == merge([look])
    assert all(d.box == from_region(s.box, region) for d, s in zip(merge([look]), look[1], strict=True))
