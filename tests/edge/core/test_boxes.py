"""Geometry of boxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge_detector.core import boxes as b
from edge_detector.core.types import Box

LEFT = Box(0.0, 0.0, 0.5, 1.0)
RIGHT = Box(0.5, 0.0, 1.0, 1.0)
MIDDLE = Box(0.25, 0.25, 0.75, 0.75)
POINT = Box(0.3, 0.3, 0.3, 0.3)

units = st.integers(0, 64).map(lambda n: n / 64)


@st.composite
def some_boxes(draw: st.DrawFn) -> Box:
    (x1, x2), (y1, y2) = (sorted(draw(st.tuples(units, units))) for _ in range(2))
    return Box(x1, y1, x2, y2)


solid_boxes = some_boxes().filter(lambda box: b.area(box) > 0)


def rows(*boxes: Box) -> b.Boxes:
    return np.array(boxes, dtype=np.float32).reshape(-1, 4)


@pytest.mark.parametrize(
    ("one", "two", "iou", "overlap"),
    [
        (LEFT, LEFT, 1.0, 1.0),  # the same
        (LEFT, RIGHT, 0.0, 0.0),  # they touch
        (LEFT, MIDDLE, 1 / 5, 1 / 2),  # half of the smaller one is shared
        (b.FULL, MIDDLE, 1 / 4, 1.0),  # one inside the other
        (POINT, LEFT, 0.0, 0.0),  # nothing to share
        (POINT, POINT, 0.0, 0.0),  # no division by zero
    ],
)
def test_overlap(one: Box, two: Box, iou: float, overlap: float) -> None:
    assert b.iou(one, two) == pytest.approx(iou)
    assert b.overlap(one, two) == pytest.approx(overlap)


@given(some_boxes(), some_boxes())
def test_overlap_is_symmetric_and_a_share(one: Box, two: Box) -> None:
    assert b.iou(one, two) == pytest.approx(b.iou(two, one))
    assert 0 <= b.iou(one, two) <= b.overlap(one, two) <= 1


@given(some_boxes(), some_boxes())
def test_a_union_contains_both_and_nothing_to_spare(one: Box, two: Box) -> None:
    joint = b.union(one, two)
    assert b.contains(joint, one)
    assert b.contains(joint, two)
    assert {joint.x1, joint.y1, joint.x2, joint.y2} <= {*one, *two}


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        (b.FULL, MIDDLE, True),
        (MIDDLE, MIDDLE, True),  # the border belongs to it
        (MIDDLE, b.FULL, False),
        (LEFT, MIDDLE, False),  # sticks out on the right
        (RIGHT, MIDDLE, False),  # on the left
        (Box(0, 0, 1, 0.5), MIDDLE, False),  # below
        (Box(0, 0.5, 1, 1), MIDDLE, False),  # above
    ],
)
def test_contains(outer: Box, inner: Box, expected: bool) -> None:
    assert b.contains(outer, inner) is expected


@pytest.mark.parametrize(
    ("box", "clipped"),
    [
        (Box(-0.5, 0.2, 0.5, 1.7), Box(0.0, 0.2, 0.5, 1.0)),
        (MIDDLE, MIDDLE),
        (Box(1.2, 0.2, 1.4, 0.4), Box(1.0, 0.2, 1.0, 0.4)),  # outside: on the border, without area
        (Box(-0.4, -0.4, -0.2, -0.2), Box(0.0, 0.0, 0.0, 0.0)),
    ],
)
def test_clip(box: Box, clipped: Box) -> None:
    assert b.clip(box) == clipped


@given(some_boxes(), st.floats(0.1, 4))
def test_scaling_keeps_the_middle(box: Box, factor: float) -> None:
    grown = b.scaled(box, factor)
    assert b.center(grown) == pytest.approx(b.center(box))
    assert b.area(grown) == pytest.approx(b.area(box) * factor**2)


@given(some_boxes(), solid_boxes)
def test_into_a_region_and_back(box: Box, region: Box) -> None:
    assert b.from_region(b.to_region(box, region), region) == pytest.approx(box)


def test_a_region_in_its_own_measure_is_full() -> None:
    assert b.to_region(MIDDLE, MIDDLE) == b.FULL
    assert b.from_region(b.FULL, MIDDLE) == MIDDLE


@given(st.lists(solid_boxes, max_size=5), st.lists(solid_boxes, max_size=5))
def test_the_matrix_agrees_with_the_pairs(ones: list[Box], twos: list[Box]) -> None:
    matrix = b.iou_matrix(rows(*ones), rows(*twos))
    assert matrix.shape == (len(ones), len(twos))
    for i, one in enumerate(ones):
        for j, two in enumerate(twos):
            assert matrix[i, j] == pytest.approx(b.iou(one, two), abs=1e-5)


def test_nms_keeps_the_best_of_each_heap_best_first() -> None:
    near = Box(0.0, 0.0, 0.5, 0.9)
    found = rows(near, MIDDLE, LEFT)
    scores = np.array([0.5, 0.6, 0.9], dtype=np.float32)
    assert b.nms(found, scores, threshold=0.5).tolist() == [2, 1]


def test_nms_lets_classes_lie_on_each_other() -> None:
    found, scores = rows(LEFT, LEFT, LEFT), np.array([0.5, 0.9, 0.7], dtype=np.float32)
    classes = np.array([0, 1, 0])
    assert b.nms(found, scores, threshold=0.5).tolist() == [1]
    assert b.nms(found, scores, threshold=0.5, classes=classes).tolist() == [1, 2]


def test_nms_of_nothing_is_nothing() -> None:
    assert b.nms(rows(), np.empty(0, dtype=np.float32), threshold=0.5).tolist() == []


@given(st.data(), st.lists(solid_boxes, min_size=1, max_size=12), st.sampled_from([0.2, 0.45, 0.7]))
def test_nms_leaves_no_rivals_and_nothing_for_a_second_round(
    data: st.DataObject, found: list[Box], threshold: float
) -> None:
    scores = data.draw(hnp.arrays(np.float32, len(found), elements=st.integers(0, 100).map(lambda n: n / 100)))
    kept = b.nms(rows(*found), scores, threshold=threshold)
    again = b.nms(rows(*found)[kept], scores[kept], threshold=threshold)
    assert again.tolist() == list(range(len(kept)))
    overlaps = b.iou_matrix(rows(*found)[kept], rows(*found)[kept])
    assert (overlaps[np.triu_indices(len(kept), 1)] <= threshold).all()
    assert (np.diff(scores[kept]) <= 0).all()
    dropped = set(range(len(found))) - set(kept.tolist())
    assert all(max(b.iou(found[i], found[j]) for j in kept) > threshold - 1e-5 for i in dropped)


@pytest.mark.parametrize(
    ("source", "target", "placed"),
    [
        ((1920, 1080), (640, 640), (640, 360, 0, 140)),  # bars above and below
        ((1080, 1920), (640, 640), (360, 640, 140, 0)),  # bars left and right
        ((320, 320), (320, 320), (320, 320, 0, 0)),  # as it is
        ((160, 160), (320, 320), (320, 320, 0, 0)),  # made larger
        ((4000, 2), (320, 320), (320, 1, 0, 159)),  # a line is left of a line
    ],
)
def test_a_letterbox_fits(source: tuple[int, int], target: tuple[int, int], placed: tuple[int, int, int, int]) -> None:
    box = b.Letterbox.fit(source, target)
    assert (box.width, box.height, box.left, box.top) == placed
    assert (box.source_width, box.source_height) == source


@given(
    st.tuples(st.integers(8, 4096), st.integers(8, 4096)),
    st.tuples(st.integers(1, 20), st.integers(1, 20)).map(lambda size: (size[0] * 32, size[1] * 32)),
    st.lists(some_boxes(), max_size=4),
)
def test_forward_and_back_is_where_it_was(source: tuple[int, int], target: tuple[int, int], found: list[Box]) -> None:
    box = b.Letterbox.fit(source, target)
    assert 0 <= box.left <= box.left + box.width <= target[0]
    assert 0 <= box.top <= box.top + box.height <= target[1]
    np.testing.assert_allclose(box.back(box.forward(rows(*found))), rows(*found), atol=1e-5)


def test_back_clips_what_lies_in_the_padding() -> None:
    box = b.Letterbox.fit((200, 100), (100, 100))
    np.testing.assert_allclose(box.back(rows(Box(-5, 0, 50, 60))), [[0, 0, 0.5, 0.7]], atol=1e-6)
