"""Who is there: which tracks are believed, and the figures of the visit they make; the visit machine's own values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from edge_detector.core.facts import VisitEnded, VisitStarted, VisitUpdated
from edge_detector.core.types import Observation, Track, VisitStats

Counts = tuple[tuple[str, int], ...]
Dwells = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPolicy:
    """What makes a visit, and which clips it gets."""

    #: This many detections of one track…
    confirm_hits: int = 2
    #: …within this time, or in a row when the detector is too slow for that…
    confirm_window_s: float = 1.0
    #: …with this score begin a visit.
    confidence: float = 0.5
    #: A track that is confirmed is believed down to this share of `confidence`: a person who turns away is still there.
    keep_ratio: float = 0.6
    #: Nobody seen for this long ends a visit.
    hold_s: float = 5.0
    #: From the trigger of one clip to the trigger of the next.
    clip_gap_s: float = 60.0
    max_clip_s: float = 20.0
    #: Changes are told at most this often.
    update_s: float = 1.0
    #: While somebody is there, this often although nothing changes: what a crash forgets of a visit.
    heartbeat_s: float = 10.0
    #: False: visits get no clips.
    record: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one observation counts for, or several as one."""

    t: float
    count: int = 0
    confidence: float = 0.0
    zones: Counts = ()
    #: The longest time that somebody has been in each zone.
    dwell: Dwells = ()

    @property
    def inside(self) -> frozenset[str]:
        """Zones that somebody stands in."""
        return frozenset(zone for zone, people in self.zones if people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Which tracks were sure lately, and which are confirmed."""

    #: Times of each track's sure detections within the window, oldest first.
    hits: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    #: Confirmed tracks and when each was last believed; one that was away for the hold time has to confirm itself anew.
    known: Mapping[int, float] = field(default_factory=dict)
    #: Times of the latest observations, as many as confirm a track.
    looked: tuple[float, ...] = ()

    def after(self, t: float, people: tuple[Track, ...], policy: VisitPolicy) -> Presence:
        """What is known once the people of an observation at `t` have been looked at."""
        looked = (*self.looked, t)[-policy.confirm_hits :]
        # What lies a hold time back is over, however slow the detector is.
        since_t = max(min(looked[0], t - policy.confirm_window_s), t - max(policy.hold_s, policy.confirm_window_s))
        hits = {track: tuple(hit for hit in times if hit >= since_t) for track, times in self.hits.items()}
        for track in people:
            before = hits.get(track.id, ())
            if track.score >= policy.confidence and before[-1:] != (t,):
                hits[track.id] = (*before, t)
        known = {track: seen_t for track, seen_t in self.known.items() if t - seen_t < policy.hold_s}
        confirmed = {track for track, times in hits.items() if len(times) >= policy.confirm_hits} | set(known)
        believed = (track.id for track in people if track.score >= policy.confidence * policy.keep_ratio)
        return Presence(
            hits={track: times for track, times in hits.items() if times},
            known=known | {track: t for track in believed if track in confirmed},
            looked=looked,
        )

    def look(self, seen: Observation, people: tuple[Track, ...], policy: VisitPolicy) -> Look:
        """What the people of an observation count for: those who are sure now, or confirmed and still likely."""
        scores = [
            track.score
            for track in people
            if track.score >= policy.confidence * (policy.keep_ratio if track.id in self.known else 1.0)
        ]
        zones = tuple((zone, min(there, len(scores))) for zone, there in seen.zones)
        return Look(t=seen.t, count=len(scores), confidence=max(scores, default=0.0), zones=zones, dwell=seen.dwell)

    @property
    def first_t(self) -> float:
        """The first sure detection, within the window, of a confirmed track; there is one at least."""
        return min(self.hits[track][0] for track in self.known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The figures of which a change is worth telling."""

    count: int = 0
    zones: Counts = ()
    stats: VisitStats = field(default_factory=VisitStats)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit that goes on."""

    camera: str
    id: str
    start_t: float
    start_utc: float
    #: When somebody was last seen.
    seen_t: float
    stats: VisitStats = field(default_factory=VisitStats)
    #: Zones that anybody stood in.
    zones: frozenset[str] = frozenset()
    #: The longest time that one person stayed in each of them.
    dwell: Mapping[str, float] = field(default_factory=dict)
    #: The latest looks, one at least: somebody missed in a single frame has not left.
    looks: tuple[Look, ...] = ()
    told: Told = field(default_factory=Told)
    told_t: float = -math.inf
    #: Clips that were started for it.
    clips: int = 0

    def utc(self, t: float) -> float:
        """The UTC of a moment of this visit, whatever the wall clock did since it began."""
        return self.start_utc + (t - self.start_t)

    def counted(self, look: Look) -> Visit:
        """The visit with one more look in its figures."""
        return replace(
            self,
            seen_t=look.t if look.count else self.seen_t,
            stats=VisitStats(
                max_people=max(self.stats.max_people, look.count),
                max_confidence=max(self.stats.max_confidence, look.confidence),
            ),
            zones=self.zones | look.inside,
            dwell={**self.dwell, **{zone: max(self.dwell.get(zone, 0.0), s) for zone, s in look.dwell}},
            looks=(*self.looks, look),
        )

    def started(self, look: Look, now: float) -> tuple[Visit, VisitStarted]:
        """The visit with its first look, and the fact that tells it."""
        visit = self.counted(look)
        told = Told(count=look.count, zones=look.zones, stats=visit.stats)
        fact = VisitStarted(
            camera=self.camera,
            visit_id=self.id,
            t=self.start_t,
            utc=self.start_utc,
            count=look.count,
            confidence=look.confidence,
            zones=look.zones,
        )
        return replace(visit, told=told, told_t=now), fact

    def updated(self, now: float, policy: VisitPolicy) -> tuple[Visit, tuple[VisitUpdated, ...]]:
        """The visit, and the fact that tells its figures when that is due: the most of the last `update_s` seconds."""
        looks = tuple(look for look in self.looks[:-1] if look.t > now - policy.update_s) + self.looks[-1:]
        look = _together(looks)
        told = Told(count=look.count, zones=look.zones, stats=self.stats)
        quiet = told == self.told
        due = now - self.told_t >= (policy.heartbeat_s if quiet else policy.update_s)
        if not due or (quiet and not look.count):
            return replace(self, looks=looks), ()
        fact = VisitUpdated(
            camera=self.camera,
            visit_id=self.id,
            t=now,
            utc=self.utc(now),
            count=look.count,
            confidence=look.confidence,
            zones=look.zones,
            stats=self.stats,
        )
        return replace(self, looks=looks, told=told, told_t=now), (fact,)

    def ended(self) -> VisitEnded:
        """The fact that tells its end, which is when somebody was last seen."""
        return VisitEnded(
            camera=self.camera,
            visit_id=self.id,
            t=self.seen_t,
            utc=self.utc(self.seen_t),
            duration_s=self.seen_t - self.start_t,
            stats=self.stats,
            clips=self.clips,
            zones=tuple(sorted(self.zones)),
            dwell=tuple((zone, self.dwell.get(zone, 0.0)) for zone in sorted(self.zones)),
        )


def _together(looks: tuple[Look, ...]) -> Look:
    """The most that any of the looks shows."""
    zones: dict[str, int] = {}
    for zone, people in (pair for look in looks for pair in look.zones):
        zones[zone] = max(zones.get(zone, 0), people)
    return Look(
        t=looks[-1].t,
        count=max(look.count for look in looks),
        confidence=max(look.confidence for look in looks),
        zones=tuple(zones.items()),
    )
