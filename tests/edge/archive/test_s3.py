import base64
import hashlib
import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from edge_detector.archive import s3_upload
from edge_detector.archive.s3 import S3Store
from edge_detector.archive.s3_body import PIECE_BYTES
from edge_detector.archive.s3_checksum import Knows
from edge_detector.config.archive import S3Archive
from edge_detector.core.errors import FileRefusedError, PermanentStoreError, RetryableStoreError, StoreError
from edge_detector.core.evidence import Item
from tests.edge.archive.conftest import MakeItem
from tests.fault_proxy import Answer, Fault, FaultProxy, Kind, Request
from tests.s3_server import BUCKET, EDGE, OWNER, PREFIX, MotoServer, S3Server, SeaweedServer

SMALL = b"a snapshot of the door"
#: Two parts, the second of one byte.
LARGE = bytes(range(256)) * (s3_upload.PART_BYTES // 256) + b"!"
METADATA = (("visit-id", "V1"), ("max-people", "2"), ("model", "modèle 5"))


def key_of(item: Item) -> str:
    return f"{PREFIX}/{item.key}"


def content(server: S3Server, item: Item) -> bytes | None:
    return server.objects(key_of(item)).get(key_of(item))


# --- what arrives ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", SMALL, LARGE], ids=["empty", "small", "large"])
def test_file_arrives_as_it_was(server: S3Server, make_item: MakeItem, data: bytes) -> None:
    item = make_item(data, metadata=METADATA)
    stored = S3Store(server.config()).put(item)
    assert content(server, item) == data
    head = server.head(key_of(item))
    assert head["ContentType"] == "video/mp4"
    assert head["Metadata"] == {"visit-id": "V1", "max-people": "2", "model": "mod%C3%A8le 5"}
    assert stored.uri == f"s3://{BUCKET}/{key_of(item)}"
    assert stored.url == f"{server.url}/{BUCKET}/{key_of(item).replace('=', '%3D')}"
    assert key_of(item) not in server.uploads()
    assert item.path.read_bytes() == data


def test_same_file_again_changes_nothing(server: S3Server, make_item: MakeItem) -> None:
    store = S3Store(server.config())
    for item in (make_item(SMALL), make_item(LARGE)):
        assert store.put(item) == store.put(item)
        assert content(server, item) == item.path.read_bytes()


def test_another_content_takes_the_place_of_the_first(server: S3Server, make_item: MakeItem) -> None:
    store = S3Store(server.config())
    first, second = make_item(LARGE), make_item(SMALL)
    store.put(first)
    store.put(replace(second, key=first.key))
    assert content(server, first) == SMALL


@pytest.mark.parametrize("prefix", ["", f"{PREFIX}/", f"{PREFIX}/house/No.3"])
def test_prefix_stands_before_every_key(moto: MotoServer, make_item: MakeItem, prefix: str) -> None:
    item = make_item(SMALL)
    owner = moto.config(prefix=prefix, access_key_id=moto.owner_key.id, secret_access_key=moto.owner_key.secret)
    stored = S3Store(owner).put(item)
    key = f"{prefix.strip('/')}/{item.key}".lstrip("/")
    assert stored.uri == f"s3://{BUCKET}/{key}"
    assert moto.objects(key) == {key: SMALL}


def test_many_at_a_time(server: S3Server, make_item: MakeItem) -> None:
    items = [make_item(b"%d" % number * 1000) for number in range(24)] + [make_item(LARGE)]
    store = S3Store(server.config(parallel=4))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(store.put, items))
    found = server.objects(f"{PREFIX}/clips")
    assert {key_of(item): item.sha256 for item in items}.items() <= {
        key: hashlib.sha256(data).hexdigest() for key, data in found.items()
    }.items()


@pytest.mark.parametrize("tls", [False, True])
def test_nothing_is_sent_before_the_pace_was_asked(
    tls: bool, seaweed: SeaweedServer, make_item: MakeItem, program: Callable[[str], str]
) -> None:
    """Piece by piece, so that a limit holds from second to second; signing reads the bodies without that."""
    program("openssl")
    asked: list[int] = []
    config = seaweed.config(endpoint=seaweed.tls_url, ca=seaweed.certificate) if tls else seaweed.config()
    store = S3Store(config, pace=lambda _, size: asked.append(size))
    small, large = make_item(SMALL), make_item(LARGE)
    store.put(small)
    assert asked == [len(SMALL)]
    store.put(large)
    assert sum(asked) == len(SMALL) + len(LARGE)
    assert max(asked) == PIECE_BYTES
    assert (content(seaweed, small), content(seaweed, large)) == (SMALL, LARGE)


def test_pace_ends_an_upload(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    """In the middle of a part: it is not for a slow line that the program waits at its end."""
    asked: list[int] = []

    def ended(_: Item, size: int) -> None:
        asked.append(size)
        if len(asked) == 100:
            raise RetryableStoreError("Porchlight ended")

    item = make_item(LARGE)
    with pytest.raises(RetryableStoreError, match="broke off"):
        S3Store(seaweed.config(), pace=ended).put(item)
    assert len(asked) == 100
    assert content(seaweed, item) is None
    assert key_of(item) not in seaweed.uploads()


def test_store_that_verifies_parts_by_another_checksum(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    """What it said of a small file is not taken for what it takes of a large one."""
    none = Fault(kind=Kind.ANSWER, answer=Answer(501, "NotImplemented", "A header is not implemented here"))

    def refuse(request: Request) -> Fault | None:
        refused = any(
            "sha256" in value.lower() or "sha256" in name
            for name, value in request.headers.items()
            if "checksum" in name
        )
        return none if refused and {"uploads", "uploadId"} & request.query.keys() else None

    small, large = make_item(SMALL), make_item(LARGE)
    with FaultProxy(seaweed.port, plan=refuse) as proxy:
        store = S3Store(seaweed.config(endpoint=proxy.url))
        for item in (small, large, make_item(SMALL)):
            store.put(item)
    assert [seen.status for seen in proxy.seen] == [200, 501, 200, 200, 200, 200, 200], "asked once, and remembered"
    assert (content(seaweed, small), content(seaweed, large)) == (SMALL, LARGE)


def test_store_is_not_asked_for_leave_to_send(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    with FaultProxy(seaweed.port) as proxy:
        S3Store(seaweed.config(endpoint=proxy.url)).put(make_item(LARGE))
    assert [seen.request.headers.get("expect") for seen in proxy.seen] == [None] * 4


# --- what the store is asked for ------------------------------------------------------------------------------------


def test_encryption_and_class(moto: MotoServer, make_item: MakeItem) -> None:
    """SeaweedFS has no KMS, so this is for moto alone."""
    for encryption, kms_key, wanted in (
        ("bucket", None, {}),
        ("sse-s3", None, {"ServerSideEncryption": "AES256"}),
        ("sse-kms", "arn:aws:kms:eu-central-1:1:key/k", {"ServerSideEncryption": "aws:kms"}),
    ):
        for data in (SMALL, LARGE):
            item = make_item(data)
            S3Store(moto.config(encryption=encryption, kms_key=kms_key, storage_class="STANDARD_IA")).put(item)
            head = moto.head(key_of(item))
            assert head["StorageClass"] == "STANDARD_IA"
            assert {name: head.get(name) for name in wanted} == wanted
            assert head.get("SSEKMSKeyId") == kms_key


def test_each_body_carries_its_checksum(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    """SHA-256 and MD5 with the first one of its kind, SHA-256 alone from when the store has confirmed it."""
    with FaultProxy(seaweed.port) as proxy:
        store = S3Store(seaweed.config(endpoint=proxy.url))
        store.put(make_item(SMALL))
        store.put(make_item(LARGE))
        bodies = [seen.request.headers for seen in proxy.seen if seen.request.method == "PUT"]
    parts = [SMALL, LARGE[:-1], LARGE[-1:]]
    assert [headers["x-amz-checksum-sha256"] for headers in bodies] == [
        base64.b64encode(hashlib.sha256(part).digest()).decode() for part in parts
    ]
    assert ["content-md5" in headers for headers in bodies] == [True, True, False]
    assert not any("x-amz-trailer" in headers or "transfer-encoding" in headers for headers in bodies)


def test_large_object_keeps_its_checksums(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    item = make_item(LARGE)
    S3Store(seaweed.config()).put(item)
    digests = b"".join(hashlib.sha256(part).digest() for part in (LARGE[:-1], LARGE[-1:]))
    of_parts = base64.b64encode(hashlib.sha256(digests).digest()).decode()
    assert seaweed.head(key_of(item))["ChecksumSHA256"] == f"{of_parts}-2"


def test_what_a_store_knows_is_remembered(moto: MotoServer, seaweed: SeaweedServer, make_item: MakeItem) -> None:
    for server, knows in ((moto, Knows.NO_MORE), (seaweed, Knows.SHA256)):
        store = S3Store(server.config())
        store.put(make_item(LARGE))
        assert (store._checksums.knows, store._checksums_of_parts.knows) == (Knows.NOTHING, knows)
        store.put(make_item(SMALL))
        assert store._checksums.knows is knows


@pytest.mark.parametrize("checksum", ["sha256", "md5"])
def test_checksum_as_configured(server: S3Server, make_item: MakeItem, checksum: str) -> None:
    with FaultProxy(server.port) as proxy:
        store = S3Store(server.config(endpoint=proxy.url, checksum=checksum))
        for data in (SMALL, LARGE):
            item = make_item(data)
            store.put(item)
            assert content(server, item) == data
        sent = {name for seen in proxy.seen for name in seen.request.headers}
    assert ("x-amz-checksum-sha256" in sent, "content-md5" in sent) == (checksum == "sha256", checksum == "md5")


def test_file_that_is_no_longer_what_was_recorded(server: S3Server, make_item: MakeItem) -> None:
    for data in (SMALL, LARGE):
        item = make_item(data)
        item.path.write_bytes(data[:-1] + b"?")
        with pytest.raises(FileRefusedError, match="no longer what was recorded"):
            S3Store(server.config()).put(item)
        assert content(server, item) is None
        assert key_of(item) not in server.uploads()


def test_file_that_is_gone(make_item: MakeItem) -> None:
    item = make_item(SMALL)
    item.path.unlink()
    with pytest.raises(FileRefusedError, match="cannot be read: No such file"):
        S3Store(S3Archive(bucket=BUCKET)).put(item)


# --- a key that may only write --------------------------------------------------------------------------------------


def test_only_writing_calls_are_made(moto: MotoServer, make_item: MakeItem) -> None:
    before = len(moto.calls())
    store = S3Store(moto.config())
    for data in (SMALL, LARGE, SMALL):
        store.put(make_item(data))
    assert store.check().startswith(f"The bucket {BUCKET} at {moto.url} takes files")
    broken = make_item(LARGE)
    broken.path.write_bytes(LARGE[:-1])
    with pytest.raises(FileRefusedError):
        store.put(broken)
    calls = [(call.split()[0], urlsplit(call.split()[1])) for call in moto.calls()[before:]]
    assert len(calls) > 10
    for method, address in calls:
        assert address.path.startswith(f"/{BUCKET}/{PREFIX}/"), address
        if method == "DELETE":  # AbortMultipartUpload, never an object
            assert "uploadId" in parse_qs(address.query)
        else:
            assert method in {"PUT", "POST"}, address


def test_other_calls_are_refused_before_they_are_sent(seaweed: SeaweedServer) -> None:
    with FaultProxy(seaweed.port) as proxy:
        client: Any = S3Store(seaweed.config(endpoint=proxy.url))._client()
        for name in ("get_object", "head_object", "head_bucket", "list_objects_v2", "delete_object"):
            params = {"Bucket": BUCKET} | ({"Key": "x"} if name.endswith("object") else {})
            with pytest.raises(PermanentStoreError):
                getattr(client, name)(**params)
        assert proxy.seen == []


def test_what_the_key_may_not(server: S3Server, make_item: MakeItem) -> None:
    """Beyond the prefix nothing is allowed, and the missing permission is named with the place."""
    store = S3Store(server.config(prefix="elsewhere"))
    wanted = rf"may not s3:PutObject on arn:aws:s3:::{BUCKET}/elsewhere/\* at http.*iam-policy --for edge"
    for data in (SMALL, LARGE):
        with pytest.raises(PermanentStoreError, match=wanted):
            store.put(make_item(data))
    with pytest.raises(PermanentStoreError, match=wanted):
        store.check()


def test_check_names_what_a_key_cannot_abort(moto: MotoServer, make_item: MakeItem) -> None:
    key = moto.user("writer", {"s3:PutObject": f"arn:aws:s3:::{BUCKET}/*"})
    store = S3Store(moto.config(access_key_id=key.id, secret_access_key=key.secret))
    store.put(make_item(LARGE))
    assert "Parts of broken uploads stay there: The key may not s3:AbortMultipartUpload on" in store.check()


def test_check_says_whether_the_store_verifies(moto: MotoServer, seaweed: SeaweedServer) -> None:
    assert "and verifies no checksum, so what it says that it holds is compared" in S3Store(moto.config()).check()
    assert "and verifies their SHA-256" in S3Store(seaweed.config()).check()
    assert "and verifies their MD5" in S3Store(seaweed.config(checksum="md5")).check()
    assert list(seaweed.objects(f"{PREFIX}/.porchlight-check")) == [f"{PREFIX}/.porchlight-check"]


# --- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({"access_key_id": "AKIAIOSFODNN7EXAMPLE"}, "does not know the access key: check archive.access_key_id"),
        ({"secret_access_key": "another-secret"}, "The secret does not belong to the access key: check"),
    ],
)
def test_wrong_key(server: S3Server, make_item: MakeItem, changes: dict[str, str], answer: str) -> None:
    store = S3Store(server.config(**changes))
    for ask in (lambda: store.put(make_item(SMALL)), store.check):
        with pytest.raises(PermanentStoreError, match=answer):
            ask()


def test_no_such_bucket(server: S3Server, make_item: MakeItem) -> None:
    owner = {"access_key_id": server.owner_key.id, "secret_access_key": server.owner_key.secret}
    store = S3Store(server.config(bucket="nowhere", **owner))
    with pytest.raises(PermanentStoreError, match=rf"There is no bucket nowhere at {server.url}: make it, or correct"):
        store.put(make_item(SMALL))


def test_clock_that_is_wrong(seaweed: SeaweedServer, make_item: MakeItem, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pi without a battery comes up in the past."""
    past = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=3)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: past)
    with pytest.raises(PermanentStoreError, match=r"This machine's clock is .*: set the clock"):
        S3Store(seaweed.config()).put(make_item(SMALL))


def test_key_from_the_environment(seaweed: SeaweedServer, make_item: MakeItem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", EDGE.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", EDGE.secret)
    item = make_item(SMALL)
    S3Store(seaweed.config(access_key_id=None, secret_access_key=None)).put(item)
    assert content(seaweed, item) == SMALL


def test_key_of_a_profile_that_is_renewed(
    seaweed: SeaweedServer, make_item: MakeItem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that somebody renews in its file is taken without a new start."""
    file = tmp_path / "keys"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    text = "[porch]\naws_access_key_id = {}\naws_secret_access_key = {}\n"
    file.write_text(text.format("old00000000000000000", "old"))
    store = S3Store(seaweed.config(access_key_id=None, secret_access_key=None, profile="porch"))
    item = make_item(SMALL)
    with pytest.raises(PermanentStoreError, match="does not know the access key"):
        store.put(item)
    file.write_text(text.format(EDGE.id, EDGE.secret))
    store.put(item)
    assert content(seaweed, item) == SMALL


def test_no_key_at_all(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    store = S3Store(seaweed.config(access_key_id=None, secret_access_key=None))
    with pytest.raises(PermanentStoreError, match=f"There is no key for the bucket {BUCKET}: set archive.access_key"):
        store.put(make_item(SMALL))


def test_profile_that_is_unknown(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    store = S3Store(seaweed.config(access_key_id=None, secret_access_key=None, profile="absent"))
    with pytest.raises(PermanentStoreError, match=r"correct archive\.profile"):
        store.put(make_item(SMALL))


def test_file_of_certificates_that_is_absent(make_item: MakeItem, tmp_path: Path) -> None:
    with pytest.raises(PermanentStoreError, match=r"correct archive\.ca"):
        S3Store(S3Archive(bucket=BUCKET, ca=tmp_path / "absent")).put(make_item(SMALL))


# --- links ----------------------------------------------------------------------------------------------------------

KEY = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "wJalrXUtnFEMI"}


@pytest.mark.parametrize(
    ("values", "url"),
    [
        # AWS: the bucket in the host's name, and in the path where that is wanted or its name has dots
        ({"region": "eu-central-1"}, "https://evidence.s3.eu-central-1.amazonaws.com/porch/clips/a.mp4"),
        (
            {"region": "eu-central-1", "addressing": "path"},
            "https://s3.eu-central-1.amazonaws.com/evidence/porch/clips/a.mp4",
        ),
        (
            {"region": "eu-central-1", "bucket": "my.evidence"},
            "https://s3.eu-central-1.amazonaws.com/my.evidence/porch/clips/a.mp4",
        ),
        # any other store: in the path, and in the host's name where that is wanted
        ({"endpoint": "https://minio.lan:9000"}, "https://minio.lan:9000/evidence/porch/clips/a.mp4"),
        (
            {"endpoint": "https://x.r2.cloudflarestorage.com"},
            "https://x.r2.cloudflarestorage.com/evidence/porch/clips/a.mp4",
        ),
        (
            {"endpoint": "https://s3.example.com", "addressing": "virtual"},
            "https://evidence.s3.example.com/porch/clips/a.mp4",
        ),
    ],
)
def test_link_has_the_form_of_the_store(values: dict[str, str], url: str) -> None:
    store = S3Store(S3Archive.model_validate({"bucket": BUCKET, "prefix": PREFIX} | KEY | values))
    assert store._url(store._client(), f"{PREFIX}/clips/a.mp4") == url


def fetched(url: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=10)) as connection:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_link_that_is_signed_opens_for_a_while(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    config = seaweed.config(access_key_id=OWNER.id, secret_access_key=OWNER.secret, presign=True, presign_life_s=600)
    url = S3Store(config).put(make_item(SMALL)).url
    assert parse_qs(urlsplit(url).query)["X-Amz-Expires"] == ["600"]
    assert fetched(url) == (200, SMALL)
    assert fetched(url.partition("?")[0])[0] == 403


# --- what is told ---------------------------------------------------------------------------------------------------


def test_no_secret_is_told(server: S3Server, make_item: MakeItem, caplog: pytest.LogCaptureFixture) -> None:
    """Of whatever goes well or wrong, with everything logged that can be."""
    secret, other, token = server.edge.secret, "wJalrXUtnFEMI/K7MDENG/bPxRfiCY", "FwoGZXIvYXdzEBYaDEXAMPLETOKEN"
    told: list[str] = []
    with caplog.at_level(logging.DEBUG):
        for changes in (
            {},
            {"secret_access_key": other},
            {"access_key_id": "AKIAIOSFODNN7EXAMPLE"},
            {"session_token": token},
            {"bucket": "nowhere"},
            {"prefix": "elsewhere"},
            {"endpoint": "http://127.0.0.1:1"},
        ):
            store = S3Store(server.config(**changes))
            for ask in (lambda: store.put(make_item(SMALL)), lambda: store.put(make_item(LARGE)), store.check):  # noqa: B023 - called at once
                try:
                    told.append(str(ask()))
                except StoreError as error:
                    told.append("".join(traceback.format_exception(error)))
    text = caplog.text + "\n".join(told)
    assert "edge_detector.archive.s3" in caplog.text  # the log did listen
    assert "There is no bucket" in text or "may not" in text
    for word in (
        secret,
        other,
        token,
        server.edge.id,
        "AKIAIOSFODNN7EXAMPLE",
        "Signature=",
        "AWS4-HMAC",
        "x-amz-security",
    ):
        assert word.lower() not in text.lower()


def test_boto3_is_loaded_for_a_bucket_alone(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from edge_detector.app import node, parts
from edge_detector.config.load import load
settings = dict(argument.split("=") for argument in sys.argv[1:])
config = load(variables={"PORCHLIGHT__CAMERAS__DOOR__SOURCE": "scene://door", **settings})
print(type(parts.open_store(config, Path())).__name__, "boto3" in sys.modules, "botocore" in sys.modules)
"""
    for settings, wanted in (
        ([], "FolderStore False False"),
        (["PORCHLIGHT__ARCHIVE__TYPE=s3", "PORCHLIGHT__ARCHIVE__BUCKET=evidence"], "S3Store True True"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, *settings], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == wanted
