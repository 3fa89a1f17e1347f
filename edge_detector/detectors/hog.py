"""OpenCV's own people detector: nothing to download, and much that it does not see. A fallback for the demo."""

from __future__ import annotations

import time

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detector.core.boxes import nms, overlap
from edge_detector.core.facts import DetectorInfo
from edge_detector.core.types import Bgr, Detection
from edge_detector.detectors.heads import Floats
from edge_detector.detectors.yolo import SQUARE_RATIO, detections

#: To what the longer edge of crops and of whole pictures is scaled: in larger crops it takes legs for people, and it
#: sees nobody who is less than 96 pixels high.
SIDE_PX, SCAN_PX = 256, 640
#: Steps of the detector's window in pixels, the only one it was made for.
STRIDE_PX = (8, 8)
#: People at the picture's border are sought this far outside.
PADDING_PX = (16, 16)
#: Each round looks for people this much larger.
SCALE = 1.05
#: Its edges come from noise as well: a blur of this many pixels costs nothing and finds more.
BLUR_PX = (5, 5)
#: The share of its window, left and right, above and below, that a person does not fill.
MARGIN_X, MARGIN_Y = 0.17, 0.1
#: A box that lies inside a better one with this share is a part of that person.
PART_SHARE = 0.6
#: The distance from its dividing plane that counts as a score of 0.5, and how fast the score grows there. It is no
#: probability: the pair was chosen so that what is as certain as a person of the demo comes out above 0.5.
EVEN, SLOPE = 0.6, 2.0


class HogDetector:
    """Finds people by their outline; implements the port `Detector`."""

    def __init__(self, *, floor: float, iou: float) -> None:
        """Scores below `floor` are left out; of two boxes that overlap more than `iou` the better one stays."""
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector(), np.float32))
        self._floor, self._iou = floor, iou
        self._inference_ms = 0.0

    @property
    def info(self) -> DetectorInfo:
        """The backend and the time of the latest `detect`."""
        return DetectorInfo(backend="hog", model="opencv-people", inference_ms=self._inference_ms)

    @property
    def side(self) -> int:
        """The edge to which square crops are scaled, in pixels."""
        return SIDE_PX

    def detect(self, image: Bgr) -> tuple[Detection, ...]:
        """People in the picture, best first, boxes in 0..1 of it; scores are no probabilities."""
        started = time.perf_counter()
        grey = self._prepare(image)
        # groupThreshold is off: non-maximum suppression keeps the best of a group, and its score.
        windows, distances = self._hog.detectMultiScale(
            grey, hitThreshold=0.0, winStride=STRIDE_PX, padding=PADDING_PX, scale=SCALE, groupThreshold=0
        )
        found = np.asarray(windows, np.float32).reshape(-1, 4)
        scores = score(np.asarray(distances, np.float32).reshape(-1))
        # Its threads hand windows over in any order: sorted, equal scores fall alike every time.
        order = np.lexsort(found.T)
        order = order[scores[order] >= self._floor]
        boxes, scores = _person_in(found[order]), scores[order]
        kept = nms(boxes, scores, threshold=self._iou)
        size = np.array([*grey.shape[::-1]] * 2, np.float32)
        people = _whole(detections(np.clip(boxes[kept] / size, 0, 1), scores[kept]))
        self._inference_ms = (time.perf_counter() - started) * 1000
        return people

    def _prepare(self, image: Bgr) -> NDArray[np.uint8]:
        height, width = image.shape[:2]
        square = max(width, height) <= min(width, height) * SQUARE_RATIO
        factor = (SIDE_PX if square else SCAN_PX) / max(width, height)
        size = (max(round(width * factor), 1), max(round(height * factor), 1))
        scaled = cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)
        grey = cv2.GaussianBlur(cv2.cvtColor(scaled, cv2.COLOR_BGR2GRAY), BLUR_PX, 0)
        return np.asarray(grey, np.uint8)


def score(distances: Floats) -> Floats:
    """Distances from the dividing plane, 0 or more, as scores in 0..1: grows with them, and is no probability."""
    return np.reciprocal(np.exp((np.float32(EVEN) - distances) * np.float32(SLOPE)) + np.float32(1))


def _person_in(windows: Floats) -> Floats:
    """Windows [n, 4] as x y width height to the boxes x1 y1 x2 y2 of the people in their middle."""
    corner, size = windows[:, :2], windows[:, 2:]
    inset = size * np.array([MARGIN_X, MARGIN_Y], np.float32)
    return np.concatenate([corner + inset, corner + size - inset], axis=1)


def _whole(people: tuple[Detection, ...]) -> tuple[Detection, ...]:
    """Without the legs, trunks and shoulders that are taken for people inside of a person found with a better score."""
    kept: list[Detection] = []
    for person in people:
        if all(overlap(person.box, other.box) < PART_SHARE for other in kept):
            kept.append(person)
    return tuple(kept)
