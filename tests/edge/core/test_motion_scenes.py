"""The motion gate on the generated scenes: nobody's entrance is missed, and an empty night is quiet."""

import pytest

from edge_detector.capture.scene import parse_address
from edge_detector.core.boxes import overlap
from edge_detector.core.motion import MotionGate
from edge_detector.core.picture import luma
from edge_detector.core.types import Motion

FPS = 5.0
#: A person's box and the region that holds it differ by the shadow, and by what has not moved.
SHARED = 0.2
#: From the first picture that shows half of somebody; but for the shadow of a cloud that is the very picture.
LATE_S = 0.5
SCENES = ["door", "walk", "pair", "far", "standing", "pillar", "infrared", "clouds"]


@pytest.mark.parametrize(
    ("name", "how"),
    # A night has no shadows of clouds: they would hide somebody for a second.
    [(name, how) for name in SCENES for how in ("seed=7", "seed=8", "night=1") if (name, how) != ("clouds", "night=1")],
)
def test_whoever_comes_is_boxed_at_once(name: str, how: str) -> None:
    scene = parse_address(f"scene://{name}?size=640x360&{how}").scene()
    gate, came, seen = MotionGate(), dict[int, float](), set[int]()
    for n in range(round(scene.length_s * FPS)):
        motion = gate.update(luma(scene.frame(n / FPS)), n / FPS)
        for person in scene.people(n / FPS):
            late_s = n / FPS - came.setdefault(person.id, n / FPS)
            boxed = any(overlap(region, person.box) > SHARED for region in motion.regions)
            if late_s <= LATE_S and (boxed or motion.calibrating):
                seen.add(person.id)
    assert came
    assert seen == came.keys()


def watched(address: str) -> list[Motion]:
    scene, gate = parse_address(address).scene(), MotionGate()
    return [gate.update(luma(scene.frame(n / FPS)), n / FPS) for n in range(round(scene.length_s * FPS))]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("night", [0.6, 1.0])
def test_an_empty_noisy_night_with_an_infra_red_switch_is_quiet(night: float, seed: int) -> None:
    motions = watched(f"scene://infrared?people=0&size=640x360&night={night}&seed={seed}")
    assert sum(bool(motion.regions) for motion in motions) < 0.01 * len(motions)
    assert any(motion.calibrating for motion in motions[round(5 * FPS) :]), "the switch is seen"


def test_a_light_that_comes_on_when_the_noise_is_measured_does_not_pass_for_noise() -> None:
    """Noise and what counts as a change are learned from the same two pictures that show the switch."""
    for delay in range(10):
        scene, gate = parse_address("scene://infrared?people=0&size=640x360&night=1").scene(), MotionGate()
        start = delay / 10
        motions = [gate.update(luma(scene.frame(start + n / FPS)), n / FPS) for n in range(round(39 * FPS))]
        assert sum(bool(motion.regions) for motion in motions) < 0.01 * len(motions)
