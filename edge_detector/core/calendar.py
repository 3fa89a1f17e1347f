"""Puts an interval into minutes, hours or days of local time, across changes of the clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from enum import Enum

#: More than any chart shows.
MAX_BUCKETS = 10_000
_DAY_S = 86_400


class Bucket(Enum):
    """How long a bucket is, in seconds of a day without a change of the clock."""

    MINUTE = 60
    HOUR = 3600
    DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of an interval in which local time runs evenly, `first_utc <= t < last_utc`."""

    first_utc: float
    last_utc: float
    #: What is added to UTC.
    offset_s: int

    def index(self, utc: float, bucket: Bucket) -> int:
        """The number of the bucket of a moment, counted from 1970 in local time."""
        return int((utc + self.offset_s) // bucket.value)


#: What tells a bucket from all others: the second in which it begins, which an hour that comes twice does twice; of a
#: day, which a change of the clock may divide, by its own clock.
Key = int


def key_zero(span: Span, bucket: Bucket) -> Key:
    """The key of the bucket number 0; that of any other is so many times the bucket's length later."""
    return 0 if bucket is Bucket.DAY else -span.offset_s


def spans(first_utc: float, last_utc: float, zone: tzinfo) -> Iterator[Span]:
    """The even parts of an interval, in order; raises ValueError beyond the years that dates have."""
    at = first_utc
    while at < last_utc:
        end = _end(at, last_utc, zone)
        yield Span(first_utc=at, last_utc=end, offset_s=_offset_s(at, zone))
        at = end


def starts(span: Span, bucket: Bucket, zone: tzinfo) -> Iterator[tuple[Key, str]]:
    """The buckets that a span touches, each with its beginning in local time as ISO 8601."""
    last = span.index(span.last_utc, bucket)
    if (span.last_utc + span.offset_s) % bucket.value == 0:
        last -= 1
    times = _times_of_day(span, bucket)
    zero, size = key_zero(span, bucket), bucket.value
    known, midnight, date = -1, datetime.fromtimestamp(0, UTC), ""
    for index in range(span.index(span.first_utc, bucket), last + 1):
        day, n = divmod(index, len(times))
        if day != known:
            known, midnight = day, datetime.fromtimestamp(day * _DAY_S, UTC)
            date = midnight.date().isoformat()
        if bucket is Bucket.DAY:  # midnight may have another offset than the rest of the day
            yield zero + index * size, midnight.replace(tzinfo=zone).isoformat()
        else:
            yield zero + index * size, f"{date}{times[n]}"


def _times_of_day(span: Span, bucket: Bucket) -> list[str]:
    """All beginnings within a day: the same every day, so a year of hours need not be put into words one by one."""
    begin = datetime(1970, 1, 1, tzinfo=timezone(timedelta(seconds=span.offset_s)))
    times = (begin + timedelta(seconds=second) for second in range(0, _DAY_S, bucket.value))
    return [time.isoformat()[len("1970-01-01") :] for time in times]


def _end(at: float, last_utc: float, zone: tzinfo) -> float:
    """Until when the offset of a moment holds."""
    known, offset_s = at, _offset_s(at, zone)
    while known < last_utc:
        probe = min(known + _DAY_S, last_utc)
        if _offset_s(probe, zone) != offset_s:
            return min(float(_change(math.floor(known), math.ceil(probe), zone)), last_utc)
        known = probe
    return last_utc


def _change(low: int, high: int, zone: tzinfo) -> int:
    """The second between two in which the offset becomes another."""
    old = _offset_s(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset_s(middle, zone) == old else (low, middle)
    return high


def _offset_s(utc: float, zone: tzinfo) -> int:
    try:
        offset = datetime.fromtimestamp(utc, UTC).astimezone(zone).utcoffset()
    except (OverflowError, OSError, ValueError) as error:
        raise ValueError(f"{utc} is beyond the years that dates have") from error
    return 0 if offset is None else round(offset.total_seconds())
