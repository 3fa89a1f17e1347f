"""Makes JPEGs of pictures, and draws the boxes of people into them."""

from __future__ import annotations

from collections.abc import Iterable

import cv2

from edge_detector.core.types import Bgr, Box, Detection, Track

#: Lines of a picture for one pixel of line width, and for text of OpenCV's full size; the least text that can be read.
_LINE_AT_PX, _TEXT_AT_PX, _LEAST_TEXT = 240, 900, 0.4
#: Warm yellow: seen on a dark and on a bright picture.
_BOX_COLOUR = (40, 190, 255)
_TEXT_COLOUR = (20, 20, 20)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class JpegEncoder:
    """Makes JPEGs with OpenCV, behind the ImageEncoder port."""

    def __init__(self, quality: int = 85) -> None:
        """Take the quality, from 1 to 100."""
        self._parameters = (cv2.IMWRITE_JPEG_QUALITY, quality)

    def encode(self, image: Bgr) -> bytes:
        """One JPEG file of a colour picture."""
        _, data = cv2.imencode(".jpg", image, self._parameters)
        return data.tobytes()


def draw_boxes(image: Bgr, people: Iterable[Track | Detection]) -> Bgr:
    """A new picture with a box and the score in per cent around everybody; line and text grow with the picture."""
    drawn = image.copy()
    for person in people:
        _draw(drawn, person.box, f"{person.score:.0%}")
    return drawn


def _draw(image: Bgr, box: Box, text: str) -> None:
    height, width = image.shape[:2]
    line = max(1, round(height / _LINE_AT_PX))
    scale, stroke = max(_LEAST_TEXT, height / _TEXT_AT_PX), max(1, line // 2)
    x1, y1, x2, y2 = (
        round(side * size) for side, size in zip(box, (width, height, width - 1, height - 1), strict=True)
    )
    cv2.rectangle(image, (x1, y1), (x2, y2), _BOX_COLOUR, line)
    (text_width, rise), sink = cv2.getTextSize(text, _FONT, scale, stroke)
    label = rise + 2 * sink
    top = y1 - label if y1 >= label else y1  # inside the box where there is no room above it
    left = max(0, min(x1, width - text_width - 2 * line))
    cv2.rectangle(image, (left, top), (left + text_width + 2 * line, top + label), _BOX_COLOUR, cv2.FILLED)
    cv2.putText(image, text, (left + line, top + rise + sink), _FONT, scale, _TEXT_COLOUR, stroke, cv2.LINE_AA)
