"""Makes a bucket what it should be, with a key of its owner, and undoes what keeps it from taking files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from edge_detector.archive.policies import Policy, Step, deny_plain_http, location
from edge_detector.archive.s3 import CHECK_NAME
from edge_detector.archive.s3_client import make_client
from edge_detector.archive.s3_errors import Place, code_of, store_error
from edge_detector.config.archive import S3Archive
from edge_detector.core import naming
from edge_detector.core.errors import StoreError

#: What a store answers to a setting that it has not.
_UNKNOWN_THERE = frozenset({"MethodNotAllowed", "NotImplemented", "NotSupported", "UnsupportedOperation"})
_IS_THERE = {
    "BucketAlreadyOwnedByYou": "is there already",
    "BucketAlreadyExists": "is there already; what follows shows whether it is yours",
}
#: What a store answers when nothing is set.
_NOT_SET = frozenset(
    {"NoSuchBucketPolicy", "NoSuchLifecycleConfiguration", "ServerSideEncryptionConfigurationNotFoundError"}
)
#: A store may stumble once; whoever refuses a small file so often will go on.
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one step."""

    step: Step
    ok: bool
    #: More to say, such as why not; empty when it was done.
    told: str = ""


def apply(config: S3Archive, steps: Iterable[tuple[Step, str]]) -> Iterator[Outcome]:
    """Do the steps in order, each told as it is done; one that fails ends it, one that the store has not does not.

    With each step comes why it is not for this store, or nothing.
    """
    place = Place(bucket=config.bucket, prefix="", endpoint=config.endpoint)
    owner: _Owner | None = None
    for step, why_not in steps:
        try:
            owner = owner or _Owner(config, place)
            outcome = Outcome(step=step, ok=True, told=f"left out: {why_not}") if why_not else owner.do(step)
        except (BotoCoreError, ClientError) as error:
            outcome = Outcome(step=step, ok=False, told=str(store_error(error, place)))
        yield outcome
        if not outcome.ok:
            return


class _Owner:
    """One bucket in the hands of its owner; botocore's errors come out as they are."""

    def __init__(self, config: S3Archive, place: Place) -> None:
        self._bucket = config.bucket
        self._place = place
        self._check_key = naming.below(config.prefix) + CHECK_NAME
        self._client = make_client(config, writing_only=False)
        self._has_versions = True
        self._ways: Mapping[str, Callable[[Step], Outcome]] = {
            "create_bucket": self._make,
            "put_bucket_encryption": self._encrypt,
            "put_bucket_lifecycle_configuration": self._age_out,
            "put_bucket_policy": self._deny,
        }

    def do(self, step: Step) -> Outcome:
        """One step, in its own way where it has one."""
        try:
            return self._ways.get(step.call, self._set)(step)
        except ClientError as error:
            if code_of(error) not in _UNKNOWN_THERE:
                raise
        self._has_versions &= step.call != "put_bucket_versioning"
        return Outcome(step=step, ok=True, told=f"left out: {self._place.host} has no such setting")

    # --- the steps ----------------------------------------------------------------------------------------------------

    def _set(self, step: Step) -> Outcome:
        self._call(step.call, **step.params)
        return Outcome(step=step, ok=True)

    def _make(self, step: Step) -> Outcome:
        """In the region of the key's profile, where no other is named."""
        try:
            self._call(step.call, **(step.params or location(self._client.meta.region_name)))
        except ClientError as error:
            if code_of(error) not in _IS_THERE:
                raise
            return Outcome(step=step, ok=True, told=_IS_THERE[code_of(error)])
        return Outcome(step=step, ok=True)

    def _encrypt(self, step: Step) -> Outcome:
        """Some stores take the setting without having keys, and no file after it."""
        before = self._now("get_bucket_encryption", "ServerSideEncryptionConfiguration")
        self._set(step)
        refused = self._refusal()
        if refused is None:
            return Outcome(step=step, ok=True)
        wanted = step.params["ServerSideEncryptionConfiguration"]
        if before is None or before == wanted:
            self._call("delete_bucket_encryption")
        else:
            self._call(step.call, ServerSideEncryptionConfiguration=before)
        if self._refusal() is not None:  # it was not for the encryption
            return self._set(step)
        by_kms = "aws:kms" in json.dumps(wanted)
        return Outcome(step=step, ok=not by_kms, told=f"undone, for with it no file was taken: {refused}")

    def _age_out(self, step: Step) -> Outcome:
        """Rules of others stay, and a store without versions is given none on them."""
        ours = step.params["LifecycleConfiguration"]["Rules"]
        if not self._has_versions:
            ours = [rule for rule in ours if "NoncurrentVersionExpiration" not in rule]
        found = self._now("get_bucket_lifecycle_configuration", "Rules") or ()
        kept = [rule for rule in found if not _is_ours(rule, ours)]
        self._call(step.call, LifecycleConfiguration={"Rules": [*kept, *ours]})
        return Outcome(step=step, ok=True)

    def _deny(self, step: Step) -> Outcome:
        """First for the file of the check alone: where TLS ends before the store, it would shut out everybody."""
        before = self._policy()
        self._put_policy(_with(before, deny_plain_http(self._bucket, key=self._check_key)))
        refused = self._refusal() is not None
        self._put_policy(before)
        if refused and self._refusal() is None:
            told = f"left out: {self._place.host} takes this line for plain HTTP, so nobody could come in any more"
            return Outcome(step=step, ok=True, told=told)
        self._put_policy(_with(before, json.loads(step.params["Policy"])))
        return Outcome(step=step, ok=True)

    # --- the calls ----------------------------------------------------------------------------------------------------

    def _call(self, name: str, **params: object) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self._client, name)(Bucket=self._bucket, **params)
        return answer

    def _now(self, call: str, name: str) -> Any:  # noqa: ANN401 - whatever the store holds there
        """What is set; None when nothing is."""
        try:
            return self._call(call)[name]
        except ClientError as error:
            if code_of(error) not in _NOT_SET:
                raise
        return None

    def _policy(self) -> Policy | None:
        found = self._now("get_bucket_policy", "Policy")
        return json.loads(found) if found else None

    def _put_policy(self, policy: Policy | None) -> None:
        if policy is None:
            self._call("delete_bucket_policy")
        else:
            self._call("put_bucket_policy", Policy=json.dumps(policy))

    def _refusal(self) -> StoreError | None:
        """Why the bucket takes no file; None when it does. The file goes again, with its version."""
        refused = None
        for _ in range(_TRIES):
            try:
                answer = self._call("put_object", Key=self._check_key, Body=b"")
            except ClientError as error:
                refused = store_error(error, self._place)
                continue
            version = {"VersionId": answer["VersionId"]} if answer.get("VersionId") else {}
            with suppress(ClientError):
                self._call("delete_object", Key=self._check_key, **version)
            return None
        return refused


def _is_ours(rule: Mapping[str, Any], ours: Iterable[Mapping[str, Any]]) -> bool:
    """Was a lifecycle rule made by an earlier run for the same prefix?"""
    prefixes = [each["Filter"]["Prefix"] for each in ours]
    return str(rule.get("ID", "")).startswith("porchlight-") and rule.get("Filter", {}).get("Prefix") in prefixes


def _with(policy: Policy | None, more: Policy) -> Policy:
    """A policy with the statements of another, which take the place of those of the same name."""
    if policy is None:
        return more
    names = [statement["Sid"] for statement in more["Statement"]]
    found = policy["Statement"]
    kept = [each for each in ([found] if isinstance(found, dict) else found) if each.get("Sid") not in names]
    return {**policy, "Statement": [*kept, *more["Statement"]]}
