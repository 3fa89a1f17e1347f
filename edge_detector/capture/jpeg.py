"""Makes JPEGs of pictures, and draws the boxes of people into them."""

from __future__ import annotations

from collections.abc import Iterable

import cv2

from edge_detector.core.types import Bgr, Box, Detection, Track

#: A line of this many pixels for a picture so many lines high.
_LINE_PX, _LINE_AT_PX = 2, 480
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
    width = max(1, round(_LINE_PX * image.shape[0] / _LINE_AT_PX))
    for person in people:
        _draw(drawn, person.box, f"{person.score:.0%}", width)
    return drawn


def _draw(image: Bgr, box: Box, text: str, width: int) -> None:
    height_px, width_px = image.shape[:2]
    x1, y1 = round(box.x1 * width_px), round(box.y1 * height_px)
    x2, y2 = round(box.x2 * width_px) - 1, round(box.y2 * height_px) - 1
    cv2.rectangle(image, (x1, y1), (x2, y2), _BOX_COLOUR, width)
    (text_px, rise_px), sink_px = cv2.getTextSize(text, _FONT, 0.25 * width, max(1, width // 2))
    # Above the box, or inside where there is no room above.
    top = y1 - rise_px - 2 * sink_px if y1 > rise_px + 2 * sink_px else y1
    cv2.rectangle(image, (x1, top), (x1 + text_px + 2 * width, top + rise_px + 2 * sink_px), _BOX_COLOUR, cv2.FILLED)
    place = (x1 + width, top + rise_px + sink_px // 2)
    cv2.putText(image, text, place, _FONT, 0.25 * width, _TEXT_COLOUR, max(1, width // 2), cv2.LINE_AA)
