"""The wizard's questions about the broker and the archive."""

from __future__ import annotations

import os
from pathlib import Path

from edge_detector.app.doctor import try_archive, try_broker
from edge_detector.app.setup import NO_BROKER, Answers, broker_answers, bucket_answers, config_of, folder_answers
from edge_detector.app.setup_find import BROKERS, listening
from edge_detector.cli.setup_ask import until_right
from edge_detector.cli.setup_talk import OnceMoreError, Talk

_FOLDER = "A folder on this machine, or on a mounted disk or share"
_BUCKET = "An S3 bucket, where no thief of this machine reaches it"


def broker(talk: Talk) -> Answers:
    """Where Home Assistant is told."""
    told = iter([talk.given.broker or ""])

    def attempt() -> Answers:
        answers = broker_answers(next(told, "") or _where(talk))
        if answers == broker_answers(NO_BROKER) or _taken(talk, answers):
            return answers
        raise OnceMoreError

    return until_right(talk.asker, talk.console, attempt)


def _where(talk: Talk) -> str:
    with talk.console.status("Looking for a broker …"):
        found = listening()
    if found:
        talk.say(f"A broker listens at {found}.")
    question = f"Where is Home Assistant's MQTT broker? (host:port, or {NO_BROKER})"
    return talk.asker.text(question, found or BROKERS[0], option="--broker")


def _taken(talk: Talk, answers: Answers) -> bool:
    """Does the broker take us, with a user where it wants one?"""
    if not talk.given.test:
        return True
    with talk.console.status("Trying the broker …"):
        finding = try_broker(config_of(answers))
        wants_user = not finding.ok and talk.asker.patient and ("mqtt", "username") not in answers
        wants_user = wants_user and listening([f"{answers['mqtt', 'host']}:{answers['mqtt', 'port']}"]) is not None
    if wants_user:
        talk.say(f"{finding.found}.")
        if user := talk.asker.text("Which user of the broker? (empty: none)", "", option=""):
            answers |= {("mqtt", "username"): user, ("mqtt", "password"): talk.asker.secret("That user's password?")}
            finding = try_broker(config_of(answers))
    return talk.settle(finding)


def archive(talk: Talk, data_dir: Answers) -> Answers:
    """Where snapshots and clips go; `data_dir` is what the node was told."""
    told = iter([talk.given.archive or ""])

    def attempt() -> Answers:
        answers = _archive(talk, next(told, ""), Path(str(data_dir["node", "data_dir"])))
        if not talk.keeps("archive", lambda: try_archive(config_of({**data_dir, **answers}))):
            raise OnceMoreError
        return answers

    return until_right(talk.asker, talk.console, attempt)


def _archive(talk: Talk, told: str, data_dir: Path) -> Answers:
    if told.startswith("s3://"):
        return _bucket(talk, told)
    if told:
        return folder_answers(told)
    question = "Where shall snapshots and clips go?"
    if talk.asker.choose(question, {_FOLDER: "folder", _BUCKET: "bucket"}, _FOLDER) == "bucket":
        return _bucket(talk, talk.asker.text("Which bucket? (name, or name/prefix)", "", option="--archive"))
    return folder_answers(talk.asker.text("Which folder?", str(data_dir / "archive"), option="--archive"))


def _bucket(talk: Talk, name: str) -> Answers:
    """A bucket and its key; that of the environment goes into the file, since a service has another environment."""
    given, asker = talk.given, talk.asker
    endpoint = given.endpoint
    if endpoint is None:
        endpoint = asker.text("At which store? (such as https://minio.lan:9000; empty: AWS)", "", option="")
    region = given.region
    if region is None:
        region = asker.text("In which region? (such as eu-central-1; empty: as the store says)", "", option="")
    known_id, secret = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    key_id = asker.text("The id of a key that may write there? (empty: a profile or role)", known_id, option="")
    if key_id and key_id != known_id:
        secret = asker.secret("That key's secret?")
    return bucket_answers(name, endpoint=endpoint, region=region, key_id=key_id, secret=secret if key_id else "")
