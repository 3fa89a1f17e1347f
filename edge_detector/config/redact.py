"""The configuration for showing, and texts without its secrets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from pydantic import BaseModel, SecretStr

from edge_detector.config.root import Config
from edge_detector.core.masking import MASK, masked_url, redact

#: A secret shorter than this is not sought in texts: it would hit words that are none.
MIN_SECRET_CHARS = 4


def shown(config: Config) -> str:
    """The effective configuration as YAML, every default written out, no secret in it."""
    return yaml.safe_dump(_masked(config.model_dump(mode="json")), sort_keys=False, allow_unicode=True, width=120)


class Redactor:
    """Takes out of any text the secrets of one configuration, and the credentials of any address."""

    def __init__(self, config: Config | None = None, *, also: Iterable[str] = ()) -> None:
        """Without a configuration only addresses are known, and what `also` names."""
        found = {text for secret in (*_secrets(config), *also) for text in (secret, unquote(secret))}
        #: The longest first: one secret may hold another.
        self._secrets = sorted((text for text in found if len(text) >= MIN_SECRET_CHARS), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text with `***` for every secret."""
        text = redact(text)
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


def _masked(value: Any) -> Any:  # noqa: ANN401 - any dumped value
    if isinstance(value, dict):
        return {key: _masked(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_masked(entry) for entry in value]
    return masked_url(value) if isinstance(value, str) else value


def _secrets(value: object) -> list[str]:
    """Every secret text below a value: secret fields, and the passwords of addresses."""
    if isinstance(value, SecretStr):
        return [value.get_secret_value()]
    if isinstance(value, BaseModel):
        return [secret for name in type(value).model_fields for secret in _secrets(getattr(value, name))]
    if isinstance(value, dict):
        return [secret for entry in value.values() for secret in _secrets(entry)]
    return [_password(value)] if isinstance(value, str) and "://" in value else []


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""
