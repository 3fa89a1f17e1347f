from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge_detector.core.calendar import Bucket, Key, spans, starts

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def begun(first: str, last: str, bucket: Bucket, zone: str = "Europe/Berlin") -> list[str]:
    """The beginnings of all buckets between two moments."""
    where = ZoneInfo(zone)
    found: dict[Key, str] = {}
    for span in spans(utc(first), utc(last), where):
        found |= dict(starts(span, bucket, where))
    return list(found.values())


@pytest.mark.parametrize(
    ("first", "last", "zone", "offsets"),
    [
        ("2026-06-01T00:00+00:00", "2026-06-02T00:00+00:00", "Europe/Berlin", [2]),
        ("2026-01-01T00:00+00:00", "2026-12-31T00:00+00:00", "Europe/Berlin", [1, 2, 1]),
        ("2026-01-01T00:00+00:00", "2026-12-31T00:00+00:00", "UTC", [0]),
        ("2026-03-29T00:30+00:00", "2026-03-29T01:00+00:00", "Europe/Berlin", [1]),  # ends with the change
        ("2026-03-29T01:00+00:00", "2026-03-29T01:30+00:00", "Europe/Berlin", [2]),  # begins with it
        ("2026-03-29T00:59:59.5+00:00", "2026-03-29T01:00:00.5+00:00", "Europe/Berlin", [1, 2]),
        ("2026-06-01T00:00+00:00", "2026-06-01T00:00+00:00", "Europe/Berlin", []),
    ],
)
def test_spans_are_even_and_leave_nothing_out(first: str, last: str, zone: str, offsets: list[int]) -> None:
    found = list(spans(utc(first), utc(last), ZoneInfo(zone)))
    assert [span.offset_s for span in found] == [hours * 3600 for hours in offsets]
    edges = [utc(first), *(span.last_utc for span in found)]
    assert edges[-1] == utc(last)
    assert [span.first_utc for span in found] == edges[: len(found)]


def test_change_of_the_clock_is_found_to_the_second() -> None:
    winter, summer = spans(utc("2026-03-01T00:00+00:00"), utc("2026-04-01T00:00+00:00"), BERLIN)
    assert winter.last_utc == summer.first_utc == utc("2026-03-29T01:00+00:00")


def test_hours_of_the_night_in_which_the_clock_goes_forward() -> None:
    assert begun("2026-03-29T00:00+01:00", "2026-03-29T05:00+02:00", Bucket.HOUR) == [
        "2026-03-29T00:00:00+01:00",
        "2026-03-29T01:00:00+01:00",
        "2026-03-29T03:00:00+02:00",
        "2026-03-29T04:00:00+02:00",
    ]


def test_hour_that_comes_twice_is_two_buckets() -> None:
    assert begun("2026-10-25T01:00+02:00", "2026-10-25T04:00+01:00", Bucket.HOUR) == [
        "2026-10-25T01:00:00+02:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


def test_day_with_a_change_is_one_bucket() -> None:
    assert begun("2026-10-24T00:00+02:00", "2026-10-27T00:00+01:00", Bucket.DAY) == [
        "2026-10-24T00:00:00+02:00",
        "2026-10-25T00:00:00+02:00",
        "2026-10-26T00:00:00+01:00",
    ]


def test_hours_of_a_zone_with_quarters_begin_at_its_own_hours() -> None:
    assert begun("2026-06-01T00:00+00:00", "2026-06-01T02:00+00:00", Bucket.HOUR, "Asia/Kathmandu") == [
        "2026-06-01T05:00:00+05:45",
        "2026-06-01T06:00:00+05:45",
        "2026-06-01T07:00:00+05:45",
    ]


def test_ragged_interval_touches_the_buckets_around_it() -> None:
    assert begun("2026-06-01T10:59:30+02:00", "2026-06-01T11:01:00+02:00", Bucket.MINUTE) == [
        "2026-06-01T10:59:00+02:00",
        "2026-06-01T11:00:00+02:00",
    ]


def test_years_that_dates_do_not_have_are_refused() -> None:
    end = datetime(9999, 12, 31, tzinfo=UTC)
    with pytest.raises(ValueError, match="beyond the years"):
        list(spans(end.timestamp(), (end - timedelta(days=1)).timestamp() + 4 * 86_400, BERLIN))
