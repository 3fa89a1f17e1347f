from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from edge_detector.archive.s3_errors import Place, code_of, key_is_old, knows_no_checksum, masked, store_error
from edge_detector.core.errors import FileRefusedError, PermanentStoreError, RetryableStoreError

PLACE = Place(bucket="evidence", prefix="porch/", endpoint=None)
LAN = Place(bucket="evidence", prefix="", endpoint="http://minio.lan:9000")


def refused(
    code: str,
    status: int = 403,
    message: str = "",
    *,
    operation: str = "PutObject",
    headers: dict[str, str] | None = None,
    **more: str,
) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message, **more},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers or {}},
    }
    return ClientError(response, operation)


# --- what may pass --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("InternalError", 500),
        ("", 502),  # a balancer without a body
        ("SlowDown", 503),
        ("ServiceUnavailable", 503),
        ("504", 504),
        ("TooManyRequests", 429),
        ("RequestTimeout", 400),
        ("OperationAborted", 409),
        ("NoSuchUpload", 404),  # somebody aborted it: the next try begins anew
        ("InvalidPart", 400),
        # a checksum that the store found wrong
        ("BadDigest", 400),
        ("XAmzContentSHA256Mismatch", 400),
        ("XAmzContentChecksumMismatch", 400),
        ("IncompleteBody", 400),
        # a list of parts that was damaged on its way
        ("MalformedXML", 400),
        ("InvalidPartOrder", 400),
        # KMS under load
        ("KMS.ThrottlingException", 400),
    ],
)
def test_may_pass(code: str, status: int) -> None:
    error = store_error(refused(code, status), PLACE)
    assert isinstance(error, RetryableStoreError)
    assert error.retry_after_s is None
    assert str(error).startswith("AWS is not ready (")
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("headers", "wish_s"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        # a date counts from the answer's own, whatever this machine's clock says
        ({"retry-after": "Sat, 21 Nov 2026 10:01:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 90.0),
        # nonsense
        ({"retry-after": "Sat, 21 Nov 2026 10:01:30 GMT"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 09:59:00 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, None),
        ({"retry-after": "soon", "date": "now"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({}, None),
    ],
)
def test_wish_of_the_store(headers: dict[str, str], wish_s: float | None) -> None:
    error = store_error(refused("SlowDown", 503, headers=headers), PLACE)
    assert isinstance(error, RetryableStoreError)
    assert error.retry_after_s == wish_s


# --- what must be mended --------------------------------------------------------------------------------------------

ARN = "arn:aws:iam::123456789012:user/porch"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (refused("InvalidAccessKeyId"), "AWS does not know the access key: check archive.access_key_id"),
        (refused("InvalidClientTokenId"), "AWS does not know the access key"),
        (refused("SignatureDoesNotMatch"), "The secret does not belong to the access key: check"),
        (refused("ExpiredToken", 400), "The session token has expired: renew it"),
        (refused("ExpiredTokenException", 400), "The session token has expired: renew it"),
        (refused("InvalidToken", 400), "The session token is not valid: renew it"),
        (refused("NoSuchBucket", 404), "There is no bucket evidence at AWS: make it, or correct archive.bucket"),
        (refused("InvalidStorageClass", 400), "correct or remove archive.storage_class"),
        (refused("XMinioStorageFull", 507), "The bucket evidence at AWS is full"),
        (refused("InsufficientStorage", 507), "The bucket evidence at AWS is full"),
        (refused("404", 404), "There is no bucket evidence at AWS, if that is an S3 store: check archive.endpoint"),
        (refused("413", 413), "AWS, or a proxy before it, takes no request of 8 MiB: raise its limit"),
        (refused("NotSignedUp"), "finish that at the provider"),
        # a permission: named by the store, or by the call that was refused
        (refused("AccessDenied"), "The key may not s3:PutObject on arn:aws:s3:::evidence/porch/* at AWS: allow what"),
        (refused("AccessDenied", operation="UploadPart"), "The key may not s3:PutObject on"),
        (refused("AccessDenied", operation="AbortMultipartUpload"), "The key may not s3:AbortMultipartUpload on"),
        (refused("AccessDenied", operation="PutBucketVersioning"), "may not s3:PutBucketVersioning on the bucket"),
        (refused("AccessDenied", operation="PutBucketEncryption"), "may not s3:PutEncryptionConfiguration on"),
        (
            refused("AccessDenied", message=f"User: {ARN} is not authorized to perform: kms:GenerateDataKey on x"),
            "The key may not kms:GenerateDataKey with the bucket's KMS key: allow it in its own policy and in the KMS",
        ),
        (
            refused("AccessDenied", message=f"{ARN} may not perform: s3:PutObject with an explicit deny in a policy"),
            "A policy of the bucket evidence at AWS or of the account denies s3:PutObject: look there",
        ),
        (refused("AccessDenied", operation="AssumeRole"), "The key may not sts:AssumeRole: allow it in the role's"),
        # another region, told in each of the ways that there are
        (
            refused("PermanentRedirect", 301, headers={"x-amz-bucket-region": "eu-west-1"}),
            "The bucket evidence at AWS is in the region eu-west-1: set archive.region: eu-west-1",
        ),
        (refused("AuthorizationHeaderMalformed", 400, Region="eu-west-2"), "set archive.region: eu-west-2"),
        (
            refused("AuthorizationHeaderMalformed", 400, "the region 'us-east-1' is wrong; expecting 'eu-west-3'"),
            "set archive.region: eu-west-3",
        ),
        (
            refused("AuthorizationHeaderMalformed", 400, "expected scope: 20261121/garage/s3/aws4_request"),
            "set archive.region: garage",
        ),
        (refused("PermanentRedirect", 301), "is not where it is looked for: correct archive.region and"),
        (refused("302", 302), "is not where it is looked for: correct archive.region and archive.endpoint"),
        # KMS
        (refused("KMS.NotFoundException", 400), "KMS refused the key for the bucket evidence at AWS (KMS.NotFound"),
        (refused("KMS.DisabledException", 400), "see that archive.kms_key exists in its region, is enabled"),
        # the clock
        (
            refused("RequestTimeTooSkewed", RequestTime="20261121T070000Z", ServerTime="2026-11-21T10:00:00Z"),
            "This machine's clock is 10800 s behind the store's: set the clock",
        ),
        (
            refused(
                "RequestTimeTooSkewed",
                headers={"date": "Sat, 21 Nov 2026 10:00:00 GMT"},
                RequestTime="20261121T110000Z",
            ),
            "This machine's clock is 3600 s ahead of the store's",
        ),
        (refused("RequestTimeTooSkewed"), "This machine's clock is wrong: set the clock"),
        (refused("RequestTimeTooSkewed", RequestTime="noon", ServerTime="now"), "This machine's clock is wrong"),
        # what nobody foresaw
        (
            refused("NotImplemented", 501, "A header you provided is not implemented."),
            "refused the file (NotImplemented, HTTP 501): A header you provided is not implemented; where a header",
        ),
        (
            refused("Teapot", 418, "I am one"),
            "The bucket evidence at AWS refused the file (Teapot, HTTP 418): I am one",
        ),
        (refused("", 400), "refused the file (no reason given, HTTP 400)"),
    ],
)
def test_must_be_mended(error: ClientError, sentence: str) -> None:
    found = store_error(error, PLACE)
    assert type(found) is PermanentStoreError
    assert sentence in str(found)
    assert not str(found).endswith(".")


def test_file_that_is_too_large_is_no_fault_of_the_others() -> None:
    assert isinstance(store_error(refused("EntityTooLarge", 400), PLACE), FileRefusedError)


def test_plain_http_may_be_the_reason() -> None:
    assert "if the bucket denies plain HTTP, use an https endpoint" in str(store_error(refused("AccessDenied"), LAN))
    assert "plain HTTP" not in str(store_error(refused("AccessDenied"), PLACE))


# --- what never became an answer ------------------------------------------------------------------------------------

URL = "https://evidence.s3.amazonaws.com/porch/x?uploadId=abc"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (boto.ConnectTimeoutError(endpoint_url=URL), "AWS does not answer: see that it runs"),
        (boto.ReadTimeoutError(endpoint_url=URL), "AWS stopped answering"),
        (boto.EndpointConnectionError(endpoint_url=URL), "AWS cannot be reached"),
        (boto.ConnectionClosedError(endpoint_url=URL), "The connection to AWS broke off"),
        (boto.HTTPClientError(error="x"), "The connection to AWS broke off"),
        (boto.SSLError(endpoint_url=URL, error="EOF occurred"), "The encrypted connection to AWS broke off"),
        (boto.ProxyConnectionError(proxy_url="http://u:hunter2@p"), "The proxy in HTTPS_PROXY or HTTP_PROXY"),
        (boto.IncompleteReadError(actual_bytes=1, expected_bytes=2), "The answer of AWS broke off"),
        (boto.CredentialRetrievalError(provider="p", error_msg="hunter2"), "The key cannot be had from where"),
    ],
)
def test_line_that_broke_may_pass(error: BotoCoreError, sentence: str) -> None:
    found = store_error(error, PLACE)
    assert isinstance(found, RetryableStoreError)
    assert sentence in str(found)
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (boto.SSLError(endpoint_url=URL, error="[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), "set archive.ca"),
        (boto.NoCredentialsError(), "There is no key for the bucket evidence: set archive.access_key_id"),
        (boto.PartialCredentialsError(provider="env", cred_var="x"), "Half of the key is missing"),
        (boto.ProfileNotFound(profile="x"), "correct archive.profile"),
        (boto.SSOTokenLoadError(error_msg="x"), "log in again (aws sso login)"),
        (boto.NoRegionError(), "The bucket evidence at AWS cannot be used so: You must specify a region"),
    ],
)
def test_set_up_that_must_be_mended(error: BotoCoreError, sentence: str) -> None:
    found = store_error(error, PLACE)
    assert type(found) is PermanentStoreError
    assert sentence in str(found)


# --- the rest -------------------------------------------------------------------------------------------------------


def test_stores_have_several_words_for_one_thing() -> None:
    assert code_of(refused("InvalidClientTokenId")) == "InvalidAccessKeyId"
    assert code_of(refused("Teapot")) == "Teapot"


@pytest.mark.parametrize(
    ("error", "old"),
    [
        (refused("ExpiredToken"), True),
        (refused("InvalidAccessKeyId"), True),
        (refused("AccessDenied"), False),
        (boto.NoCredentialsError(), True),
        (boto.NoRegionError(), False),
    ],
)
def test_key_that_is_read_anew(error: ClientError | BotoCoreError, old: bool) -> None:
    assert key_is_old(error) is old


def test_header_that_a_store_does_not_know() -> None:
    assert knows_no_checksum(refused("InvalidArgument", 400, "Unsupported header 'x-amz-checksum-sha256'"))
    assert not knows_no_checksum(refused("AccessDenied"))


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "GK31c2f218a2e44f485b94239e",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
        "FwoGZXIvYXdzEBYaDEXAMPLE1TOKEN==",
    ],
)
def test_no_key_signature_or_token_is_told(secret: str) -> None:
    assert masked(f"No such key: {secret}, sorry") == "No such key: ***, sorry"
    assert secret not in str(store_error(refused("Teapot", 400, f"No such key: {secret}"), PLACE))


def test_long_words_of_a_store_are_cut() -> None:
    assert masked("so it is, " * 90) == ("so it is, " * 20)[:200] + "…"
    assert masked("two\n lines. ") == "two lines"
