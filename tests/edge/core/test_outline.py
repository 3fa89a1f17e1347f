"""Zones and lines as a whole: every fault, and where."""

import pytest

from edge_detector.core.errors import OutlineError
from edge_detector.core.lines import Line
from edge_detector.core.outline import MAX_LINES, MAX_POINTS, MAX_ZONES, Fault, Outline
from edge_detector.core.zones import Point, Zone, ZoneKind

SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))


def zone(key: str = "porch", points: tuple[Point, ...] = SQUARE, name: str = "Porch") -> Zone:
    return Zone(id=key, name=name, points=points)


def line(key: str = "sill", start: Point = (0.1, 0.5), end: Point = (0.9, 0.5), name: str = "Sill") -> Line:
    return Line(id=key, name=name, start=start, end=end)


def faults(zones: tuple[Zone, ...] = (), lines: tuple[Line, ...] = ()) -> tuple[Fault, ...]:
    with pytest.raises(OutlineError) as error:
        Outline(zones=zones, lines=lines)
    assert all(fault.where in str(error.value) and fault.message in str(error.value) for fault in error.value.faults)
    return error.value.faults


@pytest.mark.parametrize(
    ("zones", "lines", "where", "complaint"),
    [
        ((zone(points=SQUARE[:2]),), (), "zones.0.points", "2 points"),
        ((zone(), zone("b", ((0, 0), (1, 1), (1, 0), (0, 1)))), (), "zones.1.points", "cross"),
        ((zone(points=((0, 0), (1, 0), (1.5, 1))),), (), "zones.0.points.2", "(1.5, 1)"),
        ((zone(points=SQUARE * (MAX_POINTS // 4 + 1)),), (), "zones.0.points", f"at most {MAX_POINTS}"),
        ((zone("Front Door"),), (), "zones.0.id", "lower-case"),
        ((zone(name=""),), (), "zones.0.name", "1 to 80"),
        ((zone(name="x" * 81),), (), "zones.0.name", "1 to 80"),
        (tuple(zone(f"z{i}") for i in range(MAX_ZONES + 1)), (), "zones", f"at most {MAX_ZONES}"),
        ((), (line(end=(0.9, -0.5)),), "lines.0.end", "(0.9, -0.5)"),
        ((), (line(start=(float("nan"), 0.5)),), "lines.0.start", "within 0 and 1"),
        ((), (line(end=(0.11, 0.5)),), "lines.0", "too short"),
        ((), tuple(line(f"l{i}") for i in range(MAX_LINES + 1)), "lines", f"at most {MAX_LINES}"),
    ],
)
def test_what_is_drawn_wrong_is_told_with_where_it_is(
    zones: tuple[Zone, ...], lines: tuple[Line, ...], where: str, complaint: str
) -> None:
    (fault,) = faults(zones, lines)
    assert fault.where == where
    assert complaint in fault.message


def test_an_id_may_be_there_once_among_zones_and_once_among_lines() -> None:
    Outline(zones=(zone("door"),), lines=(line("door"),))
    assert [fault.where for fault in faults((zone("a"), zone("b"), zone("a")))] == ["zones.0.id", "zones.2.id"]


def test_all_faults_are_told_at_once() -> None:
    found = faults((zone("A", ()),), (line("", (2, 0), (2, 0), ""),))
    assert [fault.where for fault in found] == [
        "zones.0.points",
        "zones.0.id",
        "lines.0.start",
        "lines.0.end",
        "lines.0",
        "lines.0.id",
        "lines.0.name",
    ]


def test_people_are_counted_in_all_zones_but_those_to_ignore() -> None:
    count, required, ignore = (Zone(id=kind, name=kind, points=SQUARE, kind=kind) for kind in ZoneKind)
    outline = Outline(zones=(ignore, count, required))
    assert outline.counted == (count, required)
    assert outline.of_kind(ZoneKind.IGNORE) == (ignore,)
