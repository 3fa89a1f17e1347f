"""How evidence goes to the archive: how fast, at which hours, and what may wait for it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator

from edge_detector.config.base import HOURS, Section
from edge_detector.core.window import Window, parse_window

_GB = 1_000_000_000


class DeliveryConfig(Section):
    """How evidence goes to the archive, and what may wait for it."""

    max_bytes_per_s: int | None = Field(
        default=None, ge=1_000, le=_GB, description="Bytes a second of all uploads together; no limit when absent."
    )
    hours: Annotated[str, StringConstraints(pattern=HOURS)] | None = Field(
        default=None, description="When files may go, in local time; at any hour when absent."
    )
    snapshots_always: bool = Field(default=True, description="Let snapshots, which are small, go at any hour.")
    early_copy_s: float = Field(
        default=4.0,
        ge=0,
        le=20,
        description="Seconds after a clip's trigger when what there is of it goes to the archive, 0 for never; "
        "needs an archive that is not in the data folder.",
    )
    max_bytes: int | None = Field(
        default=10 * _GB,
        ge=10_000_000,
        le=1000 * _GB,
        description="Bytes that may wait for the archive; beyond it the oldest clips are given up.",
    )
    max_age_days: float | None = Field(
        default=None,
        ge=0.1,
        le=3650,
        description="Days that a file may wait before it is given up; for ever when absent.",
    )
    min_free_bytes: int = Field(
        default=500_000_000,
        ge=0,
        le=1000 * _GB,
        description="Bytes of the disk kept free by giving up the oldest clips that wait.",
    )

    @field_validator("hours")
    @classmethod
    def _allow_something(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                parse_window(value)
            except ValueError as error:
                raise ValueError("begins when it ends: leave it out to allow every hour") from error
        return value

    @property
    def window(self) -> Window | None:
        """The hours as a window, None for every hour."""
        return parse_window(self.hours) if self.hours else None
