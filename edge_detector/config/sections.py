"""The sections that hold for the whole node: detection, visits, recording, archive, broker, logging."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from edge_detector.config.base import Section

SLUG = r"^[a-z0-9_]{1,40}$"


class NodeConfig(Section):
    """This edge program."""

    id: str = Field(default="porchlight", pattern=SLUG, description="Stands in topics and object keys.")
    name: str = Field(default="Porchlight", max_length=80, description="Shown to people.")
    data_dir: Path | None = Field(
        default=None, description="Where the ledger, waiting files and models lie; a place of the system's when absent."
    )


class DetectionConfig(Section):
    """How people are found."""

    backend: Literal["auto", "onnx", "hog", "yolov5"] = Field(
        default="auto", description="`auto` takes the fastest that is there; `hog` needs no model and finds little."
    )
    model: str = Field(default="yolov5n", description="A known model's name, or the path of a file.")
    confidence: float = Field(
        default=0.5, ge=0.05, le=0.99, description="From which score on a person counts; may be changed at run time."
    )
    iou: float = Field(default=0.45, ge=0.1, le=0.9, description="Boxes that overlap more than this are one person.")
    side: int = Field(default=320, ge=160, le=1280, multiple_of=32, description="Pixels of the model's square crops.")
    scan_side: int = Field(
        default=640, ge=160, le=1280, multiple_of=32, description="Pixels of the longer edge when looking at all."
    )
    fps: float = Field(default=5.0, ge=1, le=15, description="Frames analysed a second.")
    idle_scan_s: float = Field(default=10.0, ge=1, le=300, description="Look at the whole picture this often anyhow.")
    max_regions: int = Field(default=4, ge=1, le=16, description="Crops looked at in one frame at most.")
    threads: int | None = Field(default=None, ge=1, le=16, description="Threads of one inference; by the board if absent.")


class VisitsConfig(Section):
    """When somebody counts as there, and as gone."""

    confirm_hits: int = Field(default=2, ge=1, le=10, description="Detections of one person that start a visit…")
    confirm_window_s: float = Field(default=1.0, ge=0.1, le=10, description="…within this many seconds.")
    hold_s: float = Field(default=5.0, ge=1, le=120, description="Seconds without anybody that end a visit.")


class RecordingConfig(Section):
    """How clips are recorded."""

    pre_roll_s: float = Field(default=4.0, ge=0, le=15, description="Seconds before the person appeared.")
    max_clip_s: float = Field(
        default=20.0, ge=3, le=20, description="Longest clip, pre-roll included; may be changed at run time."
    )
    min_clip_gap_s: float = Field(
        default=60.0, ge=5, le=3600, description="Seconds between the starts of two clips; may be changed at run time."
    )
    fsync_s: float = Field(default=1.0, ge=0.2, le=30, description="A power cut loses at most this much of a clip.")

    @model_validator(mode="after")
    def _pre_roll_leaves_room(self) -> RecordingConfig:
        if self.pre_roll_s > self.max_clip_s / 2:
            msg = f"pre_roll_s {self.pre_roll_s:g} is more than half of max_clip_s {self.max_clip_s:g}: lower it"
            raise ValueError(msg)
        return self


class SnapshotConfig(Section):
    """How pictures of visits are made."""

    draw_boxes: bool = Field(default=False, description="Draw the boxes of the people into the picture.")
    quality: int = Field(default=85, ge=30, le=100, description="JPEG quality.")


class ArchiveConfig(Section):
    """Where evidence goes."""

    type: Literal["folder"] = Field(default="folder", description="A folder, such as a mounted disk or share.")
    path: Path | None = Field(default=None, description="The folder; `archive` in the data folder when absent.")
    prefix: str = Field(
        default="", pattern=r"^([A-Za-z0-9._=-]+/?)*$", max_length=200, description="Stands before every key."
    )
    parallel: int = Field(default=2, ge=1, le=8, description="Files delivered at a time.")


class TlsConfig(Section):
    """TLS towards the broker."""

    enabled: bool = Field(default=False, description="Encrypt the connection.")
    ca: Path | None = Field(default=None, description="Certificates to trust; the system's when absent.")
    certificate: Path | None = Field(default=None, description="This client's certificate.")
    key: Path | None = Field(default=None, description="The key of this client's certificate.")
    insecure: bool = Field(default=False, description="Accept a certificate for another host name.")


class MqttConfig(Section):
    """The broker."""

    enabled: bool = Field(default=True, description="Whether Home Assistant is told at all.")
    host: str = Field(default="127.0.0.1", min_length=1, description="The broker's name or address.")
    port: int = Field(default=1883, ge=1, le=65535, description="The broker's port; 8883 is usual with TLS.")
    username: str | None = Field(default=None, description="Who logs in.")
    password: SecretStr | None = Field(default=None, description="That user's password.")
    client_id: str | None = Field(default=None, max_length=64, description="`porchlight-<node>` when absent.")
    protocol: Literal["5", "3.1.1"] = Field(default="5", description="The MQTT version.")
    keepalive_s: int = Field(default=30, ge=5, le=600, description="Seconds after which silence is a broken line.")
    tls: TlsConfig = Field(default_factory=TlsConfig, description="TLS towards the broker.")
    base_topic: str = Field(
        default="porchlight", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", description="First part of every topic."
    )
    discovery: Literal["auto", "on", "off"] = Field(
        default="auto", description="Plain MQTT discovery; `auto`: unless the integration claims this node."
    )
    discovery_prefix: str = Field(
        default="homeassistant", pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", description="As set in Home Assistant."
    )
    birth_topic: str = Field(
        default="homeassistant/status", description="Where Home Assistant says that it is online."
    )


class LoggingConfig(Section):
    """What is logged."""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="The least that is told.")
