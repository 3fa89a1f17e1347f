"""JPEGs and the boxes drawn into them."""

import cv2
import numpy as np
import pytest

from edge_detector.capture.jpeg import JpegEncoder, draw_boxes
from edge_detector.core.types import Bgr, Box, Detection, Track


def gradient(width: int = 320, height: int = 240) -> Bgr:
    ys, xs = np.mgrid[0:height, 0:width]
    return np.stack([xs * 255 // width, ys * 255 // height, (xs + ys) * 255 // (width + height)], axis=2).astype(
        np.uint8
    )


def decoded(data: bytes) -> Bgr:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(np.uint8)


def test_a_jpeg_holds_the_picture() -> None:
    picture = gradient()
    data = JpegEncoder().encode(picture)
    assert data.startswith(b"\xff\xd8")
    assert data.endswith(b"\xff\xd9")
    again = decoded(data)
    assert again.shape == picture.shape
    assert cv2.PSNR(again, picture) > 35


def test_better_quality_is_bigger() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    sizes = [len(JpegEncoder(quality=quality).encode(noise)) for quality in (30, 85, 98)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[1] < sizes[2]


def test_a_crop_of_a_bigger_picture_is_encoded_as_it_is() -> None:
    crop = gradient()[10:100:2, 20:200:2]
    again = decoded(JpegEncoder().encode(crop))
    assert cv2.PSNR(again, np.ascontiguousarray(crop)) > 30


def test_boxes_are_drawn_into_a_new_picture() -> None:
    picture = gradient()
    before = picture.copy()
    drawn = draw_boxes(picture, [Detection(box=Box(0.25, 0.25, 0.5, 0.75), score=0.9)])
    np.testing.assert_array_equal(picture, before)
    changed = (drawn != picture).any(axis=2)
    assert changed[60, 100]  # the upper edge
    assert changed[120, 80]  # the left edge
    assert not changed[120, 120]  # the person itself
    assert not changed[:, 170:].any()
    assert not changed[185:].any()


def test_nobody_leaves_the_picture_as_it_is() -> None:
    picture = gradient()
    np.testing.assert_array_equal(draw_boxes(picture, ()), picture)


@pytest.mark.parametrize(
    "box",
    [
        Box(0.0, 0.0, 1.0, 1.0),  # the whole picture: the text goes inside
        Box(0.9, 0.9, 1.0, 1.0),  # the text reaches over the edge
        Box(0.5, 0.5, 0.5, 0.5),  # nothing
    ],
)
def test_boxes_at_the_edges_are_drawn(box: Box) -> None:
    track = Track(id=1, box=box, score=1.0, age=1.0, hits=3, seen_t=1.0)
    assert (draw_boxes(gradient(), [track]) != gradient()).any()


def test_the_line_grows_with_the_picture() -> None:
    widths = []
    for scale in (1, 4):
        plain = np.zeros((270 * scale, 480 * scale, 3), np.uint8)
        drawn = draw_boxes(plain, [Detection(box=Box(0.25, 0.25, 0.75, 0.75), score=0.5)])
        widths.append(int(drawn[200 * scale, : 240 * scale].any(axis=1).sum()))
    assert widths[1] > 2 * widths[0] > 0
