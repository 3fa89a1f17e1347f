"""The boto3 client of a bucket: its key, address, timeouts, and the few calls that it may make."""

from __future__ import annotations

import logging
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.handlers import add_expect_header

from edge_detector import __version__
from edge_detector.archive.s3_body import start_sending
from edge_detector.config.archive import S3Archive
from edge_detector.core.errors import PermanentStoreError

#: All that delivery may ask of a store: it never reads, lists or deletes.
WRITING = frozenset(
    {"PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload"}
)
#: Signs requests at stores that know no regions, and finds a bucket's region at AWS, which names it in its answer.
DEFAULT_REGION = "us-east-1"
#: Longer than this takes no connection to a store that is there.
CONNECT_TIMEOUT_S = 10.0
#: At debug level these tell headers and signatures.
_TALKATIVE = ("boto3", "botocore", "s3transfer", "urllib3")


class S3Client(Protocol):
    """What delivery uses of a boto3 client."""

    def put_object(self, **params: object) -> dict[str, Any]:
        """Store an object at once."""
        ...

    def create_multipart_upload(self, **params: object) -> dict[str, Any]:
        """Begin an object in parts."""
        ...

    def upload_part(self, **params: object) -> dict[str, Any]:
        """Send one part."""
        ...

    def complete_multipart_upload(self, **params: object) -> dict[str, Any]:
        """Make the parts an object."""
        ...

    def abort_multipart_upload(self, **params: object) -> dict[str, Any]:
        """Throw the parts away."""
        ...

    def generate_presigned_url(self, method: str, **params: object) -> str:
        """Make a link; nothing is sent."""
        ...


def make_client(config: S3Archive, *, writing_only: bool = True) -> Any:  # noqa: ANN401 - boto3 has no types
    """An S3 client, safe to use from several threads; raises botocore's errors.

    It tries each call once, the ledger tries again. With `writing_only` it refuses every call that is not in WRITING
    before anything is sent.
    """
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    session = boto3.session.Session(profile_name=config.profile, **_key(config))
    client = session.client(
        "s3",
        region_name=config.region or session.region_name or DEFAULT_REGION,
        endpoint_url=config.endpoint,
        verify=str(config.ca) if config.ca else None,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": config.addressing},
            connect_timeout=min(CONNECT_TIMEOUT_S, config.timeout_s),
            read_timeout=config.timeout_s,
            retries={"total_max_attempts": 1, "mode": "standard"},
            max_pool_connections=config.parallel + 2,
            tcp_keepalive=True,
            # The checksums are ours: with its own, boto3 sends bodies in a form that many stores do not take.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra=f"porchlight/{__version__}",
        ),
    )
    # The form of addresses is settled by now; this keeps the region in links, without which a new bucket is not found.
    client.meta.config.s3["addressing_style"] = "virtual"
    client.meta.events.register("before-send.s3", start_sending)
    # To be asked first for leave to send costs a round trip, and a second at stores that do not answer that.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    if writing_only:
        client.meta.events.register_first("before-call.s3", _guard)
    return client


def _key(config: S3Archive) -> dict[str, str | None]:
    """The key of the configuration; without one, boto3 looks in the environment, profiles and the machine's role."""
    secrets = {
        "aws_access_key_id": config.access_key_id,
        "aws_secret_access_key": config.secret_access_key,
        "aws_session_token": config.session_token,
    }
    return {name: secret.get_secret_value() if secret else None for name, secret in secrets.items()}


def _guard(model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's model of an operation
    """Only ever refuses what boto3 does of itself: to ask for a bucket's head when an answer points elsewhere."""
    if model.name not in WRITING:
        raise PermanentStoreError(
            "The bucket lies in another region, and the store does not say which: set archive.region"
        )
