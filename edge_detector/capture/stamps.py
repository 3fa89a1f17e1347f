"""Timestamps made whole: every packet gets a pts, a rising dts and a duration, whatever the stream left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class RawStamp(NamedTuple):
    """What a demuxer says of a packet, in ticks; None or 0 where it says nothing."""

    pts: int | None
    dts: int | None
    duration: int


class Stamp(NamedTuple):
    """When a packet is shown, when it is decoded, and how long it is shown, in ticks."""

    pts: int
    dts: int
    duration: int


def backfill(lead: Sequence[RawStamp], step: int) -> list[RawStamp]:
    """Fill the gaps of a session's first packets from those that follow.

    An RTSP session begins with a key frame without any timestamp; it is shown one step before all others.
    """
    known = next((i for i, stamp in enumerate(lead) if stamp.dts is not None), None)
    filled = list(lead)
    for i in reversed(range(known or 0)):
        later = filled[i + 1].dts
        if later is not None:
            filled[i] = filled[i]._replace(dts=later - (filled[i].duration or step))
    shown = [stamp.pts for stamp in filled if stamp.pts is not None]
    if filled and filled[0].pts is None and shown:
        filled[0] = filled[0]._replace(pts=min(shown) - (filled[0].duration or step))
    return filled


class Stamper:
    """Repairs one packet after the other, in decoding order."""

    def __init__(self, step: int) -> None:
        """`step` is the ticks from picture to picture as far as they are known, 1 at least."""
        self._step = step
        self._last: Stamp | None = None

    def next(self, raw: RawStamp) -> Stamp:
        """The whole stamp of the next packet: dts above the one before, pts not below dts, duration above 0."""
        dts = self._decoded(raw)
        pts = dts if raw.pts is None else max(raw.pts, dts)
        duration = raw.duration if raw.duration > 0 else self._stride(dts)
        self._last = Stamp(pts, dts, duration)
        return self._last

    def _decoded(self, raw: RawStamp) -> int:
        last = self._last
        if raw.dts is not None:
            dts = raw.dts
        elif last is None:
            return raw.pts or 0
        else:
            dts = last.dts + last.duration
            if raw.pts is not None:
                dts = min(dts, raw.pts)
        return dts if last is None else max(dts, last.dts + 1)

    def _stride(self, dts: int) -> int:
        """Without a duration: as long as the last one was decoded before this one, which is right at a steady rate."""
        return self._step if self._last is None else dts - self._last.dts
