"""Measures the vision core, stage by stage, on a generated 1080p picture with somebody walking through: ms a frame."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detector.core.motion import MotionGate
from edge_detector.core.picture import bgr, crop_bgr, luma
from edge_detector.core.regions import merge, plan
from edge_detector.core.tracker import Tracker
from edge_detector.core.types import Box, Detection, Motion, Planes, Yuv

WIDTH, HEIGHT = 1920, 1080
PICTURES = 20
ROUNDS = 25
FPS = 5.0


def pictures(*, walker: bool) -> list[Yuv]:
    """A noisy textured scene, and a dark figure 600 pixels high that walks through it."""
    random = np.random.default_rng(0)
    scene = cv2.GaussianBlur(random.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8), (0, 0), 9)
    made = []
    for i in range(PICTURES):
        noise = random.integers(-6, 7, scene.shape, dtype=np.int16)
        picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, dtype=np.uint8)
        picture[:HEIGHT] = np.clip(scene + noise, 16, 235)
        if walker:
            picture[300:900, 300 + 20 * i : 500 + 20 * i] = 30
        made.append(picture)
    return made


def times_ms(work: Callable[[int], object]) -> NDArray[np.float64]:
    """How long each call took."""
    spent = []
    for i in range(PICTURES * ROUNDS):
        start = time.perf_counter()
        work(i)
        spent.append((time.perf_counter() - start) * 1000)
    return np.array(spent[PICTURES:])


def show(name: str, spent: NDArray[np.float64]) -> None:
    """One line: median and 95th percentile."""
    print(f"{name:32}{np.median(spent):8.3f} ms  (95 %: {np.quantile(spent, 0.95):.3f})")


def gate_on(made: Sequence[Yuv]) -> Callable[[int], Motion]:
    """A gate that sees the pictures over and over."""
    gate = MotionGate()
    return lambda i: gate.update(luma(made[i % PICTURES]), i / FPS)


def people(i: int, count: int) -> tuple[Detection, ...]:
    """So many people side by side who walk to and fro."""
    shift = 0.005 * (i % PICTURES)
    boxes = [Box(n / count * 0.8 + shift, 0.3, n / count * 0.8 + shift + 0.04, 0.6) for n in range(count)]
    return tuple(Detection(box=box, score=0.8) for box in boxes)


def main() -> None:
    """Print the table."""
    cv2.setNumThreads(1)
    walking, empty = pictures(walker=True), pictures(walker=False)
    show("motion gate, quiet", times_ms(gate_on(empty)))
    show("motion gate, somebody walks", times_ms(gate_on(walking)))
    show("whole picture to BGR", times_ms(lambda i: bgr(walking[i % PICTURES])))
    door = Box(0.4, 0.2, 0.4 + 640 / WIDTH, 0.2 + 640 / HEIGHT)
    show("crop of 640 x 640 to BGR", times_ms(lambda i: crop_bgr(Planes.of(walking[i % PICTURES]), door)))
    for count in (1, 3, 20):
        tracker = Tracker()
        boxes = tuple(found.box for found in people(0, count))
        motion = Motion(t=0.0, score=0.1, regions=boxes[:12])

        def look(_: int, motion: Motion = motion, boxes: tuple[Box, ...] = boxes) -> object:
            return plan((WIDTH, HEIGHT), motion=motion, tracks=boxes, side=320, since_full_s=1.0)

        def follow(i: int, tracker: Tracker = tracker, count: int = count) -> object:
            return tracker.update(i / FPS, people(i, count))

        def gather(i: int, count: int = count) -> object:
            return merge([(door, people(i, count)), (Box(0.0, 0.0, 0.5, 0.9), people(i, count))])

        show(f"plan regions, {count} people", times_ms(look))
        show(f"merge two looks, {count} people", times_ms(gather))
        show(f"track {count} people", times_ms(follow))


if __name__ == "__main__":
    main()
