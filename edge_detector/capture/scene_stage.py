"""The stage of a generated scene: the house, the path and the street, and how day, night and infra-red light them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detector.capture.scene_script import Colour
from edge_detector.capture.scene_view import HORIZON, View
from edge_detector.core.types import Bgr

#: Distance of the house's front from the camera, in metres: it hides what is behind it.
HOUSE_Z = 7.0
#: The left corner of the house and the height of its eaves, in metres.
_CORNER_X, _EAVES = -1.55, 2.75
#: Distance of the pillar.
PILLAR_Z = 4.0
_PILLAR_X, _PILLAR_WIDTH, _PILLAR_HEIGHT = -1.12, 0.36, 3.2
#: Who stands at this many metres to the right for a metre of distance is hidden by half.
PILLAR_EDGE = (_PILLAR_X - _PILLAR_WIDTH / 2) / PILLAR_Z
#: Middle of the door, and where the lamp hangs: right, up.
_DOOR_X, _LAMP = 0.75, (1.55, 1.95)
_SHIFT = 4
#: As good as the horizon, in metres.
_ENDLESS = 1e6

Mask = NDArray[np.uint8]
_Spot = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Occluder:
    """Something that hides what is further away than `z` metres; `mask` is 255 where it stands."""

    z: float
    mask: Mask


@dataclass(frozen=True, slots=True)
class Stage:
    """The empty scene without light and noise, and what hides people in it."""

    picture: Bgr
    #: 255 where the sky is.
    sky: Mask
    occluders: tuple[Occluder, ...]


def build_stage(view: View, *, pillar: bool, seed: int) -> Stage:
    """Draw the empty scene."""
    rng = np.random.default_rng(seed)
    image = _ground_and_sky(view, rng)
    house_mask = np.zeros(image.shape[:2], np.uint8)
    _street(image, view, rng)
    _path(image, view)
    _house(image, house_mask, view, rng)
    _entrance(image, view)
    _plants(image, view, rng)
    occluders = [Occluder(HOUSE_Z, house_mask)]
    if pillar:
        mask = np.zeros_like(house_mask)
        _pillar(image, mask, view)
        occluders.append(Occluder(PILLAR_Z, mask))
    grain = rng.normal(0.0, 2.2, image.shape[:2]).astype(np.float32)
    image = np.clip(image + grain[:, :, None], 0, 255).astype(np.uint8)
    sky = np.zeros_like(house_mask)
    sky[: round(view.point(0, _ENDLESS)[1])] = 255
    sky[house_mask > 0] = 0
    return Stage(image, sky, tuple(occluders))


def light_field(view: View, sky: Mask, night: float) -> NDArray[np.uint8] | None:
    """What share (255 all) of each colour's light falls where: a lamp by the door at night; None by day."""
    if night <= 0.0:
        return None
    ys, xs = np.mgrid[0 : view.height, 0 : view.width].astype(np.float32)
    lamp_x, lamp_y = view.point(_LAMP[0], HOUSE_Z, _LAMP[1] - 0.6)
    near = np.hypot((xs - lamp_x) / 1.25, ys - lamp_y) / view.scale
    lamp = 1.0 / (1.0 + (near / 0.3) ** 2)
    dark = np.array([0.30, 0.25, 0.22], np.float32)
    warm = np.array([0.46, 0.62, 0.72], np.float32)
    at_night = dark + lamp[:, :, None] * warm
    at_night[sky > 0] *= 0.6
    field = (1.0 - night) + night * at_night
    light: NDArray[np.uint8] = np.clip(field * 255, 0, 255).astype(np.uint8)
    return light


def infrared_field(view: View, sky: Mask) -> NDArray[np.uint8]:
    """What share of infra-red light falls where: the camera's own ring of diodes, brightest in the middle."""
    ys, xs = np.mgrid[0 : view.height, 0 : view.width].astype(np.float32)
    off = np.hypot(xs - view.width / 2, ys - view.height * 0.55) / view.scale
    field = np.clip(1.0 - 0.5 * off**1.5, 0.3, 1.0) * 235
    field[sky > 0] *= 0.45
    return np.repeat(field.astype(np.uint8)[:, :, None], 3, axis=2)


def _fill(image: NDArray[np.uint8], view: View, spots: Sequence[_Spot], colour: Colour | int) -> None:
    """A flat polygon through places in the world (right, away, up)."""
    pixels, _ = view.project(*(np.array(column) for column in zip(*spots, strict=True)))
    points = np.rint(pixels * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(image, [points], colour if isinstance(colour, tuple) else (colour,), cv2.LINE_AA, _SHIFT)


def _front(
    image: NDArray[np.uint8], view: View, x: tuple[float, float], up: tuple[float, float], colour: Colour | int
) -> None:
    """A rectangle on the front of the house."""
    z = HOUSE_Z
    _fill(image, view, ((x[0], z, up[0]), (x[1], z, up[0]), (x[1], z, up[1]), (x[0], z, up[1])), colour)


def _flat(image: Bgr, view: View, x: tuple[float, float], z: tuple[float, float], colour: Colour) -> None:
    """A rectangle on the ground."""
    _fill(image, view, ((x[0], z[0], 0.0), (x[1], z[0], 0.0), (x[1], z[1], 0.0), (x[0], z[1], 0.0)), colour)


def _ground_and_sky(view: View, rng: np.random.Generator) -> Bgr:
    horizon = round(view.point(0, _ENDLESS)[1])
    rows = np.arange(view.height, dtype=np.float32)[:, None]
    down = np.clip((rows - horizon) / (view.height - horizon), 0, 1)
    up = np.clip((horizon - rows) / (HORIZON * view.scale), 0, 1)
    sky = np.array([232, 218, 204], np.float32) + up * np.array([-4, -40, -62], np.float32)
    lawn = np.array([66, 122, 104], np.float32) + down * np.array([-12, -10, -14], np.float32)
    image = np.where(rows < horizon, sky, lawn)[:, None, :].repeat(view.width, axis=1)
    noise = rng.normal(0.0, 1.0, (view.height, view.width)).astype(np.float32)
    blades = cv2.GaussianBlur(noise, (0, 0), 1.1) * (7 + 16 * down)
    cloud = cv2.GaussianBlur(rng.normal(0.0, 1.0, (view.height, view.width)).astype(np.float32), (0, 0), 34, sigmaY=9)
    cloud = np.clip(cloud / (np.abs(cloud).max() + 1e-6), 0, 1) * 42
    image += np.where(rows < horizon, cloud, blades)[:, :, None]
    return np.clip(image, 0, 255).astype(np.uint8)


def _street(image: Bgr, view: View, rng: np.random.Generator) -> None:
    """Pavement, road, a hedge behind it and trees before the sky."""
    for x, height in ((-29, 3.0), (-25.5, 4.6), (-21.5, 3.4), (-18, 4.2), (-14.5, 3.2), (-11, 4.4), (-7.5, 3.6)):
        _foliage(image, view, rng, (x, 40.0, 0.62 * height), 0.55 * height, (70, 106, 88))
    far = 60.0
    _fill(image, view, ((-far, 34, 0), (far, 34, 0), (far, 34, 1.5), (-far, 34, 1.5)), (52, 88, 68))
    _flat(image, view, (-far, far), (15.6, 23.0), (104, 102, 100))
    _flat(image, view, (-far, far), (12.6, 15.2), (158, 164, 166))
    _flat(image, view, (-far, far), (15.2, 15.6), (184, 188, 188))
    for x in np.arange(-24.0, 4.0, 3.0):
        _flat(image, view, (float(x), float(x) + 1.4), (19.2, 19.4), (206, 210, 210))


def _path(image: Bgr, view: View) -> None:
    """Paving stones from the garden gate at the lower left to the door."""
    _fill(image, view, ((-6, 6.4, 0), (-6, 4.3, 0), (4.5, 4.3, 0), (5.5, 6.4, 0)), (146, 152, 158))
    _flat(image, view, (-0.2, 1.9), (6.2, HOUSE_Z), (150, 156, 162))
    for z in (4.3, 4.95, 5.65, 6.4):
        _line(image, view, (-6.0, z, 0.0), (6.0, z, 0.0), (122, 128, 134))
    for x in np.arange(-6.0, 6.0, 0.8):
        for n, (near, off) in enumerate(((4.3, 4.95), (4.95, 5.65), (5.65, 6.4))):
            shifted = float(x) + 0.4 * (n % 2)
            _line(image, view, (shifted, near, 0.0), (shifted, off, 0.0), (126, 132, 138))


def _house(image: Bgr, mask: Mask, view: View, rng: np.random.Generator) -> None:
    """Clapboard wall, plinth, eaves, roof and a window."""
    right = 9.0
    for target, colours in ((image, ((178, 196, 206), (104, 110, 116), (62, 66, 88))), (mask, (255, 255, 255))):
        wall, plinth, roof = colours
        _front(target, view, (_CORNER_X, right), (0.0, _EAVES), wall)
        _front(target, view, (_CORNER_X, right), (0.0, 0.22), plinth)
        _fill(
            target,
            view,
            ((_CORNER_X - 0.4, HOUSE_Z, _EAVES), (right, HOUSE_Z, _EAVES), (right, 9.5, 6.0), (0.6, 9.5, 6.0)),
            roof,
        )
    for up in np.arange(0.42, _EAVES, 0.2):
        tone = int(rng.integers(-5, 6))
        _front(image, view, (_CORNER_X, right), (float(up) - 0.02, float(up)), (150 + tone, 168 + tone, 178 + tone))
    _front(image, view, (_CORNER_X, _CORNER_X + 0.12), (0.0, _EAVES), (226, 230, 232))
    _front(image, view, (_CORNER_X - 0.4, right), (_EAVES - 0.06, _EAVES + 0.1), (222, 226, 228))
    _front(image, view, (_CORNER_X, right), (_EAVES - 0.16, _EAVES - 0.06), (128, 142, 150))
    _front(image, view, (2.25, 3.75), (0.95, 2.2), (228, 232, 234))
    _front(image, view, (2.34, 3.66), (1.04, 2.11), (108, 92, 80))
    _fill(image, view, ((2.34, HOUSE_Z, 1.5), (2.9, HOUSE_Z, 2.11), (2.34, HOUSE_Z, 2.11)), (140, 124, 110))
    _front(image, view, (2.98, 3.02), (1.04, 2.11), (228, 232, 234))
    _front(image, view, (2.34, 3.66), (1.56, 1.6), (228, 232, 234))
    _front(image, view, (2.15, 3.85), (0.86, 0.95), (206, 210, 212))


def _entrance(image: Bgr, view: View) -> None:
    """Step, mat, door with its frame, bell and lamp."""
    x = _DOOR_X
    _flat(image, view, (x - 0.8, x + 0.8), (6.55, HOUSE_Z), (128, 134, 138))
    _fill(
        image,
        view,
        ((x - 0.8, 6.55, 0), (x + 0.8, 6.55, 0), (x + 0.8, 6.55, 0.08), (x - 0.8, 6.55, 0.08)),
        (110, 114, 118),
    )
    _fill(
        image, view, ((x - 0.45, 6.65, 0.08), (x + 0.45, 6.65, 0.08), (x + 0.45, 6.92, 0.08), (x - 0.45, 6.92, 0.08)),
        (54, 66, 84),
    )  # fmt: skip
    _front(image, view, (x - 0.58, x + 0.58), (0.08, 2.22), (232, 236, 238))
    _front(image, view, (x - 0.47, x + 0.47), (0.1, 2.12), (86, 74, 42))
    for left, bottom, top in ((-0.36, 0.28, 0.9), (0.06, 0.28, 0.9), (-0.36, 1.05, 1.45), (0.06, 1.05, 1.45)):
        _front(image, view, (x + left, x + left + 0.3), (bottom, top), (70, 58, 32))
    _front(image, view, (x - 0.36, x + 0.36), (1.6, 1.98), (150, 138, 124))
    _dot(image, view, (x + 0.38, 1.0), 0.035, (70, 170, 200))
    _front(image, view, (x - 0.78, x - 0.7), (1.1, 1.28), (50, 50, 52))
    _dot(image, view, (x - 0.74, 1.19), 0.018, (120, 220, 250))
    lamp_x, lamp_up = _LAMP
    _front(image, view, (lamp_x - 0.03, lamp_x + 0.03), (lamp_up, lamp_up + 0.22), (46, 46, 48))
    _front(image, view, (lamp_x - 0.09, lamp_x + 0.09), (lamp_up - 0.16, lamp_up + 0.08), (46, 46, 48))
    _front(image, view, (lamp_x - 0.065, lamp_x + 0.065), (lamp_up - 0.13, lamp_up + 0.05), (196, 236, 250))


def _plants(image: Bgr, view: View, rng: np.random.Generator) -> None:
    """Shrubs along the wall; they stand behind whoever walks by."""
    for x, z, size in ((-1.25, 6.7, 0.34), (-0.75, 6.75, 0.26), (2.5, 6.7, 0.3), (3.1, 6.7, 0.36), (3.7, 6.7, 0.32)):
        _foliage(image, view, rng, (x, z, size), size, (46, 88, 58))


def _foliage(image: Bgr, view: View, rng: np.random.Generator, spot: _Spot, size: float, colour: Colour) -> None:
    """A bush or a crown: many leaves of about one colour within `size` metres of a place."""
    x, z, up = spot
    for _ in range(60):
        angle, off = rng.uniform(0, 2 * np.pi), size * np.sqrt(rng.uniform())
        centre, metre = view.project(x + off * np.cos(angle), z, up + 0.9 * off * np.sin(angle))
        tone = int(rng.integers(-16, 17))
        leaf = colour[0] + tone, colour[1] + tone, colour[2] + tone
        cv2.circle(image, _pixel(centre), max(1, round(0.27 * size * float(metre))), leaf, -1, cv2.LINE_AA)


def _pillar(image: Bgr, mask: Mask, view: View) -> None:
    """A brick pillar in front of the path."""
    left, right, z = _PILLAR_X - _PILLAR_WIDTH / 2, _PILLAR_X + _PILLAR_WIDTH / 2, PILLAR_Z
    corners = ((left, z, 0.0), (right, z, 0.0), (right, z, _PILLAR_HEIGHT), (left, z, _PILLAR_HEIGHT))
    _fill(image, view, corners, (78, 92, 138))
    _fill(mask, view, corners, 255)
    for up in np.arange(0.0, _PILLAR_HEIGHT, 0.12):
        _line(image, view, (left, z, float(up)), (right, z, float(up)), (132, 142, 158))


def _line(image: Bgr, view: View, start: _Spot, end: _Spot, colour: Colour) -> None:
    a, b = _pixel(view.point(*start)), _pixel(view.point(*end))
    cv2.line(image, a, b, colour, 1, cv2.LINE_AA)


def _dot(image: Bgr, view: View, spot: tuple[float, float], radius: float, colour: Colour) -> None:
    centre, metre = view.project(spot[0], HOUSE_Z, spot[1])
    cv2.circle(image, _pixel(centre), max(1, round(radius * float(metre))), colour, -1, cv2.LINE_AA)


def _pixel(point: NDArray[np.float64] | tuple[float, float]) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
