"""What the people on a camera's picture do to what is drawn on it: who counts, who is in which zone, who crosses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_detector.core.lines import Crossing, LineWatch
from edge_detector.core.outline import Outline
from edge_detector.core.types import Detection, Track
from edge_detector.core.zones import Dwell, ZoneKind, count, foot, stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one picture holds."""

    #: Those who make visits: with zones that are required, only who has been in one.
    people: tuple[Track, ...] = ()
    #: Zone id to the number of these people in it.
    zones: tuple[tuple[str, int], ...] = ()
    #: Zone id to the seconds for which the one who is longest in it has been there, zones with somebody only.
    dwell: tuple[tuple[str, float], ...] = ()
    crossings: tuple[Crossing, ...] = ()


class Surveyor:
    """Applies an outline to what is seen; who is known stays known when it is drawn anew."""

    def __init__(self, outline: Outline) -> None:
        """Nobody is there yet."""
        self.outline = outline
        self._lines = LineWatch(outline.lines)
        self._dwell = Dwell()
        self._admitted: set[int] = set()

    def redraw(self, outline: Outline) -> None:
        """Apply this one from now on."""
        self.outline = outline
        self._lines.redraw(outline.lines)

    @property
    def ignored(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """The polygons in which motion does not count."""
        return tuple(zone.points for zone in self.outline.of_kind(ZoneKind.IGNORE))

    def wanted(self, detections: Sequence[Detection]) -> tuple[Detection, ...]:
        """Those that are not in a zone to ignore."""
        ignored = self.outline.of_kind(ZoneKind.IGNORE)
        if not ignored:
            return tuple(detections)
        return tuple(found for found in detections if not any(zone.holds(foot(found.box)) for zone in ignored))

    def survey(self, t: float, tracks: Sequence[Track], *, aspect: float) -> Survey:
        """Look at the people seen at `t`; `aspect` is the frame's width over its height."""
        people = self._admit(tracks)
        return Survey(
            people=people,
            zones=count(self.outline.counted, people),
            dwell=self._dwell.update(t, self.outline.counted, people),
            crossings=self._lines.update(t, tracks, aspect=aspect),
        )

    def nobody(self) -> Survey:
        """What a picture holds that nobody looks at."""
        return Survey(zones=count(self.outline.counted, ()))

    def _admit(self, tracks: Sequence[Track]) -> tuple[Track, ...]:
        required = self.outline.of_kind(ZoneKind.REQUIRED)
        if not required:
            return tuple(tracks)
        inside = {track.id for track in tracks if any(zone.holds(stands(track)) for zone in required)}
        self._admitted = self._admitted | inside
        return tuple(track for track in tracks if track.id in self._admitted)
