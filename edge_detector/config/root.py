"""The whole configuration, and the bounds that run-time settings share with it."""

from __future__ import annotations

from annotated_types import Ge, Le
from pydantic import Field, field_validator

from edge_detector.config.archive import ArchiveConfig, FolderArchive
from edge_detector.config.base import Section, Slug
from edge_detector.config.camera import CameraConfig
from edge_detector.config.delivery import DeliveryConfig
from edge_detector.config.detection import DetectionConfig, VisitsConfig
from edge_detector.config.mqtt import MqttConfig
from edge_detector.config.node import HistoryConfig, LoggingConfig, NodeConfig
from edge_detector.config.recording import RecordingConfig, SnapshotConfig
from edge_detector.config.web import WebConfig
from edge_detector.core.types import Settings


class Config(Section):
    """Everything that can be set."""

    node: NodeConfig = Field(default_factory=NodeConfig, description="This edge program.")
    cameras: dict[Slug, CameraConfig] = Field(min_length=1, max_length=64, description="The cameras by id.")
    detection: DetectionConfig = Field(default_factory=DetectionConfig, description="How people are found.")
    visits: VisitsConfig = Field(default_factory=VisitsConfig, description="When somebody is there, and gone.")
    recording: RecordingConfig = Field(default_factory=RecordingConfig, description="How clips are recorded.")
    snapshot: SnapshotConfig = Field(default_factory=SnapshotConfig, description="How pictures are made.")
    archive: ArchiveConfig = Field(default_factory=FolderArchive, description="Where evidence goes.")
    delivery: DeliveryConfig = Field(default_factory=DeliveryConfig, description="How evidence goes there.")
    history: HistoryConfig = Field(
        default_factory=HistoryConfig, description="What is kept for questions that come later."
    )
    mqtt: MqttConfig = Field(default_factory=MqttConfig, description="The broker.")
    web: WebConfig = Field(default_factory=WebConfig, description="The edge's own HTTP API.")
    logging: LoggingConfig = Field(default_factory=LoggingConfig, description="What is logged.")

    @field_validator("cameras")
    @classmethod
    def _watch_something(cls, value: dict[str, CameraConfig]) -> dict[str, CameraConfig]:
        if value and not any(camera.enabled for camera in value.values()):
            raise ValueError("has no camera that is enabled: set `enabled: true` for one")
        return value

    def settings(self, camera: str) -> Settings:
        """A camera's run-time settings as configured."""
        own = self.cameras[camera]
        return Settings(
            armed=own.armed,
            record=own.record,
            upload=own.upload,
            confidence=self.detection.confidence,
            max_clip_s=self.recording.max_clip_s,
            min_clip_gap_s=self.recording.min_clip_gap_s,
        )


def _bounds(section: type[Section], name: str) -> tuple[float, float]:
    """Lowest and highest value of a number as its field declares them."""
    metadata = section.model_fields[name].metadata
    low = next(float(entry.ge) for entry in metadata if isinstance(entry, Ge))  # type: ignore[arg-type]
    high = next(float(entry.le) for entry in metadata if isinstance(entry, Le))  # type: ignore[arg-type]
    return low, high


#: Lowest and highest allowed value of each run-time setting that is a number.
SETTINGS_BOUNDS: dict[str, tuple[float, float]] = {
    "confidence": _bounds(DetectionConfig, "confidence"),
    "max_clip_s": _bounds(RecordingConfig, "max_clip_s"),
    "min_clip_gap_s": _bounds(RecordingConfig, "min_clip_gap_s"),
}
