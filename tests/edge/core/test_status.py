from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core import status
from edge_detector.core.facts import (
    Backlog,
    CameraDown,
    CameraStats,
    CameraUp,
    DetectorInfo,
    Fact,
    Health,
    LineCrossed,
    LinesCounted,
    OccupancyChanged,
    OutlineChanged,
    Rejected,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.status import CameraStatus, fold
from edge_detector.core.types import VisitStats
from edge_detector.core.zones import Zone, ZoneKind

UP = CameraUp(camera="door", t=1.0, utc=101.0, width=640, height=480)
DOWN = CameraDown(camera="door", t=20.0, utc=120.0, reason="gone")
STARTED = VisitStarted(camera="door", visit_id="v1", t=10.0, utc=110.0, count=1, confidence=0.8, zones=(("step", 1),))
UPDATED = VisitUpdated(
    camera="door",
    visit_id="v1",
    t=12.0,
    utc=112.0,
    count=2,
    confidence=0.9,
    zones=(("step", 0), ("gate", 2)),
    stats=VisitStats(),
)
ENDED = VisitEnded(
    camera="door", visit_id="v1", t=11.0, utc=111.0, duration_s=1.0, stats=VisitStats(), clips=1, zones=("step",)
)
START = status.initial("door", zones=["step", "gate"], lines=["sill"], utc=100.0)
HEALTH = Health(
    t=1.0,
    utc=101.0,
    backlog=Backlog(),
    disk_free_bytes=1,
    cpu_percent=1.0,
    memory_bytes=1,
    temperature_c=None,
    uptime_s=1.0,
    detector=DetectorInfo(backend="onnx", model="yolov5n"),
)


def after(*facts: Fact, begin: CameraStatus = START) -> CameraStatus:
    state = begin
    for fact in facts:
        state = fold(state, fact)
    return state


def test_nothing_is_known_at_first() -> None:
    assert (START.online, START.person, START.visit_id, START.since_utc, START.utc) == (False, False, None, None, 100.0)
    assert (START.zones, START.lines) == ((("step", 0), ("gate", 0)), (("sill", 0, 0),))


def test_visit_starts() -> None:
    assert after(UP, STARTED) == replace(
        START,
        online=True,
        person=True,
        count=1,
        confidence=0.8,
        zones=(("step", 1), ("gate", 0)),
        visit_id="v1",
        since_utc=110.0,
        utc=110.0,
    )


def test_visit_goes_on_since_it_started() -> None:
    state = after(UP, STARTED, UPDATED)
    assert (state.person, state.count, state.confidence) == (True, 2, 0.9)
    assert state.zones == (("step", 0), ("gate", 2))
    assert (state.since_utc, state.utc) == (110.0, 112.0)


def test_visit_that_is_held_open_is_still_a_visit() -> None:
    state = after(UP, STARTED, replace(UPDATED, count=0, confidence=0.0))
    assert (state.person, state.count) == (True, 0)


def test_nobody_is_there_after_a_visit_since_somebody_was_last_seen() -> None:
    state = after(UP, STARTED, UPDATED, ENDED)
    assert (state.person, state.count, state.confidence, state.visit_id) == (False, 0, 0.0, None)
    assert state.zones == (("step", 0), ("gate", 0))
    assert (state.since_utc, state.utc) == (111.0, 112.0)


@pytest.mark.parametrize(
    "facts",
    [
        # the end of the visit told before, after, or never
        [UP, STARTED, ENDED, DOWN],
        [UP, STARTED, DOWN, ENDED],
        [UP, STARTED, DOWN],
        # what another thread had still to say
        [UP, STARTED, DOWN, UPDATED],
        [UP, DOWN, STARTED, UPDATED],
    ],
)
def test_nobody_is_there_when_the_camera_is_down(facts: list[Fact]) -> None:
    state = after(*facts)
    assert (state.online, state.person, state.count, state.visit_id) == (False, False, 0, None)
    assert all(count == 0 for _, count in state.zones)


def test_camera_that_is_back_begins_with_nobody() -> None:
    state = after(UP, STARTED, DOWN, replace(UP, utc=130.0))
    assert (state.online, state.person, state.since_utc, state.utc) == (True, False, 120.0, 130.0)


def test_camera_that_goes_down_with_nobody_there_keeps_since() -> None:
    assert after(UP, STARTED, ENDED, DOWN).since_utc == 111.0


def test_visit_whose_start_was_missed_is_seen_by_its_next_update() -> None:
    state = after(STARTED, UP, UPDATED)
    assert (state.person, state.visit_id, state.since_utc) == (True, "v1", 112.0)


def test_end_of_another_visit_changes_nothing() -> None:
    state = after(UP, STARTED)
    assert fold(state, replace(ENDED, visit_id="v0")) is state


def test_a_zone_that_is_drawn_no_more_is_not_told() -> None:
    state = after(UP, replace(STARTED, zones=(("old", 1), ("gate", 2))))
    assert state.zones == (("step", 0), ("gate", 2))


def test_lines_are_counted_each_way() -> None:
    crossed = LineCrossed(camera="door", visit_id="v1", t=1.0, utc=115.0, line="sill", direction="in")
    state = after(crossed, crossed, replace(crossed, direction="out"), replace(crossed, line="new", direction="out"))
    assert state.lines == (("sill", 2, 1),)
    assert state.undrawn == (("new", 0, 1),)
    assert state.utc == 115.0


def test_a_line_goes_on_where_it_was_before_the_start_also_when_it_is_drawn_anew() -> None:
    crossed = LineCrossed(camera="door", visit_id="v1", t=1.0, utc=115.0, line="sill", direction="in")
    counted = LinesCounted(camera="door", t=0.0, lines=(("sill", 10, 5), ("back", 3, 4)))
    without = OutlineChanged(camera="door", t=0.0, outline=Outline())
    back = Outline(lines=tuple(Line(id=key, name=key, start=(0, 0), end=(1, 1)) for key in ("back", "sill", "new")))
    state = after(counted, crossed)
    assert state.lines == (("sill", 11, 5),)
    state = fold(state, without)
    assert state.lines == ()
    state = fold(state, replace(without, outline=back))
    assert state.lines == (("back", 3, 4), ("sill", 11, 5), ("new", 0, 0))
    assert state.undrawn == ()


def test_zones_are_drawn_anew_while_somebody_is_there() -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    zones = (
        Zone(id="lawn", name="Lawn", points=corners),
        Zone(id="tree", name="Tree", points=corners, kind=ZoneKind.IGNORE),
        Zone(id="step", name="Step", points=corners),
    )
    changed = OutlineChanged(camera="door", t=0.0, outline=Outline(zones=zones))
    assert after(UP, STARTED, changed).zones == (("lawn", 0), ("step", 1))


def test_people_inside_are_told() -> None:
    changed = OccupancyChanged(camera="door", t=1.0, utc=200.0, count=3, reason="crossed")
    state = after(UP, changed)
    assert (state.occupancy, state.utc) == (3, 200.0)


def test_speed() -> None:
    state = after(CameraStats(camera="door", t=1.0, fps=4.9, inference_ms=31.5))
    assert (state.fps, state.inference_ms) == (4.9, 31.5)


@pytest.mark.parametrize(
    "fact",
    [
        # another camera's
        replace(UP, camera="gate"),
        replace(STARTED, camera="gate"),
        # of the whole node
        HEALTH,
        # of this camera, but nothing of its state
        Rejected(camera="door", t=1.0, utc=101.0, reason="no"),
    ],
)
def test_fact_of_something_else_is_the_same_state(fact: Fact) -> None:
    assert fold(START, fact) is START


FACTS: list[Fact] = [UP, DOWN, STARTED, UPDATED, ENDED, replace(STARTED, visit_id="v2"), replace(ENDED, visit_id="v2")]


@given(st.lists(st.sampled_from(FACTS)))
def test_person_is_true_only_with_a_visit_and_a_camera(facts: Iterable[Fact]) -> None:
    state = after(*facts)
    assert state.person == (state.visit_id is not None)
    assert state.online or not state.person
    assert state.person or (state.count, state.confidence) == (0, 0.0)
