"""The scripts of generated scenes by name: a visit at the door, walkers, a crowd, things that are no people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from edge_detector.capture.scene_script import (
    AWAY,
    TOWARDS,
    Actor,
    Colour,
    Look,
    Script,
    Shape,
    Stand,
    Step,
    Walk,
    make_actor,
)
from edge_detector.capture.scene_stage import PILLAR_EDGE

#: Outside of the picture at the depths that walkers use, in metres.
_LEFT_X, _RIGHT_X = -4.6, 4.6
#: Where a visitor stands before the door, in metres.
_DOOR: Final = Walk(0.45, 6.35)
#: Seconds from one visit at the door to the next.
_VISIT_S = 35.0
#: Seconds from one walker to the next.
_WALKER_GAP_S = 7.0
#: Left ends of what is seen of the street beside the house, as metres a metre of depth.
_STREET_LEFT, _STREET_RIGHT = -0.68, -0.14

_COATS: Final[tuple[Colour, ...]] = (
    (130, 62, 38), (48, 48, 150), (60, 96, 52), (172, 142, 70), (62, 128, 188), (120, 110, 104), (92, 42, 84),
)  # fmt: skip
_LEGS: Final[tuple[Colour, ...]] = ((82, 56, 42), (48, 46, 46), (70, 88, 104), (60, 60, 66))
_SKINS: Final[tuple[Colour, ...]] = ((150, 178, 226), (116, 148, 204), (84, 112, 164), (58, 78, 118))
_HAIRS: Final[tuple[Colour, ...]] = ((24, 30, 42), (44, 70, 104), (120, 128, 136), (36, 40, 70))

Rng = np.random.Generator
_Preset = Callable[[int, Rng, float], Script]


def script(name: str, *, people: int | None, seed: int, night: float | None, distance: float) -> Script:
    """The named script with so many people; the same arguments give the same script."""
    make, default_people = PRESETS[name]
    rng = np.random.default_rng(seed)
    made = make(default_people if people is None else people, rng, distance)
    return made if night is None else replace(made, night=night)


def _look(rng: Rng, n: int) -> Look:
    """A person's looks; neighbours in a script never wear the same coat."""
    return Look(
        height=float(rng.uniform(1.62, 1.88)),
        coat=_COATS[(n + int(rng.integers(2)) * len(_COATS) // 2) % len(_COATS)],
        legs=_LEGS[int(rng.integers(len(_LEGS)))],
        skin=_SKINS[int(rng.integers(len(_SKINS)))],
        hair=_HAIRS[int(rng.integers(len(_HAIRS)))],
    )


def _speed(rng: Rng) -> float:
    return float(rng.uniform(1.0, 1.4))


def _end(actors: tuple[Actor, ...], least_s: float = 20.0) -> float:
    """When the last one has gone, and three seconds more."""
    return max((float(np.ceil(actor.path[-1].t)) + 3.0 for actor in actors), default=least_s)


def _door(people: int, rng: Rng, _distance: float) -> Script:
    """One visitor after the other comes to the door, rings, waits and leaves."""
    actors = []
    for n in range(people):
        side = _LEFT_X if n % 2 == 0 else _RIGHT_X
        steps = (
            Walk(side, 4.9),
            _DOOR,
            Stand(4.0, AWAY, ring=True),
            Stand(2.5, TOWARDS + 0.5),
            Walk(side, 4.7),
        )
        actors.append(make_actor(ident=n + 1, look=_look(rng, n), start_t=4 + n * _VISIT_S, speed=1.15, steps=steps))
    return Script(name="door", length_s=max(1, people) * _VISIT_S, actors=tuple(actors))


def _walkers(people: int, rng: Rng, first_t: float = 3.0) -> tuple[Actor, ...]:
    """People who cross the whole picture, from alternating sides, at different depths."""
    actors = []
    for n in range(people):
        z = float(rng.uniform(4.5, 6.2))
        start, end = (_LEFT_X, _RIGHT_X) if n % 2 == 0 else (_RIGHT_X, _LEFT_X)
        steps = (Walk(start, z), Walk(end, z + float(rng.uniform(-0.4, 0.4))))
        actors.append(
            make_actor(
                ident=n + 1, look=_look(rng, n), start_t=first_t + n * _WALKER_GAP_S, speed=_speed(rng), steps=steps
            )
        )
    return tuple(actors)


def _walk(people: int, rng: Rng, _distance: float) -> Script:
    actors = _walkers(people, rng)
    return Script(name="walk", length_s=_end(actors), actors=actors)


def _pair(people: int, rng: Rng, _distance: float) -> Script:
    """People meet in the middle, pass each other, and come back."""
    actors = []
    for n in range(people):
        z = 4.7 + 1.6 * n / max(1, people - 1)
        start, end = (_LEFT_X, _RIGHT_X) if n % 2 == 0 else (_RIGHT_X, _LEFT_X)
        steps = (Walk(start, z), Walk(end, z), Stand(2.0, AWAY), Walk(start, z))
        actors.append(make_actor(ident=n + 1, look=_look(rng, n), start_t=3 + 0.4 * n, speed=_speed(rng), steps=steps))
    return Script(name="pair", length_s=_end(tuple(actors)), actors=tuple(actors))


def _far(people: int, rng: Rng, distance: float) -> Script:
    """People far off, left of the house, go to and fro on the street."""
    actors = []
    for n in range(people):
        z = distance * (1 + 0.06 * n)
        left, right = Walk(_STREET_LEFT * z, z), Walk(_STREET_RIGHT * z, z)
        steps = (left, right, left, right) if n % 2 == 0 else (right, left, right, left)
        actors.append(make_actor(ident=n + 1, look=_look(rng, n), start_t=3 + 2 * n, speed=_speed(rng), steps=steps))
    return Script(name="far", length_s=_end(tuple(actors)), actors=tuple(actors))


def _standing(people: int, rng: Rng, _distance: float) -> Script:
    """Someone comes, stands still for half a minute, and goes."""
    actors = []
    for n in range(people):
        x = -1.2 + 1.3 * n
        steps = (Walk(_LEFT_X, 5.4), Walk(x, 5.4), Stand(30.0, (TOWARDS, 0.6, AWAY)[n % 3]), Walk(_LEFT_X, 5.2))
        actors.append(make_actor(ident=n + 1, look=_look(rng, n), start_t=3 + 2 * n, speed=_speed(rng), steps=steps))
    return Script(name="standing", length_s=_end(tuple(actors)), actors=tuple(actors))


def _pillar(people: int, rng: Rng, _distance: float) -> Script:
    """People pass behind a pillar, and one in two stops half hidden behind it."""
    actors = []
    for n in range(people):
        z = 5.2 + 0.5 * (n % 3)
        x = PILLAR_EDGE * z
        pause = (Walk(x, z), Stand(4.0, TOWARDS)) if n % 2 == 0 else ()
        steps = (Walk(_LEFT_X, z), *pause, Walk(_RIGHT_X, z))
        actors.append(make_actor(ident=n + 1, look=_look(rng, n), start_t=3 + 9 * n, speed=_speed(rng), steps=steps))
    return Script(name="pillar", length_s=_end(tuple(actors)), actors=tuple(actors), pillar=True)


def _crowd(people: int, rng: Rng, _distance: float) -> Script:
    """Everybody wanders for a minute: crosses, turns back half-way, stands about, leaves and comes back."""
    actors = []
    for n in range(people):
        z = 4.6 + 1.7 * n / max(1, people - 1)
        side = 1 - 2 * int(rng.integers(2))
        steps: list[Step] = [Walk(side * _RIGHT_X, z)]
        for _ in range(8):
            match int(rng.integers(4)):
                case 0:  # turn back half-way
                    steps += [Walk(float(rng.uniform(-0.8, 0.8)), z), Walk(side * _RIGHT_X, z)]
                case 1:  # stand about on the way
                    pause = Stand(float(rng.uniform(1.0, 4.0)), TOWARDS)
                    steps += [Walk(float(rng.uniform(-1.5, 1.5)), z), pause, Walk(-side * _RIGHT_X, z)]
                    side = -side
                case _:  # cross
                    steps += [Walk(-side * _RIGHT_X, z)]
                    side = -side
            steps.append(Stand(float(rng.uniform(0.5, 4.0)), AWAY))
        start = 2 + float(rng.uniform(0, 4))
        actors.append(make_actor(ident=n + 1, look=_look(rng, n), start_t=start, speed=_speed(rng), steps=tuple(steps)))
    return Script(name="crowd", length_s=_end(tuple(actors)), actors=tuple(actors))


def _box(people: int, rng: Rng, _distance: float) -> Script:
    """A parcel trolley rolls past the door, a car passes in the street; people only where asked for."""
    trolley = make_actor(
        ident=101,
        shape=Shape.TROLLEY,
        look=Look(height=1.15, coat=(96, 146, 186), legs=(60, 60, 64)),
        start_t=3.0,
        speed=1.1,
        steps=(Walk(_LEFT_X, 5.2), Walk(0.2, 5.6), Stand(4.0, 0.0), Walk(_RIGHT_X, 5.2)),
    )
    car = make_actor(
        ident=102,
        shape=Shape.CAR,
        look=Look(height=1.5, coat=(150, 60, 50), legs=(40, 38, 36)),
        start_t=16.0,
        speed=4.0,
        steps=(Walk(-0.85 * 16, 16.0), Walk(0.2, 16.0)),
    )
    actors = (trolley, car, *_walkers(people, rng, first_t=26.0))
    return Script(name="box", length_s=_end(actors), actors=actors)


def _empty(_people: int, _rng: Rng, _distance: float) -> Script:
    return Script(name="empty", length_s=20.0)


def _infrared(people: int, rng: Rng, _distance: float) -> Script:
    """At dusk the camera switches to infra-red and, later, back."""
    walkers = _walkers(people, rng)
    length_s = _end(walkers, 30.0) + 10.0
    return Script(name="infrared", length_s=length_s, actors=walkers, night=0.6, infrared=((8.0, length_s - 8.0),))


def _clouds(people: int, rng: Rng, _distance: float) -> Script:
    actors = _walkers(people, rng)
    return Script(name="clouds", length_s=_end(actors), actors=actors, clouds=True)


#: Name to maker and the number of people when none is asked for.
PRESETS: Final[dict[str, tuple[_Preset, int]]] = {
    "door": (_door, 2),
    "walk": (_walk, 2),
    "pair": (_pair, 2),
    "far": (_far, 1),
    "standing": (_standing, 1),
    "pillar": (_pillar, 2),
    "crowd": (_crowd, 4),
    "box": (_box, 0),
    "empty": (_empty, 0),
    "infrared": (_infrared, 2),
    "clouds": (_clouds, 2),
}
