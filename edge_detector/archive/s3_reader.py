"""Reads visit documents back from a bucket, with a key of its owner: the edge's own may only write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from edge_detector.archive.s3_client import make_client
from edge_detector.archive.s3_errors import Place, code_of, store_error
from edge_detector.config.archive import S3Archive
from edge_detector.core import naming
from edge_detector.core.errors import PermanentStoreError, RetryableStoreError, StoreError
from edge_detector.core.evidence import ItemKind

#: Documents fetched at a time: each is small, and the way there is long.
PARALLEL = 16
#: One broken connection among thousands does not end the whole.
TRIES = 3

_DENIED = frozenset({"AccessDenied", "Forbidden", "403"})

#: Told how many documents are here, of how many.
Tell = Callable[[int, int], None]


class _Reading(Protocol):
    """The calls of boto3's client that reading needs."""

    def get_paginator(self, operation: str) -> Any:  # noqa: ANN401 - boto3 has no types
        """Reads a listing page by page."""
        ...

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        """Reads one object."""
        ...


class S3Reader:
    """The visit documents of a bucket; may list and read, and changes nothing."""

    def __init__(self, config: S3Archive) -> None:
        """Nothing is asked of the store yet."""
        self._bucket = config.bucket
        self._prefix = naming.below(config.prefix)
        self._place = Place(bucket=config.bucket, prefix=self._prefix, endpoint=config.endpoint)
        self._config = config.model_copy(update={"parallel": PARALLEL})

    def fetch(self, folder: Path, tell: Tell, *, since: date | None = None, until: date | None = None) -> None:
        """Put all visit documents from one date to another under their keys into `folder`; raises StoreError."""
        try:
            client = make_client(self._config, writing_only=False)
            keys = list(self._keys(client, since or date.min, until or date.max))
            tell(0, len(keys))
            with ThreadPoolExecutor(PARALLEL, thread_name_prefix="reader") as pool:
                for done, _ in enumerate(pool.map(lambda key: self._get(client, key, folder), keys), start=1):
                    tell(done, len(keys))
        except (ClientError, BotoCoreError) as error:
            raise self._fault(error) from error

    def _keys(self, client: _Reading, since: date, until: date) -> Iterator[str]:
        """Keys of documents; each camera is read from its first wanted day to its last, so that years cost nothing."""
        for node in self._folders(client, f"{self._prefix}visits/"):
            for camera in self._folders(client, node):
                for key in self._below(client, camera, after=f"{camera}date={_day_before(since)}"):
                    day = key.removeprefix(f"{camera}date=").partition("/")[0]
                    if day > until.isoformat():
                        break
                    if day >= since.isoformat() and self._is_document(key):
                        yield key

    def _folders(self, client: _Reading, prefix: str) -> Iterator[str]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/")
        for page in pages:
            yield from (entry["Prefix"] for entry in page.get("CommonPrefixes", ()))

    def _below(self, client: _Reading, prefix: str, *, after: str) -> Iterator[str]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix, StartAfter=after)
        for page in pages:
            yield from (entry["Key"] for entry in page.get("Contents", ()))

    def _is_document(self, key: str) -> bool:
        with suppress(ValueError):
            return naming.parse_archive_key(key, prefix=self._prefix).kind is ItemKind.DOCUMENT
        return False

    def _get(self, client: _Reading, key: str, folder: Path) -> None:
        path = folder / key.removeprefix(self._prefix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._read(client, key))

    def _read(self, client: _Reading, key: str) -> bytes:
        tries = 1
        while True:
            try:
                body: bytes = client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except (ClientError, BotoCoreError) as error:
                if tries == TRIES or not isinstance(store_error(error, self._place), RetryableStoreError):
                    raise
                tries += 1
            else:
                return body

    def _fault(self, error: ClientError | BotoCoreError) -> StoreError:
        if isinstance(error, ClientError) and code_of(error) in _DENIED:
            return PermanentStoreError(
                f"The key may not read the bucket {self._place}: a query needs s3:ListBucket there and s3:GetObject on"
                f" {self._place.arn}, as `porchlight iam-policy --for home-assistant` prints it; name the profile of"
                " such a key by --profile"
            )
        return store_error(error, self._place)


def _day_before(day: date) -> date:
    """Whoever begins a listing at a day must name the one before it: some stores leave out what begins so."""
    return day - timedelta(days=1) if day > date.min else day
