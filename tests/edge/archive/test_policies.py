import json
import shlex

import pytest

from edge_detector.archive.policies import edge_policy, lifecycle, reader_policy, safe_bucket

EARLY = "porchlight-early-copies-porch"


@pytest.mark.parametrize(("prefix", "below"), [("", ""), ("porch", "porch/"), ("/porch/", "porch/")])
def test_edge_may_write_below_the_prefix_and_nothing_else(prefix: str, below: str) -> None:
    assert edge_policy("evidence", prefix)["Statement"] == [
        {
            "Sid": "PorchlightWrites",
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:AbortMultipartUpload"],
            "Resource": f"arn:aws:s3:::evidence/{below}*",
        }
    ]


def test_reader_may_read_and_list_below_the_prefix_and_nothing_else() -> None:
    reads, lists = reader_policy("evidence", "porch")["Statement"]
    assert (reads["Action"], reads["Resource"]) == (["s3:GetObject"], "arn:aws:s3:::evidence/porch/*")
    assert (lists["Action"], lists["Resource"]) == (["s3:ListBucket"], "arn:aws:s3:::evidence")
    assert lists["Condition"] == {"StringLike": {"s3:prefix": ["porch/*"]}}
    assert "Condition" not in reader_policy("evidence")["Statement"][1]


def test_kms_key_is_named_where_there_is_one() -> None:
    arn = "arn:aws:kms:eu-central-1:123456789012:key/k"
    for make, actions in ((edge_policy, ["kms:GenerateDataKey", "kms:Decrypt"]), (reader_policy, ["kms:Decrypt"])):
        *_, last = make("evidence", kms_key=arn)["Statement"]
        assert (last["Action"], last["Resource"]) == (actions, arn)


def test_lifecycle_keeps_evidence_unless_told_otherwise() -> None:
    rules = {rule["ID"]: rule for rule in lifecycle("porch")["LifecycleConfiguration"]["Rules"]}
    assert rules["porchlight-unfinished-porch"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert [name for name, rule in rules.items() if "Days" in rule.get("Expiration", {})] == [EARLY]
    assert rules[EARLY]["Filter"] == {"Prefix": "porch/partials/"}
    *_, old = lifecycle("porch", keep_days=90)["LifecycleConfiguration"]["Rules"]
    assert (old["Filter"], old["Expiration"]) == ({"Prefix": "porch/"}, {"Days": 90})


def test_edges_of_one_bucket_have_rules_of_their_own() -> None:
    names = [
        rule["ID"]
        for prefix in ("", "porch", "/porch/back/")
        for rule in lifecycle(prefix)["LifecycleConfiguration"]["Rules"]
    ]
    assert len(set(names)) == 9
    assert names[0::3] == ["porchlight-unfinished", "porchlight-unfinished-porch", "porchlight-unfinished-porch-back"]


@pytest.mark.parametrize(
    ("region", "location"),
    [
        (None, {}),
        ("us-east-1", {}),  # S3 refuses to hear the name of its first region
        ("eu-central-1", {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}),
    ],
)
def test_bucket_is_made_in_its_region(region: str | None, location: dict[str, object]) -> None:
    assert safe_bucket("evidence", region=region)[0].params == location


def test_kms_key_encrypts_by_a_bucket_key() -> None:
    [rule] = safe_bucket("evidence", kms_key="k")[2].params["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}
    assert rule["BucketKeyEnabled"] is True


def test_each_step_is_a_command_of_the_aws_cli() -> None:
    words = [shlex.split(step.command) for step in safe_bucket("evidence", "porch")]
    assert [each[:3] for each in words] == [
        ["aws", "s3api", name]
        for name in (
            "create-bucket",
            "put-public-access-block",
            "put-bucket-encryption",
            "put-bucket-versioning",
            "put-bucket-lifecycle-configuration",
            "put-bucket-policy",
        )
    ]
    assert words[3][3] == "--versioning-configuration"
    for each in words[1:]:
        assert json.loads(each[4])
