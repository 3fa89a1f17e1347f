"""Decoded pictures of any pixel format as I420 of even size, in the limited range that the rest works in."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from edge_detector.core.types import Yuv

#: FFmpeg's AVCOL_RANGE_JPEG: luma from 0 to 255 instead of 16 to 235.
_FULL_RANGE = 2


class I420Maker:
    """Turns decoded frames into I420 arrays; keeps the scaler between frames."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def make(self, frame: av.VideoFrame) -> Yuv:
        """A fresh array of shape (h * 3 / 2, w): the frame cropped to even width and height."""
        if frame.format.name != "yuv420p" or frame.color_range == _FULL_RANGE:
            frame = self._reformatter.reformat(frame, format="yuv420p", dst_color_range="MPEG", threads=1)
        width, height = frame.width & ~1, frame.height & ~1
        image = np.empty((height * 3 // 2, width), np.uint8)
        image[:height] = _plane(frame, 0)[:height, :width]
        chroma = image[height:].reshape(2, height // 2, width // 2)
        chroma[0] = _plane(frame, 1)[: height // 2, : width // 2]
        chroma[1] = _plane(frame, 2)[: height // 2, : width // 2]
        return image


def _plane(frame: av.VideoFrame, index: int) -> NDArray[np.uint8]:
    """A plane in place, padding included."""
    plane = frame.planes[index]
    return np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
