"""How well one detector agrees with another: what each saw in the same pictures, compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_detector.core.boxes import iou
from edge_detector.core.types import Detection

#: From this score on somebody is there.
CONFIDENCE = 0.5
#: A score that near to the one before is the same: at the threshold, which side it falls on is chance.
MARGIN = 0.1
#: What agreement asks for: shares of pictures, and the mean overlap of boxes.
MIN_RECALL = MIN_PRECISION = 0.99
MIN_IOU = 0.9

#: What a detector saw in one picture.
Seen = Sequence[Detection]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What of the reference's findings another detector has found."""

    #: Share of the pictures with somebody in which it sees somebody as well.
    recall: float
    #: Share of the pictures in which it sees somebody that have somebody.
    precision: float
    #: Mean intersection over union of the reference's people with its own.
    iou: float

    @property
    def agrees(self) -> bool:
        """Whether it may take the reference's place."""
        return self.recall >= MIN_RECALL and self.precision >= MIN_PRECISION and self.iou >= MIN_IOU

    def __str__(self) -> str:
        return f"recall {self.recall:.3f}, precision {self.precision:.3f}, overlap of boxes {self.iou:.3f}"


def compare(reference: Sequence[Seen], other: Sequence[Seen], *, margin: float = MARGIN) -> Agreement:
    """Compare what two detectors saw in the same pictures, with scores down to `CONFIDENCE - margin` at least."""
    both = lost = invented = 0
    for a, b in zip(map(_best, reference), map(_best, other), strict=True):
        both += a >= CONFIDENCE and b >= CONFIDENCE
        lost += a >= CONFIDENCE > b and a - b > margin
        invented += b >= CONFIDENCE > a and b - a > margin
    overlaps = [
        max((iou(person.box, found.box) for found in there), default=0.0)
        for here, there in zip(reference, other, strict=True)
        for person in here
        if person.score >= CONFIDENCE + margin
    ]
    return Agreement(
        recall=both / (both + lost) if both + lost else 1.0,
        precision=both / (both + invented) if both + invented else 1.0,
        iou=sum(overlaps) / len(overlaps) if overlaps else 1.0,
    )


def _best(seen: Seen) -> float:
    return max((found.score for found in seen), default=0.0)
