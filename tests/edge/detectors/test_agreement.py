import pytest

from edge_detector.core.types import Box, Detection
from edge_detector.detectors.agreement import Agreement, Seen, compare

HERE = Box(0.1, 0.1, 0.3, 0.9)


def seen(score: float, box: Box = HERE) -> Seen:
    return (Detection(box=box, score=score),)


@pytest.mark.parametrize(
    ("reference", "other", "recall", "precision"),
    [
        ([seen(0.9), ()], [seen(0.8), ()], 1.0, 1.0),
        ([seen(0.9), seen(0.9)], [seen(0.9), ()], 0.5, 1.0),  # lost
        ([seen(0.9), ()], [seen(0.9), seen(0.7)], 1.0, 0.5),  # invented
        ([seen(0.9), seen(0.55)], [seen(0.9), seen(0.46)], 1.0, 1.0),  # which side of 0.5 is chance
        ([seen(0.9), seen(0.45)], [seen(0.9), seen(0.54)], 1.0, 1.0),
        ([seen(0.9), seen(0.65)], [seen(0.9), seen(0.46)], 0.5, 1.0),  # this is no chance
        ([(), ()], [(), ()], 1.0, 1.0),  # nobody anywhere
    ],
)
def test_pictures_with_somebody_are_counted(
    reference: list[Seen], other: list[Seen], recall: float, precision: float
) -> None:
    found = compare(reference, other)
    assert (found.recall, found.precision) == (recall, precision)


def test_without_a_margin_every_side_counts() -> None:
    assert compare([seen(0.51)], [seen(0.49)], margin=0.0).recall == 0


def test_boxes_are_compared_with_the_nearest() -> None:
    half = Box(0.1, 0.1, 0.3, 0.5)
    assert compare([seen(0.9)], [(*seen(0.9, half), *seen(0.3))]).iou == 1
    assert compare([seen(0.9)], [seen(0.9, half)]).iou == pytest.approx(0.5)
    assert compare([seen(0.9)], [()]).iou == 0
    assert compare([seen(0.5)], [()]).iou == 1  # so weak a one may be missed


@pytest.mark.parametrize(
    ("recall", "precision", "iou", "agrees"),
    [(1, 1, 1, True), (0.99, 0.99, 0.9, True), (0.98, 1, 1, False), (1, 0.98, 1, False), (1, 1, 0.89, False)],
)
def test_all_three_must_agree(recall: float, precision: float, iou: float, agrees: bool) -> None:
    found = Agreement(recall=recall, precision=precision, iou=iou)
    assert found.agrees is agrees
    assert f"{recall:.3f}" in str(found)
