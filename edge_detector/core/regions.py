"""Which crops of a picture the detector looks at, and what their detections say of the whole picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import NamedTuple

from edge_detector.core.boxes import FULL, area, center, clip, contains, from_region, iou, overlap, scaled, union
from edge_detector.core.types import Box, Detection, Motion

#: A crop is so many times as large as what it is made for: what moves is often not all of a person.
_MOTION_MARGIN = 1.8
#: A known person's box is trusted more, but people move.
_TRACK_MARGIN = 1.5
#: Around a known person a crop may be this share of the model's input, and is enlarged: who is 40 pixels high is then
#: found in nearly every look. Around mere motion it is not: more of a person may be there than moves.
_TRACK_LEAST = 0.6
#: One look serves several targets while each still has so many pixels of the model's input, the longer side of each.
_MIN_TARGET_PIXELS = 64
#: The whole picture costs the detector about as much as so many square crops, as it gets a larger input.
_FULL_COST_CROPS = 3
#: A crop that covers this much of the picture's longer side may as well be the whole picture.
_NEARLY_FULL = 0.85
#: A box this near to a crop's edge, as a share of the crop, is taken to be cut by it.
_EDGE_SHARE = 0.015
#: What a cut box's score is worth: less than a whole one's, but enough to look there again, with more around it.
_CUT_SCORE = 0.8
#: Boxes of two looks are one person from this intersection over union on...
_SAME_IOU = 0.5
#: ...or, when one of them is cut, from this share of the smaller one inside the other...
_SAME_OVERLAP = 0.6
#: ...and two cut ones when they meet where they are cut, but for this share of the frame, since boxes are not exact...
_MEETING_GAP = 0.02
#: ...and extend alike along the cut: what they share of it over what they span.
_SAME_SPAN = 0.5
#: The look of a box that was put together from several.
_PUT_TOGETHER = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPolicy:
    """How much looking is allowed."""

    #: Inferences a picture, at most.
    max_regions: int = 3
    #: The whole picture is looked at when it has not been for so long, whatever moves.
    idle_scan_s: float = 10.0


class _Group(NamedTuple):
    """Targets that one look serves."""

    #: Around all of them, margins included, in 0..1 of the frame.
    box: Box
    #: The longer side, in pixels, of the largest region that shows each of them well enough.
    limit: float
    #: The longer side, in pixels, of the smallest region that may be made for them.
    least: float


class _Frame(NamedTuple):
    """The picture's size and the model's input side, in pixels."""

    width: int
    height: int
    side: int

    @property
    def longer(self) -> int:
        """The longer side of the picture."""
        return max(self.width, self.height)

    @property
    def shorter(self) -> int:
        """The longest side of a square in the picture."""
        return min(self.width, self.height)

    def length(self, box: Box) -> float:
        """The longer side of a box in pixels."""
        return max((box.x2 - box.x1) * self.width, (box.y2 - box.y1) * self.height)

    def square(self, box: Box, least: float) -> Box:
        """The square around a box, at least so many pixels wide, moved into the picture and cut where it must."""
        length = max(self.length(box), least)
        width, height = min(length / self.width, 1.0), min(length / self.height, 1.0)
        x, y = center(box)
        x1, y1 = min(max(x - width / 2, 0.0), 1 - width), min(max(y - height / 2, 0.0), 1 - height)
        return Box(x1, y1, x1 + width, y1 + height)

    def region(self, group: _Group) -> Box:
        """What is cropped for a group."""
        return self.square(group.box, group.least)

    def target(self, box: Box, margin: float, least: float = 1.0) -> _Group:
        """What a look at this box alone needs; `least` is a share of the model's input."""
        around = clip(scaled(box, margin))
        pixels_enough = self.length(box) * self.side / _MIN_TARGET_PIXELS
        limit = max(pixels_enough, self.length(self.square(around, self.side)))
        return _Group(around, limit, self.side * least)

    def merged(self, a: _Group, b: _Group) -> _Group:
        """What a look at both needs."""
        return _Group(union(a.box, b.box), min(a.limit, b.limit), max(a.least, b.least))


def plan(
    frame_size: tuple[int, int],
    *,
    motion: Motion,
    tracks: Sequence[Box],
    side: int,
    since_full_s: float,
    policy: RegionPolicy = RegionPolicy(),
) -> tuple[Box, ...]:
    """The regions to look at, in 0..1 of the frame; `FULL`, when it is among them, is the first.

    `frame_size` is width and height in pixels, `tracks` are the predicted boxes of people, `side` is the model's input
    in pixels, `since_full_s` the time since the whole picture was last looked at. Regions are squares where the frame
    allows, at least `side` pixels wide, or three fifths of that around known people alone. Nothing moves and nobody is
    known: no region, until the whole is due. While the gate calibrates, every picture is looked at whole: the lamp went
    on because somebody came.
    """
    frame = _Frame(*frame_size, side)
    groups = _grouped(frame, _targets(frame, motion.regions, tracks), policy.max_regions)
    large = [group for group in groups if _length(frame, group) >= _NEARLY_FULL * frame.longer]
    enough = len(groups) >= _FULL_COST_CROPS and all(group.limit >= frame.longer for group in groups)
    if large or enough or motion.calibrating or since_full_s >= policy.idle_scan_s:
        small = [group for group in groups if group not in large and group.limit < frame.longer]
        return (FULL, *(frame.region(group) for group in small[: policy.max_regions - 1]))
    return tuple(frame.region(group) for group in groups)


def _targets(frame: _Frame, motion: Sequence[Box], tracks: Sequence[Box]) -> list[_Group]:
    """People first, then the motion that is not theirs."""
    people = [frame.target(box, _TRACK_MARGIN, _TRACK_LEAST) for box in tracks]
    others = [box for box in motion if not any(contains(person.box, box) for person in people)]
    return people + [frame.target(box, _MOTION_MARGIN) for box in others]


def _grouped(frame: _Frame, groups: list[_Group], most: int) -> list[_Group]:
    """Join the two with the smallest region in common, while that costs no target its pixels, or there are too many."""
    while len(groups) > 1:
        pairs = [(frame.merged(a, b), a, b) for a, b in combinations(groups, 2)]
        fitting = [pair for pair in pairs if _length(frame, pair[0]) <= min(pair[0].limit, frame.shorter)]
        if not fitting and len(groups) <= most:
            break
        joint, a, b = min(fitting or pairs, key=lambda pair: _length(frame, pair[0]))
        groups = [joint if group is a else group for group in groups if group is not b]
    return groups


def _length(frame: _Frame, group: _Group) -> float:
    return frame.length(frame.region(group))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A detection in the frame, and which sides of it a crop's edge cut off: left, top, right, bottom."""

    found: Detection
    look: int
    cut: tuple[bool, bool, bool, bool]


def merge(looks: Sequence[tuple[Box, Sequence[Detection]]]) -> tuple[Detection, ...]:
    """What the looks at one picture say together: boxes in 0..1 of the frame, best score first, each person once.

    A look is a region in 0..1 of the frame, as it was really cropped, and the detections in 0..1 of it. A box that a
    crop's edge cuts gives way to one that is whole, is put together with its other half from the next crop, and else
    stays with a lower score: with a track around it, the next region holds more of it. The frame's edge cuts nothing.
    """
    seen = [_seen(region, number, found) for number, (region, all_found) in enumerate(looks) for found in all_found]
    kept: list[_Seen] = []
    for candidate in sorted(_put_together(seen), key=_rank, reverse=True):
        if not any(_same(other, candidate) for other in kept):
            kept.append(candidate)
    worth = (replace(s.found, score=s.found.score * _CUT_SCORE) if any(s.cut) else s.found for s in kept)
    return tuple(sorted(worth, key=lambda found: -found.score))


def _seen(region: Box, look: int, found: Detection) -> _Seen:
    box = found.box
    cut = (
        box.x1 <= _EDGE_SHARE and region.x1 > 0,
        box.y1 <= _EDGE_SHARE and region.y1 > 0,
        box.x2 >= 1 - _EDGE_SHARE and region.x2 < 1,
        box.y2 >= 1 - _EDGE_SHARE and region.y2 < 1,
    )
    return _Seen(found=replace(found, box=from_region(box, region)), look=look, cut=cut)


def _rank(seen: _Seen) -> tuple[bool, float]:
    """Whole boxes first, by score; then cut ones, by what they show."""
    return (False, area(seen.found.box)) if any(seen.cut) else (True, seen.found.score)


def _may_be_one(a: _Seen, b: _Seen) -> bool:
    """Within one look the detector has said what is one."""
    return a.found.label == b.found.label and (a.look != b.look or a.look == _PUT_TOGETHER)


def _same(better: _Seen, other: _Seen) -> bool:
    """Whether two looks saw one person."""
    a, b = better.found.box, other.found.box
    alike = iou(a, b) >= _SAME_IOU or (any(other.cut) and overlap(a, b) >= _SAME_OVERLAP)
    return alike and _may_be_one(better, other)


def _put_together(seen: list[_Seen]) -> list[_Seen]:
    """Make one box of the parts of a person who was cut between crops."""
    for a, b in permutations(seen, 2):
        for axis in (0, 1):
            if _continues(a, b, axis):
                rest = [other for other in seen if other is not a and other is not b]
                return _put_together([_joined(a, b, axis), *rest])
    return seen


def _continues(a: _Seen, b: _Seen, axis: int) -> bool:
    """Whether `b` goes on where `a` is cut, to the right (axis 0) or below (axis 1)."""
    one, two, across = a.found.box, b.found.box, 1 - axis
    if not (a.cut[axis + 2] and b.cut[axis] and _may_be_one(a, b)):
        return False
    if not (one[axis] < two[axis] <= one[axis + 2] + _MEETING_GAP and one[axis + 2] < two[axis + 2]):
        return False
    shared = min(one[across + 2], two[across + 2]) - max(one[across], two[across])
    spanned = max(one[across + 2], two[across + 2]) - min(one[across], two[across])
    return shared >= _SAME_SPAN * spanned


def _joined(a: _Seen, b: _Seen, axis: int) -> _Seen:
    better = a.found if a.found.score >= b.found.score else b.found
    cut = [x or y for x, y in zip(a.cut, b.cut, strict=True)]
    cut[axis], cut[axis + 2] = a.cut[axis], b.cut[axis + 2]
    box = union(a.found.box, b.found.box)
    return _Seen(found=replace(better, box=box), look=_PUT_TOGETHER, cut=(cut[0], cut[1], cut[2], cut[3]))
