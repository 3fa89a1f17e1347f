import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from edge_detector.archive import policies
from edge_detector.archive.bucket import Outcome, apply
from edge_detector.archive.s3 import S3Store
from edge_detector.config.archive import S3Archive
from edge_detector.core.errors import PermanentStoreError
from tests.edge.archive.conftest import MakeItem
from tests.s3_server import BUCKET, PREFIX, MotoServer, S3Server, SeaweedServer

#: What a server has no setting for.
UNKNOWN = {MotoServer: set[str](), SeaweedServer: {"no public access"}}


def owner_config(server: S3Server, **changes: object) -> S3Archive:
    key = {"access_key_id": server.owner_key.id, "secret_access_key": server.owner_key.secret}
    return server.config(**key, **changes)


def set_up(server: S3Server, name: str, steps: int = 5) -> list[Outcome]:
    """All but the step that forbids plain HTTP, which the servers speak here."""
    return list(apply(owner_config(server, bucket=name), policies.safe_bucket(name, PREFIX, keep_days=90)[:steps]))


def test_bucket_becomes_safe(server: S3Server) -> None:
    name = "made-by-setup"
    outcomes = set_up(server, name)
    assert all(outcome.ok for outcome in outcomes), outcomes
    assert {outcome.step.what for outcome in outcomes if "no such setting" in outcome.told} == UNKNOWN[type(server)]
    owner = server.owner()
    assert owner.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    rules = owner.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    wanted = policies.lifecycle(PREFIX, keep_days=90)["LifecycleConfiguration"]["Rules"]
    found = owner.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert sorted(found, key=lambda rule: rule["ID"]) == sorted(wanted, key=lambda rule: rule["ID"])
    if not UNKNOWN[type(server)]:
        assert all(owner.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    assert all(outcome.ok for outcome in set_up(server, name)), "a second time"


def test_plain_http_is_forbidden(moto: MotoServer) -> None:
    name = "no-plain-http"
    assert all(outcome.ok for outcome in set_up(moto, name, steps=6))
    assert json.loads(moto.owner().get_bucket_policy(Bucket=name)["Policy"]) == policies.bucket_policy(name)


def test_plain_http_is_refused(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    """SeaweedFS lives by the policy: what the edge then hears names the reason."""
    name = "tls-alone"
    assert all(outcome.ok for outcome in set_up(seaweed, name, steps=6))
    with pytest.raises(PermanentStoreError, match="if the bucket denies plain HTTP, use an https endpoint"):
        S3Store(owner_config(seaweed, bucket=name)).put(make_item(b"x"))


def test_key_that_is_not_the_owners(server: S3Server) -> None:
    outcomes = list(apply(server.config(bucket="not-mine"), policies.safe_bucket("not-mine")))
    assert [outcome.ok for outcome in outcomes] == [False]
    assert "The key may not s3:CreateBucket on the bucket not-mine at http" in outcomes[0].told


def test_no_key(server: S3Server) -> None:
    config = server.config(access_key_id=None, secret_access_key=None)
    [outcome] = apply(config, policies.safe_bucket(BUCKET))
    assert not outcome.ok
    assert "There is no key for the bucket" in outcome.told


@pytest.mark.parametrize(
    ("ask", "allowed"),
    [
        (lambda s3, key: s3.get_object(Bucket=BUCKET, Key=key), True),
        (lambda s3, key: s3.head_object(Bucket=BUCKET, Key=key), True),
        (lambda s3, _: s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}/clips/"), True),
        (lambda s3, key: s3.put_object(Bucket=BUCKET, Key=key, Body=b""), False),
        (lambda s3, key: s3.delete_object(Bucket=BUCKET, Key=key), False),
        (lambda s3, _: s3.get_object(Bucket=BUCKET, Key="other"), False),
    ],
)
def test_reader_policy_gives_what_home_assistant_needs(
    ask: Callable[[Any, str], object], allowed: bool, moto: MotoServer, make_item: MakeItem
) -> None:
    item = make_item(b"a clip")
    S3Store(moto.config()).put(item)
    reader = moto.client_with(policies.reader_policy(BUCKET, PREFIX))
    if allowed:
        ask(reader, f"{PREFIX}/{item.key}")
    else:
        with pytest.raises(ClientError, match=r"AccessDenied|Forbidden"):
            ask(reader, f"{PREFIX}/{item.key}")


@pytest.mark.parametrize(
    "ask",
    [
        lambda s3, key: s3.get_object(Bucket=BUCKET, Key=key),
        lambda s3, key: s3.head_object(Bucket=BUCKET, Key=key),
        lambda s3, key: s3.delete_object(Bucket=BUCKET, Key=key),
        lambda s3, _: s3.list_objects_v2(Bucket=BUCKET),
        lambda s3, _: s3.put_object(Bucket=BUCKET, Key="other", Body=b""),
        lambda s3, _: s3.put_bucket_policy(Bucket=BUCKET, Policy="{}"),
    ],
)
def test_stolen_edge_can_neither_read_nor_delete(
    ask: Callable[[Any, str], object], moto: MotoServer, make_item: MakeItem
) -> None:
    item = make_item(b"a clip")
    S3Store(moto.config()).put(item)
    with pytest.raises(ClientError, match=r"AccessDenied|Forbidden"):
        ask(moto.client_with(policies.edge_policy(BUCKET, PREFIX)), f"{PREFIX}/{item.key}")
