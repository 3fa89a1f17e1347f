from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.ring import Ring
from edge_detector.core.types import Packet
from tests.edge.core.streams import Maker, sessions

PLENTY_BYTES = 10**9


def filled(packets: list[Packet], *, max_s: float = 5.0, max_bytes: int = PLENTY_BYTES) -> Ring:
    ring = Ring(max_s=max_s, max_bytes=max_bytes)
    for packet in packets:
        ring.push(packet)
    return ring


def test_empty() -> None:
    ring = Ring(max_s=5.0, max_bytes=1000)
    assert (ring.keyframes, ring.bytes, dict(ring.dropped)) == ((), 0, {"ring_no_keyframe": 0, "ring_bytes": 0})


def test_keeps_everything_from_a_key_frame_on_in_decoding_order() -> None:
    packets = Maker().plain(3.0)
    ring = filled(packets)
    assert [packet.t for packet in ring.keyframes] == pytest.approx([0.0, 1.0, 2.0])
    assert ring.since(ring.keyframes[1]) == tuple(packets[10:])


def test_nothing_since_a_key_frame_that_is_not_there() -> None:
    packets = Maker().plain(3.0)
    assert filled(packets).since(replace(packets[0])) == ()


def test_ages_by_whole_groups_and_counts_no_loss() -> None:
    ring = filled(Maker().plain(60.0), max_s=5.0)
    # the newest picture is of 59.9, so the group of 54.0 is the last that is needed for 5 seconds
    assert [round(packet.t) for packet in ring.keyframes] == [54, 55, 56, 57, 58, 59]
    assert ring.bytes == 60 * 100
    assert dict(ring.dropped) == {"ring_no_keyframe": 0, "ring_bytes": 0}


def test_long_group_stays_however_old_its_key_frame_is() -> None:
    ring = filled(Maker().plain(30.0, group_s=30.0), max_s=5.0)
    assert len(ring.keyframes) == 1
    assert len(ring.since(ring.keyframes[0])) == 300


def test_too_many_bytes_take_the_oldest_group_and_are_counted() -> None:
    ring = filled(Maker().plain(3.0), max_bytes=2500)
    assert [packet.t for packet in ring.keyframes] == pytest.approx([1.0, 2.0])
    assert dict(ring.dropped)["ring_bytes"] == 10


def test_group_that_is_too_big_alone_goes_and_the_next_one_stays() -> None:
    maker = Maker()
    ring = filled([*maker.plain(3.0, group_s=3.0), *maker.plain(1.0)], max_bytes=2000)
    assert [packet.t for packet in ring.keyframes] == pytest.approx([3.0])
    assert dict(ring.dropped) == {"ring_no_keyframe": 9, "ring_bytes": 21}


def test_packets_before_the_first_key_frame_are_dropped_and_counted() -> None:
    ring = filled(Maker().plain(2.0)[3:])
    assert [packet.t for packet in ring.keyframes] == pytest.approx([1.0])
    assert dict(ring.dropped)["ring_no_keyframe"] == 7


def test_new_session_empties_the_ring() -> None:
    packets = [*Maker(session=1).plain(3.0), *Maker(session=2, t=0.5).plain(1.0)]
    ring = filled(packets)
    assert [packet.session for packet in ring.keyframes] == [2]
    assert ring.bytes == 1000


def test_view_does_not_change_when_the_ring_does() -> None:
    ring = filled(Maker().plain(2.0))
    view = ring.since(ring.keyframes[0])
    ring.clear()
    assert (len(view), ring.keyframes, ring.bytes) == (20, (), 0)


def test_smaller_bounds_apply_at_once() -> None:
    ring = filled(Maker().plain(6.0), max_s=10.0)
    ring.resize(max_s=2.0, max_bytes=PLENTY_BYTES)
    assert [round(packet.t) for packet in ring.keyframes] == [3, 4, 5]
    ring.resize(max_s=2.0, max_bytes=1000)
    assert [round(packet.t) for packet in ring.keyframes] == [5]


@given(sessions(), st.sampled_from([0.0, 3.0, 10.0]), st.sampled_from([0, 1500, 20_000, PLENTY_BYTES]))
def test_bounds_hold_and_every_packet_is_kept_aged_or_counted(
    found: list[list[Packet]], max_s: float, max_bytes: int
) -> None:
    ring = Ring(max_s=max_s, max_bytes=max_bytes)
    for packets in found:
        early = dict(ring.dropped)
        for i, packet in enumerate(packets, 1):
            ring.push(packet)
            kept = ring.since(ring.keyframes[0]) if ring.keyframes else ()
            assert ring.bytes == sum(each.size for each in kept) <= max_bytes
            assert list(kept) == packets[i - len(kept) : i]
            assert all(each.keyframe for each in ring.keyframes)
            if dict(ring.dropped)["ring_bytes"] == early["ring_bytes"]:
                newest_t = max(each.t for each in packets[:i])
                keys = [each for each in packets[:i] if each.keyframe and each.t <= newest_t - max_s]
                assert not keys or ring.keyframes[0].t <= newest_t - max_s
