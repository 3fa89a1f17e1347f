"""The archive as an S3 bucket: written to, never read, listed or deleted from."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from edge_detector.archive.s3_checksum import Body, Checksums, Knows, body_of
from edge_detector.archive.s3_client import S3Client, make_client
from edge_detector.archive.s3_errors import Place, code_of, key_is_old, masked, store_error
from edge_detector.archive.s3_upload import Upload, goes_in_parts
from edge_detector.config.archive import S3Archive
from edge_detector.core import naming
from edge_detector.core.errors import FileRefusedError, PermanentStoreError, RetryableStoreError
from edge_detector.core.evidence import Item, Stored
from edge_detector.ports import Pace

_LOG = logging.getLogger(__name__)

CHECK_NAME = ".porchlight-check"
_CHECK_CONTENT = b"Porchlight writes this to see whether it can.\n"
_OTHER_CONTENT = b"This is not what the check sends.\n"

_ENCRYPTION = {"bucket": None, "sse-s3": "AES256", "sse-kms": "aws:kms"}

_T = TypeVar("_T")


class S3Store:
    """An ObjectStore at any S3 store; one object for all threads."""

    def __init__(self, config: S3Archive, *, pace: Pace | None = None) -> None:
        """Nothing is looked up or sent before the first use; `pace` is asked before each piece."""
        self._config = config
        self._prefix = naming.below(config.prefix)
        self._place = Place(bucket=config.bucket, prefix=self._prefix, endpoint=config.endpoint)
        self._pace = pace
        self._checksums = Checksums(config.checksum)
        # Some stores verify what comes at once by another checksum than what comes in parts.
        self._checksums_of_parts = Checksums(config.checksum)
        self._lock = threading.Lock()
        self._made: S3Client | None = None

    def put(self, item: Item) -> Stored:
        """Send the file and have its checksum confirmed; the same again changes nothing.

        Raises RetryableStoreError or PermanentStoreError.
        """
        key = self._prefix + item.key
        try:
            file = item.path.open("rb")
        except OSError as error:
            raise FileRefusedError(f"{item.path} cannot be read: {error.strerror}") from error
        with file:
            self._calling(lambda client: self._put(client, key, item, file))
        return self.address(item.key)

    def address(self, key: str) -> Stored:
        """Where an object lies; a signed link lives from now on. Raises StoreError without a key to sign with."""
        key = self._prefix + key
        url = self._calling(lambda client: self._url(client, key))
        return Stored(uri=f"s3://{self._config.bucket}/{key}", url=url)

    def check(self) -> str:
        """Put a small object, and the same with a wrong checksum; a sentence on what was found, or StoreError."""
        return self._calling(self._check)

    # --- what is asked of the store -----------------------------------------------------------------------------------

    def _put(self, client: S3Client, key: str, item: Item, file: BinaryIO) -> None:
        in_parts = goes_in_parts(file)
        apart = in_parts and self._checksums.knows is not Knows.MD5
        checksums = self._checksums_of_parts if apart else self._checksums
        upload = Upload(
            client=client,
            target=self._target(key),
            options=self._options(item.content_type, dict(item.metadata)),
            checksums=checksums,
            sha256=item.sha256,
            pace=lambda size: self._pace(item, size) if self._pace else None,
        )
        checksums.learning(lambda: upload.send(file, in_parts=in_parts))

    def _check(self, client: S3Client) -> str:
        target, options = self._target(self._prefix + CHECK_NAME), self._options("text/plain", {})
        begun = time.monotonic()
        self._checksums.learning(lambda: self._put_body(client, target | options, body_of(_CHECK_CONTENT)))
        took_s = time.monotonic() - begun
        verified = self._refuses_wrong(client, target | options)
        looks = (
            f"and verifies their {self._checksums.name}"
            if verified
            else "and verifies no checksum, so what it says that it holds is compared"
        )
        return f"The bucket {self._place} takes files, {looks}; a small one took {took_s:.2f} s{self._aborts(client)}"

    def _put_body(self, client: S3Client, params: dict[str, Any], body: Body) -> None:
        self._checksums.confirm(client.put_object(**params, **self._checksums.params(body)), body)

    def _refuses_wrong(self, client: S3Client, params: dict[str, Any]) -> bool:
        other = body_of(_OTHER_CONTENT)
        lie = Body(_CHECK_CONTENT, other.sha256, other.md5)
        try:
            client.put_object(**params, **self._checksums.params(lie))
        except ClientError:
            return True
        return False

    def _aborts(self, client: S3Client) -> str:
        """What to say when unfinished uploads cannot be ended."""
        target = self._target(self._prefix + CHECK_NAME)
        try:
            upload = client.create_multipart_upload(**target)["UploadId"]
            client.abort_multipart_upload(**target, UploadId=upload)
        except ClientError as error:
            return f". Parts of broken uploads stay there: {store_error(error, self._place)}"
        return ""

    # --- how it is asked ----------------------------------------------------------------------------------------------

    def _calling(self, ask: Callable[[S3Client], _T]) -> _T:
        """Do something with the client; every fault as a StoreError, without the store's own words."""
        try:
            return ask(self._client())
        except (ClientError, BotoCoreError) as error:
            if key_is_old(error):
                self._made = None  # the next try reads the key anew from where it comes from
            fault = store_error(error, self._place)
            said = f"{code_of(error)} {masked(str(error))}" if isinstance(error, ClientError) else type(error).__name__
            _LOG.debug("%s: %s", self._place, said)
        except ResponseParserError:
            fault = RetryableStoreError(f"What answers as {self._place.host} is no S3 store: check archive.endpoint")
        raise fault

    def _client(self) -> S3Client:
        with self._lock:
            if self._made is None:
                if self._config.ca is not None and not self._config.ca.is_file():
                    raise PermanentStoreError(f"There is no file {self._config.ca}: correct archive.ca")
                self._made = make_client(self._config)
            return self._made

    def _target(self, key: str) -> dict[str, str]:
        return {"Bucket": self._config.bucket, "Key": key}

    def _options(self, content_type: str, metadata: dict[str, str]) -> dict[str, Any]:
        options = {
            "ContentType": content_type,
            "Metadata": {name: _ascii(value) for name, value in metadata.items()},
            "StorageClass": self._config.storage_class,
            "ServerSideEncryption": _ENCRYPTION[self._config.encryption],
            "SSEKMSKeyId": self._config.kms_key,
        }
        return {name: value for name, value in options.items() if value}

    def _url(self, client: S3Client, key: str) -> str:
        """The link to an object; botocore knows the form, and how to sign it."""
        life_s = self._config.presign_life_s
        url = client.generate_presigned_url("get_object", Params=self._target(key), ExpiresIn=life_s)
        return url if self._config.presign else url.partition("?")[0]


def _ascii(value: str) -> str:
    """A value as a header takes it: printable ASCII, all else percent-encoded."""
    return quote(value, safe="".join(map(chr, range(0x20, 0x7F)))).strip()
