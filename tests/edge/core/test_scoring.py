import pytest

from edge_detector.core.scoring import HEIGHTS_PX, Look, Score, Span, score, spans
from edge_detector.core.types import Box, Detection

BOX = Box(0.4, 0.2, 0.6, 0.7)
ASIDE = Box(0.0, 0.2, 0.2, 0.7)


def somebody(value: float = 0.9, box: Box = BOX) -> tuple[Detection, ...]:
    return (Detection(box=box, score=value),)


def looks(*times: float, value: float = 0.9, box: Box = BOX) -> list[Look]:
    return [Look(t=t, people=somebody(value, box)) for t in times]


def empty(*times: float) -> list[Look]:
    return [Look(t=t) for t in times]


def scored(reference: list[Look], seen: list[Look], visits: tuple[Span, ...] = ()) -> Score:
    return score(sorted(reference, key=lambda look: look.t), seen, visits, height_px=100)


@pytest.mark.parametrize(
    ("times", "value", "expected"),
    [
        ((), 0.9, ()),
        # one look is no visit, two within a second are
        ((1.0,), 0.9, ()),
        ((1.0, 1.5), 0.9, (Span(start=1.0, end=1.5),)),
        ((1.0, 2.5), 0.9, ()),
        # the first look is alone, the visit begins with the second
        ((1.0, 2.5, 3.0), 0.9, (Span(start=2.5, end=3.0),)),
        # five seconds without anybody are one visit, more are two
        ((1.0, 1.5, 6.5, 7.0), 0.9, (Span(start=1.0, end=7.0),)),
        ((1.0, 1.5, 6.6, 7.0), 0.9, (Span(start=1.0, end=1.5), Span(start=6.6, end=7.0))),
        # nobody sure
        ((1.0, 1.5), 0.4, ()),
    ],
)
def test_visits_of_a_reference(times: tuple[float, ...], value: float, expected: tuple[Span, ...]) -> None:
    assert spans(looks(*times, value=value)) == expected


def test_all_seen() -> None:
    reference = [*empty(0.0), *looks(0.2, 0.4, 0.6), *empty(0.8)]
    found = scored(reference, reference, (Span(start=0.4, end=0.6),))
    assert (found.frames, found.person_frames, found.recall, found.precision) == (5, 3, 1.0, 1.0)
    assert (found.visits, found.visit_recall, found.visit_precision) == (1, 1.0, 1.0)
    assert found.delays_s == pytest.approx((0.2,))
    assert found.overlap == 1.0


def test_nothing_to_see_and_nothing_seen() -> None:
    found = scored(empty(0.0, 0.2), empty(0.0))
    assert (found.recall, found.precision, found.visit_recall, found.visit_precision) == (1.0, 1.0, 1.0, 1.0)
    assert (found.overlap, found.delays_s) == (0.0, ())
    assert scored([], []).frames == 0


def test_somebody_missed_and_somebody_invented() -> None:
    reference = [*looks(0.0, 0.2), *empty(0.4)]
    found = scored(reference, [*empty(0.0), *looks(0.2, 0.4)], (Span(start=0.2, end=0.4), Span(start=9.0, end=9.5)))
    assert (found.recall, found.precision) == (0.5, 0.5)
    assert (found.visit_recall, found.visit_precision) == (1.0, 0.5)


def test_doubt_counts_neither_way() -> None:
    found = scored(looks(0.0, value=0.4), looks(0.0))
    assert (found.person_frames, found.recall, found.precision) == (0, 1.0, 1.0)


def test_a_pipeline_that_sleeps_sees_nobody() -> None:
    reference = looks(*[n / 10 for n in range(40)])
    found = scored(reference, looks(0.0, 3.0))
    # 0.0, then from 1.0 to 2.9 nothing, then 3.0; nothing is held against it within the second after a look
    assert found.frames == 22
    assert found.recall == pytest.approx(2 / 22)
    assert scored(reference, []).recall == 0.0


def test_looks_are_compared_with_the_picture_next_to_them() -> None:
    reference = [*looks(0.0), *empty(0.1)]
    assert scored(reference, looks(0.04)).precision == 1.0
    assert scored(reference, looks(0.07)).precision == 0.0


def test_people_by_their_height() -> None:
    reference = [
        Look(t=0.0, people=(*somebody(box=Box(0.1, 0.1, 0.2, 0.4)), *somebody(box=BOX), *somebody(0.3, ASIDE))),
        *looks(0.2),
    ]
    found = scored(reference, [Look(t=0.0, people=somebody()), Look(t=0.2, people=somebody(box=ASIDE))])
    counts = {size.from_px: (size.people, size.found) for size in found.sizes}
    # 30 and 50 of 100 pixels; the third is nobody sure
    assert counts == {0: (1, 0), 40: (2, 1), 80: (0, 0), 160: (0, 0), 320: (0, 0)}
    assert list(counts) == list(HEIGHTS_PX)
