"""The MQTT broker, and how Home Assistant finds us on it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from edge_detector.config.base import Section

_TOPIC = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"


class TlsConfig(Section):
    """TLS towards the broker."""

    enabled: bool = Field(default=False, description="Encrypt the connection; brokers usually do so on port 8883.")
    ca: Path | None = Field(default=None, description="A file of certificates to trust; the system's when absent.")
    certificate: Path | None = Field(default=None, description="This client's certificate, where the broker wants one.")
    key: Path | None = Field(default=None, description="The key of this client's certificate.")
    insecure: bool = Field(default=False, description="Accept a trusted certificate that names another host.")

    @field_validator("key")
    @classmethod
    def _has_its_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("certificate", value) is None:
            raise ValueError("is set without its certificate")
        return value

    @field_validator("ca", "certificate", "key", "insecure")
    @classmethod
    def _is_for_tls(cls, value: Path | bool | None, info: ValidationInfo) -> Path | bool | None:
        if value and not info.data.get("enabled", True):
            raise ValueError("is set, but `enabled` beside it is not, so that the connection would not be encrypted")
        return value


class MqttConfig(Section):
    """The broker."""

    enabled: bool = Field(default=True, description="Whether Home Assistant is told at all.")
    host: str = Field(default="127.0.0.1", min_length=1, description="The broker's name or address.")
    port: int = Field(default=1883, ge=1, le=65535, description="The broker's port; 8883 is usual with TLS.")
    username: str | None = Field(default=None, min_length=1, description="Who logs in; nobody when absent.")
    password: SecretStr | None = Field(default=None, description="That user's password.")
    client_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Must differ between all clients of the broker; `porchlight-<node>` when absent.",
    )
    protocol: Literal["5", "3.1.1"] = Field(default="5", description="The MQTT version.")
    keepalive_s: int = Field(default=30, ge=5, le=600, description="Seconds after which silence is a broken line.")
    tls: TlsConfig = Field(default_factory=TlsConfig, description="TLS towards the broker.")
    base_topic: str = Field(
        default="porchlight",
        pattern=_TOPIC,
        max_length=80,
        description="First part of every topic: letters, digits, `_` and `-`, in parts divided by `/`.",
    )
    discovery: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether Home Assistant's own MQTT integration shows this node; `auto`: unless the Porchlight "
        "integration does.",
    )
    discovery_prefix: str = Field(
        default="homeassistant",
        pattern=_TOPIC,
        max_length=80,
        description="As set in Home Assistant's MQTT integration: letters, digits, `_` and `-`, divided by `/`.",
    )
    birth_topic: str = Field(
        default="homeassistant/status",
        pattern=_TOPIC,
        max_length=80,
        description="Where Home Assistant says that it is online: letters, digits, `_` and `-`, divided by `/`.",
    )

    @field_validator("password")
    @classmethod
    def _has_its_user(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("username", value) is None:
            raise ValueError("is set without `username`")
        return value
