import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from edge_detector.detectors.heads import ANCHORS, STRIDES, Floats, Head, HeadDecoder, heads_from_json, heads_to_json

HEADS = [Head(stride, anchors) for stride, anchors in zip(STRIDES, ANCHORS, strict=True)]


def plain_decode(heads: list[Floats], floor: float) -> list[tuple[float, ...]]:
    """YOLOv5's decoding, cell by cell, as its paper says it."""
    found: list[tuple[float, ...]] = []
    for head, stride, anchors in zip(heads, STRIDES, ANCHORS, strict=True):
        for a, (width, height) in enumerate(anchors):
            for y, x in np.ndindex(head.shape[2:]):
                s = [1 / (1 + math.exp(-float(v))) for v in head[0, 6 * a : 6 * a + 6, y, x]]
                score = s[4] * s[5]
                if score >= floor:
                    cx, cy = (2 * s[0] - 0.5 + x) * stride, (2 * s[1] - 0.5 + y) * stride
                    w, h = (2 * s[2]) ** 2 * width, (2 * s[3]) ** 2 * height
                    found.append((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, score))
    return found


def random_heads(seed: int, rows: int, columns: int, spread: float) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [
        rng.normal(-1, spread, (1, 18, rows * 32 // stride, columns * 32 // stride)).astype(np.float32)
        for stride in STRIDES
    ]


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 3),
    columns=st.integers(1, 3),
    spread=st.floats(0.1, 60),
    floor=st.floats(0.05, 0.95),
)
def test_decoding_equals_the_plain_way(seed: int, rows: int, columns: int, spread: float, floor: float) -> None:
    heads = random_heads(seed, rows, columns, spread)
    boxes, scores = HeadDecoder(HEADS, floor).decode(heads)
    expected = plain_decode(heads, floor)
    assume(
        len(expected) == len(plain_decode(heads, floor + 1e-5)) == len(plain_decode(heads, floor - 1e-5))
    )  # rounding
    np.testing.assert_allclose(boxes, np.array(expected).reshape(-1, 5)[:, :4], rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(scores, [row[4] for row in expected], atol=1e-5)
    assert boxes.dtype == scores.dtype == np.float32


def test_nothing_above_the_floor_is_empty_and_well_shaped() -> None:
    heads = [np.full((1, 18, 32 // s, 32 // s), -90, np.float32) for s in STRIDES]
    boxes, scores = HeadDecoder(HEADS, 0.25).decode(heads)
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


def test_both_factors_count() -> None:
    heads = [np.full((1, 18, 32 // s, 32 // s), -9, np.float32) for s in STRIDES]
    heads[2][0, 4, 0, 0] = 9.0  # surely something, surely no person
    heads[1][0, 5, 0, 0] = 9.0  # a person, if it were anything
    assert len(HeadDecoder(HEADS, 0.25).decode(heads)[1]) == 0
    heads[2][0, 5, 0, 0] = 9.0
    assert len(HeadDecoder(HEADS, 0.25).decode(heads)[1]) == 1


def test_heads_travel_as_text() -> None:
    assert heads_from_json(heads_to_json(HEADS)) == tuple(Head(h.stride, [list(a) for a in h.anchors]) for h in HEADS)
