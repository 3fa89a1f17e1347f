from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.errors import IllegalInputError
from edge_detector.core.facts import VisitEnded, VisitStarted, VisitUpdated
from edge_detector.core.types import (
    Armed,
    Box,
    ClipStart,
    ClipStop,
    Configure,
    Observation,
    Settings,
    StreamLost,
    TestClip,
    Tick,
    Track,
    VisitStats,
)
from edge_detector.core.visits import (
    CLIP_TABLE,
    VISIT_TABLE,
    ClipEvent,
    ClipState,
    Input,
    Output,
    VisitEvent,
    VisitMachine,
    VisitPolicy,
    VisitState,
)

UTC0 = 1_800_000_000.0
SIZE = Box(0.1, 0.1, 0.2, 0.4)
POLICY = VisitPolicy()
T = TypeVar("T")


def stamps() -> Callable[[float], tuple[str, float]]:
    count = iter(range(1, 1_000_000))
    return lambda t: (f"visit-{next(count)}", UTC0 + t)


def machine(**policy: float | bool) -> VisitMachine:
    return VisitMachine("door", VisitPolicy(**policy), stamps())  # type: ignore[arg-type]


def see(t: float, *scores: float, session: int = 1, first_id: int = 1, zones: Sequence[tuple[str, int]] = ()) -> Input:
    people = tuple(
        Track(id=first_id + i, box=SIZE, score=score, age=0.0, hits=1, seen_t=t) for i, score in enumerate(scores)
    )
    return Observation(t=t, session=session, people=people, zones=tuple(zones))


def feed(target: VisitMachine, inputs: Iterable[Input]) -> list[Output]:
    return [output for given_input in inputs for output in target.handle(given_input)]


def present(start: float, end: float, *, step: float = 0.5, score: float = 0.9) -> list[Input]:
    return [see(start + i * step, score) for i in range(int((end - start) / step) + 1)]


def only(kind: type[T], outputs: Iterable[Output]) -> list[T]:
    return [output for output in outputs if isinstance(output, kind)]


def kinds(outputs: Iterable[Output]) -> list[str]:
    return [type(output).__name__ for output in outputs]


# --- the tables -----------------------------------------------------------------------------------------------------


def test_visit_table_lacks_only_what_cannot_happen() -> None:
    missing = {(state, event) for state in VisitState for event in VisitEvent} - set(VISIT_TABLE)
    assert missing == {
        # nothing is pending that could time out
        (VisitState.IDLE, VisitEvent.TIMEOUT),
        # a visit is confirmed once
        (VisitState.ACTIVE, VisitEvent.CONFIRMED),
        (VisitState.HOLDING, VisitEvent.CONFIRMED),
    }


def test_clip_table_lacks_only_what_cannot_happen() -> None:
    missing = {(state, event) for state in ClipState for event in ClipEvent} - set(CLIP_TABLE)
    assert missing == {
        # only an open clip can be full, only a gap can be over
        (ClipState.NONE, ClipEvent.FULL),
        (ClipState.GAP, ClipEvent.FULL),
        (ClipState.NONE, ClipEvent.OVER),
        (ClipState.OPEN, ClipEvent.OVER),
    }


def test_every_word_says_something_of_its_own() -> None:
    # an Enum turns equal values into one member, which would silently join two rows of a table
    assert [len(words.__members__) for words in (VisitState, VisitEvent, ClipState, ClipEvent)] == [
        len(list(words)) for words in (VisitState, VisitEvent, ClipState, ClipEvent)
    ]


# --- a visit begins -------------------------------------------------------------------------------------------------


def test_second_sure_detection_begins_the_visit_at_the_first() -> None:
    door = machine()
    assert door.handle(see(10.0, 0.8)) == ()
    assert door.state == (VisitState.CONFIRMING, ClipState.NONE)
    assert door.handle(see(10.2, 0.9, 0.1, zones=[("step", 2), ("lawn", 0)])) == (
        VisitStarted(
            camera="door",
            visit_id="visit-1",
            t=10.0,
            utc=UTC0 + 10.0,
            count=1,
            confidence=0.9,
            zones=(("step", 1), ("lawn", 0)),
        ),
        ClipStart(visit_id="visit-1", n=1, trigger_t=10.0, trigger_utc=UTC0 + 10.0),
    )
    assert door.state == (VisitState.ACTIVE, ClipState.OPEN)


@pytest.mark.parametrize(
    "inputs",
    [
        # one detection
        [see(10.0, 0.9), see(10.2), see(10.4)],
        # two, of different tracks
        [see(10.0, 0.9), see(10.2, 0.9, first_id=2)],
        # two of one track, but the second below the bar
        [see(10.0, 0.9), see(10.2, 0.49)],
        # two of one track, too far apart, with pictures of nobody between
        [see(10.0, 0.9), see(10.5), see(11.1, 0.9)],
        # the same picture twice
        [see(10.0, 0.9), see(10.0, 0.9)],
        # two in a row, but a hold time apart
        [see(10.0, 0.9), see(15.1, 0.9)],
        # taken while the owner had not armed the camera
        [Armed(t=9.0, on=False), see(10.0, 0.9), see(10.2, 0.9)],
        # the same, seen only after it was armed
        [Armed(t=9.0, on=False), Armed(t=11.0, on=True), see(10.0, 0.9), see(10.2, 0.9)],
        # disarmed between the two
        [see(10.0, 0.9), Armed(t=10.1, on=False), Armed(t=10.15, on=True), see(10.2, 0.9)],
        # the stream was lost between the two
        [see(10.0, 0.9), StreamLost(t=10.1, session=1, reason="x"), see(10.2, 0.9, session=2)],
    ],
)
def test_nothing_begins(inputs: list[Input]) -> None:
    assert feed(machine(), inputs) == []


@pytest.mark.parametrize(
    ("inputs", "start_t"),
    [
        # exactly the window apart
        ([see(10.0, 0.5), see(10.4), see(11.0, 0.5)], 10.0),
        # two in a row, however slow the detector, within the hold time
        ([see(10.0, 0.9), see(13.0, 0.9)], 10.0),
        # a detection that is too old is not the start
        ([see(10.0, 0.9), see(10.9), see(11.1, 0.9), see(11.3, 0.9)], 11.1),
        # the window is judged by when pictures were taken, not by when they were seen
        ([see(10.0, 0.9), Tick(t=12.0), see(10.5, 0.9)], 10.0),
        # of two people, the one who was there first
        ([see(10.0, 0.9), see(10.1, 0.9, 0.9), see(10.2, 0.4, 0.9)], 10.0),
    ],
)
def test_visit_begins(inputs: list[Input], start_t: float) -> None:
    assert [fact.t for fact in only(VisitStarted, feed(machine(), inputs))] == [start_t]


def test_single_hit_confirms_when_the_policy_says_so() -> None:
    assert kinds(machine(confirm_hits=1).handle(see(10.0, 0.9))) == ["VisitStarted", "ClipStart"]


def test_three_hits_confirm_when_the_policy_says_so() -> None:
    door = machine(confirm_hits=3)
    assert feed(door, [see(10.0, 0.9), see(10.4, 0.9)]) == []
    assert only(VisitStarted, door.handle(see(10.8, 0.9)))[0].t == 10.0


# --- a visit goes on and ends ---------------------------------------------------------------------------------------


def test_visit_ends_a_hold_time_after_somebody_was_last_seen() -> None:
    door = machine(heartbeat_s=1000.0)
    feed(door, present(10.0, 20.0))
    assert door.handle(see(20.5)) == ()
    assert door.state[0] is VisitState.HOLDING
    assert only(VisitEnded, door.handle(Tick(t=24.9))) == []
    assert door.handle(Tick(t=25.0)) == (
        ClipStop(visit_id="visit-1", stop_t=25.0),
        VisitEnded(
            camera="door",
            visit_id="visit-1",
            t=20.0,
            utc=UTC0 + 20.0,
            duration_s=10.0,
            stats=VisitStats(max_people=1, max_confidence=0.9),
            clips=1,
            zones=(),
        ),
    )
    assert door.state == (VisitState.IDLE, ClipState.GAP)


def test_clip_stops_at_the_end_of_the_hold_time_however_late_it_is_noticed() -> None:
    door = machine()
    feed(door, [*present(10.0, 11.0), see(11.5)])
    assert only(ClipStop, door.handle(Tick(t=19.0)))[0].stop_t == 16.0


def test_visit_ends_without_any_picture() -> None:
    door = machine()
    feed(door, present(10.0, 11.0))
    assert "VisitEnded" in kinds(door.handle(Tick(t=16.0)))


def test_who_comes_back_within_the_hold_time_is_the_same_visit() -> None:
    door = machine()
    outputs = feed(door, [*present(10.0, 11.0), see(11.5), see(15.9, 0.9), see(16.4), Tick(t=30.0)])
    assert [fact.t for fact in only(VisitEnded, outputs)] == [15.9]


def test_who_comes_back_after_the_hold_time_is_a_new_visit_although_nobody_told_the_time() -> None:
    door = machine(confirm_hits=1)
    outputs = feed(door, [*present(10.0, 11.0), see(16.0, 0.9)])
    assert kinds(output for output in outputs if not isinstance(output, VisitUpdated)) == [
        "VisitStarted",
        "ClipStart",
        "ClipStop",
        "VisitEnded",
        "VisitStarted",
    ]


@pytest.mark.parametrize(
    ("later", "seen_t"),
    [
        # confirmed, it is believed down to 0.6 of the bar
        (see(12.0, 0.3), 12.0),
        # …but not below that
        (see(12.0, 0.29), 11.0),
        # somebody new needs all of it
        (see(12.0, 0.49, first_id=7), 11.0),
        (see(12.0, 0.5, first_id=7), 12.0),
    ],
)
def test_confirmed_track_is_believed_with_less(later: Input, seen_t: float) -> None:
    outputs = feed(machine(), [*present(10.0, 11.0), later, Tick(t=30.0)])
    assert only(VisitEnded, outputs)[0].t == seen_t


def test_track_that_was_away_for_the_hold_time_has_to_show_itself_anew() -> None:
    others = [see(11.0 + i, 0.9, first_id=2) for i in range(7)]
    outputs = feed(machine(), [*present(10.0, 11.0), *others, see(18.0, 0.4), Tick(t=30.0)])
    assert only(VisitEnded, outputs)[0].t == 17.0


def test_figures_of_a_visit() -> None:
    door = machine()
    outputs = feed(
        door,
        [
            see(10.0, 0.8),
            see(10.5, 0.8, zones=[("step", 1)]),
            see(11.0, 0.95, 0.7, 0.2, zones=[("step", 3), ("lawn", 0)]),
            see(11.5, 0.8, zones=[("step", 0), ("gate", 1)]),
            Tick(t=30.0),
        ],
    )
    (ended,) = only(VisitEnded, outputs)
    assert ended.stats == VisitStats(max_people=2, max_confidence=0.95)
    assert ended.zones == ("gate", "step")
    assert ended.stats.mean_inference_ms == 0.0


def test_utc_follows_the_first_stamp_whatever_the_wall_clock_does() -> None:
    wall = iter([UTC0, UTC0 - 86_400.0])
    door = VisitMachine("door", POLICY, lambda _: ("visit-1", next(wall)))
    outputs = feed(door, [*present(10.0, 70.0), Tick(t=90.0)])
    assert only(VisitEnded, outputs)[0].utc == UTC0 + 60.0
    assert [clip.trigger_utc for clip in only(ClipStart, outputs)] == [UTC0, UTC0 + 60.0]


# --- what is told meanwhile -----------------------------------------------------------------------------------------


def test_change_is_told_and_repetition_is_not() -> None:
    door = machine(heartbeat_s=1000.0)
    feed(door, present(10.0, 10.5))
    assert only(VisitUpdated, feed(door, present(11.0, 15.0))) == []
    (update,) = door.handle(see(15.5, 0.8, 0.7))
    assert update == VisitUpdated(
        camera="door",
        visit_id="visit-1",
        t=15.5,
        utc=UTC0 + 15.5,
        count=2,
        confidence=0.9,  # the most of the last second
        zones=(),
        stats=VisitStats(max_people=2, max_confidence=0.9),
    )


def test_changes_are_told_once_a_second_and_none_is_lost() -> None:
    door = machine()
    feed(door, present(10.0, 10.5))
    for t, there, told in [(11.0, 1, []), (11.2, 3, []), (11.4, 1, []), (11.5, 1, [3]), (11.6, 1, [])]:
        assert [update.count for update in only(VisitUpdated, door.handle(see(t, *[0.9] * there)))] == told
    assert [update.count for update in only(VisitUpdated, door.handle(Tick(t=12.5)))] == [1]


def test_missing_somebody_in_a_single_picture_is_not_told() -> None:
    door = machine(heartbeat_s=1000.0)
    outputs = feed(door, [see(10 + i / 5, *[0.9] * (i % 3 != 2)) for i in range(100)])
    assert only(VisitUpdated, outputs) == []


def test_nobody_is_told_while_the_visit_is_held_open() -> None:
    door = machine()
    feed(door, present(10.0, 12.0))
    outputs = feed(door, [see(12.5, zones=[("step", 0)]), see(13.1, zones=[("step", 0)]), Tick(t=14.0)])
    assert [(update.count, update.zones) for update in only(VisitUpdated, outputs)] == [
        (1, (("step", 0),)),
        (0, (("step", 0),)),
    ]


def test_heartbeat_while_somebody_is_there_and_only_then() -> None:
    door = machine(hold_s=100.0)
    feed(door, present(10.0, 10.5))
    assert [fact.t for fact in only(VisitUpdated, feed(door, present(11.0, 31.0)))] == [20.5, 30.5]
    outputs = feed(door, [see(31.5 + i) for i in range(30)])
    assert [fact.count for fact in only(VisitUpdated, outputs)] == [0]


# --- clips beside visits --------------------------------------------------------------------------------------------


def test_long_visit_gets_a_clip_for_each_gap() -> None:
    outputs = feed(machine(), [*present(10.0, 135.0), Tick(t=141.0)])
    clips = only(ClipStart, outputs)
    assert [(clip.n, clip.trigger_t) for clip in clips] == [(1, 10.0), (2, 70.0), (3, 130.0)]
    assert len({clip.visit_id for clip in clips}) == 1
    assert [stop.stop_t for stop in only(ClipStop, outputs)] == [140.0]
    assert only(VisitEnded, outputs)[0].clips == 3


def test_no_further_clip_while_nobody_is_in_sight() -> None:
    door = machine(hold_s=100.0)
    feed(door, [*present(10.0, 60.0), see(60.5)])
    assert only(ClipStart, door.handle(see(75.0))) == []
    assert [clip.trigger_t for clip in only(ClipStart, door.handle(see(76.0, 0.9)))] == [76.0]


def test_visits_are_not_gated_and_clips_are() -> None:
    outputs = feed(machine(), [*present(10.0, 12.0), *present(30.0, 32.0), *present(80.0, 82.0), Tick(t=99.0)])
    assert [fact.t for fact in only(VisitStarted, outputs)] == [10.0, 30.0, 80.0]
    assert [(clip.visit_id, clip.n) for clip in only(ClipStart, outputs)] == [("visit-1", 1), ("visit-3", 1)]
    assert [fact.clips for fact in only(VisitEnded, outputs)] == [1, 0, 1]


def test_first_clip_of_a_visit_may_come_late() -> None:
    outputs = feed(machine(), [*present(10.0, 12.0), *present(60.0, 75.0)])
    assert [(clip.visit_id, clip.n, clip.trigger_t) for clip in only(ClipStart, outputs)] == [
        ("visit-1", 1, 10.0),
        ("visit-2", 1, 70.0),
    ]


def test_trigger_does_not_lie_in_the_gap_although_confirming_began_in_it() -> None:
    outputs = feed(machine(), [*present(10.0, 12.0), see(69.7, 0.9), see(70.2, 0.9)])
    assert [fact.t for fact in only(VisitStarted, outputs)] == [10.0, 69.7]
    assert [clip.trigger_t for clip in only(ClipStart, outputs)] == [10.0, 70.0]


def test_clip_that_is_full_is_not_stopped() -> None:
    outputs = feed(machine(), [*present(10.0, 30.0), Tick(t=50.0)])
    assert only(ClipStop, outputs) == []
    assert len(only(VisitEnded, outputs)) == 1


def test_no_clips_when_recording_is_off() -> None:
    outputs = feed(machine(record=False), [*present(10.0, 30.0), Tick(t=50.0)])
    assert kinds(output for output in outputs if not isinstance(output, VisitUpdated)) == [
        "VisitStarted",
        "VisitEnded",
    ]


def test_gap_shorter_than_a_clip_lets_one_follow_the_other() -> None:
    outputs = feed(machine(clip_gap_s=0.0, max_clip_s=10.0), present(10.0, 31.0))
    assert [clip.trigger_t for clip in only(ClipStart, outputs)] == [10.0, 20.0, 30.0]


# --- clips that the owner asks for ----------------------------------------------------------------------------------


def test_asked_clip_is_of_nobody() -> None:
    door = machine()
    assert door.handle(TestClip(t=5.0)) == (
        ClipStart(visit_id="visit-1", n=1, trigger_t=5.0, trigger_utc=UTC0 + 5.0, asked=True),
    )
    assert door.state == (VisitState.IDLE, ClipState.OPEN)
    assert door.handle(Tick(t=25.0)) == ()
    assert door.state == (VisitState.IDLE, ClipState.GAP)


def test_asked_clip_ignores_the_gap_and_makes_one() -> None:
    door = machine()
    feed(door, [*present(10.0, 12.0), Tick(t=17.0)])
    assert [clip.asked for clip in only(ClipStart, door.handle(TestClip(t=20.0)))] == [True]
    outputs = feed(door, present(79.0, 81.0))
    assert [clip.trigger_t for clip in only(ClipStart, outputs)] == [80.0]


def test_asked_clip_does_not_overlap_another() -> None:
    door = machine()
    feed(door, present(10.0, 12.0))
    assert door.handle(TestClip(t=12.1)) == ()
    assert door.handle(TestClip(t=30.0))
    assert door.handle(TestClip(t=30.1)) == ()


def test_asked_clip_runs_on_whoever_comes_or_goes() -> None:
    door = machine()
    outputs = feed(door, [TestClip(t=9.0), *present(10.0, 12.0), Tick(t=18.0), Armed(t=18.1, on=False)])
    assert kinds(outputs) == ["ClipStart", "VisitStarted", "VisitEnded"]
    assert door.state[1] is ClipState.OPEN


def test_asked_clip_is_recorded_although_recording_is_off_or_goes_off() -> None:
    door = machine(record=False)
    assert kinds(door.handle(TestClip(t=5.0))) == ["ClipStart"]
    assert door.handle(Configure(t=6.0, settings=Settings(record=False))) == ()


def test_asked_clip_ends_with_the_stream() -> None:
    door = machine()
    feed(door, [see(1.0), TestClip(t=5.0)])
    assert door.handle(StreamLost(t=6.0, session=1, reason="x")) == (ClipStop(visit_id="visit-1", stop_t=6.0),)


def test_first_picture_of_a_session_does_not_end_an_asked_clip() -> None:
    door = machine()
    assert kinds(feed(door, [TestClip(t=5.0), see(5.1)])) == ["ClipStart"]


# --- the stream, arming and settings --------------------------------------------------------------------------------

CUTS: list[Input] = [
    StreamLost(t=12.0, session=1, reason="gone"),
    # a session that never showed a picture is lost as well
    StreamLost(t=12.0, session=2, reason="gone"),
    Armed(t=12.0, on=False),
    Configure(t=12.0, settings=Settings(armed=False)),
    # a reconnect that nobody has told of
    see(12.0, session=2),
]


@pytest.mark.parametrize("cut", CUTS)
def test_cut_ends_visit_and_clip_at_once(cut: Input) -> None:
    door = machine()
    feed(door, present(10.0, 11.5))
    clip, visit = door.handle(cut)
    assert clip == ClipStop(visit_id="visit-1", stop_t=12.0)
    assert isinstance(visit, VisitEnded)
    assert visit.t == 11.5
    assert door.state == (VisitState.IDLE, ClipState.GAP)


def test_nothing_is_seen_while_disarmed_and_all_is_after() -> None:
    door = machine()
    assert feed(door, [Armed(t=1.0, on=False), *present(2.0, 5.0)]) == []
    assert feed(door, [Armed(t=6.0, on=True), Armed(t=6.1, on=True)]) == []
    assert [fact.t for fact in only(VisitStarted, feed(door, present(6.5, 7.0)))] == [6.5]


def test_arming_what_is_armed_hides_no_picture_that_is_under_way() -> None:
    door = machine()
    outputs = feed(door, [see(10.0, 0.9), Armed(t=10.3, on=True), see(10.2, 0.9)])
    assert kinds(outputs) == ["VisitStarted", "ClipStart"]


def test_settings_apply_from_now_on() -> None:
    door = machine()
    settings = Settings(confidence=0.8, max_clip_s=5.0, min_clip_gap_s=10.0)
    door.handle(Configure(t=1.0, settings=settings))
    assert feed(door, present(2.0, 5.0, score=0.7)) == []
    clips = only(ClipStart, feed(door, present(6.0, 17.0)))
    assert [clip.trigger_t for clip in clips] == [6.0, 16.0]


def test_recording_switched_off_stops_the_clip_and_not_the_visit() -> None:
    door = machine()
    feed(door, present(10.0, 11.5))
    assert door.handle(Configure(t=12.0, settings=Settings(record=False))) == (
        ClipStop(visit_id="visit-1", stop_t=12.0),
    )
    assert door.state[0] is VisitState.ACTIVE


def test_longer_gap_holds_back_the_next_clip_at_once() -> None:
    door = machine()
    feed(door, [*present(10.0, 12.0), Tick(t=75.0), Configure(t=76.0, settings=Settings(min_clip_gap_s=300.0))])
    assert only(ClipStart, feed(door, present(77.0, 80.0))) == []


def test_old_news_of_a_lost_session_changes_nothing() -> None:
    door = machine()
    feed(door, [see(10.0, 0.9, session=2), see(10.2, 0.9, session=2)])
    assert door.handle(StreamLost(t=10.3, session=1, reason="late")) == ()
    assert door.state[0] is VisitState.ACTIVE


@pytest.mark.parametrize(
    "late",
    [
        # commands and losses are said in other threads and may come after a younger input
        Armed(t=9.0, on=False),
        StreamLost(t=9.0, session=1, reason="x"),
    ],
)
def test_what_comes_late_counts_from_now(late: Input) -> None:
    door = machine()
    feed(door, present(10.0, 12.0))
    assert only(ClipStop, door.handle(late))[0].stop_t == 12.0


# --- illegal input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        # pictures run forward
        see(11.9, 0.9),
        # so do ticks
        Tick(t=9.8),
        # no time at all
        Tick(t=float("nan")),
        see(float("inf"), 0.9),
        # a session that is over
        see(13.0, 0.9, session=1),
        # a session that was lost
        see(13.0, 0.9, session=0),
    ],
)
def test_illegal_input_raises_and_changes_nothing(wrong: Input) -> None:
    before: list[Input] = [
        see(9.0, session=1),
        Tick(t=9.9),
        see(11.5, 0.9, session=2),
        see(12.0, 0.9, session=2),
    ]
    after: list[Input] = [see(12.5, 0.9, 0.9, session=2), see(13.5, session=2), Tick(t=30.0)]
    disturbed, other = machine(), machine()
    feed(disturbed, before)
    feed(other, before)
    with pytest.raises(IllegalInputError, match=type(wrong).__name__):
        disturbed.handle(wrong)
    assert feed(disturbed, after) == feed(other, after)


def test_observation_of_a_lost_session_is_illegal() -> None:
    door = machine()
    feed(door, [see(10.0, 0.9), StreamLost(t=10.1, session=1, reason="x")])
    with pytest.raises(IllegalInputError, match="session 1 is over, in state IDLE"):
        door.handle(see(10.2, 0.9))


def test_failing_stamp_changes_nothing() -> None:
    def fail(_: float) -> tuple[str, float]:
        raise ValueError("no id")

    door = VisitMachine("door", POLICY, fail)
    door.handle(see(10.0, 0.9))
    with pytest.raises(ValueError, match="no id"):
        door.handle(see(10.2, 0.9))
    assert door.state == (VisitState.CONFIRMING, ClipState.NONE)


# --- whatever happens -----------------------------------------------------------------------------------------------

POLICIES = st.builds(
    VisitPolicy,
    confirm_hits=st.integers(1, 3),
    confirm_window_s=st.sampled_from([0.0, 0.5, 1.0, 3.0]),
    hold_s=st.sampled_from([0.0, 1.0, 5.0]),
    clip_gap_s=st.sampled_from([0.0, 5.0, 60.0]),
    max_clip_s=st.sampled_from([2.0, 20.0]),
    record=st.booleans(),
)
PAUSES = st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0, 4.0, 30.0])
PEOPLE = st.dictionaries(st.integers(1, 3), st.sampled_from([0.1, 0.35, 0.5, 0.9]), max_size=3)
SETTINGS = st.builds(
    Settings,
    armed=st.booleans(),
    record=st.booleans(),
    confidence=st.sampled_from([0.3, 0.9]),
    min_clip_gap_s=st.sampled_from([0.0, 60.0]),
    max_clip_s=st.sampled_from([2.0, 20.0]),
)


@st.composite
def stories(draw: st.DrawFn) -> list[Input]:
    """Any legal inputs: pictures mostly, some of them late, with ticks, losses, reconnects and commands between."""
    now = observed = 0.0
    session = 1
    lost = False
    inputs: list[Input] = []
    weights = ["see"] * 6 + ["tick", "lost", "arm", "disarm", "configure", "test"]
    for kind in draw(st.lists(st.sampled_from(weights), max_size=60)):
        now += draw(PAUSES)
        if kind == "see":
            session, lost = (session + 1, False) if lost or draw(st.integers(0, 20)) == 0 else (session, False)
            observed = max(observed, now - draw(st.sampled_from([0.0, 0.3])))
            tracks = tuple(
                Track(id=track, box=SIZE, score=score, age=0.0, hits=1, seen_t=observed)
                for track, score in draw(PEOPLE).items()
            )
            inputs.append(
                Observation(t=observed, session=session, people=tracks, zones=(("step", draw(st.integers(0, 2))),))
            )
        elif kind == "lost":
            lost = True
            inputs.append(StreamLost(t=now, session=session, reason="x"))
        elif kind == "tick":
            inputs.append(Tick(t=now))
        elif kind == "test":
            inputs.append(TestClip(t=now))
        elif kind == "configure":
            inputs.append(Configure(t=now, settings=draw(SETTINGS)))
        else:
            inputs.append(Armed(t=now, on=kind == "arm"))
    return [*inputs, StreamLost(t=now, session=session, reason="end")]


@given(policy=POLICIES, inputs=stories())
def test_visits_begin_and_end_once_and_never_overlap(policy: VisitPolicy, inputs: list[Input]) -> None:
    door = VisitMachine("door", policy, stamps())
    open_visit: VisitStarted | None = None
    last_end = float("-inf")
    for output in feed(door, inputs):
        if isinstance(output, VisitStarted):
            assert open_visit is None
            assert output.t >= last_end
            open_visit = output
        elif isinstance(output, VisitUpdated):
            assert open_visit is not None
            assert output.visit_id == open_visit.visit_id
        elif isinstance(output, VisitEnded):
            assert open_visit is not None
            assert (output.visit_id, output.camera) == (open_visit.visit_id, "door")
            assert output.t >= open_visit.t
            assert output.stats.max_people >= open_visit.count >= 1
            last_end, open_visit = output.t, None
    assert open_visit is None


@given(policy=POLICIES, inputs=stories())
def test_clips_belong_to_visits_and_keep_their_gap(policy: VisitPolicy, inputs: list[Input]) -> None:
    door = VisitMachine("door", policy, stamps())
    gap = policy.clip_gap_s
    last: ClipStart | None = None
    on: VisitStarted | None = None
    clips = stopped = 0
    for given_input in inputs:
        if isinstance(given_input, Configure):
            gap = given_input.settings.min_clip_gap_s
        for output in door.handle(given_input):
            if isinstance(output, VisitStarted):
                on, clips = output, 0
            elif isinstance(output, ClipStart):
                stopped = 0
                if not output.asked:
                    clips += 1
                    assert on is not None
                    assert (output.visit_id, output.n) == (on.visit_id, clips)
                    assert output.trigger_t >= on.t
                    assert last is None or output.trigger_t >= last.trigger_t + gap
                last = output
            elif isinstance(output, ClipStop):
                stopped += 1
                assert last is not None
                assert (output.visit_id, stopped) == (last.visit_id, 1)
            elif isinstance(output, VisitEnded):
                assert output.clips == clips
                on = None


@given(policy=POLICIES, inputs=stories())
def test_ticks_do_not_change_what_visits_there_are(policy: VisitPolicy, inputs: list[Input]) -> None:
    prompt = [replace(each, t=t) for each, t in zip(inputs, sorted(each.t for each in inputs), strict=True)]
    ticked = [extra for before, after in pairwise(prompt) for extra in (before, Tick(t=(before.t + after.t) / 2))]
    with_ticks = feed(VisitMachine("door", policy, stamps()), [*ticked, prompt[-1]])
    without = feed(VisitMachine("door", policy, stamps()), [each for each in prompt if not isinstance(each, Tick)])
    assert [fact.t for fact in only(VisitStarted, with_ticks)] == [fact.t for fact in only(VisitStarted, without)]
    assert [fact.t for fact in only(VisitEnded, with_ticks)] == [fact.t for fact in only(VisitEnded, without)]


@given(policy=POLICIES, inputs=stories())
def test_same_inputs_give_the_same_outputs(policy: VisitPolicy, inputs: list[Input]) -> None:
    assert feed(VisitMachine("door", policy, stamps()), inputs) == feed(VisitMachine("door", policy, stamps()), inputs)
