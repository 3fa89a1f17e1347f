"""The bounded inboxes: what they keep, what they drop, and that they count it."""

import threading

from edge_detector.core.types import ClipStop, Frame, Packet, StreamLost, Tick
from edge_detector.runtime.inbox import LatestInbox, PacketInbox
from tests.edge.runtime.values import frame, packet

NOW = 0.0


def test_newest_frame_replaces_the_one_before() -> None:
    inbox: LatestInbox[Tick] = LatestInbox()
    inbox.put_frame(frame(1.0))
    inbox.put_frame(frame(2.0))
    first = inbox.get(NOW)
    assert isinstance(first, Frame)
    assert first.t == 2.0
    assert inbox.get(NOW) is None
    assert inbox.dropped == 1


def test_inputs_come_before_frames_and_are_all_kept() -> None:
    inbox: LatestInbox[Tick] = LatestInbox()
    inbox.put_frame(frame(1.0))
    for t in range(100):
        inbox.put(Tick(t=t))
    assert [inbox.get(NOW) for _ in range(100)] == [Tick(t=t) for t in range(100)]
    assert isinstance(inbox.get(NOW), Frame)


def test_lost_stream_takes_its_waiting_frame_with_it() -> None:
    inbox: LatestInbox[StreamLost] = LatestInbox()
    inbox.put_frame(frame(1.0))
    lost = StreamLost(t=2.0, session=1, reason="gone")
    inbox.put(lost)
    assert inbox.get(NOW) == lost
    assert inbox.get(NOW) is None
    assert inbox.dropped == 1


def test_get_wakes_for_a_frame_from_another_thread() -> None:
    inbox: LatestInbox[Tick] = LatestInbox()
    threading.Timer(0.05, inbox.put_frame, [frame(1.0)]).start()
    assert isinstance(inbox.get(10.0), Frame)


def test_packets_and_decisions_keep_their_order() -> None:
    inbox: PacketInbox[ClipStop] = PacketInbox()
    items: list[Packet | ClipStop] = [packet(0.0, keyframe=True), ClipStop(visit_id="v", stop_t=0.0), packet(0.1)]
    for item in items:
        inbox.put(item)
    assert [inbox.get(NOW) for _ in items] == items
    assert inbox.get(NOW) is None


def test_oldest_whole_group_goes_when_the_seconds_are_too_many() -> None:
    inbox: PacketInbox[ClipStop] = PacketInbox(limit_s=1.0)
    stop = ClipStop(visit_id="v", stop_t=0.0)
    inbox.put(packet(0.0, keyframe=True))
    inbox.put(stop)
    for tenth in range(1, 11):
        inbox.put(packet(tenth / 10, keyframe=tenth == 5))
    assert inbox.get(NOW) == stop, "decisions are never dropped"
    first = inbox.get(NOW)
    assert isinstance(first, Packet)
    assert (first.t, first.keyframe) == (0.5, True)
    assert inbox.dropped == 5


def test_oldest_whole_group_goes_when_the_bytes_are_too_many() -> None:
    inbox: PacketInbox[ClipStop] = PacketInbox(limit_bytes=25)
    for n in range(3):
        inbox.put(packet(float(n), keyframe=True, size=10))
    kept = [inbox.get(NOW) for _ in range(2)]
    assert [item.t for item in kept if isinstance(item, Packet)] == [1.0, 2.0]
    assert inbox.dropped == 1


def test_taken_packets_make_room() -> None:
    inbox: PacketInbox[ClipStop] = PacketInbox(limit_bytes=20)
    for n in range(10):
        inbox.put(packet(float(n), keyframe=True, size=10))
        assert isinstance(inbox.get(NOW), Packet)
    assert inbox.dropped == 0


def test_packets_alone_do_not_wake_a_recorder_that_is_not_eager_but_anything_else_does() -> None:
    inbox: PacketInbox[ClipStop] = PacketInbox()
    inbox.eager = False
    taken: list[Packet | ClipStop | None] = []
    thread = threading.Thread(target=lambda: taken.append(inbox.get(60.0)))
    thread.start()
    while not inbox._ready._waiters:  # type: ignore[attr-defined]
        thread.join(0.001)
    inbox.put(packet(0.0, keyframe=True))
    inbox.put(packet(0.1))
    thread.join(0.2)
    assert thread.is_alive()
    inbox.put(ClipStop(visit_id="v", stop_t=0.0))
    thread.join(30.0)
    assert taken == [packet(0.0, keyframe=True)], "in order"
    assert inbox.get(NOW) == packet(0.1)


def test_packets_are_taken_at_the_latest_when_patience_ends() -> None:
    inbox: PacketInbox[ClipStop] = PacketInbox()
    inbox.eager = False
    threading.Timer(0.02, inbox.put, [packet(0.0, keyframe=True)]).start()
    assert inbox.get(0.2) == packet(0.0, keyframe=True)
