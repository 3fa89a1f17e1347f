"""Follows people from picture to picture: prediction, two-stage association, ids that are never reused."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from edge_detector.core.appearance import Coat, alike, coat_area, mixed
from edge_detector.core.boxes import area, center, clip, intersection, iou, overlap
from edge_detector.core.types import Box, Detection, Track
from edge_detector.core.zones import foot

#: The position is measured to about this share of the person's height (standard deviation).
_MEASURED_STD_HEIGHTS = 0.05
#: A person changes speed by about so many own heights a second, every second.
_ACCELERATION_HEIGHTS = 1.5
#: What is known of the speed of somebody just seen for the first time, in own heights a second.
_FIRST_SPEED_STD_HEIGHTS = 1.0
#: How fast the remembered size follows the measured one.
_SIZE_TAU_S = 0.3
#: A box that is all at once another height, by more than these shares, with its head where it is expected, within so
#: many own heights, lacks the legs or has somebody else's...
_SHORTER, _TALLER = 0.82, 1.2
_HEAD_HEIGHTS = 0.15
#: ...as told by the median of so many boxes, so that what lasts longer is believed; of these at least.
_HEIGHTS, _MIN_HEIGHTS = 7, 2
#: Without a detection, a speed is believed for so long, then to fade with this time constant: people stop, and turn.
_COAST_S = 0.5
_COAST_TAU_S = 1.0
#: A detection can be the same person when its middle lies within so many heights of the expected one...
_REACH_HEIGHTS = 0.4
#: ...and so many more for each second since that person was last seen, up to the last in all...
_REACH_SPEED_HEIGHTS = 1.0
_REACH_MAX_HEIGHTS = 1.5
#: ...unless one is so many times as high as the other...
_MAX_HEIGHT_RATIO = 2.5
#: ...or when so much of the smaller box lies in the larger: somebody who comes into the picture head first.
_MIN_OVERLAP = 0.7
#: A detection of low score is believed only where somebody is expected: with at least this intersection over union.
_LOW_MIN_IOU = 0.3
#: What somebody wears counts for this much against where they are...
_COAT_SHARE = 0.5
#: ...coats at this (Hellinger) distance are the same, and at that surely others; one that is not to be seen may be...
_SAME_COAT, _OTHER_COAT = 0.35, 0.65
_UNSEEN_COAT = 0.5
#: ...and in a coat so surely another comes somebody else, unless it is the light that changes, on somebody who was
#: seen this short a time ago in as good as the same place...
_STRANGER = 0.9
_FRESH_S = 0.3
_STAYED_IOU = 0.6
#: ...the coat that is remembered follows the one that is seen by this much...
_COAT_WEIGHT = 0.2
#: ...is not to be seen where more than this share of it may be hidden by somebody nearer...
_HIDDEN_SHARE = 0.3
#: ...and what is taken for it this near to the picture's sides may be a sleeve or the wall: who is only half in the
#: picture is known by it until more is seen, and is no stranger then.
_SIDE = 0.01
#: What it costs to leave somebody without a detection: as much as the worst pair that is allowed.
_ALONE_COST = 1.0
#: The cost of a pair that is not allowed: more than any number of lonely people.
_NEVER_COST = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerPolicy:
    """What the tracker believes."""

    #: Detections from this score on are associated first.
    high_score: float = 0.4
    #: Detections below are dropped, those between only keep a track alive.
    low_score: float = 0.15
    #: A detection that belongs to nobody known starts a track from this score on.
    new_score: float = 0.4
    #: A track without a detection is forgotten after this time.
    max_lost_s: float = 2.0


@dataclass(slots=True)
class _Person:
    """A track's inner state; distances are in own heights, so that near and far people move alike."""

    id: int
    first_t: float
    seen_t: float
    hits: int
    #: The latest one.
    detection: Detection
    #: Where it stands, its size, and its speed a second, in 0..1 of the frame.
    x: float
    y: float
    width: float
    height: float
    #: Of the latest boxes.
    heights: tuple[float, ...]
    vx: float = 0.0
    vy: float = 0.0
    #: Covariance of position and speed, the same for x and y.
    p_xx: float = _MEASURED_STD_HEIGHTS**2
    p_xv: float = 0.0
    p_vv: float = _FIRST_SPEED_STD_HEIGHTS**2
    #: What it wears, as seen while nobody stood before it; None when that was never seen.
    coat: Coat | None = None
    #: All of it was in the picture.
    coat_whole: bool = False

    def at(self, t: float) -> Box:
        """Where the person is expected at `t`; may lie partly or wholly outside the frame."""
        dt = max(t - self.seen_t, 0.0)
        walked = min(dt, _COAST_S) + _COAST_TAU_S * (1 - _faded(dt))
        x, y = self.x + self.vx * walked, self.y + self.vy * walked
        return Box(x - self.width / 2, y - self.height, x + self.width / 2, y)

    def see(self, t: float, seen: _Seen) -> None:
        """Correct the state by a detection: a Kalman filter of constant speed, on x and y alike."""
        dt, detection = max(t - self.seen_t, 0.0), seen.detection
        self._dress(seen)
        expected = self.at(t)
        expected_x, expected_y = foot(expected)
        noise = _ACCELERATION_HEIGHTS**2
        p_xx = self.p_xx + 2 * dt * self.p_xv + dt**2 * self.p_vv + noise * dt**4 / 4
        p_xv = self.p_xv + dt * self.p_vv + noise * dt**3 / 2
        p_vv = self.p_vv + noise * dt**2
        gain_x = p_xx / (p_xx + _MEASURED_STD_HEIGHTS**2)
        gain_v = p_xv / (p_xx + _MEASURED_STD_HEIGHTS**2)
        box = self._whole(expected, detection.box)
        self.p_xx, self.p_xv, self.p_vv = (1 - gain_x) * p_xx, (1 - gain_x) * p_xv, p_vv - gain_v * p_xv
        x, y = foot(box)
        fade = _faded(dt)
        self.vx, self.vy = self.vx * fade + gain_v * (x - expected_x), self.vy * fade + gain_v * (y - expected_y)
        self.x, self.y = expected_x + gain_x * (x - expected_x), expected_y + gain_x * (y - expected_y)
        weight = 1 - math.exp(-dt / _SIZE_TAU_S)
        self.width += (box.x2 - box.x1 - self.width) * weight
        self.height += (box.y2 - box.y1 - self.height) * weight
        self.detection, self.seen_t, self.hits = detection, t, self.hits + 1

    def _dress(self, seen: _Seen) -> None:
        """Remember what is worn; what was seen of it at the picture's side goes for what is seen in the middle."""
        if seen.coat is None:
            return
        if self.coat is None or not self.coat_whole:
            self.coat, self.coat_whole = seen.coat, seen.whole
        elif seen.whole:
            self.coat = mixed(self.coat, seen.coat, _COAT_WEIGHT)

    def _whole(self, expected: Box, box: Box) -> Box:
        """The box down to where the feet must be: legs may be hidden, and two people may be taken for one."""
        height, heights = box.y2 - box.y1, self.heights
        self.heights = (*heights, height)[-_HEIGHTS:]
        if len(heights) < _MIN_HEIGHTS:
            return box
        tall = statistics.median(heights)
        usual = min(tall, self.height) * _SHORTER <= height <= max(tall, self.height) * _TALLER
        if usual or abs(box.y1 - (expected.y2 - tall)) > tall * _HEAD_HEIGHTS:
            return box
        return box._replace(y2=min(box.y1 + tall, 1.0))

    def track(self) -> Track:
        """What others may know of it."""
        return Track(
            id=self.id,
            box=self.detection.box,
            score=self.detection.score,
            age=self.seen_t - self.first_t,
            hits=self.hits,
            seen_t=self.seen_t,
            feet=(self.x, min(self.y, 1.0)),
        )


def _faded(dt: float) -> float:
    """What is left of a speed after so long without a detection."""
    return math.exp(-max(dt - _COAST_S, 0.0) / _COAST_TAU_S)


class _Seen(NamedTuple):
    """A detection, and what the person wears when that is to be seen."""

    detection: Detection
    coat: Coat | None
    #: No side of the picture cuts it.
    whole: bool


#: How unlikely it is, in 0..1, that a person expected somewhere at a time is the one seen.
_Cost = Callable[[float, _Person, _Seen], float]


class Tracker:
    """The people before one camera; pictures may come at any rate, but their times never run backwards."""

    def __init__(self, policy: TrackerPolicy | None = None, *, aspect: float = 16 / 9) -> None:
        """Start with nobody; `aspect` is the frame's width over its height in pixels."""
        self._policy = policy or TrackerPolicy()
        self._aspect = aspect
        self._people: list[_Person] = []
        self._last_id = 0

    def configure(self, policy: TrackerPolicy) -> None:
        """From now on, believe this; who is known stays known."""
        self._policy = policy

    def update(
        self, t: float, detections: Sequence[Detection], coat: Callable[[Box], Coat] | None = None
    ) -> tuple[Track, ...]:
        """Associate the detections of the picture at `t`; the tracks that have one there, oldest first.

        `coat` tells what the person in a box wears, and is asked once for each.

        First the detections of high score with all people, then those of low score with the people left over. What is
        left of the high ones starts tracks.
        """
        policy = self._policy
        self._people = [person for person in self._people if t - person.seen_t <= policy.max_lost_s]
        seen = _seen([d for d in detections if d.score >= policy.low_score], coat)
        high = [each for each in seen if each.detection.score >= policy.high_score]
        low = [each for each in seen if each.detection.score < policy.high_score]
        pairs = self._pairs(t, self._people, high, self._cost)
        found = {person.id for person, _ in pairs}
        pairs += self._pairs(t, [person for person in self._people if person.id not in found], low, self._low_cost)
        taken = {id(each) for _, each in pairs}
        for person, each in pairs:
            person.see(t, each)
        new = [self._newcomer(t, s) for s in high if s.detection.score >= policy.new_score and id(s) not in taken]
        self._people += new
        here = {person.id for person, _ in pairs} | {person.id for person in new}
        return tuple(person.track() for person in self._people if person.id in here)

    def predicted(self, t: float) -> tuple[Box, ...]:
        """Where the people known, lost ones among them, are expected at `t`: the parts of their boxes in the frame."""
        boxes = (clip(person.at(t)) for person in self._people if t - person.seen_t <= self._policy.max_lost_s)
        return tuple(box for box in boxes if area(box) > 0)

    def _newcomer(self, t: float, seen: _Seen) -> _Person:
        self._last_id += 1
        box = seen.detection.box
        x, y = foot(box)
        return _Person(
            id=self._last_id,
            first_t=t,
            seen_t=t,
            hits=1,
            detection=seen.detection,
            x=x,
            y=y,
            width=box.x2 - box.x1,
            height=box.y2 - box.y1,
            heights=(box.y2 - box.y1,),
            coat=seen.coat,
            coat_whole=seen.whole,
        )

    def _pairs(
        self, t: float, people: Sequence[_Person], seen: Sequence[_Seen], cost: _Cost
    ) -> list[tuple[_Person, _Seen]]:
        costs = [[cost(t, person, each) for each in seen] for person in people]
        chosen = assign(costs, alone=_ALONE_COST)
        return [(people[i], seen[j]) for i, j in enumerate(chosen) if j is not None]

    def _cost(self, t: float, person: _Person, seen: _Seen) -> float:
        expected, box = person.at(t), seen.detection.box
        (x, y), (expected_x, expected_y) = center(box), center(expected)
        low, high = sorted((box.y2 - box.y1, person.height))
        distance = math.hypot((x - expected_x) * self._aspect, y - expected_y) / high
        reach = min(_REACH_HEIGHTS + _REACH_SPEED_HEIGHTS * (t - person.seen_t), _REACH_MAX_HEIGHTS)
        near = distance <= reach and high <= low * _MAX_HEIGHT_RATIO
        if not near and overlap(expected, box) < _MIN_OVERLAP:
            return _NEVER_COST
        place = (1 - iou(expected, box) + min(distance / reach, 1.0)) / 2
        strange = _strangeness(person.coat, seen.coat)
        stranger = strange >= _STRANGER and person.coat_whole
        if stranger and (t - person.seen_t > _FRESH_S or iou(expected, box) < _STAYED_IOU):
            return _NEVER_COST
        return place * (1 - _COAT_SHARE) + strange * _COAT_SHARE

    def _low_cost(self, t: float, person: _Person, seen: _Seen) -> float:
        return self._cost(t, person, seen) if iou(person.at(t), seen.detection.box) >= _LOW_MIN_IOU else _NEVER_COST


def _strangeness(known: Coat | None, seen: Coat | None) -> float:
    """How unlikely it is, in 0..1, that both are one coat."""
    if known is None or seen is None:
        return _UNSEEN_COAT
    distance = math.sqrt(max(1 - alike(known, seen), 0.0))
    return min(max((distance - _SAME_COAT) / (_OTHER_COAT - _SAME_COAT), 0.0), 1.0)


def _seen(detections: Sequence[Detection], coat: Callable[[Box], Coat] | None) -> list[_Seen]:
    """The detections, with the coats of those before whom nobody stands."""
    seen = []
    for detection in detections:
        nearer = (d.box for d in detections if d.box.y2 > detection.box.y2 and d is not detection)
        shown = coat_area(detection.box)
        clear = all(intersection(box, shown) <= _HIDDEN_SHARE * area(shown) for box in nearer)
        whole = detection.box.x1 > _SIDE and detection.box.x2 < 1 - _SIDE
        seen.append(_Seen(detection, coat(detection.box) if coat and clear else None, whole))
    return seen


def assign(costs: Sequence[Sequence[float]], *, alone: float) -> list[int | None]:
    """For each row the column that it gets, at the lowest cost in all; None costs `alone` and may be had by every row.

    Exact, by shortest augmenting paths: each row in turn takes the column that makes the whole cheapest, and pushes
    earlier rows on to others. Greed by the cheapest pair first swaps people who meet, and SciPy would be 100 MB for
    these lines. One to three rows take microseconds, twenty by twenty a few milliseconds.
    """
    count = len(costs)
    width = len(costs[0]) if costs else 0
    table = [[*row, *(alone if i == j else _NEVER_COST for j in range(count))] for i, row in enumerate(costs)]
    owner: list[int | None] = [None] * (width + count)
    row_price, column_price = [0.0] * count, [0.0] * (width + count)
    for row in range(count):
        _add_row(row, table, owner, row_price, column_price)
    columns = {holder: column for column, holder in enumerate(owner[:width])}
    return [columns.get(row) for row in range(count)]


def _add_row(
    row: int,
    table: Sequence[Sequence[float]],
    owner: list[int | None],
    row_price: list[float],
    column_price: list[float],
) -> None:
    """Give the row a column: Dijkstra's shortest path to a free one, over costs that the prices keep above zero."""
    distance = [math.inf] * len(owner)
    pushed_by = [row] * len(owner)
    unseen = set(range(len(owner)))
    holder, so_far = row, 0.0
    while True:
        for j in unseen:
            through = so_far + table[holder][j] - row_price[holder] - column_price[j]
            if through < distance[j]:
                distance[j], pushed_by[j] = through, holder
        column = min(unseen, key=lambda j: (distance[j], j))
        unseen.remove(column)
        so_far = distance[column]
        next_holder = owner[column]
        if next_holder is None:
            break
        holder = next_holder
    row_price[row] += so_far
    for j in set(range(len(owner))) - unseen - {column}:
        column_price[j] += distance[j] - so_far
        row_price[owner[j] or 0] += so_far - distance[j]
    previous = {holder: j for j, holder in enumerate(owner) if holder is not None}
    while True:
        owner[column] = pushed_by[column]
        if pushed_by[column] == row:
            return
        column = previous[pushed_by[column]]
