"""Days that begin when the owner says."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from edge_detector.app.parts import day_of

BERLIN = ZoneInfo("Europe/Berlin")


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2026-11-21T04:00", "2026-11-22T03:59", True),
        ("2026-11-21T03:59", "2026-11-21T04:00", False),
        ("2026-03-29T01:30", "2026-03-29T03:30", True),  # the clock goes forward between them
        ("2026-03-29T03:59", "2026-03-29T04:00", False),
        ("2026-10-25T03:59", "2026-10-25T04:00", False),  # and back
    ],
)
def test_a_day_begins_at_a_time_of_the_local_clock(one: str, other: str, same: bool) -> None:
    day = day_of("04:00", BERLIN)
    assert day is not None
    assert (day(utc(one)) == day(utc(other))) is same


def test_no_time_is_no_day() -> None:
    assert day_of(None, BERLIN) is None
