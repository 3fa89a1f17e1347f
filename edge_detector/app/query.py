"""The archive as a table: a folder as it is, a bucket by its visit documents."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from edge_detector.app import parts
from edge_detector.archive.table import Answer, query
from edge_detector.config import Config, FolderArchive, S3Archive
from edge_detector.core.errors import ConfigError

__all__ = ["Answer", "ask_archive", "query"]


def ask_archive(
    config: Config,
    sql: str,
    *,
    profile: str | None,
    since: date | None,
    until: date | None,
    tell: Callable[[int, int], None],
) -> Answer:
    """Run SQL on the archive of the configuration; raises PorchlightError.

    The documents of a bucket are fetched first, by the key of the profile if one is named; `tell` is told how many.
    """
    archive = config.archive
    if isinstance(archive, FolderArchive):
        root = parts.archive_dir(archive, parts.data_dir(config))
        return query(root, sql, since=since, until=until)
    with tempfile.TemporaryDirectory(prefix="porchlight-") as folder:
        _fetch(_with_profile(archive, profile), Path(folder), tell, since, until)
        return query(Path(folder), sql)


def _fetch(
    archive: S3Archive, folder: Path, tell: Callable[[int, int], None], since: date | None, until: date | None
) -> None:
    try:
        from edge_detector.archive.s3_reader import S3Reader  # noqa: PLC0415 - boto3 is an extra
    except ImportError as error:
        raise ConfigError("archive.type: s3 needs boto3: pip install 'porchlight-edge[s3]'") from error
    S3Reader(archive).fetch(folder, tell, since=since, until=until)


def _with_profile(archive: S3Archive, profile: str | None) -> S3Archive:
    """The edge's own key may only write, so another one may be named."""
    if profile is None:
        return archive
    key = {"access_key_id": None, "secret_access_key": None, "session_token": None}
    return archive.model_copy(update={**key, "profile": profile})
