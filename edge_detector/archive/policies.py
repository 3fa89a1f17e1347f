"""What a bucket and its keys are allowed and set to: least-privilege policies and a bucket's safe settings, as data."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

from edge_detector.core import naming

#: Parts of broken uploads are of no use after this.
LEFTOVER_DAYS = 1
#: Whoever takes the machine leaves early copies as the only film of it, and the owner may be on holiday.
EARLY_COPY_DAYS = 30
#: Versions that were replaced are kept for as long, so that what a thief overwrites can be brought back.
OLD_VERSION_DAYS = 30

#: Where early copies lie below the prefix; a lifecycle rule knows objects by the beginning of their keys alone.
EARLY_COPIES = "partials/"

Policy = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One setting of a bucket."""

    what: str
    #: The call's name in boto3, and what it takes beside the bucket.
    call: str
    params: dict[str, Any]

    @property
    def command(self) -> str:
        """The same as a command line of the AWS CLI, without the bucket's name."""
        options = [f"--{_dashed(name)} {shlex.quote(_text(value))}" for name, value in self.params.items()]
        return " ".join([f"aws s3api {self.call.replace('_', '-')}", *options])


def edge_policy(bucket: str, prefix: str = "", *, kms_key: str | None = None) -> Policy:
    """For the edge's key: put, and abort what it put in parts; a stolen edge can neither read nor delete.

    `kms_key` is the ARN of the key that encrypts the bucket, if one does.
    """
    actions = ["s3:PutObject", "s3:AbortMultipartUpload"]
    statements = [_allow("PorchlightWrites", actions, f"{_arn(bucket)}/{naming.below(prefix)}*")]
    if kms_key:
        # An upload in parts is decrypted when it is put together.
        statements.append(_allow("PorchlightEncrypts", ["kms:GenerateDataKey", "kms:Decrypt"], kms_key))
    return _policy(statements)


def reader_policy(bucket: str, prefix: str = "", *, kms_key: str | None = None) -> Policy:
    """For Home Assistant's key: read and list below the prefix, and nothing else."""
    below = naming.below(prefix)
    lists = _allow("PorchlightLists", ["s3:ListBucket"], _arn(bucket))
    if below:
        lists["Condition"] = {"StringLike": {"s3:prefix": [f"{below}*"]}}
    statements = [_allow("PorchlightReads", ["s3:GetObject"], f"{_arn(bucket)}/{below}*"), lists]
    if kms_key:
        statements.append(_allow("PorchlightDecrypts", ["kms:Decrypt"], kms_key))
    return _policy(statements)


def safe_bucket(
    bucket: str,
    prefix: str = "",
    *,
    region: str | None = None,
    kms_key: str | None = None,
    keep_days: int | None = None,
) -> tuple[Step, ...]:
    """All that a bucket for evidence needs, in order, from its making on; each step may be repeated.

    `keep_days` is the age at which evidence goes; for ever when None.
    """
    return (
        Step(what="the bucket", call="create_bucket", params=location(region)),
        Step(what="no public access", call="put_public_access_block", params=public_access_block()),
        Step(what="encryption at rest", call="put_bucket_encryption", params=encryption(kms_key)),
        Step(what="old versions kept", call="put_bucket_versioning", params=versioning()),
        Step(
            what="leftovers and old evidence removed",
            call="put_bucket_lifecycle_configuration",
            params=lifecycle(prefix, keep_days=keep_days),
        ),
        Step(
            what="no plain HTTP",
            call="put_bucket_policy",
            params={"Policy": json.dumps(deny_plain_http(bucket))},
        ),
    )


def location(region: str | None) -> dict[str, Any]:
    """Where a bucket is made; S3 wants no region named when it is the first one."""
    default = region in {None, "us-east-1"}
    return {} if default else {"CreateBucketConfiguration": {"LocationConstraint": region}}


def public_access_block() -> dict[str, Any]:
    """Nobody can make an object or the bucket public, not even by mistake."""
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    return {"PublicAccessBlockConfiguration": dict.fromkeys(blocked, True)}


def encryption(kms_key: str | None = None) -> dict[str, Any]:
    """Objects are encrypted by S3's own keys, or by a KMS key through one bucket key, which costs fewer requests."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key} if kms_key else {"SSEAlgorithm": "AES256"}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bool(kms_key)}
    return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}


def versioning() -> dict[str, Any]:
    """What is overwritten can be brought back: the edge's key can overwrite, and only that."""
    return {"VersioningConfiguration": {"Status": "Enabled"}}


def lifecycle(prefix: str = "", *, keep_days: int | None = None) -> dict[str, Any]:
    """What goes by itself: parts of broken uploads, early copies, replaced versions; all after `keep_days`."""
    below = naming.below(prefix)
    # Several edges share a bucket, each with a prefix and rules of its own.
    edge = f"-{below}".rstrip("/-").replace("/", "-")
    rules = [
        _rule(
            f"porchlight-unfinished{edge}", below, AbortIncompleteMultipartUpload={"DaysAfterInitiation": LEFTOVER_DAYS}
        ),
        _rule(f"porchlight-early-copies{edge}", below + EARLY_COPIES, Expiration={"Days": EARLY_COPY_DAYS}),
        _rule(
            f"porchlight-replaced{edge}",
            below,
            NoncurrentVersionExpiration={"NoncurrentDays": OLD_VERSION_DAYS},
            Expiration={"ExpiredObjectDeleteMarker": True},
        ),
    ]
    if keep_days is not None:
        rules.append(_rule(f"porchlight-old{edge}", below, Expiration={"Days": keep_days}))
    return {"LifecycleConfiguration": {"Rules": rules}}


def deny_plain_http(bucket: str, *, key: str | None = None) -> Policy:
    """Whoever comes without TLS is refused, whatever else he may do; with a key, for that object alone."""
    return _policy(
        [
            {
                "Sid": "PorchlightDeniesPlainHttp",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [f"{_arn(bucket)}/{key}"] if key else [_arn(bucket), f"{_arn(bucket)}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
    )


def _rule(name: str, prefix: str, **action: dict[str, int]) -> dict[str, Any]:
    return {"ID": name, "Status": "Enabled", "Filter": {"Prefix": prefix}, **action}


def _dashed(name: str) -> str:
    """`PublicAccessBlockConfiguration` as the AWS CLI writes it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _policy(statements: list[dict[str, Any]]) -> Policy:
    return {"Version": "2012-10-17", "Statement": statements}


def _allow(sid: str, actions: list[str], resource: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _arn(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}"
