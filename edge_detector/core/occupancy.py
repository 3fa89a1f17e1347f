"""How many people are inside: those who came in less those who went out."""

from __future__ import annotations

from collections.abc import Callable

from edge_detector.core.lines import Direction

#: Tells the day that a UTC lies in, as any number that changes when the day does; it begins when the owner says.
DayOf = Callable[[float], int]


class Occupancy:
    """A camera's count over all its lines; never below zero, since nobody can leave who is not there."""

    def __init__(self, day_of: DayOf | None = None) -> None:
        """Nobody is inside; with `day_of` the count begins anew with each day."""
        self._day_of = day_of
        self._day: int | None = None
        self.count = 0

    def crossed(self, direction: Direction) -> bool:
        """Count somebody; whether that changed anything."""
        before = self.count
        self.count = max(0, before + (1 if direction is Direction.IN else -1))
        return self.count != before

    def set(self, count: int, utc: float) -> None:
        """So many people were inside at `utc`, whatever was counted."""
        self.count = max(0, count)
        self._day = self._day_of(utc) if self._day_of else None

    def pass_time(self, utc: float) -> bool:
        """Begin anew if a day has begun; whether that changed the count. A clock that is set back begins no day."""
        if self._day_of is None:
            return False
        day, before = self._day_of(utc), self._day
        self._day = day if before is None else max(day, before)
        if before is None or day <= before or not self.count:
            return False
        self.count = 0
        return True
