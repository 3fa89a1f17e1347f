"""Made-up streams of packets, as cameras send them: in decoding order, with and without B-frames, gaps and jitter."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from edge_detector.core.types import Packet, StreamInfo

#: Ticks a second of every made-up stream.
TICKS = 90_000


def info(session: int = 1) -> StreamInfo:
    return StreamInfo(session=session, codec="h264", width=640, height=480, time_base=(1, TICKS))


@dataclass
class Maker:
    """Makes the packets of one session, one group of pictures after the other."""

    session: int = 1
    t: float = 0.0
    fps: float = 10.0
    size: int = 100
    dts: int = 0

    def group(self, shown: Sequence[int], jitter: Sequence[float] = ()) -> list[Packet]:
        """A group whose packets, in decoding order, are shown at these places; places below the first are leading."""
        step = 1 / self.fps
        begin = self.t + max(0, -min(shown)) * step
        packets = [self._packet(begin + place * step, key=not i) for i, place in enumerate(shown)]
        self.t = begin + (max(shown) + 1) * step
        return [replace(p, t=p.t + j) for p, j in zip(packets, jitter, strict=True)] if jitter else packets

    def plain(self, seconds: float, group_s: float = 1.0) -> list[Packet]:
        """Closed groups without B-frames."""
        return [p for _ in range(round(seconds / group_s)) for p in self.group(range(round(group_s * self.fps)))]

    def _packet(self, t: float, *, key: bool) -> Packet:
        self.dts += 1
        return Packet(
            session=self.session,
            t=t,
            duration=1 / self.fps,
            keyframe=key,
            pts=round(t * TICKS),
            dts=self.dts,
            data=bytes(self.size),
        )


def places(length: int, b_frames: int, leading: int) -> list[int]:
    """Where the pictures of a group are shown, in decoding order: key frame, leading pictures, then P before its Bs."""
    shown = [0, *range(-leading, 0)]
    for first in range(1, length, b_frames + 1):
        last = min(first + b_frames, length - 1)
        shown += [last, *range(first, last)]
    return shown


@st.composite
def sessions(draw: st.DrawFn, max_groups: int = 12) -> list[list[Packet]]:
    """One to three sessions of one camera; now and then one begins in the middle of a group."""
    found = []
    t = draw(st.floats(0, 1e7))
    for session in range(1, draw(st.integers(1, 3)) + 1):
        fps = draw(st.sampled_from([0.5, 2.0, 4.0, 29.97 / 4]))
        maker = Maker(session=session, t=t, fps=fps, size=draw(st.sampled_from([0, 100, 2000])))
        packets: list[Packet] = []
        for _ in range(draw(st.integers(0, max_groups))):
            length = draw(st.integers(1, 24))
            leading = draw(st.integers(0, 2)) if packets else 0
            shown = places(length, draw(st.integers(0, 2)), leading)
            shake = draw(st.sampled_from([0.0, 0.0, 0.2, 0.45])) / fps
            jitter = [draw(st.sampled_from([-1, 0, 1])) * shake if shake else 0.0 for _ in shown]
            packets += maker.group(shown, jitter)
            maker.t += draw(st.sampled_from([0.0, 0.0, 0.0, 0.7, 15.0]))
        found.append(packets[draw(st.integers(0, 3)) :])
        t = maker.t + draw(st.sampled_from([0.0, 2.0, 40.0]))
    return found
