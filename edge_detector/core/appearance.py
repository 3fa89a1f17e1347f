"""What somebody wears, as far as colours tell: cheap enough for every box, good enough to part two who meet."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge_detector.core.boxes import from_region
from edge_detector.core.types import Box, Planes

#: How often each colour and each brightness occurs, as shares; two rows' roots, so that a product compares them.
Coat = NDArray[np.float32]

#: The part of a box that shows a coat and little else, as shares of it: left, top, right, bottom.
_COAT = Box(0.3, 0.2, 0.7, 0.55)
#: Steps of each of both chroma planes and of luma; chroma is spread, for hardly anything has all of it.
_CHROMA_STEPS, _LUMA_STEPS = 12, 12
_CHROMA_MIDDLE, _CHROMA_SPAN = 128, 96
#: A coat is looked at with about so many pixels a side; more tell nothing new.
_LOOK_PIXELS = 24


def coat_area(box: Box) -> Box:
    """The part of a box that shows the coat."""
    return from_region(_COAT, box)


def coat(planes: Planes, box: Box) -> Coat:
    """The colours of the middle of a box, which need not lie wholly in the picture."""
    y = _patch(planes.y, box)
    u, v = _patch(planes.u, box), _patch(planes.v, box)
    colours = _steps(u) * _CHROMA_STEPS + _steps(v)
    colour = np.bincount(colours.ravel(), minlength=_CHROMA_STEPS**2)
    light = np.bincount((y.ravel().astype(np.int64) * _LUMA_STEPS) >> 8, minlength=_LUMA_STEPS)
    return np.concatenate([np.sqrt(colour / colours.size), np.sqrt(light / y.size)]).astype(np.float32) / math.sqrt(2)


def alike(a: Coat, b: Coat) -> float:
    """How alike two coats are: 1 when they are the same, 0 when they share no colour (Bhattacharyya)."""
    return float(a @ b)


def mixed(old: Coat, new: Coat, weight: float) -> Coat:
    """The old coat, with so much of the new one."""
    return np.sqrt(old**2 * (1 - weight) + new**2 * weight)


def _patch(plane: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Some pixels of the coat's part of the box; one at least."""
    height, width = plane.shape
    area = coat_area(box)
    x1, x2 = _span(area.x1 * width, area.x2 * width, width)
    y1, y2 = _span(area.y1 * height, area.y2 * height, height)
    return plane[y1 : y2 : max((y2 - y1) // _LOOK_PIXELS, 1), x1 : x2 : max((x2 - x1) // _LOOK_PIXELS, 1)]


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    first = min(max(math.floor(low), 0), size - 1)
    return first, min(max(math.ceil(high), first + 1), size)


def _steps(chroma: NDArray[np.uint8]) -> NDArray[np.int64]:
    spread = (chroma.astype(np.int64) - _CHROMA_MIDDLE) * _CHROMA_STEPS // _CHROMA_SPAN + _CHROMA_STEPS // 2
    return np.clip(spread, 0, _CHROMA_STEPS - 1)
