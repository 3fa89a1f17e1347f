"""Scenes made to count in: who goes over which line and stands in which zone is known to the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from edge_detector.capture.scene_script import AWAY, TOWARDS, Actor, Look, Script, Stand, State, Step, Walk, make_actor
from edge_detector.capture.scene_view import View
from edge_detector.capture.scene_world import Scene
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.zones import Point, Zone

WIDTH, HEIGHT = 768, 432
#: Scripts are made for at least so many seconds; people finish what they have begun.
SCENE_S = 60.0
#: Outside of the picture at the depths that people walk in, in metres.
EDGE_X = 4.6
#: The gate runs away from the camera, the step across its view; in metres to the right and away.
GATE: Final = ((-0.5, 4.4), (-0.5, 6.9))
STEP: Final = ((-2.4, 5.3), (2.4, 5.3))
MAT: Final = ((-0.1, 5.5), (1.6, 5.5), (1.6, 6.8), (-0.1, 6.8))
LAWN: Final = ((-2.1, 4.36), (-0.8, 4.36), (-0.8, 5.6), (-2.1, 5.6))
#: Depths to walk in: before the step, and behind it.
NEAR: Final = (4.5, 4.9)
FAR: Final = (5.7, 6.4)

COATS: Final = ((130, 62, 38), (48, 48, 150), (60, 96, 52), (172, 142, 70), (62, 128, 188), (120, 110, 104))
LEGS: Final = ((82, 56, 42), (48, 46, 46), (70, 88, 104))
SKINS: Final = ((150, 178, 226), (116, 148, 204), (84, 112, 164), (58, 78, 118))
HAIRS: Final = ((24, 30, 42), (44, 70, 104), (120, 128, 136))

#: Who is so near to another, in metres to the side a metre away, is hidden by most of a body; for how long at most.
_HIDDEN_SLOPE = 0.07
_HIDDEN_S = 1.5
#: What the picture shows to either side, alike.
_SEEN_SLOPE = 0.65
_STEP_S = 0.25

Rng = np.random.Generator


@dataclass(slots=True)
class Plan:
    """What one person does, while it is being thought up."""

    rng: Rng
    #: The side of the picture that the person is beyond: -1 left, 1 right.
    side: int
    z: float
    steps: list[Step] = field(default_factory=list)
    seconds: float = 0.0

    def walk(self, x: float, z: float) -> None:
        """Go there; people walk a little over a metre a second."""
        if self.steps:
            last = next(step for step in reversed(self.steps) if isinstance(step, Walk))
            self.seconds += float(np.hypot(x - last.x, z - last.z)) / 1.2
        self.steps.append(Walk(x, z))

    def stand(self, low: float, high: float, face: float = TOWARDS) -> None:
        """Wait for some seconds."""
        seconds = float(self.rng.uniform(low, high))
        self.seconds += seconds
        self.steps.append(Stand(seconds, face))

    def between(self, low: float, high: float) -> float:
        """Any number."""
        return float(self.rng.uniform(low, high))

    def leave(self) -> None:
        """Go out of the picture on the side of `side`, and stay away for a while."""
        self.walk(self.side * EDGE_X, self.z)
        self.stand(0.5, 4.0, AWAY)


def cross(plan: Plan) -> None:
    """Go through the gate and out of the picture."""
    plan.side = -plan.side
    plan.leave()


def turn_on_the_gate(plan: Plan) -> None:
    """Go up to the gate, nearly onto it, and back."""
    plan.walk(GATE[0][0] + plan.side * plan.between(0.08, 0.4), plan.z)
    plan.leave()


def stand_on_the_gate(plan: Plan) -> None:
    """Stand on the gate for a while, then go on through it."""
    plan.walk(GATE[0][0] + plan.between(-0.12, 0.12), plan.z)
    plan.stand(2.0, 6.0)
    cross(plan)


def think_better_of_it(plan: Plan) -> None:
    """Go through the gate, and back through it."""
    plan.walk(GATE[0][0] - plan.side * plan.between(0.8, 1.6), plan.z)
    plan.stand(0.5, 3.0)
    plan.leave()


def go_to_the_door(plan: Plan) -> None:
    """Go over the step to the door, wait there, and go back over it on either side."""
    plan.walk(plan.side * plan.between(1.4, 2.0), plan.between(*NEAR))
    plan.walk(plan.between(0.2, 1.2), plan.between(6.0, 6.5))
    plan.stand(1.0, 4.0, AWAY)
    plan.side = int(plan.rng.choice((-1, 1)))
    plan.z = plan.between(*NEAR)
    plan.walk(plan.between(0.2, 1.2), plan.z)
    plan.leave()


def turn_on_the_step(plan: Plan) -> None:
    """Walk up to the step before the door, stand at it, and go back."""
    plan.z = plan.between(*NEAR)
    x = plan.side * plan.between(0.3, 1.5)
    plan.walk(x, plan.z)
    plan.walk(x, STEP[0][1] - plan.between(0.12, 0.25))
    plan.stand(0.5, 3.0, AWAY)
    plan.walk(x, plan.z)
    plan.leave()


ACTIONS: Final[tuple[tuple[Callable[[Plan], None], float], ...]] = (
    (cross, 0.34),
    (turn_on_the_gate, 0.12),
    (stand_on_the_gate, 0.12),
    (think_better_of_it, 0.14),
    (go_to_the_door, 0.18),
    (turn_on_the_step, 0.10),
)


def counting_script(people: int, seed: int, seconds: float = SCENE_S, *, apart: bool = True) -> Script:
    """So many people who are busy about the door; the same arguments give the same script.

    `apart`: nobody walks along behind somebody else, hidden all the way.
    """
    rng = np.random.default_rng((seed, people))
    actors: list[Actor] = []
    for n in range(people):
        actor = _person(n, seed, rng, seconds)
        while apart and any(_hides(actor, other) for other in actors):
            actor = _person(n, seed, rng, seconds)
        actors.append(actor)
    length_s = max(float(np.ceil(actor.path[-1].t)) + 3.0 for actor in actors)
    return Script(name="counting", length_s=length_s, actors=tuple(actors))


def _person(n: int, seed: int, rng: Rng, seconds: float) -> Actor:
    """Somebody with something to do."""
    z = float(rng.uniform(*(NEAR if rng.integers(2) else FAR)))
    plan = Plan(rng, int(rng.choice((-1, 1))), z)
    plan.walk(plan.side * EDGE_X, plan.z)
    while plan.seconds < seconds:
        action = rng.choice(len(ACTIONS), p=[share for _, share in ACTIONS])
        ACTIONS[action][0](plan)
    look = Look(
        height=float(rng.uniform(1.62, 1.88)),
        coat=COATS[(n + seed) % len(COATS)],
        legs=LEGS[int(rng.integers(len(LEGS)))],
        skin=SKINS[int(rng.integers(len(SKINS)))],
        hair=HAIRS[int(rng.integers(len(HAIRS)))],
    )
    start_t, speed = 2 + float(rng.uniform(0, 4)), float(rng.uniform(1.0, 1.4))
    return make_actor(ident=n + 1, look=look, start_t=start_t, speed=speed, steps=tuple(plan.steps))


def _hides(one: Actor, other: Actor) -> bool:
    """Whether one of them is behind the other for long."""
    hidden = 0
    for n in range(int(one.path[-1].t / _STEP_S)):
        a, b = one.at(n * _STEP_S), other.at(n * _STEP_S)
        hidden = hidden + 1 if a and b and _behind(a, b) else 0
        if hidden * _STEP_S > _HIDDEN_S:
            return True
    return False


def _behind(a: State, b: State) -> bool:
    """Whether one of two is behind the other, where the camera looks."""
    slopes = a.x / a.z, b.x / b.z
    return max(map(abs, slopes)) < _SEEN_SLOPE and abs(slopes[0] - slopes[1]) < _HIDDEN_SLOPE


def counting_scene(
    people: int, seed: int, seconds: float = SCENE_S, *, apart: bool = True, night: float = 0.0
) -> Scene:
    """The script as a camera sees it, by day or by night."""
    script = replace(counting_script(people, seed, seconds, apart=apart), night=night)
    return Scene(script, seed=seed, width=WIDTH, height=HEIGHT)


def counting_outline() -> Outline:
    """Two lines and two zones on the ground, as they lie on the picture."""
    view = View(WIDTH, HEIGHT)

    def points(places: tuple[tuple[float, float], ...]) -> tuple[Point, ...]:
        return tuple((x / WIDTH, y / HEIGHT) for x, y in (view.point(*place) for place in places))

    gate, step = points(GATE), points(STEP)
    return Outline(
        zones=(Zone(id="mat", name="Mat", points=points(MAT)), Zone(id="lawn", name="Lawn", points=points(LAWN))),
        lines=(
            Line(id="gate", name="Gate", start=gate[0], end=gate[1]),
            Line(id="step", name="Step", start=step[0], end=step[1]),
        ),
    )
