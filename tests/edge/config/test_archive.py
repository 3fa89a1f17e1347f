import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from edge_detector.config import Config, FolderArchive, S3Archive
from edge_detector.config.describe import find, leaves
from edge_detector.config.load import load
from edge_detector.config.redact import Redactor, shown
from edge_detector.core.errors import ConfigError

MINIMAL = "cameras:\n  door:\n    source: scene://door\n"
S3 = "type: s3, bucket: evidence"
KEY = "access_key_id: hunter2, secret_access_key: hunter3"


def of_file(folder: Path, archive: str) -> Config:
    path = folder / "porchlight.yaml"
    path.write_text(f"{MINIMAL}archive: {{{archive}}}\n")
    return load(path)


def test_a_folder_is_the_default(tmp_path: Path) -> None:
    assert of_file(tmp_path, "").archive == FolderArchive()
    assert of_file(tmp_path, "path: /mnt/x").archive == FolderArchive(path=Path("/mnt/x"))
    assert Config.model_validate({"cameras": {"door": {"source": "x"}}, "archive": None}).archive == FolderArchive()
    whole = S3Archive(bucket="evidence")
    assert Config.model_validate({"cameras": {"door": {"source": "x"}}, "archive": whole}).archive is whole


def test_a_bucket(tmp_path: Path) -> None:
    found = of_file(tmp_path, f"{S3}, prefix: porch, region: eu-central-1, {KEY}, presign: true").archive
    assert found == S3Archive(
        bucket="evidence",
        prefix="porch",
        region="eu-central-1",
        access_key_id=SecretStr("hunter2"),
        secret_access_key=SecretStr("hunter3"),
        presign=True,
    )


def test_a_bucket_by_variables() -> None:
    config = load(
        variables={
            "PORCHLIGHT__CAMERAS__DOOR__SOURCE": "scene://door",
            "PORCHLIGHT__ARCHIVE__TYPE": "s3",
            "PORCHLIGHT__ARCHIVE__BUCKET": "123",
            "PORCHLIGHT__ARCHIVE__PARALLEL": "4",
        }
    )
    assert config.archive == S3Archive(bucket="123", parallel=4)


@pytest.mark.parametrize(
    "endpoint",
    ["https://minio.lan", "https://minio.lan:9000", "http://[::1]:3900", "https://nas.lan/s3/", "http://NAS-2."],
)
def test_address_of_a_store(tmp_path: Path, endpoint: str) -> None:
    found = of_file(tmp_path, f"{S3}, endpoint: '{endpoint}'").archive
    assert isinstance(found, S3Archive)
    assert found.endpoint == endpoint.rstrip("/")


@pytest.mark.parametrize(
    ("archive", "answer"),
    [
        ("type: s4", r"archive\.type .* is `s4`\. Allowed: one of `folder`, `s3`"),
        ("type: s3", r"archive\.bucket .* is missing\. The bucket's name"),
        ("type: s3, bucket: My_Bucket", r"archive\.bucket .* is `My_Bucket`\. Allowed: 3 to 63 lower-case letters"),
        # keys of the other kind, and of none
        ("bucket: evidence", r"archive\.bucket .* is for another kind\. It goes with `type: s3`"),
        (f"{S3}, path: /x", r"archive\.path .* is for another kind\. It goes with `type: folder`"),
        (f"{S3}, bukcet: x", r"archive\.bukcet .* is no known key\. Did you mean `bucket`\?"),
        (f"{S3}, region: Frankfurt", r"archive\.region .* Allowed: .* such as eu-central-1"),
        (f"{S3}, storage_class: cold", r"archive\.storage_class .* Allowed: .* such as STANDARD_IA"),
        # addresses
        (f"{S3}, endpoint: minio.lan", r"archive\.endpoint .* is no address of a store: write `https://host`"),
        (f"{S3}, endpoint: 'ftp://x'", r"archive\.endpoint .* is no address of a store"),
        (f"{S3}, endpoint: 'http://my_minio:9000'", r"archive\.endpoint .* has a host name that boto3 refuses: give"),
        (f"{S3}, endpoint: 'http://a..b'", r"archive\.endpoint .* has a host name that boto3 refuses"),
        (f"{S3}, endpoint: 'http://münchen.lan'", r"archive\.endpoint .* has a host name that boto3 refuses"),
        (f"{S3}, endpoint: 'https://'", r"archive\.endpoint .* is no address of a store"),
        (f"{S3}, endpoint: 'https://x:99999'", r"archive\.endpoint .* is no address of a store"),
        (f"{S3}, endpoint: 'https://a:hunter2@x'", r"archive\.endpoint .* is no address of a store"),
        (f"{S3}, endpoint: 'https://x?k=hunter2'", r"archive\.endpoint .* is no address of a store"),
        # halves of a key
        (f"{S3}, access_key_id: hunter2", r"archive\.secret_access_key .* is missing while `access_key_id` is set"),
        (f"{S3}, secret_access_key: hunter2", r"archive\.secret_access_key .* is set without `access_key_id`"),
        (f"{S3}, session_token: hunter2", r"archive\.session_token .* is set without `access_key_id`"),
        (f"{S3}, {KEY}, profile: x", r"archive\.profile .* is set beside `access_key_id`: a profile brings its own"),
        (f"{S3}, kms_key: k", r"archive\.kms_key .* set `encryption: sse-kms` beside it, or remove it"),
        (f"{S3}, presign_life_s: 604801", r"archive\.presign_life_s .* a whole number from 60 to 604800"),
    ],
)
def test_a_mistake(tmp_path: Path, archive: str, answer: str) -> None:
    with pytest.raises(ConfigError) as caught:
        of_file(tmp_path, archive)
    text = str(caught.value)
    assert re.search(answer, text)
    assert "1 fault:" in text
    assert "hunter" not in text


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    config = of_file(tmp_path, f"{S3}, {KEY}, session_token: hunter4")
    assert "hunter" not in shown(config)
    assert Redactor(config)("hunter2 hunter3 hunter4") == "*** *** ***"


def test_every_key_is_known_by_its_place() -> None:
    places = {where for where, _ in leaves()}
    assert {("archive", "path"), ("archive", "bucket"), ("archive", "prefix")} <= places
    assert find(("archive", "nothing")) is None
    assert find(("archive", "bucket", "more")) is None
