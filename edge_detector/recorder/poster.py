"""The picture that stands for a clip: the moment that started it."""

from __future__ import annotations

import logging
from pathlib import Path

import av
import cv2
from av.video.reformatter import Colorspace

from edge_detector.core.picture import is_bt709
from edge_detector.files import write_atomic
from edge_detector.recorder.remux import READ_HEADER

_LOG = logging.getLogger(__name__)

#: Sharp enough to know a face by, and a fifth of the size of quality 95.
JPEG_QUALITY = 85
#: The moment of the trigger may fall between two ticks of the stream.
_ROUNDING_S = 0.001


def make_poster(clip: Path, *, at_s: float) -> Path | None:
    """Write the JPEG of the picture shown at `at_s` beside the clip; None, and a warning, when that fails."""
    poster = clip.with_suffix(".jpg")
    try:
        write_atomic(poster, _jpeg(clip, at_s))
    except (OSError, ValueError, cv2.error, av.FFmpegError) as error:
        _LOG.warning("No poster for %s: %s", clip.name, error)
        return None
    return poster


def _jpeg(clip: Path, at_s: float) -> bytes:
    frame = _frame(clip, at_s)
    if frame is None:
        raise ValueError("no picture can be decoded")
    colours = Colorspace.ITU709 if is_bt709(frame.colorspace, frame.height) else Colorspace.ITU601
    image = frame.to_ndarray(format="bgr24", src_colorspace=colours)
    ok, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not ok:
        raise ValueError("the picture cannot be encoded")
    return jpeg.tobytes()


def _frame(clip: Path, at_s: float) -> av.VideoFrame | None:
    """The last picture that is shown at or before `at_s`, or the first that can be decoded."""
    best = None
    with av.open(str(clip), options=dict(READ_HEADER)) as container:
        container.streams.video[0].codec_context.skip_frame = "DEFAULT"
        container.seek(int(at_s * av.time_base))
        for frame in container.decode(video=0):
            if best is not None and frame.time > at_s + _ROUNDING_S:
                break
            best = frame
            if frame.time + frame.duration * frame.time_base > at_s + _ROUNDING_S:
                break  # the next one is not decoded to know that
    return best
