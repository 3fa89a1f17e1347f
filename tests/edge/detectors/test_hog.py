import numpy as np
import pytest

from edge_detector.capture.scene import parse_address
from edge_detector.core import picture
from edge_detector.core.boxes import iou, to_region
from edge_detector.core.types import Bgr, Box, Planes
from edge_detector.detectors.hog import SIDE_PX, HogDetector, score


@pytest.fixture(scope="module")
def hog() -> HogDetector:
    return HogDetector(floor=0.3, iou=0.45)


def crops(scene_address: str, times: list[float]) -> list[tuple[Bgr, Box]]:
    """Square crops around the people of a scene, and the true box in each."""
    scene = parse_address(scene_address).scene()
    made = []
    for t in times:
        for person in scene.people(t, visible=0.95):
            box, (width, height) = person.box, picture.size(scene.frame(t))
            half = max((box.y2 - box.y1) * height * 0.7, SIDE_PX / 2)
            x, y = (box.x1 + box.x2) / 2 * width, (box.y1 + box.y2) / 2 * height
            region = Box((x - half) / width, (y - half) / height, (x + half) / width, (y + half) / height)
            crop, real = picture.crop_bgr(Planes.of(scene.frame(t)), region)
            made.append((crop, to_region(box, real)))
    return made


def test_most_people_of_the_demo_are_found_once(hog: HogDetector) -> None:
    looks = crops("scene://door?people=2&seed=7", [t / 2 for t in range(8, 60)])
    assert len(looks) > 20
    found = [(hog.detect(crop), truth) for crop, truth in looks]
    seen = sum(any(iou(d.box, truth) > 0.35 and d.score >= 0.5 for d in people) for people, truth in found)
    assert seen / len(looks) > 0.85
    assert sum(len(people) for people, _ in found) < 1.15 * len(looks)


@pytest.mark.parametrize("address", ["scene://empty?seed=7", "scene://box?seed=7"])
def test_where_nobody_is_nobody_is_found(address: str, hog: HogDetector) -> None:
    scene = parse_address(address).scene()
    for t in (2.0, 6.0, 10.0):
        assert hog.detect(picture.bgr(scene.frame(t))) == ()


def test_the_same_picture_gives_the_same_answer(hog: HogDetector) -> None:
    (crop, _), *_ = crops("scene://door?people=1&seed=7", [10.0])
    assert len({hog.detect(crop) for _ in range(3)}) == 1
    assert hog.detect(crop)


def test_scores_grow_from_0_to_1() -> None:
    scores = score(np.linspace(0, 8, 50, dtype=np.float32))
    assert (np.diff(scores) > 0).all()
    assert 0 < scores[0] < 0.5 < scores[-1] <= 1


def test_it_says_what_it_is(hog: HogDetector) -> None:
    hog.detect(np.zeros((64, 48, 3), np.uint8))
    assert (hog.info.backend, hog.side) == ("hog", SIDE_PX)
    assert hog.info.inference_ms > 0
