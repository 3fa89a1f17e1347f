"""Where evidence goes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from edge_detector.config.base import Prefix, Section


class ArchiveConfig(Section):
    """Where evidence goes."""

    type: Literal["folder"] = Field(default="folder", description="`folder`: such as a mounted disk or share.")
    path: Path | None = Field(default=None, description="The folder; `archive` in the data folder when absent.")
    prefix: Prefix = Field(default="", description="Stands before every key.")
    parallel: int = Field(default=2, ge=1, le=8, description="Files delivered at a time.")
