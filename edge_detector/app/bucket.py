"""The bucket's owner at work: policies for keys, and what a safe bucket needs, shown or done."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from edge_detector.archive.policies import Step, edge_policy, reader_policy, safe_bucket
from edge_detector.config import S3Archive
from edge_detector.core.errors import ConfigError

if TYPE_CHECKING:
    from edge_detector.archive.bucket import Outcome

__all__ = ["Step", "Who", "iam_policy", "set_up", "steps", "why_not"]


class Who(StrEnum):
    """Whose key a policy is for."""

    EDGE = "edge"
    HOME_ASSISTANT = "home-assistant"


def iam_policy(who: Who, archive: S3Archive) -> dict[str, Any]:
    """The least that this key must be allowed."""
    make = edge_policy if who is Who.EDGE else reader_policy
    return make(archive.bucket, archive.prefix, kms_key=archive.kms_key)


def steps(archive: S3Archive, *, keep_days: int | None) -> tuple[Step, ...]:
    """What a safe bucket needs, in order."""
    return safe_bucket(
        archive.bucket, archive.prefix, region=archive.region, kms_key=archive.kms_key, keep_days=keep_days
    )


def why_not(step: Step, archive: S3Archive) -> str:
    """Why a step is not for this store; empty when it is."""
    plain = archive.endpoint is not None and archive.endpoint.startswith("http:")
    if step.call == "put_bucket_policy" and plain:
        return (
            "the endpoint speaks plain HTTP, so it would shut out everybody; use an https endpoint, and run this again"
        )
    return ""


def set_up(archive: S3Archive, *, keep_days: int | None) -> Iterator[Outcome]:
    """Do all of it, each step told when it is done, up to the first that fails; raises ConfigError without boto3."""
    try:
        from edge_detector.archive.bucket import apply  # noqa: PLC0415 - boto3 is an extra, and slow to load
    except ImportError as error:
        raise ConfigError("This needs boto3: pip install 'porchlight-edge[s3]'") from error
    return apply(archive, ((step, why_not(step, archive)) for step in steps(archive, keep_days=keep_days)))
