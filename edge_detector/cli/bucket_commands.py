"""The commands for the owner of a bucket, and their options."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Bucket = Annotated[str, typer.Option("--bucket", metavar="NAME", help="The bucket's name.")]
Prefix = Annotated[
    str, typer.Option("--prefix", metavar="PREFIX", help="As archive.prefix; the whole bucket when absent.")
]
KmsKey = Annotated[
    str | None, typer.Option("--kms-key", metavar="ARN", help="The KMS key that encrypts; S3's own when absent.")
]


def iam_policy(
    bucket: Bucket,
    who: Annotated[
        Literal["edge", "home-assistant"],
        typer.Option("--for", help="The edge, which may only write, or Home Assistant, which may only read."),
    ],
    prefix: Prefix = "",
    kms_key: KmsKey = None,
) -> None:
    """Print the policy that gives a key the least it needs."""
    from edge_detector.cli.bucket import print_policy  # noqa: PLC0415 - loads pydantic

    print_policy(who, bucket=bucket, prefix=prefix, kms_key=kms_key)


def setup_bucket(  # noqa: PLR0913 - the options, by name
    *,
    bucket: Bucket,
    prefix: Prefix = "",
    region: Annotated[str | None, typer.Option("--region", metavar="NAME", help="The bucket's region.")] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="The store's address; AWS when absent.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="NAME", help="The AWS profile of the bucket's owner.")
    ] = None,
    kms_key: KmsKey = None,
    keep_days: Annotated[
        int | None,
        typer.Option("--keep-days", metavar="N", min=1, max=36500, help="Days after which evidence goes; else never."),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Do it, with the key of the environment or profile.")] = False,
) -> None:
    """Print what a safe bucket needs, as commands of the AWS CLI, or do it."""
    from edge_detector.cli.bucket import set_up_bucket  # noqa: PLC0415 - loads pydantic

    set_up_bucket(
        keep_days=keep_days,
        apply=apply,
        bucket=bucket,
        prefix=prefix,
        region=region,
        endpoint=endpoint,
        profile=profile,
        kms_key=kms_key,
    )
