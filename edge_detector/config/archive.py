"""Where evidence goes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from edge_detector.config.base import Section


class ArchiveConfig(Section):
    """Where evidence goes."""

    type: Literal["folder"] = Field(default="folder", description="`folder`: such as a mounted disk or share.")
    path: Path | None = Field(default=None, description="The folder; `archive` in the data folder when absent.")
    prefix: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9_=-][A-Za-z0-9._=-]*(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*/?)?$",
        max_length=200,
        description="Stands before every key: letters, digits, `.`, `_`, `=` and `-`, in parts divided by `/`.",
    )
    parallel: int = Field(default=2, ge=1, le=8, description="Files delivered at a time.")
