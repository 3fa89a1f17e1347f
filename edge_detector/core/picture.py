"""Pixels: the planes of an I420 picture and colour conversion, of a crop at the crop's own cost.

Colours have the limited range (luma 16 to 235). Crops for detectors are taken for BT.601, as OpenCV takes every I420
picture; whole ones, which people look at, for what they are.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from edge_detector.core.types import Bgr, Box, Frame, Planes, Yuv

#: FFmpeg's AVColorSpace of BT.709, and of BT.2020, which is nearer to it than to BT.601.
_BT709 = frozenset({1, 9, 10})
_UNSPECIFIED = 2
#: A stream that does not say what its colours are has those of HD from so many lines on, as players have it.
_HD_LINES = 720
#: From blue, green, red as BT.601 has them to those of BT.709: its matrix times the other one's inverse.
_AS_BT709 = np.array(
    [[1.164384, 2.112402, 0.0], [1.164384, -0.213249, -0.532909], [1.164384, 0.0, 1.792741]]
) @ np.linalg.inv([[1.164384, 2.017232, 0.0], [1.164384, -0.391762, -0.812968], [1.164384, 0.0, 1.596027]])


def size(yuv: Yuv) -> tuple[int, int]:
    """Width and height in pixels of an I420 picture of shape (height * 3 / 2, width)."""
    return yuv.shape[1], yuv.shape[0] * 2 // 3


def luma(yuv: Yuv) -> Yuv:
    """The luma plane (height, width): a view, nothing is copied."""
    return yuv[: yuv.shape[0] * 2 // 3]


def is_bt709(colorspace: int, height: int) -> bool:
    """Are colours meant as BT.709 has them? By what FFmpeg says of a compressed stream, and its height in pixels."""
    return colorspace in _BT709 or (colorspace == _UNSPECIFIED and height >= _HD_LINES)


def bgr(yuv: Yuv, *, bt709: bool = False) -> Bgr:
    """The whole picture in colour."""
    image = cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR_I420)
    return np.asarray(cv2.transform(image, _AS_BT709) if bt709 else image, dtype=np.uint8)


def shown(frame: Frame) -> Bgr:
    """The whole picture of a frame, in the colours that its stream means, for people to look at."""
    return bgr(frame.image, bt709=frame.bt709)


def crop_bgr(planes: Planes, box: Box) -> tuple[Bgr, Box]:
    """The part of the picture under `box` in colour, and the box it really covers.

    The crop grows to even pixels, because four pixels share their colour, and is clipped to the picture: at least 2 x 2
    pixels. It holds the very pixels that a crop of the whole in colour would.
    """
    width, height = planes.size
    left, right = _even_span(box.x1, box.x2, width)
    top, bottom = _even_span(box.y1, box.y2, height)
    chroma = np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
    crop = Planes(planes.y[top:bottom, left:right], planes.u[chroma], planes.v[chroma])
    return bgr(crop.stacked()), Box(left / width, top / height, right / width, bottom / height)


def _even_span(low: float, high: float, length: int) -> tuple[int, int]:
    """The even pixels from at most `low` to at least `high` (both 0..1 of `length`), inside the picture."""
    start = min(max(math.floor(low * length / 2) * 2, 0), length - 2)
    return start, max(min(math.ceil(high * length / 2) * 2, length), start + 2)
