"""Decoded pictures of any pixel format as I420 of even size, in the limited range that the rest works in."""

from __future__ import annotations

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from edge_detector.core.types import Planes

#: FFmpeg's AVCOL_RANGE_JPEG: luma from 0 to 255 instead of 16 to 235.
_FULL_RANGE = 2


class I420Maker:
    """Turns decoded frames into planes; keeps the scaler between frames."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def make(self, frame: av.VideoFrame) -> Planes:
        """The frame cropped to even width and height, in place where the decoder made I420; read only."""
        if frame.format.name != "yuv420p" or frame.color_range == _FULL_RANGE:
            frame = self._reformatter.reformat(frame, format="yuv420p", dst_color_range="MPEG", threads=1)
        width, height = frame.width & ~1, frame.height & ~1
        chroma = np.s_[: height // 2, : width // 2]
        return Planes(_plane(frame, 0)[:height, :width], _plane(frame, 1)[chroma], _plane(frame, 2)[chroma])


def _plane(frame: av.VideoFrame, index: int) -> NDArray[np.uint8]:
    """A plane in place, padding included; not to be written to, since the decoder may yet refer to it."""
    plane = frame.planes[index]
    pixels = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
    pixels.flags.writeable = False
    return pixels
