"""Addresses and texts without the user, password or token in them."""

from __future__ import annotations

import re

MASK = "***"

#: Up to the last `@`: a password may hold one, or a `/`, that nobody percent-encoded.
_USER = re.compile(r"(?<=://)\S*@")
_WHOLE_USER = re.compile(r"(?<=://).*@", re.DOTALL)
#: Of a camera's address, and of a link that was signed for S3.
_NAMES = r"[a-z_-]*(?:pass|pwd|token|key|auth|secret|signature|credential)[a-z_-]*|user|usr"
_SECRET = re.compile(rf"([?&](?:{_NAMES})=)[^&\s]*", re.IGNORECASE)


def masked_url(address: str) -> str:
    """The address with its user, password and secret query values replaced by `***`."""
    return _SECRET.sub(rf"\1{MASK}", _WHOLE_USER.sub(f"{MASK}@", address))


def redact(text: str) -> str:
    """A text with the same done to every address in it."""
    return _SECRET.sub(rf"\1{MASK}", _USER.sub(f"{MASK}@", text))
