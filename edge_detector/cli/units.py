"""Bytes and seconds as people read them."""

from __future__ import annotations

_BYTE_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_KIB = 1024
#: Seconds of each unit and what it is called; a span is told in the largest that it fills twice.
_SPANS = ((86400, "d"), (3600, "h"), (60, "min"))


def size(count: int) -> str:
    """A number of bytes, such as `1.2 MiB`."""
    value, unit = float(count), 0
    while value >= _KIB and unit < len(_BYTE_UNITS) - 1:
        value, unit = value / _KIB, unit + 1
    return f"{value:.1f} {_BYTE_UNITS[unit]}" if unit else f"{count} bytes"


def span(seconds: float) -> str:
    """A span of time, such as `90 s`, `5 min`, `30 h` or `12 d`; a clock that was set back gives 0 s."""
    seconds = max(seconds, 0.0)
    for unit_s, name in _SPANS:
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds:.0f} s"
