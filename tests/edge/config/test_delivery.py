"""The section on delivery."""

import pytest
from pydantic import ValidationError

from edge_detector.config import DeliveryConfig
from edge_detector.core.window import Window


def test_every_hour_is_allowed_unless_said_otherwise() -> None:
    assert DeliveryConfig().window is None
    assert DeliveryConfig(hours="22:00-06:00").window == Window(start_minute=22 * 60, end_minute=6 * 60)


@pytest.mark.parametrize(
    ("hours", "fault"),
    [
        ("22-06", "should match pattern"),
        ("22:00", "should match pattern"),
        ("25:00-06:00", "should match pattern"),
        ("06:00-06:00", "begins when it ends"),
    ],
)
def test_hours_that_are_none(hours: str, fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        DeliveryConfig(hours=hours)
