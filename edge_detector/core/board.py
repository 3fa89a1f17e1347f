"""What is true now of the node and its cameras, folded from the facts, for whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge_detector.core.facts import CameraStats, CameraUp, ClipLost, Fact, FileStored, Health, VisitStarted
from edge_detector.core.status import CameraStatus, fold


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraView:
    """One camera as it is now, and what it counted since the program started."""

    status: CameraStatus
    #: Pixels; 0 until the camera was up for the first time.
    width: int = 0
    height: int = 0
    #: None until it was told for the first time.
    stats: CameraStats | None = None
    visits: int = 0
    clips_stored: int = 0
    clips_lost: int = 0


class StatusBoard:
    """Takes in one fact after the other."""

    def __init__(self, cameras: Sequence[CameraStatus]) -> None:
        """`cameras` as they are before the first fact."""
        self._cameras = {status.camera: CameraView(status=status) for status in cameras}
        #: None until it was told for the first time.
        self.health: Health | None = None

    @property
    def cameras(self) -> tuple[CameraView, ...]:
        """All cameras, in the order in which they were given."""
        return tuple(self._cameras.values())

    def camera(self, name: str) -> CameraView:
        """One camera; raises KeyError when there is none of that name."""
        return self._cameras[name]

    def tell(self, fact: Fact) -> None:
        """Take in a fact."""
        if isinstance(fact, Health):
            self.health = fact
            return
        view = self._cameras.get(getattr(fact, "camera", ""))
        if view is not None:
            self._cameras[view.status.camera] = _after(replace(view, status=fold(view.status, fact)), fact)


def _after(view: CameraView, fact: Fact) -> CameraView:
    match fact:
        case CameraUp():
            return replace(view, width=fact.width, height=fact.height)
        case CameraStats():
            return replace(view, stats=fact)
        case VisitStarted():
            return replace(view, visits=view.visits + 1)
        case FileStored() if fact.clip is not None:
            return replace(view, clips_stored=view.clips_stored + 1)
        case ClipLost():
            return replace(view, clips_lost=view.clips_lost + 1)
        case _:
            return view
