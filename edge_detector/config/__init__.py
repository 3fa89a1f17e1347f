"""The configuration: one model a section, whole and checked before anything starts."""

from edge_detector.config.archive import ArchiveConfig, FolderArchive, S3Archive
from edge_detector.config.camera import CameraConfig, LineConfig, ZoneConfig
from edge_detector.config.delivery import DeliveryConfig
from edge_detector.config.detection import DetectionConfig, VisitsConfig
from edge_detector.config.mqtt import MqttConfig, TlsConfig
from edge_detector.config.node import LoggingConfig, NodeConfig
from edge_detector.config.recording import RecordingConfig, SnapshotConfig
from edge_detector.config.root import SETTINGS_BOUNDS, Config
from edge_detector.config.web import WebConfig

__all__ = [
    "SETTINGS_BOUNDS",
    "ArchiveConfig",
    "CameraConfig",
    "Config",
    "DeliveryConfig",
    "DetectionConfig",
    "FolderArchive",
    "LineConfig",
    "LoggingConfig",
    "MqttConfig",
    "NodeConfig",
    "RecordingConfig",
    "S3Archive",
    "SnapshotConfig",
    "TlsConfig",
    "VisitsConfig",
    "WebConfig",
    "ZoneConfig",
]
