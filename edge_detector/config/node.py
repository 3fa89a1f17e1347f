"""The program itself: its name, its folder, its log."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from edge_detector.config.base import Section, Slug

#: All nodes announce themselves below this topic, where a node of this name would have its own.
_TAKEN = "announce"


class NodeConfig(Section):
    """This edge program."""

    id: Slug = Field(
        default="porchlight",
        description="Stands in topics and object keys, so it must differ between nodes that share a broker "
        "or an archive.",
    )
    name: str = Field(default="Porchlight", min_length=1, max_length=80, description="Shown to people.")
    data_dir: Path | None = Field(
        default=None,
        description="Where the ledger, waiting files and models lie. When absent: `$PORCHLIGHT_DATA`, else `/data` in "
        "the add-on, else `~/.local/share/porchlight`.",
    )

    @field_validator("id")
    @classmethod
    def _have_topics_of_its_own(cls, value: str) -> str:
        if value == _TAKEN:
            raise ValueError(f"is `{value}`, which is the topic where all nodes announce themselves: choose another id")
        return value


class HistoryConfig(Section):
    """What is kept for questions that come later."""

    keep_days: int = Field(
        default=400,
        ge=1,
        le=3650,
        description="For how many days the edge remembers visits, crossings and how many people were there. This "
        "removes no file, here or in the archive.",
    )


class LoggingConfig(Section):
    """What is logged, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="The least that is told.")
