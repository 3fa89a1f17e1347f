"""Coats: the same one is known again, others are not, and no box breaks it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.appearance import alike, coat, mixed
from edge_detector.core.types import Box, Planes

BOX = Box(0.25, 0.25, 0.75, 0.75)


def picture(y: int, u: int, v: int, noise: int = 3, size: tuple[int, int] = (96, 128)) -> Planes:
    random = np.random.default_rng(y)
    height, width = size

    def plane(value: int, *shape: int) -> np.ndarray:
        return np.clip(value + random.integers(-noise, noise + 1, shape), 0, 255).astype(np.uint8)

    half = height // 2, width // 2
    return Planes(plane(y, height, width), plane(u, *half), plane(v, *half))


def test_the_same_coat_is_alike_in_another_light() -> None:
    red = coat(picture(90, 110, 180), BOX)
    assert alike(red, red) == pytest.approx(1.0)
    assert alike(red, coat(picture(100, 111, 179), BOX)) > 0.8


@pytest.mark.parametrize("other", [(90, 180, 110), (90, 128, 128), (220, 128, 128)])
def test_another_coat_is_not(other: tuple[int, int, int]) -> None:
    assert alike(coat(picture(90, 110, 180), BOX), coat(picture(*other), BOX)) < 0.6


def test_in_infra_red_light_brightness_tells() -> None:
    dark, bright = (coat(picture(y, 128, 128, noise=0), BOX) for y in (40, 200))
    assert alike(dark, bright) == pytest.approx(0.5)


def test_only_the_middle_of_the_box_counts() -> None:
    planes = picture(90, 110, 180)
    around = Planes(*(plane.copy() for plane in planes))
    for plane in around:
        height, width = plane.shape
        plane[: height // 4], plane[:, : width // 4] = 255, 255
        plane[3 * height // 4 :], plane[:, 3 * width // 4 :] = 255, 255
    assert alike(coat(planes, BOX), coat(around, BOX)) == pytest.approx(1.0)


def test_a_coat_that_is_remembered_follows_the_one_seen() -> None:
    old, new = coat(picture(60, 110, 180), BOX), coat(picture(200, 140, 100), BOX)
    both = mixed(old, new, 0.2)
    assert alike(old, new) < alike(both, new) < alike(both, old) < 1
    assert alike(both, both) == pytest.approx(1.0)


edge = st.floats(-0.5, 1.5)


@given(edge, edge, st.floats(0, 1), st.floats(0, 1))
def test_every_box_has_a_coat(x: float, y: float, width: float, height: float) -> None:
    found = coat(picture(90, 110, 180, size=(20, 30)), Box(x, y, x + width, y + height))
    assert alike(found, found) == pytest.approx(1.0, abs=1e-5)
