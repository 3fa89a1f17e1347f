"""Figures of a generated scene, jointed and in three dimensions: a person, a parcel trolley, a car."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detector.capture.scene_script import Actor, Colour, Look, Shape, State
from edge_detector.capture.scene_view import View

#: Points of a circle when a part's outline is made.
_CIRCLE = np.array([(math.cos(a), math.sin(a)) for a in np.linspace(0, 2 * math.pi, 16, endpoint=False)])
#: Binary digits after the point in OpenCV's drawing coordinates.
_SHIFT = 4
#: How much lighter the lit side of a part is, where it lies and how big it is, as shares of the part's radius.
_LIT, _LIT_SIDE, _LIT_SHARE = 1.28, (0.3, 0.25), 0.55
#: Walking speed from which legs and arms swing in full, in metres a second.
_FULL_GAIT_M_S = 0.9
#: A coat hangs over the legs, whichever way the body is turned, in metres.
_LEG_BEHIND_COAT = -0.12
_EYE: Colour = (30, 30, 36)
_SHOE: Colour = (28, 26, 26)

#: A ball of a part: ahead, to the left, up, radius, in metres from the spot the actor stands on.
_Ball = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Solid:
    """A part of a figure: the hull of some balls."""

    colour: Colour
    balls: tuple[_Ball, ...]
    #: Drawn with a lighter side, for roundness.
    round: bool = True
    #: Metres nearer to the camera than it is, when it is decided what covers what.
    nearer: float = 0.0


@dataclass(frozen=True, slots=True)
class Part:
    """A part as it is drawn: an outline in pixels."""

    colour: Colour
    outline: NDArray[np.float32]


def figure(actor: Actor, state: State, view: View) -> tuple[Part, ...]:
    """The actor's parts in drawing order, in pixels of the view."""
    solids = {Shape.PERSON: _person, Shape.TROLLEY: _trolley, Shape.CAR: _car}[actor.shape](actor, state)
    balls = np.array([ball for solid in solids for ball in solid.balls])
    turn = np.array([[math.cos(state.yaw), math.sin(state.yaw)], [-math.sin(state.yaw), math.cos(state.yaw)]])
    ground = balls[:, :2] @ turn + (state.x, state.z)
    centres, metre = view.project(ground[:, 0], ground[:, 1], balls[:, 2])
    radii = balls[:, 3:] * metre[:, None]
    whole = _circles(centres, radii)
    lit = _circles(centres - radii * _LIT_SIDE, radii * _LIT_SHARE)
    drawn: list[tuple[float, list[Part]]] = []
    end = 0
    for solid in solids:
        start, end = end, end + len(solid.balls)
        parts = [Part(solid.colour, _hull(whole[start:end]))]
        if solid.round:
            parts.append(Part(_shade(solid.colour, _LIT), _hull(lit[start:end])))
        drawn.append((float(ground[start:end, 1].mean()) - solid.nearer, parts))
    drawn.sort(key=lambda depth_parts: -depth_parts[0])
    return tuple(part for _, parts in drawn for part in parts)


def paint(
    image: NDArray[np.uint8], parts: tuple[Part, ...], *, colour: int | None = None, dx: int = 0, dy: int = 0
) -> None:
    """Draw parts into a picture, all in one grey when `colour` is given; `dx`, `dy` shift them, in pixels."""
    shift = np.array((dx, dy), np.float32)
    for part in parts:
        points = np.rint((part.outline + shift) * (1 << _SHIFT)).astype(np.int32)
        smooth = cv2.LINE_AA if colour is None else cv2.LINE_8
        cv2.fillConvexPoly(image, points, part.colour if colour is None else (colour,), smooth, _SHIFT)


def bounds(parts: tuple[Part, ...]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the whole figure in pixels, seen or not."""
    points = np.concatenate([part.outline for part in parts])
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _circles(centres: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.float32]:
    """Points (n, 16, 2) on circles."""
    points: NDArray[np.float32] = (centres[:, None, :] + radii[:, :, None] * _CIRCLE).astype(np.float32)
    return points


def _hull(circles: NDArray[np.float32]) -> NDArray[np.float32]:
    """The convex outline around circles."""
    outline: NDArray[np.float32] = cv2.convexHull(circles.reshape(-1, 2))[:, 0, :].astype(np.float32)
    return outline


def _shade(colour: Colour, gain: float) -> Colour:
    blue, green, red = (min(255, round(c * gain)) for c in colour)
    return blue, green, red


def _person(actor: Actor, state: State) -> list[_Solid]:
    """A walking, standing or ringing person; lengths are shares of the body's height."""
    h, look = actor.look.height, actor.look
    gait = min(1.0, state.speed / _FULL_GAIT_M_S)
    up = 0.012 * gait * math.cos(2 * state.phase)
    solids = [*_torso(look, 0.02 * gait, up), *_head(look, 0.02 * gait, up)]
    for side in (1, -1):
        phase = state.phase + (0.0 if side > 0 else math.pi)
        solids += _leg(look.legs, side, phase, gait, up)
        solids += _arm(look, side, phase + math.pi, gait, state.reach if side < 0 else 0.0, up)
    return [replace(s, balls=tuple((f * h, a * h, u * h, r * h) for f, a, u, r in s.balls)) for s in solids]


def _torso(look: Look, lean: float, up: float) -> list[_Solid]:
    chest: tuple[_Ball, ...] = (
        (lean, 0.0, 0.815 + up, 0.042),
        (lean, 0.084, 0.775 + up, 0.046),
        (lean, -0.084, 0.775 + up, 0.046),
        (lean + 0.012, 0.0, 0.72 + up, 0.08),
        (lean, 0.045, 0.62 + up, 0.06),
        (lean, -0.045, 0.62 + up, 0.06),
    )
    skirt: tuple[_Ball, ...] = (
        (lean, 0.042, 0.64 + up, 0.058),
        (lean, -0.042, 0.64 + up, 0.058),
        (0.0, 0.056, 0.48 + up, 0.058),
        (0.0, -0.056, 0.48 + up, 0.058),
    )
    return [_Solid(look.coat, skirt), _Solid(look.coat, chest)]


def _head(look: Look, lean: float, up: float) -> list[_Solid]:
    neck = ((lean, 0.0, 0.835 + up, 0.034), (lean + 0.01, 0.0, 0.88 + up, 0.032))
    face = ((lean + 0.022, 0.0, 0.893 + up, 0.04), (lean + 0.014, 0.0, 0.938 + up, 0.054))
    hair = ((lean - 0.012, 0.0, 0.952 + up, 0.056), (lean - 0.026, 0.0, 0.915 + up, 0.044))
    nose = ((lean + 0.068, 0.0, 0.912 + up, 0.01), (lean + 0.062, 0.0, 0.926 + up, 0.008))
    solids = [
        _Solid(_shade(look.skin, 0.84), neck, nearer=-0.02),
        _Solid(look.skin, face),
        _Solid(look.hair, hair),
        _Solid(_shade(look.skin, 0.92), nose, round=False),
    ]
    for side in (1, -1):
        solids.append(_Solid(_shade(look.skin, 0.9), ((lean, side * 0.056, 0.918 + up, 0.014),), round=False))
        solids.append(_Solid(_EYE, ((lean + 0.06, side * 0.021, 0.93 + up, 0.006),), round=False))
    return solids


def _leg(colour: Colour, side: int, phase: float, gait: float, up: float) -> list[_Solid]:
    thigh = 0.46 * gait * math.sin(phase)
    shank = thigh - gait * (0.12 + 0.85 * max(0.0, math.cos(phase)) ** 2)
    hip = (0.0, side * 0.05, 0.5 + up)
    knee = _swing(hip, thigh, 0.235, side * 0.012)
    ankle = _swing(knee, shank, 0.235, side * 0.012)
    heel = max(0.024, ankle[2] - 0.02)
    tip = shank * 0.6
    toe = max(0.018, heel + 0.085 * math.sin(tip) * (1.0 if tip < 0 else 0.3))
    shoe = (
        (ankle[0] - 0.018, ankle[1], heel, 0.026),
        (ankle[0] + 0.085 * math.cos(tip), ankle[1] + side * 0.02, toe, 0.02),
    )
    return [
        _Solid(colour, ((*hip, 0.064), (*knee, 0.046)), nearer=_LEG_BEHIND_COAT),
        _Solid(colour, ((*knee, 0.045), (*ankle, 0.033)), nearer=_LEG_BEHIND_COAT),
        _Solid(_SHOE, shoe, nearer=_LEG_BEHIND_COAT),
    ]


def _arm(look: Look, side: int, phase: float, gait: float, reach: float, up: float) -> list[_Solid]:
    upper = (0.5 * gait * math.sin(phase) - 0.06) * (1 - reach) + 1.0 * reach
    fore = upper + (0.3 + 0.2 * gait) * (1 - reach) + 0.6 * reach
    shoulder = (0.008, side * 0.112, 0.778 + up)
    elbow = _swing(shoulder, upper, 0.165, side * 0.024)
    wrist = _swing(elbow, fore, 0.14, side * 0.004)
    hand = _swing(wrist, fore, 0.045, 0.0)
    sleeve = _shade(look.coat, 0.8)
    return [
        _Solid(sleeve, ((*shoulder, 0.041), (*elbow, 0.033))),
        _Solid(sleeve, ((*elbow, 0.033), (*wrist, 0.026))),
        _Solid(look.skin, ((*wrist, 0.022), (*hand, 0.025))),
    ]


def _swing(joint: tuple[float, float, float], angle: float, length: float, out: float) -> tuple[float, float, float]:
    """The end of a limb that hangs from a joint at an angle from straight down, ahead positive, `out` to the side."""
    return joint[0] + length * math.sin(angle), joint[1] + out, joint[2] - length * math.cos(angle)


def _trolley(actor: Actor, _state: State) -> list[_Solid]:
    """A platform on wheels with parcels on it."""
    look, h = actor.look, actor.look.height
    tape = _shade(look.coat, 0.72)
    return [
        _block(look.legs, (-0.55, 0.55), (-0.3, 0.3), (0.14, 0.2)),
        _block(look.coat, (-0.5, 0.12), (-0.28, 0.28), (0.2, 0.62 * h)),
        _block(tape, (-0.23, -0.15), (-0.285, -0.28), (0.2, 0.62 * h)),
        _block(_shade(look.coat, 0.9), (0.14, 0.52), (-0.25, 0.25), (0.2, 0.45 * h)),
        _block(_shade(look.coat, 1.1), (-0.42, 0.02), (-0.25, 0.25), (0.62 * h, h)),
        *(_Solid((30, 30, 30), ((f, s * 0.25, 0.08, 0.08),)) for f in (-0.42, 0.42) for s in (-1, 1)),
    ]


def _car(actor: Actor, _state: State) -> list[_Solid]:
    """A small van, seen from the side."""
    look, h = actor.look, actor.look.height
    glass = (92, 84, 74)
    return [
        _block(look.coat, (-2.0, 2.0), (-0.8, 0.8), (0.3, 0.6 * h)),
        _block(_shade(look.coat, 0.95), (-1.9, 1.0), (-0.75, 0.75), (0.6 * h, 1.15 * h)),
        _block(glass, (0.05, 0.85), (-0.82, -0.81), (0.66 * h, 1.05 * h)),
        _block(glass, (-1.0, -0.1), (-0.82, -0.81), (0.66 * h, 1.05 * h)),
        *(_Solid(look.legs, ((f, s * 0.8, 0.33, 0.33),)) for f in (-1.25, 1.25) for s in (-1, 1)),
    ]


def _block(colour: Colour, ahead: tuple[float, float], left: tuple[float, float], up: tuple[float, float]) -> _Solid:
    """A box with slightly round edges."""
    r = 0.01
    return _Solid(colour, tuple((f, a, u, r) for f in ahead for a in left for u in up), round=False)
