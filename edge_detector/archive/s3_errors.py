"""What an S3 store or boto3 says went wrong, as a retryable or permanent fault with its remedy, and no secret."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from edge_detector.core.errors import FileRefusedError, PermanentStoreError, RetryableStoreError, StoreError

#: Longer messages of a store are cut.
_SHOWN_CHARS = 200
#: What may be a key's id, a signature, or a token: a long word with a digit in it.
_SECRET = re.compile(r"(?=[A-Za-z0-9/+_-]*[0-9])[A-Za-z0-9/+_-]{16,}={0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The bucket that a fault is told of."""

    bucket: str
    prefix: str
    #: The store's address; AWS when None.
    endpoint: str | None

    def __str__(self) -> str:
        """Bucket and store, for a sentence."""
        return f"{self.bucket} at {self.host}"

    @property
    def host(self) -> str:
        """The store, for a sentence."""
        return self.endpoint or "AWS"

    @property
    def arn(self) -> str:
        """What a policy names."""
        return f"arn:aws:s3:::{self.bucket}/{self.prefix}*"


_CREDENTIALS = (
    "archive.access_key_id and archive.secret_access_key "
    "(or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile)"
)
_IAM_POLICY = "porchlight iam-policy --for edge"

#: Codes that may pass by themselves, whatever their status.
_PASSING = frozenset(
    """
    BadDigest ClientDisconnected ConditionalRequestConflict IncompleteBody InternalError InvalidDigest InvalidPart
    InvalidPartOrder MalformedXML NoSuchUpload OperationAborted PriorRequestNotComplete RequestLimitExceeded
    RequestTimeout RequestTimeoutException ServiceUnavailable SlowDown SlowDownRead SlowDownWrite TemporaryRedirect
    Throttling ThrottlingException TooManyRequests TooManyRequestsException XAmzContentChecksumMismatch
    XAmzContentSHA256Mismatch XMinioServerNotInitialized
    """.split()  # noqa: SIM905 - words read better than thirty quotes
)
_PASSING_STATUSES = frozenset({408, 409, 425, 429})
_NOT_IMPLEMENTED, _INSUFFICIENT_STORAGE = 501, 507

#: Codes that a person must mend: what is wrong, and the remedy.
_LASTING = {
    "InvalidAccessKeyId": f"{{host}} does not know the access key: check {_CREDENTIALS}, and that the key is active",
    "SignatureDoesNotMatch": f"The secret does not belong to the access key: check {_CREDENTIALS} for a lost character",
    "ExpiredToken": "The session token has expired: renew it, or use a key that does not expire",
    "InvalidToken": "The session token is not valid: renew it, or use a key without one",
    "NoSuchBucket": "There is no bucket {bucket} at {host}: make it, or correct archive.bucket and archive.endpoint",
    "InvalidBucketName": "{host} takes {bucket} for no name of a bucket: correct archive.bucket",
    "InvalidStorageClass": "{host} does not know this storage class: correct or remove archive.storage_class",
    "QuotaExceeded": "The bucket {bucket} at {host} is full: raise its quota, or let old objects age out",
    "NotFound": "There is no bucket {bucket} at {host}, if that is an S3 store: check archive.endpoint and its port",
    "BodyTooLarge": (
        "{host}, or a proxy before it, takes no request of 8 MiB: raise its limit (client_max_body_size in nginx)"
    ),
    "NotSignedUp": "The account is not signed up for S3: finish that at the provider",
    "AccountProblem": "The account at {host} has a problem: look at its billing",
}
_SAME_AS = {
    "InvalidClientTokenId": "InvalidAccessKeyId",
    "UnrecognizedClientException": "InvalidAccessKeyId",
    "ExpiredTokenException": "ExpiredToken",
    "TokenRefreshRequired": "ExpiredToken",
    "RequestExpired": "ExpiredToken",
    "XMinioStorageFull": "QuotaExceeded",
    "XMinioAdminBucketQuotaExceeded": "QuotaExceeded",
    "InsufficientStorage": "QuotaExceeded",
    # What is no store, or stands before one, has no code but its status.
    "404": "NotFound",
    "413": "BodyTooLarge",
}
_SKEWED = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "403"})
_ELSEWHERE = frozenset(
    {"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "IncorrectEndpoint", "PermanentRedirect"}
)
#: What a store answers to a checksum header that it does not know.
_UNKNOWN_HEADER = frozenset(
    {"InvalidArgument", "InvalidHeader", "InvalidRequest", "NotImplemented", "UnsupportedHeader"}
)
#: After these the key may have been renewed in the place it was read from.
_KEY_IS_OLD = frozenset({"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"})

#: Permissions that are not named like the call that needs them.
_ACTIONS = {
    "CompleteMultipartUpload": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "ListObjectsV2": "s3:ListBucket",
    "DeleteBucketEncryption": "s3:PutEncryptionConfiguration",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
    "AssumeRole": "sts:AssumeRole",
}
_EDGE_ACTIONS = frozenset({"s3:AbortMultipartUpload", "s3:PutObject"})


def store_error(error: ClientError | BotoCoreError, place: Place) -> StoreError:
    """The fault for the ledger and the user."""
    return _refused(error, place) if isinstance(error, ClientError) else _unsent(error, place)


def code_of(error: ClientError) -> str:
    """The store's word for the fault, one word for what several stores call differently."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    return _SAME_AS.get(code, code)


def knows_no_checksum(error: ClientError) -> bool:
    """May the store have refused a header for a checksum?"""
    return code_of(error) in _UNKNOWN_HEADER


def key_is_old(error: ClientError | BotoCoreError) -> bool:
    """Is it worth reading the key anew before the next try?"""
    return (
        code_of(error) in _KEY_IS_OLD if isinstance(error, ClientError) else isinstance(error, boto.NoCredentialsError)
    )


# --- what the store answered ----------------------------------------------------------------------------------------


def _refused(error: ClientError, place: Place) -> StoreError:
    code, status = code_of(error), int(_metadata(error).get("HTTPStatusCode", 0))
    if code in _PASSING or _passes(status) or "throttl" in code.lower():
        wish_s = _retry_after_s(_metadata(error))
        return RetryableStoreError(f"{place.host} is not ready ({_told(code, status)})", retry_after_s=wish_s)
    if code == "EntityTooLarge":
        return FileRefusedError(f"The file is larger than {place.host} takes: set a shorter recording.max_clip_s")
    return PermanentStoreError(_remedy(error, code, status, place))


def _remedy(error: ClientError, code: str, status: int, place: Place) -> str:
    message = str(error.response.get("Error", {}).get("Message", ""))
    if code in _DENIED:
        return _denial(error.operation_name, message, place)
    if code in _SKEWED:
        return f"{_skew(error)}: set the clock (timedatectl set-ntp true), it counts in signatures"
    if code in _ELSEWHERE or 300 <= status < 400:  # noqa: PLR2004 - a redirect
        return _elsewhere(error, message, place)
    if code.startswith("KMS."):
        return (
            f"KMS refused the key for the bucket {place} ({code}): see that archive.kms_key exists in its region, is "
            "enabled, and that this key may kms:GenerateDataKey and kms:Decrypt with it"
        )
    if code in _LASTING:
        return _LASTING[code].format(bucket=place.bucket, host=place.host)
    return f"The bucket {place} refused the file ({_told(code, status)}): {masked(message)}{_try(code)}"


def _passes(status: int) -> bool:
    server_fault = 500 <= status < 600  # noqa: PLR2004 - as HTTP has it
    return status in _PASSING_STATUSES or (server_fault and status not in {_NOT_IMPLEMENTED, _INSUFFICIENT_STORAGE})


def _told(code: str, status: int) -> str:
    return f"{code or 'no reason given'}, HTTP {status}" if code != str(status) else f"HTTP {status}"


def _try(code: str) -> str:
    if code not in _UNKNOWN_HEADER:
        return ""
    return "; where a header is not known, set archive.checksum: md5 and leave out storage_class and encryption"


def _denial(operation: str, message: str, place: Place) -> str:
    """Which permission is missing: the one that the store names, else the one that the call needs."""
    named = re.search(r"\b(?:s3|kms|sts):[A-Za-z]+", message)
    action = named.group() if named else _ACTIONS.get(operation, f"s3:{operation}")
    if "explicit deny" in message:
        return f"A policy of the bucket {place} or of the account denies {action}: look there for a statement with Deny"
    if action.startswith("kms:"):
        return f"The key may not {action} with the bucket's KMS key: allow it in its own policy and in the KMS key's"
    if action.startswith("sts:"):
        return f"The key may not {action}: allow it in the role's trust policy"
    if action not in _EDGE_ACTIONS:
        return f"The key may not {action} on the bucket {place}: use a key that may"
    plain = place.endpoint and place.endpoint.startswith("http:")
    hint = "; if the bucket denies plain HTTP, use an https endpoint" if plain else ""
    return f"The key may not {action} on {place.arn} at {place.host}: allow what `{_IAM_POLICY}` prints{hint}"


def _elsewhere(error: ClientError, message: str, place: Place) -> str:
    region = (
        _headers(error).get("x-amz-bucket-region")
        or error.response.get("Error", {}).get("Region")
        or next(iter(re.findall(r"expecting '([a-z0-9-]+)'|expected scope: \d+/([a-z0-9-]+)/", message)), None)
    )
    if isinstance(region, tuple):
        region = region[0] or region[1]
    if region:
        return f"The bucket {place} is in the region {region}: set archive.region: {region}"
    return f"The bucket {place} is not where it is looked for: correct archive.region and archive.endpoint"


def _skew(error: ClientError) -> str:
    """How far this machine's clock is off, as the store's answer lets us know."""
    body = error.response.get("Error", {})
    here, there = _moment(body.get("RequestTime")), _moment(body.get("ServerTime") or _headers(error).get("date"))
    if here is None or there is None:
        return "This machine's clock is wrong"
    off_s = round((here - there).total_seconds())
    return f"This machine's clock is {abs(off_s)} s {'ahead of' if off_s > 0 else 'behind'} the store's"


def _moment(text: object) -> datetime | None:
    """A time as S3 writes it: ISO 8601, its short form, or a date of HTTP."""
    if not isinstance(text, str):
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _retry_after_s(metadata: Mapping[str, Any]) -> float | None:
    """The store's wish in seconds: as such, or as a date, which counts from the date of the answer itself."""
    headers = metadata.get("HTTPHeaders", {})
    text = str(headers.get("retry-after", ""))
    try:
        wish = float(text)
    except ValueError:
        until, now = _moment(text), _moment(headers.get("date"))
        wish = (until - now).total_seconds() if until and now else math.nan
    return wish if math.isfinite(wish) and wish > 0 else None


def _metadata(error: ClientError) -> Mapping[str, Any]:
    found: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    return found


def _headers(error: ClientError) -> Mapping[str, str]:
    found: Mapping[str, str] = _metadata(error).get("HTTPHeaders", {})
    return found


def masked(message: str) -> str:
    """A store's own words on one line, without what may be a secret."""
    text = _SECRET.sub("***", " ".join(message.split())).rstrip(".")
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


# --- what never became an answer ------------------------------------------------------------------------------------


def _unsent(error: BotoCoreError, place: Place) -> StoreError:
    if isinstance(error, boto.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return PermanentStoreError(
            f"The certificate of {place.host} is not trusted: set archive.ca, and the right clock"
        )
    for kinds, retryable, sentence in _UNSENT:
        if isinstance(error, kinds):
            text = sentence.format(host=place.host, bucket=place.bucket)
            return RetryableStoreError(text) if retryable else PermanentStoreError(text)
    return PermanentStoreError(f"The bucket {place} cannot be used so: {masked(str(error))}")


#: In order: the kinds of fault, whether they may pass, what is said.
_UNSENT: tuple[tuple[tuple[type[BotoCoreError], ...], bool, str], ...] = (
    ((boto.ConnectTimeoutError,), True, "{host} does not answer: see that it runs and that this machine is online"),
    ((boto.ReadTimeoutError,), True, "{host} stopped answering"),
    ((boto.ProxyConnectionError,), True, "The proxy in HTTPS_PROXY or HTTP_PROXY cannot be reached"),
    ((boto.SSLError,), True, "The encrypted connection to {host} broke off"),
    (
        (boto.EndpointConnectionError,),
        True,
        "{host} cannot be reached: see that it runs and that this machine is online",
    ),
    ((boto.ConnectionError, boto.HTTPClientError), True, "The connection to {host} broke off"),
    ((boto.IncompleteReadError, boto.ResponseStreamingError), True, "The answer of {host} broke off"),
    ((boto.NoCredentialsError,), False, f"There is no key for the bucket {{bucket}}: set {_CREDENTIALS}"),
    ((boto.PartialCredentialsError,), False, f"Half of the key is missing: set both, {_CREDENTIALS}"),
    (
        (boto.ProfileNotFound,),
        False,
        "There is no such profile in the AWS configuration files: correct archive.profile",
    ),
    (
        (boto.CredentialRetrievalError, boto.MetadataRetrievalError, boto.TokenRetrievalError),
        True,
        "The key cannot be had from where the profile or the machine's role says: see that it can be reached",
    ),
    ((boto.SSOError,), False, "The login of the profile has ended: log in again (aws sso login)"),
)
