"""Values for the runtime's tests."""

from pathlib import Path

import numpy as np

from edge_detector.core.evidence import ClipFile
from edge_detector.core.facts import Fact, VisitEnded, VisitStarted
from edge_detector.core.types import Box, Detection, Frame, Packet, Planes, StreamInfo, VisitStats, Yuv

VISIT = "01HF7YAT00D0NV33KVR902G9Z0"
OTHER_VISIT = "01HF7YAT01D0NV33KVR902G9Z1"
INFO = StreamInfo(session=1, codec="h264", width=64, height=48, time_base=(1, 1000), fps=10.0)
SOMEBODY = Detection(box=Box(0.3, 0.2, 0.6, 0.9), score=0.9)


def packet(t: float, *, keyframe: bool = False, size: int = 100, session: int = 1) -> Packet:
    """A tenth of a second of video."""
    ticks = round(t * 1000)
    return Packet(
        session=session, t=t, duration=0.1, keyframe=keyframe, pts=ticks, dts=ticks, data=bytes([ticks % 251]) * size
    )


def picture(level: int = 100) -> Yuv:
    """A grey picture of 64 by 48."""
    return np.full((72, 64), level, np.uint8)


def frame(t: float, *, level: int = 100, session: int = 1) -> Frame:
    """A grey picture at `t`."""
    return Frame(session=session, seq=round(t * 10), t=t, planes=Planes.of(picture(level)))


def started(t: float = 10.0, *, visit_id: str = VISIT, utc: float = 1_700_000_010.0) -> VisitStarted:
    """Somebody came."""
    return VisitStarted(camera="door", visit_id=visit_id, t=t, utc=utc, count=1, confidence=0.8)


def ended(*, clips: int = 0, visit_id: str = VISIT, utc: float = 1_700_000_020.0) -> VisitEnded:
    """Everybody left."""
    return VisitEnded(
        camera="door",
        visit_id=visit_id,
        t=20.0,
        utc=utc,
        duration_s=10.0,
        stats=VisitStats(max_people=2, max_confidence=0.9, mean_inference_ms=12.5),
        clips=clips,
        zones=("mat",),
    )


def names(facts: list[Fact]) -> list[str]:
    """The facts' types."""
    return [type(fact).__name__ for fact in facts]


def clip_file(*, visit_id: str = VISIT, n: int = 1, path: Path = Path("/spool/clip.mp4")) -> ClipFile:
    """A finished clip."""
    return ClipFile(
        camera="door",
        visit_id=visit_id,
        n=n,
        path=path,
        poster=None,
        start_utc=1_700_000_006.0,
        duration_s=9.0,
        bytes=5,
        sha256="c0ffee",
        width=64,
        height=48,
        stats=VisitStats(max_people=1, max_confidence=0.8, mean_inference_ms=12),
    )
