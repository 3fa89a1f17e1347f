"""The counting benchmark's judge: no error may hide behind another."""

from __future__ import annotations

import pytest

from bench.counting_score import Score, summary
from edge_detector.capture.scene_script import Kind
from edge_detector.capture.scene_world import Crossing, Sighting
from edge_detector.core.facts import LineCrossed
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.types import Box, Observation, Track
from edge_detector.core.zones import Zone

#: Inside is below.
SILL = Line(id="sill", name="Sill", start=(0.0, 0.5), end=(1.0, 0.5))
LAWN = Zone(id="lawn", name="Lawn", points=((0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))
HEIGHT = 0.2


def person(y: float, number: int = 1, occluded: float = 0.0) -> Sighting:
    box = Box(0.4, y - HEIGHT, 0.5, y)
    return Sighting(
        id=number,
        kind=Kind.PERSON,
        box=box,
        foot=(0.45, y),
        heading=0.0,
        speed=1.0,
        occluded=occluded,
        height_px=HEIGHT * 100,
    )


def observation(t: float, *people: Sighting, number: int = 7, lawn: int | None = None) -> Observation:
    tracks = tuple(Track(id=number, box=p.box, score=0.9, age=1.0, hits=3, seen_t=t) for p in people)
    inside = sum(LAWN.holds(p.foot) for p in people) if lawn is None else lawn
    return Observation(t=t, session=0, people=tracks, zones=(("lawn", inside),))


def counted(t: float, direction: str = "in") -> LineCrossed:
    return LineCrossed(camera="door", visit_id="", t=t, utc=t, line="sill", direction=direction, track=7)


def walked(*counts: LineCrossed) -> Score:
    """Somebody goes down over the line at 5 s and 25 s, and back at 15 s, half a second on it each time."""
    score = Score(1, (100, 100), Outline(zones=(LAWN,), lines=(SILL,)))
    score.expect(SILL, [Crossing(t=t, id=1, direction=way) for t, way in ((5.0, 1), (15.0, -1), (25.0, 1))])
    for n in range(150):
        t = n / 5
        beside = 0.4 if t < 4.75 or 15.25 <= t < 24.75 else 0.6
        there = person(0.5 if min(abs(t - at) for at in (5.0, 15.0, 25.0)) < 0.25 else beside)
        score.compare(observation(t, there), [there])
    for fact in counts:
        score.count(fact)
    return score


RIGHT = (counted(5.2), counted(15.2, "out"), counted(25.2))


@pytest.mark.parametrize(
    ("counts", "missed", "invented"),
    [
        (RIGHT, 0, 0),
        ((), 3, 0),
        (RIGHT[:2], 1, 0),
        ((*RIGHT, counted(5.4)), 0, 1),  # twice
        ((counted(10.0), *RIGHT[1:]), 1, 1),  # as many as there were, but not when it was
        ((counted(5.2, "out"), *RIGHT[1:]), 1, 1),  # the wrong way
        ((counted(5.2), counted(15.2), counted(25.2)), 1, 1),
        ((counted(7.0), *RIGHT[1:]), 0, 0),  # was hidden for a moment
        ((counted(7.6), *RIGHT[1:]), 1, 1),  # too late
        ((counted(3.9), *RIGHT[1:]), 0, 0),  # a little before
        ((counted(3.2), *RIGHT[1:]), 1, 1),  # too soon
    ],
)
def test_each_crossing_has_a_count_of_its_own_while_it_happens(
    counts: tuple[LineCrossed, ...], missed: int, invented: int
) -> None:
    figures = summary([walked(*counts)])
    assert (figures["crossings"], figures["missed"], figures["invented"]) == (3, missed, invented)
    assert figures["count_error"] == round((missed + invented) / 3, 4)


def test_errors_of_two_scenes_do_not_even_out() -> None:
    figures = summary([walked(*RIGHT[:2]), walked(*RIGHT, counted(10.0))])
    assert (figures["counted"], figures["crossings"]) == (6, 6)
    assert (figures["missed"], figures["invented"]) == (1, 1)


def test_zones_are_right_when_they_are_told_as_they_are() -> None:
    score = Score(1, (100, 100), Outline(zones=(LAWN,)))
    here, away, hidden = person(0.7), person(0.3), person(0.7, 2, occluded=0.6)
    score.compare(observation(0.0, here), [here])
    score.compare(observation(0.2, here), [here, hidden])  # who is mostly hidden need not be told
    score.compare(observation(0.4, away), [away])
    score.compare(observation(0.6, here, lawn=0), [here])
    score.compare(observation(0.8, away, lawn=1), [away])
    score.compare(observation(1.0, here, lawn=2), [here])
    figures = summary([score, walked(*RIGHT)])
    assert (score.zones, score.zones_right, score.counts_right) == (6, 4, 3)
    assert (score.zones_taken, score.zones_told, score.zones_found) == (4, 4, 3)
    assert figures["zone_accuracy"] == round((4 + 150) / 156, 4)


def test_another_id_for_the_same_person_is_a_switch_unless_they_were_away() -> None:
    score = Score(1, (100, 100), Outline(zones=(LAWN,), lines=(SILL,)))
    there = person(0.7)
    for t, number in ((0.0, 7), (0.2, 7), (0.4, 8), (5.0, 9)):
        score.compare(observation(t, there, number=number), [there])
    score.expect(SILL, [Crossing(t=0.1, id=1, direction=1)])
    assert summary([score])["id_switches"] == 1
