from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.cutter import (
    CloseClip,
    CutInput,
    CutOutput,
    CutPolicy,
    Cutter,
    LoseClip,
    LoseReason,
    OpenClip,
    WritePacket,
)
from edge_detector.core.facts import VisitEnded, VisitStarted, VisitUpdated
from edge_detector.core.types import (
    Box,
    ClipEnd,
    ClipStart,
    ClipStop,
    Configure,
    Observation,
    Packet,
    Settings,
    StreamLost,
    Track,
)
from edge_detector.core.visits import VisitMachine, VisitPolicy
from tests.edge.core.streams import TICKS, Maker, info, places, sessions

UTC0 = 1_800_000_000.0


def start(trigger_t: float, *, visit_id: str = "v", n: int = 1, asked: bool = False) -> ClipStart:
    return ClipStart(visit_id=visit_id, n=n, trigger_t=trigger_t, trigger_utc=UTC0 + trigger_t, asked=asked)


def stop(stop_t: float, *, visit_id: str = "v") -> ClipStop:
    return ClipStop(visit_id=visit_id, stop_t=stop_t)


def lost(session: int = 1) -> StreamLost:
    return StreamLost(t=0.0, session=session, reason="gone")


def merged(packets: Iterable[Packet], *decisions: tuple[float, CutInput]) -> list[CutInput]:
    """Packets with each decision before the first packet that is not older."""
    waiting = sorted(decisions, key=lambda each: each[0])
    inputs: list[CutInput] = []
    for packet in packets:
        while waiting and waiting[0][0] <= packet.t:
            inputs.append(waiting.pop(0)[1])
        inputs.append(packet)
    return inputs + [decision for _, decision in waiting]


@dataclass
class Clip:
    open: OpenClip
    packets: list[Packet] = field(default_factory=list)
    close: CloseClip | None = None
    #: When it is to stop, and how many packets it had when that was said.
    stop: tuple[float, int] = (float("inf"), 0)


@dataclass
class Result:
    clips: list[Clip] = field(default_factory=list)
    losses: list[LoseClip] = field(default_factory=list)

    def add(self, outputs: Iterable[CutOutput]) -> None:
        """Do what the recorder does, and fail where it could not."""
        for output in outputs:
            running = self.clips[-1] if self.clips and self.clips[-1].close is None else None
            match output:
                case OpenClip():
                    assert running is None
                    self.clips.append(Clip(output))
                case WritePacket():
                    assert running is not None
                    running.packets.append(output.packet)
                case CloseClip():
                    assert running is not None
                    assert running.packets
                    assert (output.visit_id, output.n) == (running.open.visit_id, running.open.n)
                    running.close = output
                case LoseClip():
                    self.losses.append(output)

    @property
    def spans(self) -> list[tuple[float, float, ClipEnd]]:
        return [
            (round(clip.close.start_t, 6), round(clip.close.end_t, 6), clip.close.end)
            for clip in self.clips
            if clip.close is not None
        ]

    @property
    def reasons(self) -> list[LoseReason]:
        return [loss.reason for loss in self.losses]


def cut(inputs: Iterable[CutInput], *, finish: bool = True, **policy: float) -> Result:
    cutter = Cutter(CutPolicy(**policy))  # type: ignore[arg-type]
    result = Result()
    for given_input in [info(), *inputs]:
        result.add(cutter.handle(given_input))
    if finish:
        result.add(cutter.finish())
    return result


# --- where a clip begins and ends -----------------------------------------------------------------------------------


def test_clip_begins_before_its_trigger_and_ends_below_its_limit() -> None:
    packets = Maker().plain(60.0)
    (clip,) = cut(merged(packets, (30.4, start(30.4)))).clips
    first = packets[260]
    assert clip.open == OpenClip(
        visit_id="v",
        n=1,
        stream=info(),
        start_t=first.t,
        start_utc=UTC0 + 30.4 + (first.t - 30.4),
        trigger_s=30.4 - first.t,
    )
    # a picture that would end at 20.0 s exactly is already too near to the limit
    assert clip.packets == packets[260:459]
    assert clip.close == CloseClip(
        visit_id="v", n=1, start_t=first.t, end_t=packets[458].t + packets[458].duration, end=ClipEnd.LIMIT
    )
    assert round(first.t, 6) == 26.0


def test_clip_is_stopped_with_the_first_packet_after_the_stop() -> None:
    result = cut(merged(Maker().plain(60.0), (30.4, start(30.4)), (38.0, stop(38.05))))
    assert result.spans == [(26.0, 38.1, ClipEnd.STOPPED)]


def test_late_stop_ends_the_clip_with_the_next_packet() -> None:
    result = cut(merged(Maker().plain(60.0), (30.4, start(30.4)), (38.02, stop(35.0))))
    assert result.spans == [(26.0, 38.1, ClipEnd.STOPPED)]


def test_stop_of_another_visit_or_of_none_changes_nothing() -> None:
    decisions: list[tuple[float, CutInput]] = [
        (5.0, stop(5.0)),
        (30.4, start(30.4)),
        (38.0, stop(38.0, visit_id="w")),
        (50.0, stop(50.0)),
    ]
    assert cut(merged(Maker().plain(60.0), *decisions)).spans == [(26.0, 45.9, ClipEnd.LIMIT)]


def test_shutdown_closes_the_clip() -> None:
    assert cut(merged(Maker().plain(35.0), (30.4, start(30.4)))).spans == [(26.0, 35.0, ClipEnd.SHUTDOWN)]


def test_finish_says_why_and_does_nothing_twice() -> None:
    cutter = Cutter(CutPolicy())
    inputs: list[CutInput] = [info(), *Maker().plain(5.0), start(4.5)]
    for each in inputs:
        cutter.handle(each)
    (close,) = cutter.finish(ClipEnd.STOPPED)
    assert isinstance(close, CloseClip)
    assert close.end is ClipEnd.STOPPED
    assert cutter.finish() == ()


@pytest.mark.parametrize(
    ("group_s", "seconds", "trigger_t", "begins"),
    [
        # the last key frame that leaves the whole pre-roll
        (1.0, 60, 30.4, 26.0),
        (1.0, 60, 30.0, 26.0),
        # groups of 5 s: one key frame is at or before 26.4
        (5.0, 60, 30.4, 25.0),
        # the one before the pre-roll would leave less than half the clip after the trigger: a later one
        (8.0, 60, 27.9, 24.0),
        # groups of 15 s: nothing leaves half of the clip, so the trigger is had with what is left
        (15.0, 60, 42.0, 30.0),
        # groups of 30 s: the only one before the trigger is too far away, so the next one that comes
        (30.0, 90, 50.0, 60.0),
        # the stream began a moment ago: as much as there is
        (1.0, 60, 2.5, 0.0),
    ],
)
def test_first_packet(group_s: float, seconds: float, trigger_t: float, begins: float) -> None:
    result = cut(merged(Maker().plain(seconds, group_s), (trigger_t, start(trigger_t))))
    assert [round(clip.open.start_t, 6) for clip in result.clips] == [begins]


def test_decision_may_come_late() -> None:
    result = cut(merged(Maker().plain(60.0), (35.0, start(30.4))))
    assert result.spans == [(26.0, 45.9, ClipEnd.LIMIT)]


def test_decision_may_come_before_its_packets() -> None:
    result = cut(merged(Maker().plain(60.0), (30.4, start(31.0))))
    assert result.spans == [(27.0, 46.9, ClipEnd.LIMIT)]


def test_very_late_decision_takes_the_first_key_frame_after_its_trigger() -> None:
    # the ring begins at 34, the trigger was at 30
    result = cut(merged(Maker().plain(60.0), (44.05, start(30.0))))
    assert [round(clip.open.start_t, 6) for clip in result.clips] == [34.0]
    assert result.clips[0].open.trigger_s == 0.0


def test_limit_may_be_reached_within_the_ring() -> None:
    packets = Maker().plain(60.0)
    result = cut(merged(packets, (35.0, start(30.4))), max_clip_s=6.0)
    assert result.spans == [(28.0, 33.9, ClipEnd.LIMIT)]


def test_leading_pictures_of_the_first_group_are_left_out_and_those_of_later_ones_kept() -> None:
    maker = Maker()
    packets = [packet for _ in range(60) for packet in maker.group(places(8, 1, 2))]
    (clip,) = cut(merged(packets, (30.4, start(30.4)))).clips
    first = next(i for i, packet in enumerate(packets) if packet == clip.packets[0])
    left_out = packets[first + 1 : first + 3]
    assert all(packet.t < clip.open.start_t for packet in left_out)
    assert clip.packets == [packets[first], *packets[first + 3 : first + 2 + len(clip.packets)]]
    assert sum(packet.keyframe for packet in clip.packets) > 10


def test_b_frames_do_not_reach_over_the_limit() -> None:
    maker = Maker()
    packets = [packet for _ in range(60) for packet in maker.group(places(10, 2, 0))]
    (clip,) = cut(merged(packets, (30.0, start(30.0)))).clips
    assert max(packet.t for packet in clip.packets) + 0.1 <= clip.open.start_t + 20.0
    # the P-frame of 45.9 ends the clip, and its B-frames, which need it, are not written either
    assert clip.packets == packets[260:457]


@pytest.mark.parametrize(
    ("t", "pts_s"),
    [
        # the clock runs faster than the stream says
        (20.5, 19.5),
        # the stream says more than the clock
        (19.5, 20.5),
    ],
)
def test_limit_holds_for_the_clock_and_for_the_file(t: float, pts_s: float) -> None:
    first, second = Maker().group([0, 1])
    second = replace(second, t=t, pts=round(pts_s * TICKS))
    (clip,) = cut([first, start(0.0), second]).clips
    assert clip.packets == [first]


def test_key_frame_that_is_shown_longer_than_a_clip_may_be_begins_none() -> None:
    packets = [replace(packet, duration=30.0) for packet in Maker(fps=1 / 30).plain(90.0, group_s=30.0)]
    assert cut([packets[0], start(0.0), *packets[1:]]).reasons == [LoseReason.NO_KEYFRAME]


# --- distance between clips -----------------------------------------------------------------------------------------


def test_next_clip_begins_a_gap_after_the_beginning_of_the_last() -> None:
    # it would rather have begun at 83, but the first clip began at 26
    result = cut(merged(Maker().plain(120.0), (30.4, start(30.4)), (87.5, start(87.5, n=2))))
    assert [round(clip.open.start_t, 6) for clip in result.clips] == [26.0, 86.0]


def test_clip_waits_for_the_end_of_the_gap() -> None:
    result = cut(merged(Maker().plain(120.0), (30.4, start(30.4)), (70.0, start(70.0, n=2))))
    assert [round(clip.open.start_t, 6) for clip in result.clips] == [26.0, 86.0]
    assert result.clips[1].open.trigger_s == 0.0


def test_clip_that_would_begin_too_late_for_its_trigger_is_lost() -> None:
    result = cut(merged(Maker().plain(120.0), (30.4, start(30.4)), (60.0, start(60.0, n=2))))
    assert result.losses == [LoseClip(visit_id="v", n=2, t=60.0, utc=UTC0 + 60.0, reason=LoseReason.TOO_SOON)]


def test_asked_clip_ignores_the_gap_and_makes_one() -> None:
    decisions: list[tuple[float, CutInput]] = [
        (30.4, start(30.4)),
        (50.0, start(50.0, visit_id="w", asked=True)),
        (95.0, start(95.0, n=2)),
    ]
    result = cut(merged(Maker().plain(120.0), *decisions))
    # the second one's pre-roll begins at the end of the first, the third one a gap after the second
    assert [round(clip.open.start_t, 6) for clip in result.clips] == [26.0, 46.0, 106.0]


def test_clip_begins_after_the_end_of_the_last() -> None:
    decisions: list[tuple[float, CutInput]] = [(30.4, start(30.4)), (32.0, start(32.0, n=2))]
    result = cut(merged(Maker().plain(120.0), *decisions), min_gap_s=0.0)
    assert result.spans == [(26.0, 45.9, ClipEnd.LIMIT), (46.0, 65.9, ClipEnd.LIMIT)]


def test_gap_holds_across_sessions() -> None:
    inputs = [
        *merged(Maker().plain(40.0), (30.4, start(30.4))),
        lost(),
        info(2),
        *merged(Maker(session=2, t=41.0).plain(80.0), (70.0, start(70.0, n=2))),
    ]
    assert cut(inputs).spans == [(26.0, 40.0, ClipEnd.STREAM_LOST), (86.0, 105.9, ClipEnd.LIMIT)]


def test_no_packet_is_in_two_clips_although_its_duration_is_not_known() -> None:
    packets = [replace(packet, duration=0.0) for packet in Maker().plain(30.0)]
    decisions: list[tuple[float, CutInput]] = [(10.05, start(10.0)), (10.06, stop(9.0)), (10.15, start(10.1, n=2))]
    first, second = cut(merged(packets, *decisions), min_gap_s=0.0, pre_roll_s=0.0).clips
    assert first.packets == packets[100:101]
    assert second.packets[0] == packets[110]


# --- clips that are lost --------------------------------------------------------------------------------------------


def test_no_stream() -> None:
    cutter = Cutter(CutPolicy())
    assert cutter.handle(start(1.0)) == (
        LoseClip(visit_id="v", n=1, t=1.0, utc=UTC0 + 1.0, reason=LoseReason.NO_STREAM),
    )


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        # no key frame in time
        (merged(Maker().plain(60.0, 60.0)[1:], (5.0, start(5.0))), LoseReason.NO_KEYFRAME),
        # the visit ended before there was one
        (merged(Maker().plain(10.0, 20.0)[1:], (5.0, start(5.0)), (6.0, stop(6.0))), LoseReason.STOPPED),
        # the stream ended before there was one
        ([*merged(Maker().plain(10.0, 20.0)[1:], (5.0, start(5.0))), lost()], LoseReason.STREAM_LOST),
        # the program ended before there was one
        (merged(Maker().plain(10.0, 20.0)[1:], (5.0, start(5.0))), LoseReason.SHUTDOWN),
        # the camera came back before anybody said that it was gone
        ([*merged(Maker().plain(10.0, 20.0)[1:], (5.0, start(5.0))), info(2)], LoseReason.STREAM_LOST),
        # the stream had ended long before the trigger
        ([*Maker().plain(10.0), lost(), start(14.5)], LoseReason.STREAM_LOST),
        # it had ended without a key frame
        ([*Maker().plain(10.0)[91:], lost(), start(9.5)], LoseReason.STREAM_LOST),
    ],
)
def test_lost(inputs: Sequence[CutInput], reason: LoseReason) -> None:
    result = cut(inputs)
    assert (result.clips, result.reasons) == ([], [reason])


def test_only_one_clip_waits() -> None:
    packets = Maker().plain(60.0)
    decisions: list[tuple[float, CutInput]] = [(30.4, start(30.4)), (32.0, start(32.0, n=2)), (33.0, start(33.0, n=3))]
    result = cut(merged(packets, *decisions), min_gap_s=0.0)
    assert [clip.open.n for clip in result.clips] == [1, 2]
    assert [(loss.n, loss.reason) for loss in result.losses] == [(3, LoseReason.BUSY)]


def test_stop_ends_the_open_clip_and_the_waiting_one_of_its_visit() -> None:
    decisions: list[tuple[float, CutInput]] = [(30.4, start(30.4)), (32.0, start(32.0, n=2)), (33.0, stop(33.0))]
    result = cut(merged(Maker().plain(60.0), *decisions), min_gap_s=0.0)
    assert result.spans == [(26.0, 33.1, ClipEnd.STOPPED)]
    assert result.reasons == [LoseReason.STOPPED]


# --- sessions -------------------------------------------------------------------------------------------------------


def test_lost_stream_ends_the_clip() -> None:
    result = cut([*merged(Maker().plain(35.0), (30.4, start(30.4))), lost(), *Maker(t=35.0).plain(2.0)])
    assert result.spans == [(26.0, 35.0, ClipEnd.STREAM_LOST)]


def test_new_session_ends_the_clip_although_nobody_said_that_the_stream_was_lost() -> None:
    second: list[CutInput] = [info(2), *Maker(session=2, t=36.0).plain(30.0)]
    result = cut([*merged(Maker().plain(35.0), (30.4, start(30.4))), *second])
    assert result.spans == [(26.0, 35.0, ClipEnd.STREAM_LOST)]


def test_old_news_of_a_lost_session_changes_nothing() -> None:
    second = merged(Maker(session=2).plain(60.0), (30.4, start(30.4)), (35.0, lost(session=1)))
    assert cut([info(2), *second]).spans == [(26.0, 45.9, ClipEnd.LIMIT)]


def test_last_packets_of_a_lost_stream_are_still_good_for_a_clip() -> None:
    # whoever cuts the cable is on the pictures before
    result = cut([*Maker().plain(35.0), lost(), start(34.5), stop(36.0)])
    assert result.spans == [(30.0, 35.0, ClipEnd.STREAM_LOST)]
    assert result.losses == []


def test_clip_does_not_reach_into_the_session_before() -> None:
    second = merged(Maker(session=2, t=31.0).plain(60.0), (32.5, start(32.5)))
    result = cut([*Maker().plain(30.0), lost(), info(2), *second])
    assert [round(clip.open.start_t, 6) for clip in result.clips] == [31.0]


def test_clip_does_not_begin_in_the_session_before() -> None:
    second: list[CutInput] = [start(29.5), *Maker(session=2, t=31.0).plain(30.0)]
    result = cut([*Maker().plain(30.0), lost(), info(2), *second])
    assert result.spans == [(31.0, 50.9, ClipEnd.LIMIT)]


def test_session_that_begins_before_the_last_picture_was_over_waits_for_its_next_key_frame() -> None:
    first = merged(Maker().plain(35.0), (30.4, start(30.4)))
    second = merged(Maker(session=2, t=34.95).plain(30.0), (36.5, start(36.5, n=2)))
    result = cut([*first, lost(), info(2), *second], min_gap_s=0.0)
    assert result.spans == [(26.0, 35.0, ClipEnd.STREAM_LOST), (35.95, 55.85, ClipEnd.LIMIT)]


def test_packets_of_no_open_session_are_counted() -> None:
    cutter = Cutter(CutPolicy())
    packet = Maker().plain(1.0)[0]
    inputs: list[CutInput] = [packet, info(), packet, replace(packet, session=2), lost(), packet]
    for each in inputs:
        cutter.handle(each)
    assert dict(cutter.dropped) == {"ring_no_keyframe": 0, "ring_bytes": 0, "stray_packets": 3}


# --- settings -------------------------------------------------------------------------------------------------------


def test_settings_apply_from_the_next_clip_on() -> None:
    change = Configure(t=0.0, settings=Settings(max_clip_s=10.0, min_clip_gap_s=30.0))
    decisions: list[tuple[float, CutInput]] = [(30.4, start(30.4)), (35.0, change), (61.0, start(61.0, n=2))]
    result = cut(merged(Maker().plain(120.0), *decisions))
    assert result.spans == [(26.0, 45.9, ClipEnd.LIMIT), (57.0, 66.9, ClipEnd.LIMIT)]


def test_longer_pre_roll_needs_a_longer_ring() -> None:
    cutter = Cutter(CutPolicy(pre_roll_s=1.0, slack_s=1.0))
    cutter.configure(CutPolicy(pre_roll_s=9.0, slack_s=1.0))
    result = Result()
    for each in [info(), *merged(Maker().plain(60.0), (30.4, start(30.4)))]:
        result.add(cutter.handle(each))
    assert round(result.clips[0].open.start_t, 6) == 21.0


def test_clip_goes_on_although_its_group_is_too_big_for_the_ring() -> None:
    packets = Maker(size=1000).plain(60.0, group_s=5.0)
    result = cut(merged(packets, (30.0, start(30.0))), ring_bytes=10_000, pre_roll_s=0.0)
    assert result.spans == [(30.0, 49.9, ClipEnd.LIMIT)]
    assert result.clips[0].packets == packets[300:499]


# --- whatever happens -----------------------------------------------------------------------------------------------

POLICIES = st.builds(
    CutPolicy,
    pre_roll_s=st.sampled_from([0.0, 1.0, 4.0]),
    max_clip_s=st.sampled_from([1.0, 5.0, 20.0]),
    min_gap_s=st.sampled_from([0.0, 7.0, 60.0]),
    slack_s=st.sampled_from([0.0, 6.0]),
    ring_bytes=st.sampled_from([0, 20_000, 10**9]),
)
SETTINGS = st.builds(
    Settings, max_clip_s=st.sampled_from([2.0, 20.0]), min_clip_gap_s=st.sampled_from([0.0, 10.0, 60.0])
)


@st.composite
def records(draw: st.DrawFn) -> list[CutInput]:
    """Any sessions with any decisions anywhere: early, late, for nobody, twice; losses told late or never."""
    inputs: list[CutInput] = []
    n = 0
    t = 0.0
    for number, packets in enumerate(draw(sessions()), 1):
        inputs.append(info(number))
        for packet in packets:
            t = packet.t
            inputs.append(packet)
            if draw(st.integers(0, 9)) == 0:
                n += 1
                trigger_t = t + draw(st.sampled_from([-30.0, -5.0, -1.0, 0.0, 0.5]))
                inputs.append(start(trigger_t, visit_id=f"v{n // 2}", n=n, asked=draw(st.booleans())))
            if draw(st.integers(0, 19)) == 0:
                ended_t = t + draw(st.sampled_from([-2.0, 0.0, 1.0]))
                inputs.append(stop(ended_t, visit_id=f"v{n // 2}"))
            if draw(st.integers(0, 49)) == 0:
                inputs.append(Configure(t=t, settings=draw(SETTINGS)))
        if draw(st.booleans()):
            inputs.append(StreamLost(t=t, session=number, reason="x"))
            if draw(st.booleans()):
                n += 1
                inputs.append(start(t, visit_id=f"v{n // 2}", n=n))
    return inputs


@given(policy=POLICIES, inputs=records())
def test_clips_keep_all_their_promises(policy: CutPolicy, inputs: list[CutInput]) -> None:
    cutter = Cutter(policy)
    result = Result()
    limits: list[float] = []
    gaps: list[float] = []
    max_clip_s, gap_s = policy.max_clip_s, policy.min_gap_s
    for given_input in inputs:
        running = result.clips[-1] if result.clips else None
        if isinstance(given_input, ClipStop) and running and running.open.visit_id == given_input.visit_id:
            running.stop = (given_input.stop_t, len(running.packets))
        if isinstance(given_input, Configure):
            max_clip_s, gap_s = given_input.settings.max_clip_s, given_input.settings.min_clip_gap_s
        result.add(cutter.handle(given_input))
        limits += [max_clip_s] * (len(result.clips) - len(limits))
        gaps += [gap_s] * (len(result.clips) - len(gaps))
    result.add(cutter.finish())

    asked = {each.n: each for each in inputs if isinstance(each, ClipStart)}
    check_answers(result, asked)
    check_clips(result, limits, [each for each in inputs if isinstance(each, Packet)])
    check_distances(result, gaps, asked)


def check_answers(result: Result, asked: dict[int, ClipStart]) -> None:
    """Every ClipStart is answered exactly once."""
    assert all(clip.close is not None for clip in result.clips)
    answered = [clip.open.n for clip in result.clips] + [loss.n for loss in result.losses]
    assert sorted(answered) == sorted(asked)


def check_clips(result: Result, limits: Sequence[float], packets: Sequence[Packet]) -> None:
    """Each clip begins at a key frame, is a run of one session's packets, ends below its limit; none shares one."""
    runs = {session: [each for each in packets if each.session == session] for session in {p.session for p in packets}}
    seen: set[tuple[int, int]] = set()
    for clip, limit_s in zip(result.clips, limits, strict=True):
        first = clip.packets[0]
        assert first.keyframe
        assert first.t == clip.open.start_t
        assert {packet.session for packet in clip.packets} == {first.session} == {clip.open.stream.session}
        run = runs[first.session]
        begin, end = run.index(first), run.index(clip.packets[-1])
        assert clip.packets == [packet for packet in run[begin : end + 1] if packet.t >= first.t]
        ids = {(packet.session, packet.dts) for packet in clip.packets}
        assert not ids & seen
        seen |= ids
        for packet in clip.packets:
            assert packet.t + packet.duration - first.t <= limit_s
            assert Fraction(packet.t) + Fraction(packet.duration) - Fraction(first.t) <= Fraction(limit_s)
            assert Fraction(packet.pts - first.pts, TICKS) + Fraction(packet.duration) <= Fraction(limit_s)
        stop_t, count = clip.stop
        assert all(packet.t <= stop_t for packet in clip.packets[count:])
        assert clip.close is not None
        assert clip.close.end_t == max(packet.t + packet.duration for packet in clip.packets)


def check_distances(result: Result, gaps: Sequence[float], asked: dict[int, ClipStart]) -> None:
    """Clips begin after the end of the one before, and a gap after its beginning unless the owner asked for them."""
    for i, clip in enumerate(result.clips[1:], 1):
        last = result.clips[i - 1]
        assert last.close is not None
        assert clip.open.start_t >= last.close.end_t
        if not asked[clip.open.n].asked:
            assert clip.open.start_t >= last.open.start_t + gaps[i]


@given(found=sessions(), delay=st.integers(0, 20), every=st.integers(1, 4))
def test_machine_and_cutter_agree(found: list[list[Packet]], delay: int, every: int) -> None:
    """With the same settings, the cutter finds no decision of the machine too soon, and each visit's clips add up."""
    ids = iter(range(1, 10_000))
    machine = VisitMachine("door", VisitPolicy(), lambda t: (f"v{next(ids)}", t))
    cutter = Cutter(CutPolicy())
    result = Result()
    facts: list[VisitStarted | VisitUpdated | VisitEnded] = []
    starts = 0

    def decide(given_input: Observation | StreamLost) -> None:
        nonlocal starts
        for output in machine.handle(given_input):
            if isinstance(output, ClipStart | ClipStop):
                starts += isinstance(output, ClipStart)
                result.add(cutter.handle(output))
            else:
                facts.append(output)

    newest = 0.0
    for session, packets in enumerate(found, 1):
        result.add(cutter.handle(info(session)))
        for i, packet in enumerate(packets):
            result.add(cutter.handle(packet))
            picture = packets[max(0, i - delay)]
            newest = max(newest, picture.t)
            if i % every == 0:
                person = Track(id=session, box=Box(0, 0, 1, 1), score=0.9, age=0.0, hits=1, seen_t=newest)
                there = int(newest) % 40 < 30
                decide(Observation(t=newest, session=session, people=(person,) if there else ()))
        end = StreamLost(t=newest, session=session, reason="x")
        result.add(cutter.handle(end))
        decide(end)
    result.add(cutter.finish())
    assert not {LoseReason.TOO_SOON, LoseReason.BUSY} & set(result.reasons)
    assert len(result.clips) + len(result.losses) == starts
    assert sum(fact.clips for fact in facts if isinstance(fact, VisitEnded)) == starts
