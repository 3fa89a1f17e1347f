"""Who counts by what is drawn: required zones, zones to ignore, dwell, and drawing anew."""

from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.survey import Survey, Surveyor
from edge_detector.core.types import Box, Detection, Track
from edge_detector.core.zones import Point, Zone, ZoneKind


def zone(key: str, x: float, kind: ZoneKind = ZoneKind.COUNT) -> Zone:
    """A tenth of the picture's width, all its height."""
    return Zone(id=key, name=key, points=((x, 0.0), (x + 0.1, 0.0), (x + 0.1, 1.0), (x, 1.0)), kind=kind)


def box(x: float) -> Box:
    return Box(x - 0.02, 0.3, x + 0.02, 0.6)


def track(x: float, number: int = 1, feet: Point | None = None) -> Track:
    return Track(id=number, box=box(x), score=0.9, age=1.0, hits=3, seen_t=1.0, feet=feet)


MAT, STREET = zone("mat", 0.1, ZoneKind.REQUIRED), zone("street", 0.5)
TREE = zone("tree", 0.8, ZoneKind.IGNORE)
GATE = Line(id="gate", name="Gate", start=(0.3, 1.0), end=(0.3, 0.0))


def test_without_zones_everybody_counts() -> None:
    people = (track(0.2), track(0.7, 2))
    assert Surveyor(Outline()).survey(0.0, people, aspect=1.0) == Survey(people=people)


def test_who_has_never_been_in_a_required_zone_makes_no_visit() -> None:
    surveyor = Surveyor(Outline(zones=(STREET, MAT)))
    passer, guest = track(0.55, 1), track(0.15, 2)
    first = surveyor.survey(0.0, (passer, guest), aspect=1.0)
    assert (first.people, first.zones) == ((guest,), (("street", 0), ("mat", 1)))
    leaving = track(0.55, 2)
    later = surveyor.survey(0.2, (passer, leaving), aspect=1.0)
    assert (later.people, later.zones) == ((leaving,), (("street", 1), ("mat", 0)))


def test_lines_count_also_those_who_make_no_visit() -> None:
    surveyor = Surveyor(Outline(zones=(MAT,), lines=(GATE,)))
    surveyor.survey(0.0, (track(0.05),), aspect=1.0)
    found = surveyor.survey(0.2, (track(0.45),), aspect=1.0)
    assert (found.people, [crossing.direction for crossing in found.crossings]) == ((), ["in"])


def test_nobody_is_wanted_in_a_zone_to_ignore() -> None:
    surveyor = Surveyor(Outline(zones=(TREE, MAT)))
    inside, outside = Detection(box=box(0.85), score=0.9), Detection(box=box(0.75), score=0.9)
    assert surveyor.wanted([inside, outside]) == (outside,)
    assert surveyor.ignored == (TREE.points,)
    assert surveyor.nobody() == Survey(zones=(("mat", 0),))
    assert Surveyor(Outline(zones=(MAT,))).wanted([inside]) == (inside,)


def test_feet_that_are_hidden_stand_where_they_are_believed() -> None:
    low = Zone(id="low", name="Low", points=((0.0, 0.7), (1.0, 0.7), (1.0, 1.0), (0.0, 1.0)))
    surveyor = Surveyor(Outline(zones=(low,)))
    assert surveyor.survey(0.0, (track(0.5),), aspect=1.0).zones == (("low", 0),)
    assert surveyor.survey(0.2, (track(0.5, feet=(0.5, 0.9)),), aspect=1.0).zones == (("low", 1),)


def test_dwell_is_that_of_the_one_who_is_longest_there() -> None:
    surveyor = Surveyor(Outline(zones=(STREET,)))
    one, two, away = track(0.55, 1), track(0.58, 2), track(0.9, 1)
    assert surveyor.survey(0.0, (one,), aspect=1.0).dwell == (("street", 0.0),)
    assert surveyor.survey(1.0, (two,), aspect=1.0).dwell == (("street", 0.0),)  # the other is not found for a moment
    assert surveyor.survey(2.0, (one, two), aspect=1.0).dwell == (("street", 2.0),)
    assert surveyor.survey(3.0, (away,), aspect=1.0).dwell == ()
    assert surveyor.survey(9.0, (one,), aspect=1.0).dwell == (("street", 0.0),)  # has been away


def test_who_is_known_stays_known_when_it_is_drawn_anew() -> None:
    surveyor = Surveyor(Outline(zones=(MAT,), lines=(GATE,)))
    surveyor.survey(0.0, (track(0.15),), aspect=1.0)
    surveyor.redraw(Outline(zones=(zone("porch", 0.9, ZoneKind.REQUIRED), STREET), lines=(GATE,)))
    found = surveyor.survey(0.2, (track(0.55),), aspect=1.0)
    assert found.zones == (("porch", 0), ("street", 1))
    assert [crossing.line for crossing in found.crossings] == ["gate"]
