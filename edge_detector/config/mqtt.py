"""The MQTT broker, and how Home Assistant finds us on it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from edge_detector.config.base import Section, Topic


class TlsConfig(Section):
    """TLS towards the broker; `true` alone stands for `enabled: true`."""

    enabled: bool = Field(default=False, description="Encrypt the connection; brokers usually do so on port 8883.")
    ca: Path | None = Field(default=None, description="A file of certificates to trust; the system's when absent.")
    certificate: Path | None = Field(default=None, description="This client's certificate, where the broker wants one.")
    key: Path | None = Field(default=None, description="The key of this client's certificate.")
    insecure: bool = Field(default=False, description="Accept a trusted certificate that names another host.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"enabled": value} if isinstance(value, bool | str) else value

    @field_validator("key")
    @classmethod
    def _has_its_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("certificate", value) is None:
            raise ValueError("is set without `certificate`: set that too, or remove it")
        return value

    @field_validator("ca", "certificate", "key", "insecure")
    @classmethod
    def _is_for_tls(cls, value: object, info: ValidationInfo) -> object:
        if value and not info.data.get("enabled", True):
            raise ValueError("is set while nothing is encrypted: set `enabled: true` beside it, or remove it")
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
    base_topic: Topic = Field(default="porchlight", description="First part of every topic.")
    discovery: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether Home Assistant's own MQTT integration shows this node; `auto`: unless the Porchlight "
        "integration does.",
    )
    discovery_prefix: Topic = Field(default="homeassistant", description="As set in Home Assistant's MQTT integration.")
    birth_topic: Topic = Field(
        default="homeassistant/status", description="Where Home Assistant says that it is online."
    )

    @field_validator("password")
    @classmethod
    def _has_its_user(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("username", value) is None:
            raise ValueError("is set without `username`: set that too, or remove it")
        return value
