"""Counting goes on where it was before a restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge_detector.core.facts import Fact, LinesCounted
from edge_detector.core.types import SetOccupancy
from edge_detector.ports import Clock, Diary
from edge_detector.runtime.control import Commandable


def resume(cameras: Mapping[str, Commandable], *, diary: Diary, clock: Clock, tell: Callable[[Fact], None]) -> None:
    """Tell how often lines were crossed so far, and the cameras how many people are inside."""
    for name, camera in cameras.items():
        t = clock.now()
        tell(LinesCounted(camera=name, t=t, lines=tuple(diary.totals(name))))
        if (inside := diary.inside(name)) is not None:
            utc, count = inside
            camera.command(SetOccupancy(t=t, count=count, utc=utc, reason="restart"))
