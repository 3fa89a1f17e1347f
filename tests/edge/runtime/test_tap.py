import threading

from edge_detector.core.types import Frame, Packet
from edge_detector.runtime.tap import FrameTap, PacketTap
from tests.edge.runtime.values import INFO, frame, packet


class Bell:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self.rings = 0

    def __call__(self) -> None:
        self.rings += 1


def gop(start: float, length: int = 5) -> list[Packet]:
    """A key frame and what follows it, a tenth of a second each."""
    return [packet(start + i / 10, keyframe=i == 0) for i in range(length)]


def test_listener_begins_with_a_key_frame_and_gets_every_packet_after_it() -> None:
    tap, bell = PacketTap(), Bell()
    tap.open(INFO)
    listener = tap.listen(bell)
    assert listener is not None
    assert listener.stream == INFO
    early, wanted = gop(0.0)[1:], [*gop(1.0), *gop(1.5)]
    for item in (*early, *wanted):
        tap.put(item)
    assert list(listener.take()) == wanted
    assert listener.take() == ()
    assert listener.dropped == 0


def test_listener_is_woken_once_for_all_that_it_has_not_taken() -> None:
    tap, bell = PacketTap(), Bell()
    tap.open(INFO)
    listener = tap.listen(bell)
    assert listener is not None
    for item in gop(0.0):
        tap.put(item)
    assert bell.rings == 1
    listener.take()
    tap.put(packet(0.6))
    assert bell.rings == 2


def test_slow_listener_goes_on_at_the_next_key_frame() -> None:
    tap = PacketTap(limit_s=1.0)
    tap.open(INFO)
    slow, quick = tap.listen(Bell()), tap.listen(Bell())
    assert slow is not None
    assert quick is not None
    packets = [*gop(0.0, 8), *gop(0.8, 8), *gop(1.6, 4)]
    seen: list[Packet] = []
    for item in packets:
        tap.put(item)
        seen += quick.take()
    assert seen == packets
    assert list(slow.take()) == packets[16:]
    assert slow.dropped > 0


def test_what_waits_is_bounded_in_bytes() -> None:
    tap = PacketTap(limit_bytes=250)
    tap.open(INFO)
    listener = tap.listen(Bell())
    assert listener is not None
    for item in gop(0.0, 3):
        tap.put(item)
    assert listener.take() == ()
    assert listener.dropped == 2
    large = packet(1.0, keyframe=True, size=1000)
    tap.put(large)
    assert listener.take() == (large,), "a picture that is larger than the bound comes alone"


def test_end_of_the_session_is_told_after_what_came_before_it() -> None:
    tap, bell = PacketTap(), Bell()
    tap.open(INFO)
    listener = tap.listen(bell)
    assert listener is not None
    tap.put(packet(0.0, keyframe=True))
    tap.close()
    assert listener.ended
    assert len(listener.take()) == 1
    assert tap.listen(bell) is None, "there is no stream"
    listener.leave()


def test_new_session_ends_the_listeners_of_the_old_one() -> None:
    tap = PacketTap()
    tap.open(INFO)
    old = tap.listen(Bell())
    tap.open(INFO)
    new = tap.listen(Bell())
    assert old is not None
    assert new is not None
    tap.put(packet(0.0, keyframe=True))
    assert (old.ended, len(old.take())) == (True, 0)
    assert (new.ended, len(new.take())) == (False, 1)


def test_who_left_hears_nothing() -> None:
    tap, bell = PacketTap(), Bell()
    tap.open(INFO)
    listener = tap.listen(bell)
    assert listener is not None
    listener.leave()
    tap.put(packet(0.0, keyframe=True))
    tap.close()
    assert (bell.rings, listener.take(), listener.ended) == (0, (), False)


def test_listeners_come_and_go_while_packets_flow() -> None:
    tap = PacketTap()
    tap.open(INFO)
    stop = threading.Event()

    def feed() -> None:
        i = 0
        while not stop.is_set():
            tap.put(packet(i / 10, keyframe=i % 5 == 0))
            i += 1

    feeder = threading.Thread(target=feed, name="feeder")
    feeder.start()
    try:
        for _ in range(200):
            rung = threading.Event()
            listener = tap.listen(rung.set)
            assert listener is not None
            assert rung.wait(60)
            assert listener.take()[0].keyframe
            listener.leave()
    finally:
        stop.set()
        feeder.join()


def newest_of(tap: FrameTap) -> Frame | None:
    """The newest frame, which each put changes."""
    return tap.newest


def test_newest_frame_is_kept_by_reference() -> None:
    tap, bell = FrameTap(), Bell()
    assert newest_of(tap) is None
    tap.watch(bell)
    first, second = frame(0.0), frame(0.2)
    tap.put(first)
    tap.put(second)
    assert newest_of(tap) is second
    tap.put(None)
    assert newest_of(tap) is None
    assert bell.rings == 3
    tap.unwatch(bell)
    tap.put(first)
    assert bell.rings == 3
