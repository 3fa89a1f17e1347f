import pytest

from edge_detector.core.window import Window, parse_window

NIGHT = parse_window("22:00-06:30")
NOON = parse_window("11:00-13:00")


@pytest.mark.parametrize(
    ("window", "time", "expected"),
    [
        # within one day, the end not included
        (NOON, "10:59", False),
        (NOON, "11:00", True),
        (NOON, "12:59", True),
        (NOON, "13:00", False),
        # over midnight
        (NIGHT, "21:59", False),
        (NIGHT, "22:00", True),
        (NIGHT, "00:00", True),
        (NIGHT, "06:29", True),
        (NIGHT, "06:30", False),
        # up to midnight
        (parse_window("20:00-00:00"), "23:59", True),
        (parse_window("20:00-00:00"), "00:00", False),
    ],
)
def test_window(window: Window, time: str, *, expected: bool) -> None:
    hour, minute = map(int, time.split(":"))
    assert window.holds(hour * 60 + minute) is expected


@pytest.mark.parametrize("text", ["", "22:00", "24:00-06:00", "22:60-06:00", "22-06", "22:00 - 06:00", "22:00-06:00x"])
def test_no_window(text: str) -> None:
    with pytest.raises(ValueError, match="is no time of the day"):
        parse_window(text)


def test_empty_window() -> None:
    with pytest.raises(ValueError, match="begins when it ends"):
        parse_window("06:00-06:00")
