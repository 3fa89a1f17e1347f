import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from edge_detector.archive import policies
from edge_detector.archive.bucket import Outcome, apply
from edge_detector.archive.s3 import S3Store
from edge_detector.config.archive import S3Archive
from edge_detector.core.errors import PermanentStoreError, RetryableStoreError
from tests.edge.archive.conftest import MakeItem
from tests.fault_proxy import Answer, Fault, FaultProxy, Kind
from tests.s3_server import BUCKET, PREFIX, MotoServer, S3Server, SeaweedServer, client

#: What a server has no setting for, or sets without being able to live by it.
LEFT_OUT = {
    MotoServer: [],
    SeaweedServer: [
        ("no public access", "left out: http://127.0.0.1:PORT has no such setting"),
        (
            "encryption at rest",
            "undone, for with it no file was taken: http://127.0.0.1:PORT is not ready (InternalError, HTTP 500)",
        ),
    ],
}
#: The rules of somebody else who has the same bucket.
FOREIGN_RULE = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "theirs/"}, "Expiration": {"Days": 7}}


def foreign_policy(name: str) -> dict[str, Any]:
    statement = {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Resource": f"arn:aws:s3:::{name}/public/*"}]}


def owner_config(server: S3Server, **changes: object) -> S3Archive:
    key = {"access_key_id": server.owner_key.id, "secret_access_key": server.owner_key.secret}
    return server.config(**key, **changes)


def do(config: S3Archive, steps: Iterable[policies.Step]) -> list[Outcome]:
    return list(apply(config, ((step, "") for step in steps)))


def set_up(server: S3Server, name: str, **changes: object) -> list[Outcome]:
    """All but the step that forbids plain HTTP, which the servers speak here."""
    return do(owner_config(server, bucket=name, **changes), policies.safe_bucket(name, PREFIX, keep_days=90)[:-1])


def no_plain_http(server: S3Server, name: str) -> list[Outcome]:
    return do(owner_config(server, bucket=name), policies.safe_bucket(name, PREFIX)[-1:])


def told(server: S3Server, outcomes: list[Outcome]) -> list[tuple[str, str]]:
    return [(each.step.what, each.told.replace(str(server.port), "PORT")) for each in outcomes if each.told]


def encryption_of(server: S3Server, name: str) -> str | None:
    try:
        found = server.owner().get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    except ClientError:
        return None
    return str(found[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])


def test_bucket_becomes_safe(server: S3Server, make_item: MakeItem) -> None:
    name = "made-by-setup"
    outcomes = set_up(server, name)
    assert all(outcome.ok for outcome in outcomes), outcomes
    assert told(server, outcomes) == LEFT_OUT[type(server)]
    owner = server.owner()
    assert owner.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert encryption_of(server, name) == ("AES256" if isinstance(server, MotoServer) else None)
    wanted = policies.lifecycle(PREFIX, keep_days=90)["LifecycleConfiguration"]["Rules"]
    found = owner.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert sorted(found, key=lambda rule: rule["ID"]) == sorted(wanted, key=lambda rule: rule["ID"])
    if not LEFT_OUT[type(server)]:
        assert all(owner.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    assert not owner.list_object_versions(Bucket=name).get("Versions"), "nothing is left of what was tried"
    S3Store(owner_config(server, bucket=name)).put(make_item(b"a clip"))
    again = set_up(server, name)
    assert all(outcome.ok for outcome in again), again
    assert [each for each in told(server, again) if each[0] != "the bucket"] == LEFT_OUT[type(server)]


def test_encryption_of_before_is_undone_where_it_lets_nothing_in(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    """Somebody switched it on long ago, and nothing has come in since."""
    name = "encrypted-before"
    seaweed.owner().create_bucket(Bucket=name)
    seaweed.owner().put_bucket_encryption(Bucket=name, **policies.encryption())
    with pytest.raises(RetryableStoreError):
        S3Store(owner_config(seaweed, bucket=name)).put(make_item(b"x"))
    assert all(outcome.ok for outcome in set_up(seaweed, name))
    assert encryption_of(seaweed, name) is None
    S3Store(owner_config(seaweed, bucket=name)).put(make_item(b"x"))


def test_key_of_kms_that_does_not_serve(seaweed: SeaweedServer) -> None:
    """It was asked for, so its lack is a failure; the bucket stays as it was."""
    name = "no-kms"
    steps = policies.safe_bucket(name, PREFIX, kms_key="arn:aws:kms:x:1:key/k")[:-1]
    *_, last = do(owner_config(seaweed, bucket=name), steps)
    assert (last.step.what, last.ok) == ("encryption at rest", False)
    assert last.told.startswith("undone, for with it no file was taken: ")
    assert encryption_of(seaweed, name) is None


def test_encryption_stays_where_the_key_may_put_no_files(moto: MotoServer) -> None:
    """Whoever may set the bucket alone learns nothing of encryption by putting a file."""
    moto.owner().create_bucket(Bucket="settings-alone")
    key = moto.user("settings", {"s3:*EncryptionConfiguration": "*", "s3:*Bucket*": "*"})
    config = moto.config(bucket="settings-alone", access_key_id=key.id, secret_access_key=key.secret)
    [outcome] = do(config, policies.safe_bucket("settings-alone")[2:3])
    assert (outcome.ok, outcome.told) == (True, "")
    assert encryption_of(moto, "settings-alone") == "AES256"


def test_what_others_set_stays(seaweed: SeaweedServer, make_item: MakeItem, program: Callable[[str], str]) -> None:
    program("openssl")
    name = "shared"
    owner = seaweed.owner()
    owner.create_bucket(Bucket=name)
    owner.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [FOREIGN_RULE]})
    owner.put_bucket_policy(Bucket=name, Policy=json.dumps(foreign_policy(name)))
    by_tls = owner_config(seaweed, bucket=name, endpoint=seaweed.tls_url, ca=seaweed.certificate)
    for _ in range(2):
        outcomes = do(by_tls, policies.safe_bucket(name, PREFIX, keep_days=90))
        assert [(each.step.what, each.ok) for each in outcomes][-1] == ("no plain HTTP", True)
        assert not outcomes[-1].told
    S3Store(by_tls).put(make_item(b"x"))
    owner = client("s3", seaweed.tls_url, seaweed.owner_key, verify=str(seaweed.certificate))
    rules = owner.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert sorted(rule["ID"] for rule in rules) == [
        *(f"porchlight-{what}-porch" for what in ("early-copies", "old", "replaced", "unfinished")),
        "theirs",
    ]
    policy = json.loads(owner.get_bucket_policy(Bucket=name)["Policy"])
    assert policy["Statement"] == [
        *foreign_policy(name)["Statement"],
        *policies.deny_plain_http(name)["Statement"],
    ]


def test_store_without_versions_gets_no_rule_on_them(moto: MotoServer) -> None:
    name = "no-versions"
    none = Fault(kind=Kind.ANSWER, answer=Answer(501, "NotImplemented", "not here"))
    with FaultProxy(moto.port, plan=lambda request: none if "versioning" in request.query else None) as proxy:
        outcomes = set_up(moto, name, endpoint=proxy.url)
    assert all(outcome.ok for outcome in outcomes), outcomes
    rules = moto.owner().get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert sorted(rule["ID"] for rule in rules) == [
        f"porchlight-{what}-porch" for what in ("early-copies", "old", "unfinished")
    ]


def test_bucket_is_made_where_the_profile_says(moto: MotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    [outcome] = do(owner_config(moto, bucket="in-europe"), policies.safe_bucket("in-europe")[:1])
    assert outcome.ok
    assert moto.owner().get_bucket_location(Bucket="in-europe")["LocationConstraint"] == "eu-central-1"


@pytest.mark.parametrize("shared", [False, True])
def test_nobody_is_locked_out_where_tls_ends_before_the_store(shared: bool, server: S3Server) -> None:
    """To the store such a line is plain HTTP; SeaweedFS would not even let its owner take the policy back."""
    name = f"tls-ends-before-{'others' if shared else 'it'}"
    owner = server.owner()
    owner.create_bucket(Bucket=name)
    if shared:
        owner.put_bucket_policy(Bucket=name, Policy=json.dumps(foreign_policy(name)))
    outcomes = no_plain_http(server, name)
    why = "left out: http://127.0.0.1:PORT takes this line for plain HTTP, so nobody could come in any more"
    assert ([each.ok for each in outcomes], told(server, outcomes)) == ([True], [("no plain HTTP", why)])
    if shared:
        assert json.loads(owner.get_bucket_policy(Bucket=name)["Policy"]) == foreign_policy(name)
    else:
        with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
            owner.get_bucket_policy(Bucket=name)


def test_plain_http_is_refused(seaweed: SeaweedServer, make_item: MakeItem) -> None:
    """SeaweedFS lives by the policy: what the edge then hears names the reason."""
    name = "tls-alone"
    owner = seaweed.owner()
    owner.create_bucket(Bucket=name)
    owner.put_bucket_policy(Bucket=name, Policy=json.dumps(policies.deny_plain_http(name)))
    with pytest.raises(PermanentStoreError, match="if the bucket denies plain HTTP, use an https endpoint"):
        S3Store(owner_config(seaweed, bucket=name)).put(make_item(b"x"))


def test_key_that_is_not_the_owners(server: S3Server) -> None:
    outcomes = do(server.config(bucket="not-mine"), policies.safe_bucket("not-mine"))
    assert [outcome.ok for outcome in outcomes] == [False]
    assert "The key may not s3:CreateBucket on the bucket not-mine at http" in outcomes[0].told


def test_no_key(server: S3Server) -> None:
    config = server.config(access_key_id=None, secret_access_key=None)
    [outcome] = do(config, policies.safe_bucket(BUCKET))
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
