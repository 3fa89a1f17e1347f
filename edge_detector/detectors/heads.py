"""Reads the raw heads of a one-class YOLOv5: boxes in pixels of the input, from the few cells that pass."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Pixels of the input that a cell of each head spans, fine to coarse; inputs are multiples of the last.
STRIDES = (8, 16, 32)
ANCHORS_PER_CELL = 3
#: Centre x and y, width, height, objectness: what stands before the classes.
BOX_ROWS = 5
#: Rows that a head of one class has for each anchor.
ROWS = BOX_ROWS + 1
#: The anchors that YOLOv5 n, s, m, l and x are published with: (width, height) in pixels, a line for each head.
ANCHORS = (
    ((10.0, 13.0), (16.0, 30.0), (33.0, 23.0)),
    ((30.0, 61.0), (62.0, 45.0), (59.0, 119.0)),
    ((116.0, 90.0), (156.0, 198.0), (373.0, 326.0)),
)
#: Where in its metadata a cut model says what its heads mean.
HEADS_KEY = "porchlight.heads"

#: A share of e to the power of this is zero for every purpose; much lower ones overflow on the way.
LOWEST_LOGIT = np.float32(-80)

Floats = NDArray[np.float32]


class Head(NamedTuple):
    """What a head's cells mean."""

    #: Pixels of the input that a cell spans.
    stride: int
    #: (width, height) in pixels, one for each anchor.
    anchors: Sequence[Sequence[float]]


def heads_to_json(heads: Sequence[Head]) -> str:
    """The heads as text for a model's metadata."""
    return json.dumps(heads)


def heads_from_json(text: str) -> tuple[Head, ...]:
    """The heads as `heads_to_json` wrote them."""
    return tuple(Head(stride, anchors) for stride, anchors in json.loads(text))


def head_buffers(heads: Sequence[Head], shape: Sequence[int]) -> list[Floats]:
    """Room for the raw heads of an input [1, 3, h, w]."""
    rows = ANCHORS_PER_CELL * ROWS
    return [np.empty((1, rows, shape[2] // head.stride, shape[3] // head.stride), np.float32) for head in heads]


class HeadDecoder:
    """Turns raw heads of any input size into boxes."""

    def __init__(self, heads: Sequence[Head], floor: float) -> None:
        """`heads` in the order of the model's outputs; scores below `floor` (more than 0, less than 1) are left out."""
        self._anchors = [np.asarray(head.anchors, np.float32) for head in heads]
        self._strides = [np.float32(head.stride) for head in heads]
        self._floor = np.float32(floor)
        # A product of two probabilities reaches the floor only where each of them does.
        self._logit = np.float32(math.log(floor / (1.0 - floor)))

    def decode(self, outputs: Sequence[Floats]) -> tuple[Floats, Floats]:
        """Boxes [n, 4] as x1 y1 x2 y2 in pixels and scores [n] of raw heads [1, 18, h, w], in their order."""
        found = [self._cells(head, output) for head, output in enumerate(outputs)]
        values = np.concatenate([cells for cells, _, _, _ in found])
        offsets = np.concatenate([offset for _, offset, _, _ in found])
        strides = np.concatenate([stride for _, _, stride, _ in found])
        anchors = np.concatenate([anchor for _, _, _, anchor in found])
        share = np.reciprocal(np.exp(-np.maximum(values, LOWEST_LOGIT)) + np.float32(1))
        scores: Floats = share[:, 4] * share[:, 5]
        centre = (share[:, :2] * 2 + offsets) * strides
        half = np.square(share[:, 2:4] * 2) * anchors * np.float32(0.5)
        boxes: Floats = np.concatenate([centre - half, centre + half], axis=1)
        kept = scores >= self._floor
        return boxes[kept], scores[kept]

    def _cells(self, head: int, output: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Of the cells that may pass: raw rows [n, 6], grid offset [n, 2], stride [n, 1], anchor [n, 2]."""
        grid = output.reshape(ANCHORS_PER_CELL, ROWS, *output.shape[2:])
        anchor, y, x = np.nonzero((grid[:, 4] >= self._logit) & (grid[:, 5] >= self._logit))
        offset = np.stack([x, y], axis=1).astype(np.float32) - np.float32(0.5)
        stride = np.full((len(x), 1), self._strides[head])
        return grid[anchor, :, y, x], offset, stride, self._anchors[head][anchor]
