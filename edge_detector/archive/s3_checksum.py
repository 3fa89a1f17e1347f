"""How a store is made to verify what it is sent: SHA-256 where it confirms that, else MD5."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from botocore.exceptions import ClientError

from edge_detector.archive.s3_errors import knows_no_checksum
from edge_detector.core.errors import RetryableStoreError

#: Stores that keep objects as they came answer with their MD5.
_MD5_ETAG = re.compile(r'"?([0-9a-f]{32})"?')
#: Of an upload in parts: how many there were.
_ETAG_OF_PARTS = re.compile(r'"?[0-9a-f]{32}-([0-9]+)"?')


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes to send, with their checksums."""

    data: bytes
    sha256: bytes
    md5: bytes


def body_of(data: bytes) -> Body:
    """Bytes with their true checksums."""
    return Body(data, hashlib.sha256(data).digest(), hashlib.md5(data, usedforsecurity=False).digest())


class Knows(StrEnum):
    """What is known of a store's checksums."""

    #: Nothing: it gets both, and its first answer tells.
    NOTHING = "nothing"
    #: It confirmed SHA-256.
    SHA256 = "sha256"
    #: It did not: it gets both.
    NO_MORE = "no more"
    #: It refused SHA-256.
    MD5 = "md5"


class Checksums:
    """What one store is sent, and what its answers confirm; may be used by several threads."""

    def __init__(self, wanted: Literal["auto", "sha256", "md5"]) -> None:
        """With `auto`, the first answer decides and what the store kept is compared."""
        self._compare = wanted == "auto"
        self.knows = Knows.NOTHING if wanted == "auto" else Knows(wanted)

    @property
    def name(self) -> str:
        """What the store verifies by, for a sentence."""
        return "SHA-256" if self.knows is Knows.SHA256 else "MD5"

    @property
    def algorithm(self) -> dict[str, str]:
        """What an upload in parts announces."""
        return {} if self.knows is Knows.MD5 else {"ChecksumAlgorithm": "SHA256"}

    def params(self, body: Body) -> dict[str, Any]:
        """The body and its checksums as boto3 takes them."""
        params: dict[str, Any] = {"Body": body.data}
        if self.knows is not Knows.MD5:
            params["ChecksumSHA256"] = base64.b64encode(body.sha256).decode()
        if self.knows is not Knows.SHA256:
            params["ContentMD5"] = base64.b64encode(body.md5).decode()
        return params

    def confirm(self, answer: Mapping[str, Any], body: Body) -> None:
        """Raises RetryableStoreError unless the store has these very bytes, as far as it says; learns what it knows."""
        told = answer.get("ChecksumSHA256")
        etag = answer.get("ETag")
        if not etag and not told:
            raise RetryableStoreError("What answered is no S3 store, it confirmed nothing: check archive.endpoint")
        if self.knows is Knows.NOTHING:
            self.knows = Knows.SHA256 if told else Knows.NO_MORE
        if told and told != base64.b64encode(body.sha256).decode():
            raise RetryableStoreError("The store holds other bytes than were sent, by its SHA-256")
        if self._compare and not told and _is_other(str(etag), body, str(answer.get("ServerSideEncryption"))):
            raise RetryableStoreError(
                "The store holds other bytes than were sent, by its MD5; "
                "if it says so of every file, its ETag is none: set archive.checksum: md5"
            )

    def confirm_whole(self, answer: Mapping[str, Any], parts: Sequence[Body]) -> None:
        """Raises RetryableStoreError unless the store made one object of these very parts, as far as it says."""
        told, etag = str(answer.get("ChecksumSHA256", "")), str(answer.get("ETag", ""))
        if not etag and not told:
            raise RetryableStoreError("The store did not confirm that the parts are one file now")
        wanted = base64.b64encode(hashlib.sha256(b"".join(part.sha256 for part in parts)).digest()).decode()
        if told and told.partition("-")[0] != wanted:
            raise RetryableStoreError("The store made another file of the parts, by its SHA-256")
        found = _ETAG_OF_PARTS.fullmatch(etag)
        if found and int(found[1]) != len(parts):
            raise RetryableStoreError("The store made another file of the parts, by their number")

    def learning(self, send: Callable[[], None]) -> None:
        """Send; when a store of which nothing is known refuses a header, send without SHA-256."""
        try:
            send()
        except ClientError as error:
            if self.knows is not Knows.NOTHING or not knows_no_checksum(error):
                raise
        else:
            return
        self.knows = Knows.MD5
        learned = False
        try:
            send()
            learned = True
        finally:
            if not learned:  # it was another header, or the line broke
                self.knows = Knows.NOTHING


def _is_other(etag: str, body: Body, encryption: str) -> bool:
    found = None if encryption.startswith("aws:kms") else _MD5_ETAG.fullmatch(etag)
    return found is not None and found[1] != body.md5.hex()
