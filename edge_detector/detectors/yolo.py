"""A YOLOv5 detector around any runtime: picture in, people out, whatever computes the network between."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detector.core.boxes import Letterbox, nms
from edge_detector.core.facts import DetectorInfo
from edge_detector.core.types import Bgr, Box, Detection
from edge_detector.detectors.heads import Floats

#: Every input edge is a multiple of the coarsest stride.
MULTIPLE_PX = 32
#: The grey that YOLOv5 was trained to see around a picture.
PADDING = 114
#: A picture with edges more alike than this is a crop: it gets the square input.
SQUARE_RATIO = 1.2
#: The best candidates are enough: no porch holds more people.
MAX_CANDIDATES = 300
#: Buffers are kept for as many input sizes; a camera needs two.
MAX_SIZES = 8
#: Weight of the newest inference in the time that is told.
_NEWEST = 0.1

#: Width and height in pixels.
Size = tuple[int, int]


#: A picture [1, 3, h, w], red first, in 0..1, to boxes [n, 4] as x1 y1 x2 y2 in its pixels and scores [n].
Finder = Callable[[Floats], tuple[Floats, Floats]]


def input_size(source: Size, *, side: int, scan_side: int) -> Size:
    """The input for a picture: the square one for crops and small ones, else the smallest that holds the long edge."""
    longer, shorter = max(source), min(source)
    if longer <= shorter * SQUARE_RATIO:
        return side, side
    long_px = side if longer <= side else scan_side
    short_px = -(-long_px * shorter // (longer * MULTIPLE_PX)) * MULTIPLE_PX
    return (long_px, short_px) if source[0] >= source[1] else (short_px, long_px)


class PictureInput:
    """The buffers of one input size: a picture goes in letterboxed, the network's own tensor comes out."""

    def __init__(self, size: Size) -> None:
        """Make the buffers for inputs of `size` (width, height)."""
        width, height = size
        self.size = size
        self._canvas = np.full((height, width, 3), PADDING, np.uint8)
        self._planes = np.empty((3, height, width), np.uint8)
        self._tensor = np.empty((1, 3, height, width), np.float32)
        self._letterbox: Letterbox | None = None

    def load(self, image: Bgr) -> tuple[Floats, Letterbox]:
        """The tensor of a picture, valid until the next one, and how the picture lies in it."""
        letterbox = Letterbox.fit((image.shape[1], image.shape[0]), self.size)
        if letterbox != self._letterbox:
            self._canvas.fill(PADDING)
            self._letterbox = letterbox
        rows = slice(letterbox.top, letterbox.top + letterbox.height)
        columns = slice(letterbox.left, letterbox.left + letterbox.width)
        size = (letterbox.width, letterbox.height)
        cv2.resize(image, size, dst=self._canvas[rows, columns], interpolation=cv2.INTER_LINEAR)
        red, green, blue = self._planes
        cv2.split(self._canvas, [blue, green, red])
        np.multiply(self._planes, np.float32(1 / 255), out=self._tensor[0])
        return self._tensor, letterbox


class YoloDetector:
    """Finds people with a YOLOv5 in some runtime; implements the port `Detector`."""

    def __init__(self, find: Finder, *, backend: str, model: str, iou: float, side: int, scan_side: int) -> None:
        """`iou` in 0..1, `side` and `scan_side` in pixels, multiples of 32; warms up with one grey picture."""
        self._find = find
        self._backend, self._model = backend, model
        self._iou, self._side, self._scan_side = iou, side, scan_side
        self._inputs: dict[Size, PictureInput] = {}
        self._inference_ms = 0.0
        find(np.full((1, 3, side, side), PADDING / 255, np.float32))

    @property
    def info(self) -> DetectorInfo:
        """The backend, the model's name and the smoothed time of one `detect`."""
        return DetectorInfo(backend=self._backend, model=self._model, inference_ms=self._inference_ms)

    @property
    def side(self) -> int:
        """The input's edge for square crops, in pixels."""
        return self._side

    def detect(self, image: Bgr) -> tuple[Detection, ...]:
        """People in the picture, best first, boxes in 0..1 of it."""
        started = time.perf_counter()
        tensor, letterbox = self._input_for(image).load(image)
        boxes, scores = self._find(tensor)
        best = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
        kept = best[nms(boxes[best], scores[best], threshold=self._iou)]
        people = detections(letterbox.back(boxes[kept]), scores[kept])
        self._note((time.perf_counter() - started) * 1000)
        return people

    def _input_for(self, image: Bgr) -> PictureInput:
        size = input_size((image.shape[1], image.shape[0]), side=self._side, scan_side=self._scan_side)
        if size not in self._inputs:
            if len(self._inputs) == MAX_SIZES:
                del self._inputs[next(iter(self._inputs))]
            self._inputs[size] = PictureInput(size)
        return self._inputs[size]

    def _note(self, elapsed_ms: float) -> None:
        before = self._inference_ms or elapsed_ms
        self._inference_ms = before + (elapsed_ms - before) * _NEWEST


def detections(boxes: NDArray[np.float32], scores: NDArray[np.float32]) -> tuple[Detection, ...]:
    """Rows of boxes in 0..1 and their scores as values; a box without area (all of it in the padding) is left out."""
    return tuple(
        Detection(box=Box(*box), score=score)
        for box, score in zip(boxes.tolist(), scores.tolist(), strict=True)
        if box[0] < box[2] and box[1] < box[3]
    )
