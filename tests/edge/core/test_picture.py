"""Planes and colour conversion."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core import picture
from edge_detector.core.boxes import FULL, contains
from edge_detector.core.types import Box, Planes, Yuv


def noise(width: int, height: int, seed: int = 0) -> Yuv:
    return np.random.default_rng(seed).integers(16, 236, (height * 3 // 2, width), dtype=np.uint8)


def test_size_is_width_and_height() -> None:
    assert picture.size(noise(64, 50)) == (64, 50)


def test_luma_is_a_view_of_the_first_lines() -> None:
    yuv = noise(64, 48)
    plane = picture.luma(yuv)
    assert plane.shape == (48, 64)
    assert np.shares_memory(plane, yuv)


@pytest.mark.parametrize(
    ("luma", "blue", "red", "bgr"),
    [
        (16, 128, 128, (0, 0, 0)),  # limited range: 16 is black
        (235, 128, 128, (255, 255, 255)),  # and 235 white
        (81, 90, 240, (0, 0, 255)),  # BT.601 red, as the standard's tables have it
        (41, 240, 110, (255, 0, 0)),  # BT.601 blue
    ],
)
def test_colours_are_limited_range_bt_601(luma: int, blue: int, red: int, bgr: tuple[int, int, int]) -> None:
    yuv = np.concatenate([np.full((8, 8), luma), np.full((2, 8), blue), np.full((2, 8), red)]).astype(np.uint8)
    np.testing.assert_allclose(picture.bgr(yuv)[3, 3], bgr, atol=2)


@pytest.mark.parametrize(
    ("luma", "blue", "red", "bgr"),
    [
        (16, 128, 128, (0, 0, 0)),
        (235, 128, 128, (255, 255, 255)),
        (126, 128, 128, (128, 128, 128)),
        (109, 115, 184, (81, 81, 209)),  # a brick wall
        (100, 150, 100, (144, 108, 48)),
    ],
)
def test_colours_of_hd_are_bt_709(luma: int, blue: int, red: int, bgr: tuple[int, int, int]) -> None:
    yuv = np.concatenate([np.full((8, 8), luma), np.full((2, 8), blue), np.full((2, 8), red)]).astype(np.uint8)
    np.testing.assert_allclose(picture.bgr(yuv, bt709=True)[3, 3], bgr, atol=2)


@pytest.mark.parametrize(
    ("colorspace", "height", "bt709"),
    [
        (1, 480, True),  # it says so
        (9, 2160, True),  # BT.2020
        (5, 1080, False),  # it says BT.601
        (6, 1080, False),
        (0, 1080, False),  # made of RGB by BT.601
        (2, 576, False),  # it says nothing
        (2, 720, True),
    ],
)
def test_what_colours_are_meant(colorspace: int, height: int, bt709: bool) -> None:
    assert picture.is_bt709(colorspace, height) is bt709


edges = st.integers(-20, 120).map(lambda n: n / 100)


@given(
    st.tuples(st.integers(1, 24), st.integers(1, 24)).map(lambda size: (size[0] * 2, size[1] * 2)),
    st.tuples(edges, edges),
    st.tuples(edges, edges),
)
def test_a_crop_is_the_crop_of_the_whole(
    size: tuple[int, int], across: tuple[float, float], down: tuple[float, float]
) -> None:
    width, height = size
    yuv = noise(width, height)
    wanted = Box(min(across), min(down), max(across), max(down))
    crop, actual = picture.crop_bgr(Planes.of(yuv), wanted)
    left, top, right, bottom = (round(v * n) for v, n in zip(actual, (width, height, width, height), strict=True))
    np.testing.assert_array_equal(crop, picture.bgr(yuv)[top:bottom, left:right])
    assert [v % 2 for v in (left, top, right, bottom)] == [0, 0, 0, 0]
    assert min(crop.shape[:2]) >= 2
    assert contains(FULL, actual)
    inside = Box(*(min(max(v, 0.0), 1.0) for v in wanted))
    assert contains(Box(actual.x1 - 1e-9, actual.y1 - 1e-9, actual.x2 + 1e-9, actual.y2 + 1e-9), inside)


def test_a_crop_grows_by_no_more_than_to_even_pixels() -> None:
    _, actual = picture.crop_bgr(Planes.of(noise(100, 100)), Box(0.25, 0.31, 0.49, 0.52))
    assert actual == (0.24, 0.30, 0.50, 0.52)


def test_the_whole_picture_as_a_crop() -> None:
    yuv = noise(30, 26)
    crop, actual = picture.crop_bgr(Planes.of(yuv), FULL)
    assert actual == FULL
    np.testing.assert_array_equal(crop, cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR_I420))


def test_a_picture_that_is_a_slice_of_another() -> None:
    wide = noise(64, 48)
    part = wide[:, :40]
    crop, _ = picture.crop_bgr(Planes.of(part), Box(0.1, 0.1, 0.6, 0.6))
    same, _ = picture.crop_bgr(Planes.of(part.copy()), Box(0.1, 0.1, 0.6, 0.6))
    np.testing.assert_array_equal(crop, same)
