"""Reads the raw heads of a one-class YOLOv5: boxes in pixels of the input, from the few cells that pass."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_detector.core.errors import ModelError

#: A YOLOv5 model has one head for each of its strides.
HEADS = 3
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
#: Where a cut model keeps its own anchors: a JSON list in its metadata, nested like ANCHORS.
ANCHORS_KEY = "porchlight.anchors"

Floats = NDArray[np.float32]


#: Pixels of the input for which the strides are looked at: every input edge is a multiple of the coarsest, 32.
PROBE_PX = 64


def strides_of(probe: Sequence[Floats]) -> list[int]:
    """Pixels that a cell of each head spans, from the heads of an input of 64 x 64; raises ModelError."""
    strides = [PROBE_PX // max(output.shape[-1], 1) for output in probe]
    shapes = [(1, ANCHORS_PER_CELL * ROWS, PROBE_PX // stride, PROBE_PX // stride) for stride in strides if stride]
    if len(probe) != HEADS or [output.shape for output in probe] != shapes or strides != sorted(strides):
        message = "its heads are not those of a YOLOv5 model"
        raise ModelError(message)
    return strides


class HeadDecoder:
    """Turns raw heads of any input size into boxes."""

    def __init__(self, anchors: Sequence[Sequence[Sequence[float]]], strides: Sequence[int], floor: float) -> None:
        """`anchors` [head][anchor](width, height) and `strides` in pixels; scores below `floor` are left out."""
        self._anchors = [np.asarray(head, np.float32) for head in anchors]
        self._strides = [np.float32(stride) for stride in strides]
        self._floor = np.float32(floor)
        # A product of two probabilities reaches the floor only where each of them does.
        self._logit = np.float32(math.log(floor / (1.0 - floor)))

    def decode(self, outputs: Sequence[Floats]) -> tuple[Floats, Floats]:
        """Boxes [n, 4] as x1 y1 x2 y2 in pixels and scores [n] of raw heads [1, 18, h, w], in no order."""
        found = [self._cells(head, output) for head, output in enumerate(outputs)]
        values = np.concatenate([cells for cells, _, _, _ in found])
        offsets = np.concatenate([offset for _, offset, _, _ in found])
        strides = np.concatenate([stride for _, _, stride, _ in found])
        anchors = np.concatenate([anchor for _, _, _, anchor in found])
        share = np.reciprocal(np.exp(-values) + np.float32(1))
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
