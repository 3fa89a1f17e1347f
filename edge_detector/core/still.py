"""Things that look like a person and never move: a coat on a hook, a statue; found over days, hidden when told to."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from edge_detector.core.boxes import iou
from edge_detector.core.types import Box, Detection

#: Boxes that share so much are at one spot: a thing's box trembles less, and nobody stands so exactly where they stood.
_SAME_IOU = 0.75
#: How often the picture is looked at; what is looked for takes days.
LOOK_S = 60.0
#: Somebody at one spot since so long…
PROPOSE_S = 2 * 86_400.0
#: …and in so many of all looks since, for in the dark a coat is no person, may be a thing.
_SEEN_SHARE = 0.1
#: A spot where nobody was for so long is forgotten: longer than a night.
_FORGET_S = 18 * 3600.0
#: One that is new is forgotten sooner: somebody who stood there and left.
_NEW_S, _FORGET_NEW_S = 3600.0, 900.0
#: The oldest stay when there are more.
_MAX_SPOTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where something that looks like a person stands."""

    id: str
    box: Box
    #: When it was first seen there, and when last.
    since_utc: float
    seen_utc: float
    #: In how many looks, one a minute.
    looks: int = 1
    #: The owner said that it is nobody.
    suppressed: bool = False

    @property
    def proposed(self) -> bool:
        """It has been there for days and may well be a thing; the owner decides."""
        age_s = self.seen_utc - self.since_utc
        return not self.suppressed and age_s >= PROPOSE_S and self.looks * LOOK_S >= age_s * _SEEN_SHARE

    def told(self, *, suppressed: bool) -> Spot:
        """The same by the owner's word; one that is to be shown again begins its days anew."""
        if suppressed is self.suppressed:
            return self
        if suppressed:
            return replace(self, suppressed=True)
        return replace(self, suppressed=False, since_utc=self.seen_utc, looks=1)


class StillWatch:
    """The spots of one camera."""

    def __init__(self, spots: Sequence[Spot] = ()) -> None:
        """Go on with what was known."""
        self.spots = tuple(spots)
        self._looked_utc = -math.inf

    def hidden(self, detections: Sequence[Detection]) -> tuple[Detection, ...]:
        """Those that are things by the owner's word."""
        things = [spot.box for spot in self.spots if spot.suppressed]
        return tuple(found for found in detections if any(iou(found.box, box) >= _SAME_IOU for box in things))

    def look(self, utc: float, boxes: Sequence[Box]) -> bool:
        """Note what stands where, once a minute; whether anything became known that is worth keeping."""
        if 0 <= utc - self._looked_utc < LOOK_S:
            return False
        self._looked_utc = utc
        before = self.spots
        spots = [spot for spot in before if _is_remembered(spot, utc)]
        for box in boxes:
            near = max(spots, key=lambda spot: iou(spot.box, box), default=None)
            if near is None or iou(near.box, box) < _SAME_IOU:
                spots.append(Spot(id=_new_id(utc, spots), box=box, since_utc=utc, seen_utc=utc))
            elif near.seen_utc != utc:
                spots[spots.index(near)] = replace(near, seen_utc=utc, looks=near.looks + 1)
        self.spots = tuple(sorted(spots, key=_rank)[:_MAX_SPOTS])
        return _settled(before) != _settled(self.spots)

    def suppress(self, spot_id: str, *, on: bool) -> bool:
        """Hide a spot, or show it again; whether that changed anything."""
        before = self.spots
        self.spots = tuple(spot.told(suppressed=on) if spot.id == spot_id else spot for spot in before)
        return self.spots != before


def _is_remembered(spot: Spot, utc: float) -> bool:
    limit_s = _FORGET_S if spot.seen_utc - spot.since_utc >= _NEW_S else _FORGET_NEW_S
    return spot.suppressed or utc - spot.seen_utc < limit_s


def _rank(spot: Spot) -> tuple[bool, float]:
    return not spot.suppressed, spot.since_utc


def _settled(spots: Sequence[Spot]) -> tuple[tuple[str, bool, bool, int], ...]:
    """What is worth keeping of them: those that are not new, by the hour."""
    return tuple(
        (spot.id, spot.suppressed, spot.proposed, int((spot.seen_utc - spot.since_utc) // 3600))
        for spot in spots
        if spot.suppressed or spot.seen_utc - spot.since_utc >= _NEW_S
    )


def _new_id(utc: float, spots: Collection[Spot]) -> str:
    """A slug of its own, by the second in which the spot was found."""
    known, number = {spot.id for spot in spots}, round(utc)
    while f"s{number}" in known:
        number += 1
    return f"s{number}"
