"""Holds what was counted and told in one scene against the truth, crossing by crossing and picture by picture."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import motmetrics  # type: ignore[import-untyped]
import numpy as np

from edge_detector.capture.scene_world import Crossing, Sighting
from edge_detector.core.boxes import Boxes, iou_matrix
from edge_detector.core.facts import LineCrossed
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.types import Box, Observation

#: Whoever is seen by at least this share is there.
VISIBLE = 0.5
#: Whoever has been out of the picture, all but this share, for longer than this comes back as somebody new.
ANY = 0.02
AWAY_S = 2.0
#: A box that shares less with the true one is another.
SAME_IOU = 0.5
#: Who is so many own heights (14 cm) from a line stands on it no more...
CLEAR_HEIGHTS = 0.08
#: ...and is to be counted while on the way over it, at most so long before, and so long after: as long as the tracker
#: remembers somebody who is hidden.
EARLY_S, LATE_S = 1.0, 2.0

Way = tuple[str, str]


class Passage(NamedTuple):
    """Somebody's way over a line: from when they were last beside it to when they first are on its other side."""

    start_t: float
    end_t: float
    who: int


class Step(NamedTuple):
    """Where somebody stood in one picture, and how high they were, in 0..1 of it."""

    t: float
    foot: tuple[float, float]
    height: float


@dataclass(slots=True)
class Score:
    """What was counted in one scene, against the truth."""

    people: int
    #: Width and height of the picture in pixels.
    size: tuple[int, int]
    outline: Outline
    #: What truly happened, and the moments of what was counted, by line and direction.
    true: dict[Way, list[tuple[Line, Crossing]]] = field(default_factory=dict)
    counted: dict[Way, list[float]] = field(default_factory=dict)
    #: Where everybody went.
    paths: dict[int, list[Step]] = field(default_factory=dict)
    pictures: int = 0
    #: Of every zone in every picture: all, those with somebody in it, and those of them told so; told with somebody.
    zones: int = 0
    zones_right: int = 0
    counts_right: int = 0
    zones_taken: int = 0
    zones_told: int = 0
    zones_found: int = 0
    tracks: motmetrics.MOTAccumulator = field(default_factory=motmetrics.MOTAccumulator)
    #: How often each person has come.
    stays: Counter[int] = field(default_factory=Counter)
    #: What happened, for a look at what went wrong.
    log: list[str] = field(default_factory=list)

    def expect(self, line: Line, crossings: Iterable[Crossing]) -> None:
        """Take in what will truly happen on a line."""
        for crossing in crossings:
            way = "in" if crossing.direction > 0 else "out"
            self.true.setdefault((line.id, way), []).append((line, crossing))
            self.log.append(f"{crossing.t:6.1f} true    {line.id} {way} by {crossing.id}")

    def count(self, fact: LineCrossed) -> None:
        """Take in what was counted."""
        self.counted.setdefault((fact.line, fact.direction), []).append(fact.t)
        self.log.append(f"{fact.t:6.1f} counted {fact.line} {fact.direction} by track {fact.track}")

    def compare(self, seen: Observation, shown: Sequence[Sighting]) -> None:
        """Hold one observation against who is shown in that picture at all."""
        self.pictures += 1
        there = [person for person in shown if 1 - person.occluded >= VISIBLE]
        self._compare_zones(seen, there)
        for person in shown:
            path = self.paths.setdefault(person.id, [])
            self.stays[person.id] += not path or seen.t - path[-1].t > AWAY_S
            path.append(Step(seen.t, person.foot, person.height_px / self.size[1]))
        overlaps = iou_matrix(rows(person.box for person in there), rows(track.box for track in seen.people))
        self.tracks.update(
            [100 * person.id + self.stays[person.id] for person in there],
            [track.id for track in seen.people],
            np.where(overlaps >= SAME_IOU, 1 - overlaps, np.nan),
            frameid=self.pictures,
        )

    def _compare_zones(self, seen: Observation, there: Sequence[Sighting]) -> None:
        told = dict(seen.zones)
        for zone in self.outline.counted:
            inside, said = sum(zone.holds(person.foot) for person in there), told[zone.id]
            self.zones += 1
            self.zones_right += (inside > 0) == (said > 0)
            self.counts_right += inside == said
            self.zones_taken += inside > 0
            self.zones_told += said > 0
            self.zones_found += inside > 0 and said > 0
            if (inside > 0) != (said > 0):
                self.log.append(f"{seen.t:6.1f} zone    {zone.id} has {inside}, told {said}")

    def crossings(self) -> int:
        """How many there truly were."""
        return sum(len(crossings) for crossings in self.true.values())

    def matched(self) -> int:
        """Crossings that were counted while they happened, each by a count of its own."""
        ways = self.true.keys() | self.counted.keys()
        return sum(self._matched(way) for way in ways)

    def _matched(self, way: Way) -> int:
        passages = [self._passage(line, crossing) for line, crossing in self.true.get(way, ())]
        rest, found = sorted(self.counted.get(way, ())), 0
        for passage in sorted(passages, key=lambda passage: passage.end_t):
            fitting = (t for t in rest if passage.start_t - EARLY_S <= t <= passage.end_t + LATE_S)
            if (t := next(fitting, None)) is None:
                self.log.append(f"{passage.end_t:6.1f} missed  {way[0]} {way[1]} by {passage.who}")
                continue
            rest.remove(t)
            found += 1
        self.log += [f"{t:6.1f} invents {way[0]} {way[1]}" for t in rest]
        return found

    def _passage(self, line: Line, crossing: Crossing) -> Passage:
        """While somebody is not clearly beside the line, around the moment of crossing it."""
        clear = [step.t for step in self.paths.get(crossing.id, ()) if self._is_clear(line, step)]
        before = max((t for t in clear if t < crossing.t), default=crossing.t)
        after = min((t for t in clear if t >= crossing.t), default=crossing.t)
        return Passage(before, after, crossing.id)

    def _is_clear(self, line: Line, step: Step) -> bool:
        (ax, ay), (bx, by), (x, y) = line.start, line.end, step.foot
        aspect = self.size[0] / self.size[1]
        dx, dy, px, py = (bx - ax) * aspect, by - ay, (x - ax) * aspect, y - ay
        return abs(dx * py - dy * px) / math.hypot(dx, dy) >= CLEAR_HEIGHTS * step.height


def rows(boxes: Iterable[Box]) -> Boxes:
    """Boxes as an array, (n, 4)."""
    return np.array(list(boxes), dtype=np.float32).reshape(-1, 4)


def summary(scores: Sequence[Score]) -> dict[str, float]:
    """All scenes together."""
    wanted = ["num_switches", "idf1", "mota", "num_fragmentations"]
    tracks = [score.tracks for score in scores]
    overall = motmetrics.metrics.create().compute_many(tracks, metrics=wanted, generate_overall=True).loc["OVERALL"]
    crossings, matched = sum(score.crossings() for score in scores), sum(score.matched() for score in scores)
    counted = sum(len(times) for score in scores for times in score.counted.values())
    zones, found = sum(score.zones for score in scores), sum(score.zones_found for score in scores)
    return {
        "crossings": crossings,
        "counted": counted,
        "missed": crossings - matched,
        "invented": counted - matched,
        "count_error": round((crossings + counted - 2 * matched) / crossings, 4),
        "zone_accuracy": round(sum(score.zones_right for score in scores) / zones, 4),
        "zone_recall": round(found / sum(score.zones_taken for score in scores), 4),
        "zone_precision": round(found / sum(score.zones_told for score in scores), 4),
        "zone_count_accuracy": round(sum(score.counts_right for score in scores) / zones, 4),
        "id_switches": int(overall["num_switches"]),
        "idf1": round(float(overall["idf1"]), 4),
        "mota": round(float(overall["mota"]), 4),
        "fragmentations": int(overall["num_fragmentations"]),
        "pictures": sum(score.pictures for score in scores),
    }
