from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_detector.core.types import Bgr
from edge_detector.detectors.heads import Floats
from edge_detector.detectors.yolo import MAX_CANDIDATES, MAX_SIZES, PADDING, PictureInput, YoloDetector, input_size


@pytest.mark.parametrize(
    ("source", "size"),
    [
        ((320, 320), (320, 320)),  # a crop as regions make it
        ((1000, 1000), (320, 320)),  # a larger one
        ((100, 90), (320, 320)),  # nearly square, small
        ((1280, 720), (640, 384)),  # a whole picture: 360 lines need 384
        ((1920, 1080), (640, 384)),
        ((640, 480), (640, 480)),  # a multiple of 32 as it is
        ((768, 432), (640, 384)),
        ((720, 1280), (384, 640)),  # a camera on its side
        ((300, 150), (320, 160)),  # small and wide: not enlarged beyond the crops' size
        ((4000, 10), (640, 32)),  # never without a line
    ],
)
def test_the_input_fits_the_picture(source: tuple[int, int], size: tuple[int, int]) -> None:
    assert input_size(source, side=320, scan_side=640) == size


def test_a_picture_goes_in_letterboxed_red_first_in_0_to_1() -> None:
    image = np.zeros((50, 100, 3), np.uint8)
    image[:] = (255, 51, 0)  # blue, green, red
    tensor, letterbox = PictureInput((64, 64)).load(image)
    assert tensor.shape == (1, 3, 64, 64)
    assert tensor.dtype == np.float32
    assert (letterbox.top, letterbox.height, letterbox.left, letterbox.width) == (16, 32, 0, 64)
    np.testing.assert_allclose(tensor[0, :, 30, 30], [0.0, 0.2, 1.0], atol=1e-6)
    np.testing.assert_allclose(tensor[0, :, :16], PADDING / 255, atol=1e-6)
    np.testing.assert_allclose(tensor[0, :, 48:], PADDING / 255, atol=1e-6)


def test_the_picture_before_leaves_nothing_behind() -> None:
    wide, high = np.full((50, 100, 3), 255, np.uint8), np.zeros((100, 50, 3), np.uint8)
    used = PictureInput((64, 64))
    used.load(wide)
    np.testing.assert_array_equal(used.load(high)[0], PictureInput((64, 64)).load(high)[0])


def test_nothing_is_made_anew_for_the_next_picture() -> None:
    used = PictureInput((64, 64))
    assert used.load(np.zeros((64, 64, 3), np.uint8))[0] is used.load(np.zeros((32, 64, 3), np.uint8))[0]


def test_a_picture_of_the_inputs_own_size_is_not_touched() -> None:
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    tensor, _ = PictureInput((64, 64)).load(image[:, ::1])
    np.testing.assert_array_equal((tensor[0] * 255).round().astype(np.uint8), image.transpose(2, 0, 1)[::-1])


Rows = list[tuple[float, float, float, float, float]]


def detector(rows: Rows | Callable[[Floats], Rows], *, iou: float = 0.45) -> YoloDetector:
    def find(tensor: Floats) -> tuple[Floats, Floats]:
        found = np.array(rows(tensor) if callable(rows) else rows, np.float32).reshape(-1, 5)
        return found[:, :4], found[:, 4]

    return YoloDetector(find, backend="test", model="rows", iou=iou, side=64, scan_side=128)


def grey(height: int = 64, width: int = 64) -> Bgr:
    return np.full((height, width, 3), 90, np.uint8)


def test_boxes_come_back_in_the_pictures_own_measure_best_first() -> None:
    found = detector([(16, 24, 32, 40, 0.5), (32, 16, 64, 48, 0.9)]).detect(grey(100, 200))  # 128 x 64: no padding
    assert [d.score for d in found] == pytest.approx([0.9, 0.5])
    assert found[0].box == pytest.approx((0.25, 0.25, 0.5, 0.75))
    assert found[1].box == pytest.approx((0.125, 0.375, 0.25, 0.625))
    assert {d.label for d in found} == {"person"}


def test_padding_is_taken_off_and_what_lies_in_it_is_dropped() -> None:
    image = grey(32, 36)  # square enough for 64 x 64: 57 lines of picture, 3 lines of padding above
    found = detector([(0, 3, 64, 60, 0.9), (0, 0, 64, 3, 0.8)]).detect(image)
    assert [d.box for d in found] == [pytest.approx((0, 0, 1, 1), abs=0.01)]


@pytest.mark.parametrize(("iou", "left"), [(0.45, 1), (0.55, 2)])
def test_overlap_is_a_setting(iou: float, left: int) -> None:
    assert len(detector([(0, 0, 30, 30, 0.9), (0, 10, 30, 40, 0.8)], iou=iou).detect(grey())) == left  # they share 0.5


def test_so_many_candidates_at_most_the_best_ones() -> None:
    rows: Rows = [(x, y, x + 0.5, y + 0.5, 0.3 + (x + 64 * y) / 10000) for x in range(64) for y in range(10)]
    found = detector(rows).detect(grey())
    assert len(found) == MAX_CANDIDATES
    assert found[-1].score == pytest.approx(0.3 + (640 - MAX_CANDIDATES) / 10000)


def test_nobody_is_an_empty_answer() -> None:
    assert detector([]).detect(grey()) == ()


def test_the_time_is_told_and_smoothed() -> None:
    made = detector([])
    assert (made.info.backend, made.info.model, made.info.inference_ms) == ("test", "rows", 0)
    made.detect(grey())
    first = made.info.inference_ms
    assert first > 0
    made._note(first + 100)
    assert made.info.inference_ms == pytest.approx(first + 10)


def test_buffers_are_kept_by_size_and_not_for_ever() -> None:
    seen: list[NDArray[np.float32]] = []

    def find(tensor: Floats) -> Rows:
        seen.append(tensor)
        return []

    made = detector(find)
    made.detect(grey())
    made.detect(grey())
    assert seen[1] is seen[2]  # the first is the warm-up's
    for height in range(1, 128, 8):
        made.detect(grey(height, 200))
    assert len(made._inputs) <= MAX_SIZES


def test_side_is_the_square_input() -> None:
    shapes = []

    def find(tensor: Floats) -> Rows:
        shapes.append(tensor.shape)
        return []

    made = detector(find)
    made.detect(grey(made.side, made.side))
    assert shapes == [(1, 3, 64, 64)] * 2
