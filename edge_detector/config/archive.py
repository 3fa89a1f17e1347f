"""Where evidence goes: a folder, or an S3 bucket."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Discriminator, Field, SecretStr, StringConstraints, Tag, ValidationInfo, field_validator

from edge_detector.config.base import BUCKET, REGION, STORAGE_CLASS, Prefix, Section

_BOTH_OR_NEITHER = "set both, or neither and leave the key to the environment, a profile or the machine's role"

#: Letters, digits and hyphens, as boto3 has it; containers often have underscores in their names.
_HOST = re.compile(
    r"(?=.{1,255}$)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*(?!-)[a-z0-9-]{1,63}(?<!-)\.?|[0-9a-f:]*:[0-9a-f:.]*"
)

#: The longest that a signed link may live, as S3 has it: a week.
MAX_PRESIGN_S = 604_800


class FolderArchive(Section):
    """A mounted disk or share."""

    type: Literal["folder"] = Field(default="folder", description="Where: a `folder`, or a bucket at an `s3` store.")
    path: Path | None = Field(default=None, description="The folder; `archive` in the data folder when absent.")
    prefix: Prefix = Field(default="", description="Stands before every key.")
    parallel: int = Field(default=2, ge=1, le=8, description="Files delivered at a time.")


class S3Archive(Section):
    """A bucket at any S3 store; a key that may only PutObject is enough."""

    type: Literal["s3"] = Field(default="s3", description="Where: a `folder`, or a bucket at an `s3` store.")
    bucket: Annotated[str, StringConstraints(pattern=BUCKET)] = Field(description="The bucket's name.")
    prefix: Prefix = Field(default="", description="Stands before every key.")
    parallel: int = Field(default=2, ge=1, le=8, description="Files delivered at a time.")
    endpoint: str | None = Field(
        default=None,
        max_length=200,
        description="The store's address, such as https://minio.lan:9000; AWS when absent.",
    )
    region: Annotated[str, StringConstraints(pattern=REGION)] | None = Field(
        default=None, description="The bucket's region; else as the environment or profile says, else us-east-1."
    )
    addressing: Literal["auto", "path", "virtual"] = Field(
        default="auto",
        description="Where the bucket stands in an address: in the path or in the host's name; `auto`: in the name "
        "at AWS, in the path elsewhere.",
    )
    access_key_id: SecretStr | None = Field(
        default=None, description="The key's id; else the environment (AWS_ACCESS_KEY_ID), a profile or a role."
    )
    secret_access_key: SecretStr | None = Field(default=None, description="The key's secret.")
    session_token: SecretStr | None = Field(default=None, description="The token of a key that lives for a while.")
    profile: str | None = Field(default=None, min_length=1, description="A profile of the AWS configuration files.")
    storage_class: Annotated[str, StringConstraints(pattern=STORAGE_CLASS)] | None = Field(
        default=None, description="Such as STANDARD_IA; the store's default when absent."
    )
    encryption: Literal["bucket", "sse-s3", "sse-kms"] = Field(
        default="bucket", description="Who encrypts at rest; `bucket`: as the bucket is set to."
    )
    kms_key: str | None = Field(
        default=None, min_length=1, description="The KMS key's ARN or id; the account's own for S3 when absent."
    )
    checksum: Literal["auto", "sha256", "md5"] = Field(
        default="auto",
        description="What the store verifies each file by; `auto`: SHA-256 where the store confirms it, else MD5.",
    )
    presign: bool = Field(
        default=False, description="Sign the links to clips, so that they open without a key; the key must then read."
    )
    presign_life_s: int = Field(default=86_400, ge=60, le=MAX_PRESIGN_S, description="Seconds a signed link works for.")
    ca: Path | None = Field(default=None, description="A file of certificates to trust; the system's when absent.")
    timeout_s: float = Field(default=20.0, ge=1, le=300, description="Seconds of silence that end a try.")

    @field_validator("endpoint")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None and not _names_a_host_alone(value):
            raise ValueError("is no address of a store: write `https://host` or `https://host:port`, without a user")
        if value is not None and not _HOST.fullmatch(urlsplit(value).hostname or ""):
            raise ValueError("has a host name that boto3 refuses: give the store a name of letters, digits and - alone")
        return value.rstrip("/") if value else None

    @field_validator("secret_access_key")
    @classmethod
    def _has_its_id(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        has_id = info.data.get("access_key_id") is not None
        if value is None and has_id:
            raise ValueError(f"is missing while `access_key_id` is set: {_BOTH_OR_NEITHER}")
        if value is not None and not has_id and "access_key_id" in info.data:
            raise ValueError(f"is set without `access_key_id`: {_BOTH_OR_NEITHER}")
        return value

    @field_validator("session_token")
    @classmethod
    def _has_its_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and info.data.get("access_key_id", value) is None:
            raise ValueError("is set without `access_key_id`: it belongs to a key, set that too")
        return value

    @field_validator("profile")
    @classmethod
    def _is_alone(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("access_key_id") is not None:
            raise ValueError("is set beside `access_key_id`: a profile brings its own key, keep one of the two")
        return value

    @field_validator("kms_key")
    @classmethod
    def _is_for_kms(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("encryption", "sse-kms") != "sse-kms":
            raise ValueError("is set while another encryption is: set `encryption: sse-kms` beside it, or remove it")
        return value


def _names_a_host_alone(address: str) -> bool:
    try:
        parts = urlsplit(address)
        more = parts.port == 0 or parts.username or parts.password or parts.query or parts.fragment
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not more


def _kind(value: Any) -> str:  # noqa: ANN401 - whatever a file holds, or a section
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return "s3" if kind == "s3" else "folder"


ArchiveConfig = Annotated[
    Annotated[FolderArchive, Tag("folder")] | Annotated[S3Archive, Tag("s3")], Discriminator(_kind)
]
