"""One file on its way into a bucket: whole, or in parts."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from edge_detector.archive.s3_body import PacedBody
from edge_detector.archive.s3_checksum import Body, Checksums, body_of
from edge_detector.archive.s3_client import S3Client
from edge_detector.archive.s3_errors import code_of
from edge_detector.core.errors import FileRefusedError, RetryableStoreError

_LOG = logging.getLogger(__name__)

#: From this size on a file goes in parts: no more than this is in memory, and a part is what a broken line costs.
PART_BYTES = 8 << 20


def goes_in_parts(file: BinaryIO) -> bool:
    """Is it a large one?"""
    return os.fstat(file.fileno()).st_size >= PART_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Where a file goes and how; botocore's errors come out as they are."""

    client: S3Client
    #: Bucket and Key.
    target: dict[str, str]
    #: What the object is to be: type, metadata, class, encryption.
    options: dict[str, Any]
    checksums: Checksums
    #: What was recorded, in hex.
    sha256: str
    #: Asked before each piece of so many bytes is sent.
    pace: Callable[[int], None]

    def send(self, file: BinaryIO, *, in_parts: bool) -> None:
        """Send the file from its beginning, at once or in parts.

        Raises FileRefusedError when it is not what was recorded, RetryableStoreError when the store did not confirm it.
        """
        file.seek(0)
        if in_parts:
            self._send_parts(file)
        else:
            self._send_whole(file)

    def _send_whole(self, file: BinaryIO) -> None:
        body = body_of(file.read())
        self._compare(body.sha256.hex())
        answer = self.client.put_object(**self.target, **self.options, **self._params(body))
        self.checksums.confirm(answer, body)

    def _send_parts(self, file: BinaryIO) -> None:
        """What stays of an upload that neither ends nor is aborted, the bucket's lifecycle removes."""
        begun = self.client.create_multipart_upload(**self.target, **self.options, **self.checksums.algorithm)
        if not begun.get("UploadId"):
            raise RetryableStoreError("What answered is no S3 store, it began no upload: check archive.endpoint")
        upload = self.target | {"UploadId": begun["UploadId"]}
        done = False
        try:
            bodies, parts = self._parts(upload, file)
            answer = self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
            self.checksums.confirm_whole(answer, bodies)
            done = True
        finally:
            if not done:
                self._abort(upload)

    def _parts(self, upload: dict[str, str], file: BinaryIO) -> tuple[list[Body], list[dict[str, Any]]]:
        digest = hashlib.sha256()
        sent: list[Body] = []
        parts: list[dict[str, Any]] = []
        while data := file.read(PART_BYTES):
            digest.update(data)
            body, number = body_of(data), {"PartNumber": len(parts) + 1}
            answer = self.client.upload_part(**upload, **number, **self._params(body))
            self.checksums.confirm(answer, body)
            sent.append(replace(body, data=b""))
            parts.append(number | {name: answer[name] for name in ("ETag", "ChecksumSHA256") if name in answer})
        self._compare(digest.hexdigest())
        return sent, parts

    def _params(self, body: Body) -> dict[str, Any]:
        return {**self.checksums.params(body), "Body": PacedBody(body.data, self.pace)}

    def _compare(self, sha256: str) -> None:
        if sha256 != self.sha256:
            raise FileRefusedError("The file is no longer what was recorded: its checksum has changed")

    def _abort(self, upload: dict[str, str]) -> None:
        try:
            self.client.abort_multipart_upload(**upload)
        except ClientError as error:
            _LOG.debug("An upload in parts was not aborted: %s", code_of(error))
        except BotoCoreError as error:
            _LOG.debug("An upload in parts was not aborted: %s", type(error).__name__)
