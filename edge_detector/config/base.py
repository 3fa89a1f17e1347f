"""The common base of every configuration section."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

#: An id that stands in MQTT topics and in object keys.
SLUG = r"^[a-z0-9_]{1,40}$"
Slug = Annotated[str, StringConstraints(pattern=SLUG)]

#: An MQTT topic without wildcards.
TOPIC = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"
Topic = Annotated[str, StringConstraints(pattern=TOPIC, max_length=80)]

#: The first part of object keys; no part begins with a dot, so that none leads out of the archive.
PREFIX = r"^([A-Za-z0-9_=-][A-Za-z0-9._=-]*(/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*/?)?$"
Prefix = Annotated[str, StringConstraints(pattern=PREFIX, max_length=200)]

#: A bucket's name, as all S3 stores take it.
BUCKET = r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
#: A region's name, as AWS and others have them.
REGION = r"^[a-z0-9][a-z0-9-]{0,39}$"
#: A storage class, as AWS and others have them.
STORAGE_CLASS = r"^[A-Z][A-Z0-9_]{0,39}$"

#: A time of the day.
TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
#: Hours of the day.
HOURS = r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$"

#: An address of the HTTP API, which holds no secret.
WEB_ADDRESS = r"^https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~/-]*)?$"

#: What the patterns ask for, in words.
IN_WORDS = {
    SLUG: "1 to 40 lower-case letters, digits and `_`",
    TOPIC: "letters, digits, `_` and `-`, in parts divided by `/`",
    PREFIX: "letters, digits, `.`, `_`, `=` and `-`, in parts divided by `/`",
    BUCKET: "3 to 63 lower-case letters, digits, `.` and `-`",
    REGION: "lower-case letters, digits and `-`, such as eu-central-1",
    TIME: "a time of the day, such as 04:00",
    HOURS: "two times of the day, such as 22:00-06:00",
    WEB_ADDRESS: "`http://host:port` or `https://host`, with a path where it needs one",
    STORAGE_CLASS: "capital letters, digits and `_`, such as STANDARD_IA",
}


class Section(BaseModel):
    """Frozen, and strict about keys that nobody knows; a key without a value counts as absent."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, value: Any) -> Any:  # noqa: ANN401 - whatever a file holds
        if value is None:
            return {}
        if isinstance(value, dict):
            return {key: entry for key, entry in value.items() if entry is not None or key not in cls.model_fields}
        return value
