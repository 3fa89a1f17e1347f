"""The hours of a day in which a metered line may be used."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From one minute of the day up to another, on the next day when that is not later."""

    start_minute: int
    end_minute: int

    def holds(self, minute: int) -> bool:
        """Whether a minute of the day lies within; the end does not."""
        if self.start_minute < self.end_minute:
            return self.start_minute <= minute < self.end_minute
        return minute >= self.start_minute or minute < self.end_minute


def parse_window(text: str) -> Window:
    """`22:00-06:00` as a window; raises ValueError when it is none, or an empty one."""
    found = _HOURS.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no time of the day such as 22:00-06:00")
    start_h, start_m, end_h, end_m = map(int, found.groups())
    window = Window(start_minute=start_h * 60 + start_m, end_minute=end_h * 60 + end_m)
    if window.start_minute == window.end_minute:
        raise ValueError(f"{text!r} begins when it ends: leave it out to allow every hour")
    return window
