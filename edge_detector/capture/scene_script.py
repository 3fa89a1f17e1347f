"""What happens in a generated scene: who walks where and when, in metres and seconds, without a picture of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

#: Ahead and behind of now, to tell a walker's speed and heading without corners.
_LOOK_S = 0.25
#: Seconds an arm takes to rise to the bell or to sink.
_REACH_S = 0.5
#: Pull of the facing direction against the walking speed, in metres a second.
_FACE_PULL = 0.15
#: Length of two steps, as a share of the body's height.
_STRIDE = 0.82

#: Facing away from the camera, towards the house.
AWAY = math.pi / 2
#: Facing the camera.
TOWARDS = -math.pi / 2

Colour = tuple[int, int, int]


class Kind(StrEnum):
    """What moves in a scene."""

    PERSON = "person"
    BOX = "box"


class Shape(StrEnum):
    """The figure an actor is drawn as."""

    PERSON = "person"
    TROLLEY = "trolley"
    CAR = "car"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Height in metres and colours (blue, green, red) of an actor; a box uses `coat` and `legs` alone."""

    height: float = 1.75
    coat: Colour = (120, 60, 40)
    legs: Colour = (70, 50, 45)
    skin: Colour = (140, 165, 215)
    hair: Colour = (25, 35, 50)


class Knot(NamedTuple):
    """A place on a path: to the right of the camera's axis and away from it, in metres."""

    t: float
    x: float
    z: float
    #: Metres walked since the path began.
    walked: float
    #: The direction looked at while standing from here on: 0 right, pi/2 away from the camera.
    face: float


class Stand(NamedTuple):
    """Wait on the spot."""

    seconds: float
    face: float
    #: The right arm reaches for the bell meanwhile.
    ring: bool = False


class Walk(NamedTuple):
    """Go straight to a place, in metres."""

    x: float
    z: float


Step = Walk | Stand


@dataclass(frozen=True, slots=True)
class State:
    """Where and how an actor is at one moment."""

    x: float
    z: float
    #: Direction of the body, 0 right, pi/2 away from the camera.
    yaw: float
    #: Metres a second.
    speed: float
    #: Position in the walking cycle, in radians.
    phase: float
    #: 0 arm down .. 1 hand at the bell.
    reach: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person or thing with its path; it is in the scene from its first knot to its last."""

    id: int
    shape: Shape
    look: Look
    path: tuple[Knot, ...]
    #: When the bell is rung: pairs of start and end.
    rings: tuple[tuple[float, float], ...] = ()

    @property
    def kind(self) -> Kind:
        """Person or box."""
        return Kind.PERSON if self.shape is Shape.PERSON else Kind.BOX

    def at(self, t: float) -> State | None:
        """Its state at `t` seconds of the scene, None before and after its path."""
        if not self.path[0].t <= t <= self.path[-1].t:
            return None
        here, behind, ahead = self._place(t), self._place(t - _LOOK_S), self._place(t + _LOOK_S)
        vx, vz = ((ahead.x - behind.x) / (2 * _LOOK_S), (ahead.z - behind.z) / (2 * _LOOK_S))
        yaw = math.atan2(vz + _FACE_PULL * math.sin(here.face), vx + _FACE_PULL * math.cos(here.face))
        reach = max((_ramp(t, start, end) for start, end in self.rings), default=0.0)
        phase = 2 * math.pi * here.walked / (_STRIDE * self.look.height)
        return State(here.x, here.z, yaw, math.hypot(vx, vz), phase, reach)

    def _place(self, t: float) -> Knot:
        """The path at `t`, carried on in a straight line at both ends."""
        path = self.path
        last = next((i for i in range(1, len(path) - 1) if t < path[i].t), len(path) - 1)
        a, b = path[last - 1], path[last]
        share = (t - a.t) / (b.t - a.t)
        return Knot(
            t,
            a.x + share * (b.x - a.x),
            a.z + share * (b.z - a.z),
            a.walked + share * (b.walked - a.walked),
            a.face,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A whole scene; after `length_s` it begins again."""

    name: str
    length_s: float
    actors: tuple[Actor, ...] = ()
    #: 0 day .. 0.5 dusk .. 1 night.
    night: float = 0.0
    #: When the camera sees by infra-red light, grey: pairs of start and end.
    infrared: tuple[tuple[float, float], ...] = ()
    #: Clouds pass before the sun, leaves flicker.
    clouds: bool = False
    #: A pillar stands in front.
    pillar: bool = False


def make_actor(
    *,
    ident: int,
    look: Look,
    start_t: float,
    speed: float,
    steps: tuple[Step, ...],
    shape: Shape = Shape.PERSON,
) -> Actor:
    """An actor that takes `steps` from `start_t` on; the first must be a Walk and is where it begins."""
    first, *rest = steps
    if not isinstance(first, Walk):
        raise TypeError("a path begins with a place")
    knots, rings = [Knot(start_t, first.x, first.z, 0.0, 0.0)], []
    for step in rest:
        last = knots[-1]
        if isinstance(step, Stand):
            knots[-1] = last._replace(face=step.face)
            knots.append(last._replace(t=last.t + step.seconds, face=step.face))
            if step.ring:
                rings.append((last.t + _REACH_S, last.t + _REACH_S + 2.0))
        else:
            metres = math.hypot(step.x - last.x, step.z - last.z)
            heading = math.atan2(step.z - last.z, step.x - last.x)
            knots[-1] = last._replace(face=heading)
            knots.append(Knot(last.t + metres / speed, step.x, step.z, last.walked + metres, heading))
    return Actor(id=ident, shape=shape, look=look, path=tuple(knots), rings=tuple(rings))


def _ramp(t: float, start: float, end: float) -> float:
    """0 outside of `start`..`end`, 1 inside, with soft flanks."""
    share = min((t - start) / _REACH_S, (end - t) / _REACH_S, 1.0)
    return 0.0 if share <= 0.0 else share * share * (3 - 2 * share)
