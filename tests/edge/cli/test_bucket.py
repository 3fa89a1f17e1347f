"""`porchlight iam-policy`, `setup-bucket`, and what `doctor` says of a bucket."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_detector.archive.policies import edge_policy, reader_policy
from tests.broker import HOST
from tests.edge.cli.conftest import Porchlight
from tests.s3_server import BUCKET, PREFIX, MotoServer

PLAIN = "the endpoint speaks plain HTTP, so it would shut out everybody; use an https endpoint, and run this again"


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with MotoServer(tmp_path_factory.mktemp("moto")) as server:
        server.enforce(iam=True)
        yield server


@pytest.fixture
def owner(moto: MotoServer, monkeypatch: pytest.MonkeyPatch, no_internet: None) -> MotoServer:
    """The server, with its owner's key in the environment."""
    monkeypatch.setenv("NO_PROXY", HOST)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto.owner_key.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto.owner_key.secret)
    return moto


@pytest.mark.parametrize(
    ("who", "policy"),
    [("edge", edge_policy("evidence", "porch")), ("home-assistant", reader_policy("evidence", "porch"))],
)
def test_policy_is_printed(porchlight: Porchlight, who: str, policy: dict[str, object]) -> None:
    ended = porchlight("iam-policy", "--bucket", "evidence", "--prefix", "porch", "--for", who)
    assert (ended.status, ended.err) == (0, "")
    assert json.loads(ended.out) == policy


def test_policy_with_a_kms_key(porchlight: Porchlight) -> None:
    ended = porchlight("iam-policy", "--bucket", "evidence", "--for", "edge", "--kms-key", "arn:aws:kms:x")
    assert json.loads(ended.out) == edge_policy("evidence", kms_key="arn:aws:kms:x")


@pytest.mark.parametrize("command", [("iam-policy", "--for", "edge"), ("setup-bucket",)])
def test_bucket_that_is_none(porchlight: Porchlight, command: tuple[str, ...]) -> None:
    ended = porchlight(*command, "--bucket", "My Evidence", "--prefix", "../x")
    assert ended.status == 1
    assert "archive.bucket (--bucket) is `My Evidence`. Allowed: 3 to 63 lower-case letters" in ended.err
    assert "archive.prefix (--prefix) is `../x`. Allowed:" in ended.err


def test_policy_for_nobody(porchlight: Porchlight) -> None:
    ended = porchlight("iam-policy", "--bucket", "evidence", "--for", "everybody")
    assert ended.status == 2
    assert "'edge'" in ended.err


def test_commands_are_printed_and_nothing_is_done(porchlight: Porchlight) -> None:
    ended = porchlight("setup-bucket", "--bucket", "evidence", "--region", "eu-central-1", "--profile", "my owner")
    lines = ended.out.splitlines()
    assert (ended.status, ended.err, len(lines)) == (0, "", 12)
    assert lines[0] == "# the bucket"
    assert lines[1] == (
        'aws s3api create-bucket --create-bucket-configuration \'{"LocationConstraint": "eu-central-1"}\' '
        "--bucket evidence --region eu-central-1 --profile 'my owner'"
    )
    assert "SecureTransport" in lines[-1]
    assert lines[-2] == "# no plain HTTP; takes the place of the whole policy, --apply keeps the rest of it"


def test_plain_http_is_not_forbidden_over_plain_http(porchlight: Porchlight) -> None:
    """Who talks to a store without TLS would shut himself out."""
    ended = porchlight("setup-bucket", "--bucket", "evidence", "--endpoint", "http://nas.lan:9000")
    assert "put-bucket-policy" not in ended.out
    assert ended.out.count("--endpoint-url http://nas.lan:9000") == 5
    assert ended.out.splitlines()[-1] == f"# no plain HTTP: left out: {PLAIN}"


def test_bucket_is_set_up(porchlight: Porchlight, owner: MotoServer) -> None:
    ended = porchlight("setup-bucket", "--bucket", "fresh", "--endpoint", owner.url, "--keep-days", "90", "--apply")
    assert (ended.status, ended.err) == (0, "")
    assert [line.split()[0] for line in ended.out.splitlines()] == ["ok"] * 6
    assert ended.out.splitlines()[-1] == f"ok   no plain HTTP: left out: {PLAIN}"
    rules = owner.owner().get_bucket_lifecycle_configuration(Bucket="fresh")["Rules"]
    assert {"Days": 90} in [rule.get("Expiration") for rule in rules]


def test_bucket_that_may_not_be_set_up(
    porchlight: Porchlight, owner: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", owner.edge.id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", owner.edge.secret)
    ended = porchlight("setup-bucket", "--bucket", BUCKET, "--endpoint", owner.url, "--apply")
    assert ended.status == 1
    assert "The key may not s3:CreateBucket on the bucket evidence" in ended.out
    assert "ok" not in ended.out.split()


@pytest.mark.parametrize(
    ("prefix", "ok", "found"),
    [
        (PREFIX, True, f"The bucket {BUCKET} at http://127.0.0.1:"),
        ("elsewhere", False, f"The key may not s3:PutObject on arn:aws:s3:::{BUCKET}/elsewhere/* at http://127.0.0.1:"),
    ],
)
def test_doctor_tries_the_bucket(
    porchlight: Porchlight, owner: MotoServer, tmp_path: Path, prefix: str, ok: bool, found: str
) -> None:
    file = tmp_path / "porchlight.yaml"
    file.write_text(f"""
node: {{data_dir: {tmp_path / "data"}}}
cameras: {{door: {{source: "scene://door", enabled: true}}}}
detection: {{backend: hog}}
mqtt: {{enabled: false}}
archive:
  type: s3
  bucket: {BUCKET}
  prefix: {prefix}
  endpoint: {owner.url}
  access_key_id: {owner.edge.id}
  secret_access_key: {owner.edge.secret}
""")
    ended = porchlight("doctor", "--config", file, "--json")
    [archive] = [check for check in json.loads(ended.out)["checks"] if check["what"] == "archive"]
    assert (archive["ok"], ended.status) == (ok, 0 if ok else 1)
    assert archive["found"].startswith(found)
    assert owner.edge.secret not in ended.out + ended.err
