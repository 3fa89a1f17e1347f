import base64
import hashlib
from typing import Literal

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from edge_detector.archive.s3_checksum import Checksums, Knows, body_of
from edge_detector.core.errors import RetryableStoreError

BODY = body_of(b"a snapshot of the door")
OTHER = body_of(b"something else")
SHA256 = base64.b64encode(BODY.sha256).decode()
MD5 = base64.b64encode(BODY.md5).decode()
ETAG = f'"{BODY.md5.hex()}"'

Wanted = Literal["auto", "sha256", "md5"]


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "PutObject")


@pytest.mark.parametrize(
    ("wanted", "params"),
    [
        ("auto", {"ChecksumSHA256": SHA256, "ContentMD5": MD5}),
        ("sha256", {"ChecksumSHA256": SHA256}),
        ("md5", {"ContentMD5": MD5}),
    ],
)
def test_what_a_store_of_which_nothing_is_known_gets(wanted: Wanted, params: dict[str, str]) -> None:
    assert Checksums(wanted).params(BODY) == {"Body": BODY.data} | params


@pytest.mark.parametrize(
    ("answer", "knows", "name"),
    [
        ({"ETag": ETAG, "ChecksumSHA256": SHA256}, Knows.SHA256, "SHA-256"),
        ({"ChecksumSHA256": SHA256}, Knows.SHA256, "SHA-256"),
        ({"ETag": ETAG}, Knows.NO_MORE, "MD5"),
        # an ETag that is no MD5 says nothing, neither does that of what KMS encrypts
        ({"ETag": '"d41d8cd9-1"'}, Knows.NO_MORE, "MD5"),
        ({"ETag": f'"{OTHER.md5.hex()}"', "ServerSideEncryption": "aws:kms"}, Knows.NO_MORE, "MD5"),
        ({"ETag": f'"{OTHER.md5.hex()}"', "ServerSideEncryption": "aws:kms:dsse"}, Knows.NO_MORE, "MD5"),
    ],
)
def test_first_answer_tells_what_a_store_knows(answer: dict[str, str], knows: Knows, name: str) -> None:
    checksums = Checksums("auto")
    checksums.confirm(answer, BODY)
    assert (checksums.knows, checksums.name) == (knows, name)
    checksums.confirm({"ETag": ETAG}, BODY)
    assert checksums.knows is knows


@pytest.mark.parametrize(
    ("wanted", "answer", "sentence"),
    [
        # a page of a hotel's network
        ("auto", {}, "no S3 store, it confirmed nothing"),
        ("md5", {"ETag": ""}, "no S3 store, it confirmed nothing"),
        ("auto", {"ETag": ETAG, "ChecksumSHA256": "other"}, "other bytes than were sent, by its SHA-256"),
        ("sha256", {"ETag": ETAG, "ChecksumSHA256": "other"}, "other bytes than were sent, by its SHA-256"),
        ("auto", {"ETag": f'"{OTHER.md5.hex()}"'}, "other bytes than were sent, by its MD5; .*archive.checksum: md5"),
        ("auto", {"ETag": OTHER.md5.hex()}, "other bytes than were sent, by its MD5"),
    ],
)
def test_answer_that_confirms_nothing_or_something_else(wanted: Wanted, answer: dict[str, str], sentence: str) -> None:
    with pytest.raises(RetryableStoreError, match=sentence):
        Checksums(wanted).confirm(answer, BODY)


PARTS = [BODY, OTHER]
OF_PARTS = base64.b64encode(hashlib.sha256(BODY.sha256 + OTHER.sha256).digest()).decode()
ETAG_OF_PARTS = "0123456789abcdef" * 2


@pytest.mark.parametrize(
    "answer",
    [
        {"ETag": "whatever", "ChecksumSHA256": f"{OF_PARTS}-2"},
        {"ETag": "whatever", "ChecksumSHA256": OF_PARTS},
        {"ETag": f'"{ETAG_OF_PARTS}-2"'},
        {"ETag": '"of another making"'},
        {"ETag": f"{ETAG_OF_PARTS}-2"},
    ],
)
def test_parts_that_are_one_file_now(answer: dict[str, str]) -> None:
    Checksums("auto").confirm_whole(answer, PARTS)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({}, "did not confirm that the parts are one file"),
        ({"ETag": "x", "ChecksumSHA256": f"{SHA256}-2"}, "another file of the parts, by its SHA-256"),
        # a part was lost from the list on its way
        ({"ETag": f'"{ETAG_OF_PARTS}-1"'}, "another file of the parts, by their number"),
    ],
)
def test_parts_that_became_something_else(answer: dict[str, str], sentence: str) -> None:
    with pytest.raises(RetryableStoreError, match=sentence):
        Checksums("auto").confirm_whole(answer, PARTS)


@pytest.mark.parametrize("wanted", ["sha256", "md5"])
def test_with_a_chosen_checksum_the_etag_does_not_matter(wanted: Wanted) -> None:
    Checksums(wanted).confirm({"ETag": OTHER.md5.hex()}, BODY)


class Store:
    """Answers each send with the next of these."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)

    def __call__(self) -> None:
        answer = self.answers.pop(0)
        if answer is not None:
            raise answer


def test_store_that_refuses_sha256_gets_md5_at_once() -> None:
    checksums, store = Checksums("auto"), Store(refusal("InvalidArgument"), None)
    checksums.learning(store)
    assert (checksums.knows, store.answers) == (Knows.MD5, [])
    assert checksums.algorithm == {}
    assert checksums.params(BODY) == {"Body": BODY.data, "ContentMD5": MD5}


@pytest.mark.parametrize("second", [refusal("InvalidArgument"), ReadTimeoutError(endpoint_url="x")])
def test_refusal_that_had_another_reason_teaches_nothing(second: Exception) -> None:
    checksums = Checksums("auto")
    with pytest.raises(type(second)):
        checksums.learning(Store(refusal("InvalidArgument"), second))
    assert checksums.knows is Knows.NOTHING
    assert checksums.algorithm == {"ChecksumAlgorithm": "SHA256"}


@pytest.mark.parametrize(
    ("wanted", "error"),
    [("auto", refusal("AccessDenied")), ("sha256", refusal("InvalidArgument")), ("md5", refusal("NotImplemented"))],
)
def test_other_refusals_are_not_tried_again(wanted: Wanted, error: ClientError) -> None:
    with pytest.raises(ClientError):
        Checksums(wanted).learning(Store(error))
