"""The configuration: one model a section, whole and checked before anything starts."""

from edge_detector.config.camera import CameraConfig, ZoneConfig
from edge_detector.config.root import SETTINGS_BOUNDS, Config
from edge_detector.config.sections import (
    ArchiveConfig,
    DetectionConfig,
    LoggingConfig,
    MqttConfig,
    NodeConfig,
    RecordingConfig,
    SnapshotConfig,
    TlsConfig,
    VisitsConfig,
)

__all__ = [
    "SETTINGS_BOUNDS",
    "ArchiveConfig",
    "CameraConfig",
    "Config",
    "DetectionConfig",
    "LoggingConfig",
    "MqttConfig",
    "NodeConfig",
    "RecordingConfig",
    "SnapshotConfig",
    "TlsConfig",
    "VisitsConfig",
    "ZoneConfig",
]
