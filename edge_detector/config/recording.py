"""How clips are recorded and pictures are made."""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from edge_detector.config.base import Section


class RecordingConfig(Section):
    """How clips are recorded."""

    max_clip_s: float = Field(
        default=20.0, ge=3, le=20, description="Longest clip, pre-roll included; may be changed at run time."
    )
    pre_roll_s: float = Field(
        default=4.0, ge=0, le=10, description="Seconds before the person appeared; at most half of `max_clip_s`."
    )
    min_clip_gap_s: float = Field(
        default=60.0, ge=5, le=3600, description="Seconds between the starts of two clips; may be changed at run time."
    )
    fsync_s: float = Field(default=1.0, ge=0.2, le=30, description="A power cut loses at most this much of a clip.")

    @field_validator("pre_roll_s")
    @classmethod
    def _leave_room(cls, value: float, info: ValidationInfo) -> float:
        longest = info.data.get("max_clip_s")
        if longest is not None and value > longest / 2:
            raise ValueError(
                f"is more than half of max_clip_s, which is {longest:g}: set it to {longest / 2:g} or less"
            )
        return value


class SnapshotConfig(Section):
    """How pictures of visits are made."""

    draw_boxes: bool = Field(default=False, description="Draw the boxes of the people into the picture.")
    quality: int = Field(default=85, ge=30, le=100, description="JPEG quality.")
