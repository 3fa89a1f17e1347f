"""The tracker: who is who from picture to picture."""

import math
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.appearance import Coat
from edge_detector.core.boxes import center, clip, iou
from edge_detector.core.tracker import Tracker, TrackerPolicy, assign
from edge_detector.core.types import Box, Detection, Track

WIDTH, HEIGHT = 0.08, 0.4


def standing(x: float, y: float = 0.5, *, size: float = 1.0) -> Box:
    return Box(x - WIDTH * size / 2, y - HEIGHT * size / 2, x + WIDTH * size / 2, y + HEIGHT * size / 2)


def found(*boxes: Box, score: float = 0.9) -> tuple[Detection, ...]:
    return tuple(Detection(box=clip(box), score=score) for box in boxes)


Path = Callable[[float], Box | None]


def follow(tracker: Tracker, paths: Sequence[Path], *, fps: float, seconds: float) -> Iterator[tuple[Track, ...]]:
    """Feed what a perfect detector sees of people on these paths."""
    for i in range(round(seconds * fps)):
        boxes = [box for box in (path(i / fps) for path in paths) if box is not None]
        yield tracker.update(i / fps, found(*boxes))


def id_at(tracks: Sequence[Track], box: Box) -> int:
    (track,) = [track for track in tracks if iou(track.box, box) > 0.9]
    return track.id


def test_a_first_detection_starts_a_track() -> None:
    (track,) = Tracker().update(3.0, found(standing(0.5), score=0.7))
    assert track == Track(id=1, box=standing(0.5), score=0.7, age=0.0, hits=1, seen_t=3.0, feet=(0.5, 0.7))


def test_a_track_tells_its_age_hits_and_latest_detection() -> None:
    tracker = Tracker()
    tracker.update(1.0, found(standing(0.5)))
    (track,) = tracker.update(1.5, found(standing(0.51), score=0.6))
    assert track == Track(id=1, box=standing(0.51), score=0.6, age=0.5, hits=2, seen_t=1.5, feet=track.feet)


@pytest.mark.parametrize(
    ("scores", "ids"),
    [
        ((0.4,), [1]),  # enough to start
        ((0.39,), []),  # not enough
        ((0.3, 0.9), [1]),  # only the second one starts it
        ((0.9, 0.2), [1]),  # once known, little keeps it
        ((0.9, 0.1), []),  # but not so little
    ],
)
def test_scores(scores: tuple[float, ...], ids: list[int]) -> None:
    tracker = Tracker()
    tracks: tuple[Track, ...] = ()
    for i, score in enumerate(scores):
        tracks = tracker.update(i / 5, found(standing(0.5), score=score))
    assert [track.id for track in tracks] == ids


def test_a_track_may_need_more_to_start_than_to_be_associated_first() -> None:
    tracker = Tracker(TrackerPolicy(high_score=0.4, new_score=0.6))
    assert tracker.update(0.0, found(standing(0.5), score=0.5)) == ()
    assert tracker.update(0.2, found(standing(0.5), score=0.7))
    assert tracker.update(0.4, found(standing(0.5), score=0.5))


def test_another_policy_holds_from_now_on_for_the_people_known() -> None:
    tracker = Tracker()
    tracker.update(0.0, found(standing(0.5)))
    tracker.configure(TrackerPolicy(new_score=0.95, high_score=0.95, low_score=0.8))
    seen = (*found(standing(0.5), score=0.85), *found(standing(0.9), score=0.9))
    assert [track.id for track in tracker.update(0.2, seen)] == [1]


def test_a_weak_detection_beside_somebody_is_not_them() -> None:
    tracker = Tracker()
    tracker.update(0.0, found(standing(0.5)))
    assert tracker.update(0.2, found(standing(0.56), score=0.3)) == ()


def test_a_strong_detection_goes_before_a_weak_one() -> None:
    tracker = Tracker()
    tracker.update(0.0, found(standing(0.5)))
    seen = (*found(standing(0.5), score=0.3), *found(standing(0.52), score=0.5))
    assert [(track.id, track.score) for track in tracker.update(0.2, seen)] == [(1, 0.5)]


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0])
@pytest.mark.parametrize("speed", [0.0, 0.1, 0.25])
def test_a_walker_is_one_track_at_any_rate(fps: float, speed: float) -> None:
    seen = list(follow(Tracker(), [lambda t: standing(0.1 + speed * t)], fps=fps, seconds=3))
    assert [[track.id for track in tracks] for tracks in seen] == [[1]] * len(seen)


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0])
@pytest.mark.parametrize("hidden", [False, True])
def test_people_who_cross_keep_their_ids(fps: float, hidden: bool) -> None:
    def right(t: float) -> Box:
        return standing(0.1 + 0.15 * t)

    def left(t: float) -> Box | None:
        box = standing(0.85 - 0.15 * t, 0.52)
        return None if hidden and iou(box, right(t)) > 0.2 else box

    seen = list(follow(Tracker(), [right, left], fps=fps, seconds=5))
    end = (len(seen) - 1) / fps
    start, last = left(0.0), left(end)
    assert start
    assert last
    assert id_at(seen[-1], right(end)) == id_at(seen[0], right(0.0)) == 1
    assert id_at(seen[-1], last) == id_at(seen[0], start) == 2
    assert {track.id for tracks in seen for track in tracks} == {1, 2}


def test_somebody_who_comes_in_head_first_from_below_is_one_track() -> None:
    tracker = Tracker()
    ids = set()
    for i in range(12):
        top = 0.97 - 0.07 * i
        (track,) = tracker.update(i / 5, found(Box(0.4, top, 0.4 + 0.06 + 0.01 * i, 1.0)))
        ids.add(track.id)
    assert ids == {1}


def test_a_half_box_between_whole_ones_changes_nobody() -> None:
    tracker = Tracker()
    whole, half = standing(0.5), Box(0.46, 0.3, 0.54, 0.42)
    ids = [tracker.update(i / 5, found(box))[0].id for i, box in enumerate([whole, whole, half, whole, half, whole])]
    assert set(ids) == {1}


@pytest.mark.parametrize(
    "second",
    [
        standing(0.9),  # far away
        Box(0.545, 0.4, 0.56, 0.48),  # much smaller, and not inside
    ],
)
def test_somebody_else_is_somebody_else(second: Box) -> None:
    tracker = Tracker()
    tracker.update(0.0, found(standing(0.5)))
    (track,) = tracker.update(0.2, found(second))
    assert track.id == 2


@pytest.mark.parametrize(
    ("away_s", "number"),
    [
        (0.5, 1),
        (1.9, 1),  # behind a pillar
        (2.1, 2),  # for too long
    ],
)
def test_who_is_lost_for_a_while_is_found_again(away_s: float, number: int) -> None:
    tracker = Tracker()
    for i in range(5):
        tracker.update(i / 5, found(standing(0.5)))
    assert tracker.update(0.9, ()) == ()
    (track,) = tracker.update(0.8 + away_s, found(standing(0.52)))
    assert track.id == number
    assert track.hits == (6 if number == 1 else 1)


def test_who_walks_on_behind_a_pillar_is_found_where_they_come_out() -> None:
    tracker = Tracker()
    (before, *_, after) = [
        tracks
        for tracks in follow(
            tracker, [lambda t: None if 1.0 < t < 1.8 else standing(0.1 + 0.2 * t)], fps=5, seconds=2.4
        )
        if tracks
    ]
    assert before[0].id == after[0].id == 1


def test_prediction_goes_on_with_the_speed_and_then_stops() -> None:
    tracker = Tracker()
    for i in range(10):
        tracker.update(i / 5, found(standing(0.2 + 0.2 * i / 5)))
    last = 0.2 + 0.2 * 1.8
    (soon,) = tracker.predicted(2.0)
    assert center(soon)[0] == pytest.approx(last + 0.2 * 0.2, abs=0.01)
    (later,) = tracker.predicted(3.8)
    assert last + 0.2 < center(later)[0] < last + 0.3
    assert tracker.predicted(3.81) == ()


def test_prediction_changes_nothing() -> None:
    tracker = Tracker()
    tracker.update(0.0, found(standing(0.5)))
    assert tracker.predicted(0.5) == tracker.predicted(0.5)
    for t in (0.5, -1.0):  # also asked for a time before
        (box,) = tracker.predicted(t)
        assert box == pytest.approx(standing(0.5))


def test_prediction_is_cut_at_the_frame_and_nobody_is_expected_outside() -> None:
    tracker = Tracker()
    for i in range(10):
        tracker.update(i / 10, found(standing(0.7 + 0.3 * i / 10)))
    (box,) = tracker.predicted(1.0)
    assert box.x2 == 1.0
    assert tracker.predicted(2.0) == ()


def test_frames_at_the_same_time_are_taken() -> None:
    tracker = Tracker()
    tracker.update(1.0, found(standing(0.5)))
    (track,) = tracker.update(1.0, found(standing(0.51)))
    assert (track.id, track.hits, track.age) == (1, 2, 0.0)


def test_a_narrow_frame_has_its_own_distances() -> None:
    first, second = standing(0.2, size=0.5), standing(0.45, size=0.5)
    for aspect, number in ((16 / 9, 2), (9 / 16, 1)):
        tracker = Tracker(aspect=aspect)
        tracker.update(0.0, found(first))
        (track,) = tracker.update(0.4, found(second))
        assert track.id == number


units = st.floats(0, 1, allow_nan=False)


@st.composite
def detections(draw: st.DrawFn) -> Detection:
    x, y = draw(units), draw(units)
    box = clip(standing(x, y, size=draw(st.floats(0.1, 2))))
    return Detection(box=box, score=draw(st.sampled_from([0.05, 0.2, 0.45, 0.9])))


@given(st.lists(st.tuples(st.floats(0, 3), st.lists(detections(), max_size=5)), max_size=12))
def test_ids_are_never_reused_and_each_detection_is_one_persons(
    pictures: list[tuple[float, list[Detection]]],
) -> None:
    tracker = Tracker()
    t = 0.0
    last_seen: dict[int, float] = {}
    for wait, some in pictures:
        t += wait
        tracks = tracker.update(t, some)
        assert [track.id for track in tracks] == sorted({track.id for track in tracks})
        for track in tracks:
            assert track.seen_t == t
            assert t - last_seen.get(track.id, t) <= 2.0
            assert (track.hits == 1) == (track.id not in last_seen)
        newcomers = [track.id for track in tracks if track.hits == 1]
        assert newcomers == list(range(len(last_seen) + 1, len(last_seen) + 1 + len(newcomers)))
        last_seen |= {track.id: t for track in tracks}
        assert len(tracks) <= sum(d.score >= 0.15 for d in some)
        assert len(tracks) >= sum(d.score >= 0.4 for d in some)
        assert all(0 <= v <= 1 for box in tracker.predicted(t + 0.1) for v in box)


def test_the_same_input_gives_the_same_tracks() -> None:
    def run() -> list[tuple[Track, ...]]:
        rng = random.Random(4)
        tracker = Tracker()
        return [tracker.update(i / 5, found(*(standing(rng.random()) for _ in range(4)))) for i in range(30)]

    assert run() == run()


# --- assignment -----------------------------------------------------------------------------------------------------


def total(costs: Sequence[Sequence[float]], chosen: Sequence[int | None], alone: float) -> float:
    return math.fsum(alone if j is None else costs[i][j] for i, j in enumerate(chosen))


def best_of_all(costs: Sequence[Sequence[float]], alone: float, used: frozenset[int] = frozenset()) -> float:
    """The lowest cost, by trying every way."""
    if not costs:
        return 0.0
    first, *rest = costs
    ways = [alone + best_of_all(rest, alone, used)]
    ways += [cost + best_of_all(rest, alone, used | {j}) for j, cost in enumerate(first) if j not in used]
    return min(ways)


@pytest.mark.parametrize(
    ("costs", "chosen"),
    [
        ([], []),
        ([[]], [None]),  # nobody to have
        ([[0.2]], [0]),
        ([[1.2]], [None]),  # rather alone
        ([[0.1, 0.2], [0.15, 0.9]], [1, 0]),  # greed would give the first row its cheapest
        ([[0.1, 0.3], [0.2, 1e6]], [1, 0]),  # greed would leave the second row alone
        ([[0.4], [0.1], [0.3]], [None, 0, None]),
    ],
)
def test_assignment(costs: list[list[float]], chosen: list[int | None]) -> None:
    assert assign(costs, alone=1.0) == chosen


@given(st.integers(0, 4), st.integers(0, 4), st.data())
def test_no_other_assignment_is_cheaper(rows: int, columns: int, data: st.DataObject) -> None:
    cost = st.one_of(st.integers(0, 20).map(lambda n: n / 10), st.just(1e6))
    costs = [[data.draw(cost) for _ in range(columns)] for _ in range(rows)]
    chosen = assign(costs, alone=1.0)
    taken = [j for j in chosen if j is not None]
    assert len(chosen) == rows
    assert all(one != two for one, two in pairwise(sorted(taken)))
    assert total(costs, chosen, 1.0) == pytest.approx(best_of_all(costs, 1.0))


# --- coats and feet -------------------------------------------------------------------------------------------------


def worn(number: int) -> Coat:
    """A coat of one colour alone."""
    colours = np.zeros(4, dtype=np.float32)
    colours[number] = 1
    return colours


RED, BLUE, BOTH = worn(0), worn(1), (worn(0) + worn(1)) / math.sqrt(2)


def dressed(coats: dict[float, Coat]) -> Callable[[Box], Coat]:
    """Tells the coat of whoever stands nearest to one of these places."""
    return lambda box: coats[min(coats, key=lambda x: abs(x - center(box)[0]))]


def test_two_who_turn_round_behind_each_other_are_told_apart_by_their_coats() -> None:
    # They meet, are one box for a moment, and each goes back: by their ways alone they went through each other.
    tracker, plain = Tracker(), Tracker()
    before: list[int] = []
    for n, gap in enumerate((0.2, 0.15, 0.1, 0.05)):
        boxes, coats = found(standing(0.5 - gap), standing(0.5 + gap)), dressed({0.5 - gap: RED, 0.5 + gap: BLUE})
        before = [track.id for track in tracker.update(n * 0.2, boxes, coats)]
        plain.update(n * 0.2, boxes)
    for n in (4, 5):
        tracker.update(n * 0.2, found(standing(0.5)), dressed({0.5: BOTH}))
        plain.update(n * 0.2, found(standing(0.5)))
    boxes, coats = found(standing(0.42), standing(0.58)), dressed({0.42: RED, 0.58: BLUE})
    after = tracker.update(1.2, boxes, coats)
    assert [id_at(after, standing(x)) for x in (0.42, 0.58)] == before


def test_who_comes_where_somebody_was_lost_is_somebody_else_in_another_coat() -> None:
    for coat, same in ((RED, True), (BOTH, True), (BLUE, False)):
        tracker = Tracker()
        tracker.update(0.0, found(standing(0.5)), dressed({0.5: RED}))
        (track,) = tracker.update(1.0, found(standing(0.52)), dressed({0.5: coat}))
        assert (track.id == 1) is same


def test_the_light_may_change_while_somebody_is_watched() -> None:
    tracker = Tracker()
    tracker.update(0.0, found(standing(0.5)), dressed({0.5: RED}))
    (track,) = tracker.update(0.2, found(standing(0.51)), dressed({0.5: BLUE}))
    assert track.id == 1


def test_who_comes_in_sleeve_first_is_one_track_and_known_by_the_coat() -> None:
    tracker = Tracker()
    sleeve, whole = Box(0.0, 0.3, 0.04, 0.7), standing(0.07)
    tracker.update(0.0, found(sleeve), dressed({0.0: BLUE}))
    (track,) = tracker.update(0.4, found(whole), dressed({0.0: RED}))
    assert track.id == 1
    (track,) = tracker.update(0.8, found(whole), dressed({0.0: BLUE}))
    assert track.id == 2


def test_what_is_seen_of_a_coat_at_the_side_does_not_change_what_is_known_of_it() -> None:
    tracker = Tracker()
    tracker.update(0.0, found(standing(0.05)), dressed({0.0: RED}))
    for n in range(1, 10):
        (track,) = tracker.update(n * 0.2, found(standing(0.04)), dressed({0.0: BOTH}))
        assert track.id == 1
    (track,) = tracker.update(2.4, found(standing(0.06)), dressed({0.0: BLUE}))
    assert track.id == 2


def test_the_coat_of_who_is_hidden_is_not_looked_at() -> None:
    asked: list[Box] = []

    def coat(box: Box) -> Coat:
        asked.append(box)
        return RED

    near, far, alone = standing(0.5, 0.6), standing(0.52, 0.5), standing(0.9, 0.5)
    Tracker().update(0.0, found(near, far, alone), coat)
    assert asked == [near, alone]


def test_feet_do_not_tremble_as_boxes_do() -> None:
    tracker, chance = Tracker(), random.Random(1)
    boxes, feet = [], []
    for n in range(200):
        box = standing(0.5, 0.5 + chance.gauss(0, 0.01))
        (track,) = tracker.update(n * 0.2, found(box))
        boxes.append(box.y2)
        feet.append(track.feet[1] if track.feet else 0.0)
    assert statistics.stdev(feet) < 0.9 * statistics.stdev(boxes)


def test_hidden_legs_are_believed_for_a_moment() -> None:
    tracker = Tracker()
    for n in range(5):
        tracker.update(n * 0.2, found(standing(0.5)))
    whole = standing(0.5)
    cut = whole._replace(y2=0.55)
    (track,) = tracker.update(1.0, found(cut))
    assert track.box == cut
    assert track.feet == pytest.approx((0.5, 0.7), abs=0.05)
    for n in range(30):
        (track,) = tracker.update(1.2 + n * 0.2, found(cut))
    assert track.feet == pytest.approx((0.5, 0.55), abs=0.02)  # that is all there is to be seen


@pytest.mark.parametrize("growth", [1.06, 1.08, 1.1, 1.12, 1.15])
def test_who_comes_nearer_fast_keeps_the_feet(growth: float) -> None:
    tracker, y1, height = Tracker(), 0.3, 0.25
    for n in range(11):
        if n > 5:
            y1, height = y1 + 0.005, height * growth
        (track,) = tracker.update(n * 0.2, found(Box(0.45, y1, 0.55, y1 + height)))
        assert track.feet == pytest.approx((0.5, y1 + height), abs=0.03)


def test_two_who_are_taken_for_one_do_not_move_the_feet_at_once() -> None:
    tracker = Tracker()
    for n in range(5):
        tracker.update(n * 0.2, found(standing(0.5)))
    for n in range(3):
        (track,) = tracker.update(1.0 + n * 0.2, found(standing(0.5)._replace(y2=0.85)))
        assert track.feet == pytest.approx((0.5, 0.7), abs=0.02)


def test_who_bows_has_not_lost_the_legs() -> None:
    tracker = Tracker()
    for n in range(5):
        tracker.update(n * 0.2, found(standing(0.5)))
    bowed = [tracker.update(1.0 + n * 0.2, found(standing(0.5)._replace(y1=0.45))) for n in range(3)]
    (track,) = bowed[-1]
    assert track.feet == pytest.approx((0.5, 0.7), abs=0.03)


def test_feet_are_in_the_picture() -> None:
    (track,) = Tracker().update(0.0, found(standing(0.5, 0.9)))
    assert track.feet == (0.5, 1.0)
