"""The common base of every configuration section."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen, and strict about keys that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
