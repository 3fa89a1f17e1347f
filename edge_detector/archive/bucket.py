"""Makes a bucket what it should be, with a key of its owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from edge_detector.archive.policies import Step
from edge_detector.archive.s3_client import make_client
from edge_detector.archive.s3_errors import Place, code_of, store_error
from edge_detector.config.archive import S3Archive

#: What a store answers to a setting that it has not.
_UNKNOWN_THERE = frozenset({"MethodNotAllowed", "NotImplemented", "NotSupported", "UnsupportedOperation"})
_IS_THERE = {
    "BucketAlreadyOwnedByYou": "is there already",
    "BucketAlreadyExists": "is there already; what follows shows whether it is yours",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one step."""

    step: Step
    ok: bool
    #: More to say, such as why not; empty when it was done.
    told: str = ""


def apply(config: S3Archive, steps: Iterable[Step]) -> Iterator[Outcome]:
    """Do the steps in order, each told as it is done; one that fails ends it, one that the store has not does not."""
    place = Place(bucket=config.bucket, prefix="", endpoint=config.endpoint)
    for step in steps:
        outcome = _apply(config, step, place)
        yield outcome
        if not outcome.ok:
            return


def _apply(config: S3Archive, step: Step, place: Place) -> Outcome:
    try:
        client = make_client(config, writing_only=False)
        getattr(client, step.call)(Bucket=config.bucket, **step.params)
    except ClientError as error:
        if code_of(error) in _IS_THERE:
            return Outcome(step=step, ok=True, told=_IS_THERE[code_of(error)])
        if code_of(error) in _UNKNOWN_THERE:
            return Outcome(step=step, ok=True, told=f"left out: {place.host} has no such setting")
        return Outcome(step=step, ok=False, told=str(store_error(error, place)))
    except BotoCoreError as error:
        return Outcome(step=step, ok=False, told=str(store_error(error, place)))
    return Outcome(step=step, ok=True)
