"""What the demo has seen so far, kept up from the node's facts."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from edge_detector.app.broker import OwnBroker
from edge_detector.core.evidence import ItemKind
from edge_detector.core.facts import (
    CameraDown,
    CameraStats,
    CameraUp,
    ClipLost,
    ClipSaved,
    DetectorInfo,
    Fact,
    FileStored,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)

#: Lines that are kept; a view shows the last few of them.
LOG_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVisit:
    """A visit that is over."""

    duration_s: float
    max_people: int
    max_confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenClip:
    """A clip in the archive."""

    path: Path
    duration_s: float


@dataclass(slots=True, kw_only=True)
class DemoState:
    """Figures for a view; changed on the loop alone."""

    camera: str
    source: str
    detector: DetectorInfo
    #: Monotonic seconds.
    begun: float
    seconds: float | None = None
    broker: OwnBroker | None = None
    #: What the camera delivers, or why it does not.
    stream: str = "connecting"
    up: bool = False
    people: int = 0
    confidence: float = 0.0
    inference_ms: float = 0.0
    fps: float = 0.0
    #: When the visit that goes on began, monotonic seconds; None when nobody is there.
    visit_t: float | None = None
    visits: list[SeenVisit] = field(default_factory=list)
    clips: list[SeenClip] = field(default_factory=list)
    #: More rows of a view: names and values.
    more: dict[str, str] = field(default_factory=dict)
    ending: bool = False
    #: Seconds since the beginning, and what happened.
    log: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    #: How many lines there ever were.
    logged: int = 0
    #: Visits whose document, the last of their files, is not in the archive yet.
    _open: set[str] = field(default_factory=set)
    #: Clips that are not in the archive yet.
    _clips: set[tuple[str, int]] = field(default_factory=set)

    @property
    def busy(self) -> bool:
        """Is somebody there, or does a file wait for the archive?"""
        return bool(self._open or self._clips)

    @property
    def waiting(self) -> int:
        """Clips and documents that wait for the archive."""
        return len(self._clips) + len(self._open) - (self.visit_t is not None)

    def left_s(self, now: float) -> float:
        """Seconds until the time is up."""
        return inf if self.seconds is None else max(0.0, self.begun + self.seconds - now)

    def note(self, text: str) -> None:
        """Remember a line."""
        self.log.append((time.monotonic() - self.begun, text))
        self.logged += 1

    async def watch(self, fact: Fact) -> None:
        """Take over what a fact says about the camera."""
        where = fact.clip if isinstance(fact, ClipSaved) else fact
        if getattr(where, "camera", self.camera) != self.camera:
            return
        match fact:
            case CameraUp():
                self.up, self.stream = True, f"{fact.width}x{fact.height}"
                self.note(f"The camera delivers {self.stream}")
            case CameraDown():
                self.up, self.stream = False, fact.reason
                self.note(f"The camera is down: {fact.reason}")
            case CameraStats():
                self.fps, self.inference_ms = fact.fps, fact.inference_ms
            case VisitStarted() | VisitUpdated() | VisitEnded():
                self._visit(fact)
            case ClipSaved() | ClipLost() | FileStored():
                self._file(fact)

    def _elsewhere(self, fact: Fact) -> bool:
        return (
            fact.clip.camera if isinstance(fact, ClipSaved) else getattr(fact, "camera", self.camera)
        ) != self.camera

    def _visit(self, fact: VisitStarted | VisitUpdated | VisitEnded) -> None:
        if isinstance(fact, VisitEnded):
            self.people, self.confidence, self.visit_t = 0, 0.0, None
            stats = fact.stats
            seen = SeenVisit(
                duration_s=fact.duration_s, max_people=stats.max_people, max_confidence=stats.max_confidence
            )
            self.visits.append(seen)
            self.note(f"Nobody is there any more, after {fact.duration_s:.1f} s")
            return
        self.people, self.confidence = fact.count, fact.confidence
        if isinstance(fact, VisitStarted):
            self.visit_t = fact.t
            self._open.add(fact.visit_id)
            self.note(f"Somebody is there, confidence {fact.confidence:.2f}")

    def _file(self, fact: ClipSaved | ClipLost | FileStored) -> None:
        if isinstance(fact, ClipSaved):
            self._clips.add((fact.clip.visit_id, fact.clip.n))
            self.note(f"A clip of {fact.clip.duration_s:.1f} s is recorded")
        elif isinstance(fact, ClipLost):
            self._clips.discard((fact.visit_id, fact.n))
            self.note(f"A clip was lost: {fact.reason}")
        elif fact.clip is not None:
            self._clips.discard((fact.visit_id, fact.n))
            path = Path(url2pathname(urlsplit(fact.uri).path))
            self.clips.append(SeenClip(path=path, duration_s=fact.clip.duration_s))
            self.note("The clip is in the archive")
        elif fact.kind is ItemKind.DOCUMENT:
            self._open.discard(fact.visit_id)
