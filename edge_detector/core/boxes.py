"""Geometry of boxes: overlap, union, non-maximum suppression, crops and letterboxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edge_detector.core.types import Box

#: Rows of x1 y1 x2 y2, shape (n, 4).
Boxes = NDArray[np.float32]

#: The whole frame.
FULL = Box(0.0, 0.0, 1.0, 1.0)

#: Keeps a division by an empty area at zero instead of a warning.
_TINY_AREA = 1e-12


def area(box: Box) -> float:
    """The box's share of the frame."""
    return (box.x2 - box.x1) * (box.y2 - box.y1)


def center(box: Box) -> tuple[float, float]:
    """The middle, as x and y."""
    return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2


def union(a: Box, b: Box) -> Box:
    """The smallest box around both."""
    return Box(min(a.x1, b.x1), min(a.y1, b.y1), max(a.x2, b.x2), max(a.y2, b.y2))


def contains(outer: Box, inner: Box) -> bool:
    """Whether no part of `inner` lies outside `outer`."""
    return outer.x1 <= inner.x1 and outer.y1 <= inner.y1 and outer.x2 >= inner.x2 and outer.y2 >= inner.y2


def clip(box: Box, to: Box = FULL) -> Box:
    """The part of the box inside `to`; without area, on its border, when there is none."""
    return Box(
        min(max(box.x1, to.x1), to.x2),
        min(max(box.y1, to.y1), to.y2),
        max(min(box.x2, to.x2), to.x1),
        max(min(box.y2, to.y2), to.y1),
    )


def scaled(box: Box, factor: float) -> Box:
    """The box `factor` times as wide and high around its own middle, not clipped."""
    x, y = center(box)
    half_width, half_height = (box.x2 - box.x1) / 2 * factor, (box.y2 - box.y1) / 2 * factor
    return Box(x - half_width, y - half_height, x + half_width, y + half_height)


def from_region(box: Box, region: Box) -> Box:
    """A box in 0..1 of a region of the frame, in 0..1 of the frame."""
    width, height = region.x2 - region.x1, region.y2 - region.y1
    return Box(
        region.x1 + box.x1 * width, region.y1 + box.y1 * height, region.x1 + box.x2 * width, region.y1 + box.y2 * height
    )


def to_region(box: Box, region: Box) -> Box:
    """A box in 0..1 of the frame, in 0..1 of a region that has an area; beyond 0..1 where it sticks out."""
    width, height = region.x2 - region.x1, region.y2 - region.y1
    return Box(
        (box.x1 - region.x1) / width,
        (box.y1 - region.y1) / height,
        (box.x2 - region.x1) / width,
        (box.y2 - region.y1) / height,
    )


def intersection(a: Box, b: Box) -> float:
    """The area that both share."""
    return max(0.0, min(a.x2, b.x2) - max(a.x1, b.x1)) * max(0.0, min(a.y2, b.y2) - max(a.y1, b.y1))


def iou(a: Box, b: Box) -> float:
    """Intersection over union, in 0..1; 0 for boxes without area."""
    shared = intersection(a, b)
    return shared / max(area(a) + area(b) - shared, _TINY_AREA)


def overlap(a: Box, b: Box) -> float:
    """Intersection over the smaller of the two, in 0..1: 1 when one lies inside the other."""
    return intersection(a, b) / max(min(area(a), area(b)), _TINY_AREA)


def iou_matrix(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over union of every row of `a` (n, 4) with every row of `b` (m, 4), shape (n, m)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2)
    areas_a, areas_b = np.prod(a[:, 2:] - a[:, :2], axis=1), np.prod(b[:, 2:] - b[:, :2], axis=1)
    total = areas_a[:, None] + areas_b[None, :] - shared
    return np.asarray(shared / np.maximum(total, _TINY_AREA), dtype=np.float32)


def nms(
    boxes: Boxes, scores: NDArray[np.float32], *, threshold: float, classes: NDArray[np.int64] | None = None
) -> NDArray[np.intp]:
    """The rows that stay, best score first: none overlaps a better one of its class by more than `threshold` IoU.

    `boxes` is (n, 4) in any unit, `scores` (n,), `classes` (n,) or None when all compete with all.
    """
    order = np.argsort(-scores, kind="stable")
    rivals = iou_matrix(boxes[order], boxes[order]) > threshold
    if classes is not None:
        rivals &= classes[order][:, None] == classes[order][None, :]
    alive = np.ones(len(order), dtype=np.bool_)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= ~rivals[i, i + 1 :]
    return order[alive]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """How a picture lies in a model's input: scaled with its proportions kept, centred, the rest padded. All pixels."""

    source_width: int
    source_height: int
    #: The scaled picture inside the input.
    width: int
    height: int
    #: Padding before it.
    left: int
    top: int

    @classmethod
    def fit(cls, source: tuple[int, int], target: tuple[int, int]) -> Self:
        """Place a picture of `source` (width, height) in an input of `target` (width, height), as large as it goes."""
        scale = min(target[0] / source[0], target[1] / source[1])
        width = min(max(round(source[0] * scale), 1), target[0])
        height = min(max(round(source[1] * scale), 1), target[1])
        return cls(
            source_width=source[0],
            source_height=source[1],
            width=width,
            height=height,
            left=(target[0] - width) // 2,
            top=(target[1] - height) // 2,
        )

    def forward(self, boxes: Boxes) -> Boxes:
        """Boxes (n, 4) in 0..1 of the picture, in pixels of the input."""
        return boxes * self._size() + self._offset()

    def back(self, boxes: Boxes) -> Boxes:
        """Boxes (n, 4) in pixels of the input, in 0..1 of the picture, clipped to it."""
        return np.asarray(np.clip((boxes - self._offset()) / self._size(), 0, 1), dtype=np.float32)

    def _size(self) -> Boxes:
        return np.array([[self.width, self.height, self.width, self.height]], dtype=np.float32)

    def _offset(self) -> Boxes:
        return np.array([[self.left, self.top, self.left, self.top]], dtype=np.float32)
