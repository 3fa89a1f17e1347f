"""The motion gate on generated luma planes: who must be seen, and what must not."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from edge_detector.core.boxes import iou, overlap
from edge_detector.core.motion import MotionGate
from edge_detector.core.types import Box, Motion, Yuv

WIDTH, HEIGHT = 320, 200
FPS = 5.0
#: Longer than the first calibration takes.
SETTLED_S = 2.0


def scene(dark: int = 60, bright: int = 190) -> Yuv:
    """A wall, a floor and a door frame, softened."""
    plane = np.full((HEIGHT, WIDTH), bright, dtype=np.uint8)
    plane[120:] = (dark + bright) // 2
    plane[20:150, 200:260] = dark
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), 2), dtype=np.uint8)


def with_box(plane: Yuv, box: Box, level: int) -> Yuv:
    drawn = plane.copy()
    left, right = round(box.x1 * WIDTH), round(box.x2 * WIDTH)
    drawn[round(box.y1 * HEIGHT) : round(box.y2 * HEIGHT), left:right] = level
    return drawn


@dataclass
class Camera:
    """A gate and the noise of a sensor before it."""

    gate: MotionGate
    sigma: float = 1.0
    fps: float = FPS
    seed: int = 1
    t: float = 0.0

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.seed)

    def look(self, plane: Yuv) -> Motion:
        noise = self.random.standard_normal(plane.shape, dtype=np.float32) * self.sigma
        motion = self.gate.update(np.clip(plane + noise, 0, 255).astype(np.uint8), self.t)
        assert motion.t == self.t
        self.t += 1 / self.fps
        return motion

    def watch(self, plane: Yuv, seconds: float) -> list[Motion]:
        return [self.look(plane) for _ in range(round(seconds * self.fps))]


def camera(ignore: Sequence[Sequence[tuple[float, float]]] = (), **kwargs: float) -> Camera:
    """One that knows the empty scene."""
    made = Camera(MotionGate(ignore), **kwargs)  # type: ignore[arg-type]
    made.watch(scene(), SETTLED_S)
    return made


def fired(motions: Sequence[Motion]) -> int:
    return sum(bool(motion.regions) for motion in motions)


PERSON = Box(0.3, 0.3, 0.4, 0.8)


def test_it_calibrates_for_a_second_and_then_is_quiet() -> None:
    seen = Camera(MotionGate()).watch(scene(), 3)
    assert [motion.calibrating for motion in seen] == [motion.t <= 1.01 for motion in seen]
    assert fired(seen) == 0
    assert seen[-1].score == 0


def test_a_person_is_boxed_at_once() -> None:
    gate = camera()
    motion = gate.look(with_box(scene(), PERSON, 30))
    assert len(motion.regions) == 1
    assert iou(motion.regions[0], PERSON) > 0.7
    assert motion.score == pytest.approx(0.05, abs=0.01)


def test_two_people_apart_are_two_regions_and_the_parts_of_one_are_one() -> None:
    other = Box(0.7, 0.6, 0.8, 0.95)
    apart = with_box(with_box(scene(), PERSON, 30), other, 20)
    regions = camera().look(apart).regions
    assert sorted(max((0, 1), key=lambda i: iou((PERSON, other)[i], region)) for region in regions) == [0, 1]
    head, body = Box(0.33, 0.3, 0.37, 0.38), Box(0.3, 0.4, 0.4, 0.8)
    (region,) = camera().look(with_box(with_box(scene(), head, 30), body, 30)).regions
    assert overlap(region, head) == overlap(region, body) == 1


def test_a_far_person_of_a_tenth_of_the_height_is_seen() -> None:
    gate = camera()
    assert gate.look(with_box(scene(), Box(0.5, 0.5, 0.52, 0.6), 60)).regions


@pytest.mark.parametrize("height", [1080, 720])
def test_a_person_of_few_pixels_in_a_large_picture_is_seen_and_its_noise_is_not(height: int) -> None:
    random = np.random.default_rng(4)
    wall = cv2.resize(scene(), (height * 16 // 9, height), interpolation=cv2.INTER_LINEAR)
    wide, high, left, top = height // 80, height // 27, height // 3, height // 2
    gate, regions = MotionGate(), []
    for i in range(40):
        plane = wall.copy()
        if i >= 30:
            plane[top : top + high, left + 6 * i : left + 6 * i + wide] -= 35
        noise = random.normal(0, 2, (height, wall.shape[1])).astype(np.float32)
        regions.append(gate.update(np.clip(plane + noise, 0, 255).astype(np.uint8), i / FPS).regions)
    assert not any(regions[:30])
    assert sum(map(bool, regions[30:])) >= 9


def test_at_night_somebody_far_is_seen_who_differs_little_and_the_end_of_the_night_is_not() -> None:
    random = np.random.default_rng(5)
    yard = cv2.resize(scene(20, 60), (1280, 720), interpolation=cv2.INTER_LINEAR)
    gate, regions = MotionGate(), []
    for i in range(100):
        plane, sigma = yard.copy(), 6.0 if i < 60 else 1.0
        if 40 <= i < 50:
            plane[144:224, 180 + 9 * i : 208 + 9 * i] -= 9
        grain = random.standard_normal(plane.shape, dtype=np.float32) * np.float32(sigma)
        regions.append(gate.update(np.clip(plane + grain, 0, 255).astype(np.uint8), i / FPS).regions)
    assert not any(regions[:40])
    assert sum(map(bool, regions[40:50])) >= 8  # by one pixel in four lines it is 4
    assert not any(regions[52:])


def test_blobs_in_any_order_join_into_one() -> None:
    parts = [Box(0.1, 0.1, 0.2, 0.2), Box(0.1, 0.4, 0.2, 0.5), Box(0.1, 0.22, 0.2, 0.38)]
    plane = scene()
    for part in parts:
        plane = with_box(plane, part, 30)
    assert len(camera().look(plane).regions) == 1


@pytest.mark.parametrize("fps", [2.0, 5.0, 10.0])
@pytest.mark.parametrize("sigma", [2.0, 6.0, 12.0])
def test_a_noisy_night_with_an_infra_red_switch_fires_less_than_once_in_a_hundred_pictures(
    fps: float, sigma: float
) -> None:
    night = scene(dark=25, bright=50)
    lamp = 60 * np.exp(-(((np.arange(WIDTH) - WIDTH / 2) / 100) ** 2))  # brighter in the middle, as such lamps are
    lit = (night * 0.8 + 25 + lamp).astype(np.uint8)
    dark = Camera(MotionGate(), sigma=sigma, fps=fps)
    seen = dark.watch(night, 30) + dark.watch(lit, 30) + dark.watch(night, 30)
    assert fired(seen) < 0.01 * len(seen)
    assert sum(motion.calibrating for motion in seen) < 0.05 * len(seen) + 3 * fps


def test_a_person_in_a_noisy_night_is_still_seen() -> None:
    night = scene(dark=25, bright=50)
    dark = Camera(MotionGate(), sigma=8)
    dark.watch(night, 10)
    seen = [dark.look(with_box(night, Box(x, 0.3, x + 0.12, 0.9), 90)) for x in np.linspace(0.1, 0.7, 20)]
    assert fired(seen) == len(seen)


def test_the_infra_red_switch_calibrates_and_then_people_are_seen_again() -> None:
    gate = camera()
    negative = 255 - scene()
    seen = gate.watch(negative, 3)
    assert seen[0].calibrating
    assert not seen[-1].calibrating
    assert fired(seen) == 0
    assert gate.look(with_box(negative, PERSON, 230)).regions


def test_a_scene_that_never_holds_still_calibrates_no_longer_than_five_seconds() -> None:
    gate = Camera(MotionGate())
    seen = []
    for i in range(int(8 * FPS)):
        plane = scene()
        plane[:, :100] = 250 if i % 2 else 5
        seen.append(gate.look(plane))
    assert [motion.calibrating for motion in seen] == [motion.t <= 5.01 for motion in seen]


def test_more_than_half_of_another_scene_calibrates() -> None:
    gate = camera()
    other = scene()
    other[:, :210] = np.where(other[:, :210] > 128, 20, 240)
    motion = gate.look(other)
    assert motion.calibrating
    assert motion.score == pytest.approx(0.65, abs=0.03)


def test_a_cloud_fires_nothing_and_hides_nobody() -> None:
    gate = camera()
    dimming = [gate.look((scene() * share).astype(np.uint8)) for share in np.linspace(1, 0.6, 15)]
    assert fired(dimming) == 0
    assert not any(motion.calibrating for motion in dimming)
    motion = gate.look(with_box((scene() * 0.6).astype(np.uint8), PERSON, 15))
    assert iou(motion.regions[0], PERSON) > 0.7


def test_a_slow_walker_does_not_melt() -> None:
    gate = camera()
    steps = np.linspace(0.1, 0.5, int(40 * FPS))
    seen = [gate.look(with_box(scene(), Box(x, 0.4, x + 0.06, 0.8), 40)) for x in steps]
    assert fired(seen) == len(seen)


def standing(gate: Camera, seconds: float, fidget: Callable[[int], float]) -> Iterator[Motion]:
    for i in range(round(seconds * FPS)):
        hand = Box(0.4, 0.5, 0.4 + fidget(i), 0.56)
        yield gate.look(with_box(with_box(scene(), PERSON, 30), hand, 30))


def test_a_person_who_stands_and_moves_a_hand_stays_for_a_minute_and_leaves_no_ghost() -> None:
    gate = camera()
    seen = list(standing(gate, 60, lambda i: 0.1 if i % 40 < 20 else 0.02))
    assert fired(seen) == len(seen)
    assert fired(gate.watch(scene(), 4)[3:]) == 0


def test_a_parked_car_is_part_of_the_picture_after_a_while_but_not_at_once() -> None:
    gate = camera()
    seen = gate.watch(with_box(scene(), PERSON, 30), 30)
    assert fired(seen[: int(14 * FPS)]) == int(14 * FPS)
    assert fired(seen[int(20 * FPS) :]) == 0


def test_a_single_pixel_is_nothing_and_does_not_stay() -> None:
    gate = camera(sigma=0.0)
    hot = scene()
    hot[101, 103] = 255
    assert fired(gate.watch(hot, 5)) == 0


def test_leaves_that_wave_for_long_need_more_to_be_told() -> None:
    random = np.random.default_rng(2)
    gate = camera()

    def leaves() -> Yuv:
        plane = scene()
        patch = random.integers(-30, 31, (10, 10)).repeat(6, axis=0).repeat(6, axis=1)
        plane[30:90, 20:80] = np.clip(plane[30:90, 20:80] + patch, 0, 255)
        return plane

    at_first = [gate.look(leaves()) for _ in range(int(5 * FPS))]
    for _ in range(int(120 * FPS)):
        gate.look(leaves())
    later = [gate.look(leaves()) for _ in range(int(5 * FPS))]
    assert fired(at_first) > 0.9 * len(at_first)
    assert fired(later) < 0.2 * len(later)
    assert gate.look(with_box(leaves(), PERSON, 20)).regions


def test_an_ignored_polygon_hides_what_moves_in_it_and_no_more() -> None:
    gate = camera(ignore=[[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]])
    assert gate.look(with_box(scene(), PERSON, 30)).regions == ()
    both = with_box(with_box(scene(), PERSON, 30), Box(0.7, 0.3, 0.8, 0.8), 10)
    (region,) = gate.look(both).regions
    assert region.x1 > 0.6


@pytest.mark.parametrize(
    ("shape", "wait_s"),
    [
        ((HEIGHT, WIDTH), 31.0),  # a long gap: a reconnect
        ((HEIGHT, WIDTH), -1.0),  # another session's time
        ((HEIGHT, WIDTH // 2), 0.2),  # another stream
    ],
)
def test_what_has_nothing_to_do_with_the_past_begins_anew(shape: tuple[int, int], wait_s: float) -> None:
    gate = camera()
    plane = np.asarray(cv2.resize(with_box(scene(), PERSON, 30), shape[::-1]), dtype=np.uint8)
    assert gate.gate.update(plane, gate.t + wait_s) == Motion(t=gate.t + wait_s, score=0.0, calibrating=True)


@pytest.mark.parametrize("shape", [(2, 2), (48, 64), (432, 768), (1080, 1920), (2160, 3840)])
def test_any_size_is_taken_and_boxes_lie_within_the_frame(shape: tuple[int, int]) -> None:
    gate = MotionGate()
    plane = np.full(shape, 128, dtype=np.uint8)
    plane[:, ::2] = 120
    for i in range(10):
        gate.update(plane, i / FPS)
    plane[shape[0] // 2 :, shape[1] // 2 :] = 30
    motion = gate.update(plane, 10 / FPS)
    for box in motion.regions:
        assert 0 <= box.x1 < box.x2 <= 1
        assert 0 <= box.y1 < box.y2 <= 1
    assert bool(motion.regions) == (shape[0] > 2)


def test_the_same_pictures_give_the_same_answers() -> None:
    def run() -> list[Motion]:
        gate = Camera(MotionGate(), sigma=4)
        return gate.watch(scene(), 3) + gate.watch(with_box(scene(), PERSON, 40), 3)

    assert run() == run()


def test_the_plane_is_left_as_it_was() -> None:
    plane = scene()
    plane.flags.writeable = False
    MotionGate().update(plane, 0.0)
    np.testing.assert_array_equal(plane, scene())
