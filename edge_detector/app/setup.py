"""Turns what the wizard was told into a configuration: each answer checked, the file commented and its owner's alone.

Answers are values by their place in the configuration; a wrong one raises ConfigError with a sentence.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from edge_detector.app.backup import set_aside
from edge_detector.capture.factory import is_finite
from edge_detector.config import Config
from edge_detector.config.describe import Where
from edge_detector.config.layers import given, yaml_text
from edge_detector.config.load import check
from edge_detector.core.errors import ConfigError, PorchlightError
from edge_detector.core.masking import masked_url
from edge_detector.files import explain, make_folder, write_atomic

Value: TypeAlias = str | int | bool
Answers: TypeAlias = dict[Where, Value]

BROKER_PORT, BROKER_TLS_PORT = 1883, 8883
NO_BROKER = "none"

#: It holds passwords.
_MODE = 0o600
_SLUG_CHARACTERS = 40
#: A text that YAML takes for a text as it stands.
_PLAIN = re.compile(r"[A-Za-z0-9/.][A-Za-z0-9_./@%+=-]*(?:://[A-Za-z0-9_./@%+=?&:*-]*)?")
_HEAD = """\
# Written by `porchlight setup`. It holds passwords: keep it to yourself.
# All that can be set: https://github.com/porchlight-home/porchlight/blob/main/docs/reference/configuration.md
# After a change: porchlight check-config, then start the edge again.
"""
_COMMENTS: dict[Where, str] = {
    ("node",): "This edge program; the id must differ between nodes that share a broker or an archive.",
    ("cameras",): "Cameras by id, which stands in topics and in the names of files.",
    ("mqtt",): "The broker that Home Assistant listens to as well.",
    ("archive",): "Where snapshots and clips go.",
    ("web",): "The page and the API, opened by the token in the data folder's file `api-token`.",
    ("web", "host"): "0.0.0.0: all networks of this machine, so that Home Assistant shows live pictures and clips.",
}


def config_of(answers: Mapping[Where, Value]) -> Config:
    """The configuration that answers make; where no camera was told yet, one stands in. Raises ConfigError."""
    stand_in = given({("cameras", "door", "source"): "scene://door"})
    told = given(answers)
    return check([told] if any(where[0] == "cameras" for where in answers) else [stand_in, told])


def camera_answers(name: str, source: str, taken: Collection[str] = (), *, small: str | None = None) -> Answers:
    """A camera, under an id of its own; people are looked for in its smaller stream if it has one."""
    slug = slug_of(name, "camera")
    number = next(n for n in range(1, len(taken) + 2) if _numbered(slug, n) not in taken)
    place: Where = ("cameras", _numbered(slug, number))
    answers: Answers = {(*place, "name"): name, (*place, "source"): source}
    if small is not None:
        answers[*place, "detect_source"] = small
    if is_finite(source):  # a service starts elsewhere, and goes on for longer than a video
        path = source if "://" in source else str(Path(source).expanduser().absolute())
        answers |= {(*place, "source"): path, (*place, "loop"): True}
    return _checked(answers)


def node_answers(name: str, data_dir: Path) -> Answers:
    """This node, under the id that its name makes."""
    answers: Answers = {("node", "id"): slug_of(name, "porchlight"), ("node", "name"): name}
    return _checked({**answers, ("node", "data_dir"): str(data_dir)})


def broker_answers(text: str, user: str = "", password: str = "") -> Answers:
    """The broker of `host`, `host:port` or `mqtt(s)://user:password@host:port`; `none` is none."""
    if text == NO_BROKER:
        return {("mqtt", "enabled"): False}
    address = _broker_address(text)
    tls = address.scheme == "mqtts"
    port = address.port or (BROKER_TLS_PORT if tls else BROKER_PORT)
    answers: Answers = {("mqtt", "host"): address.hostname or "", ("mqtt", "port"): port}
    user, password = user or unquote(address.username or ""), password or unquote(address.password or "")
    if user:
        answers |= {("mqtt", "username"): user, ("mqtt", "password"): password}
    return _checked(answers | ({("mqtt", "tls"): True} if tls else {}))


def _broker_address(text: str) -> SplitResult:
    try:
        parts = urlsplit(text if "://" in text else f"mqtt://{text}")
        if parts.hostname and parts.port != 0 and parts.scheme in {"mqtt", "mqtts"} and not parts.path.strip("/"):
            return parts
    except ValueError:
        pass  # a port that is no number
    shown = masked_url(text)
    raise ConfigError(f"{shown} is no broker: write host, host:port, mqtts://host for TLS, or {NO_BROKER}")


def folder_answers(text: str) -> Answers:
    """A folder as the archive."""
    path = Path(text).expanduser().absolute()
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{path} is a file: name a folder, it may be one that is not there yet")
    return {("archive", "type"): "folder", ("archive", "path"): str(path)}


def bucket_answers(text: str, *, endpoint: str = "", region: str = "", key_id: str = "", secret: str = "") -> Answers:
    """A bucket as the archive, by `name`, `name/prefix` or `s3://name/prefix`."""
    bucket, _, prefix = text.removeprefix("s3://").strip("/").partition("/")
    told = {
        "bucket": bucket,
        "prefix": prefix,
        "endpoint": endpoint,
        "region": region,
        "access_key_id": key_id,
        "secret_access_key": secret,
    }
    answers: Answers = {("archive", "type"): "s3"}
    return _checked(answers | {("archive", key): value for key, value in told.items() if value})


def document(answers: Mapping[Where, Value]) -> str:
    """The answers as YAML with comments."""
    lines = [_HEAD.rstrip()]
    above: Where = ()
    for where, value in answers.items():
        for depth in range(1, len(where)):
            if above[:depth] != where[:depth]:
                lines += _commented(where[:depth], f"{where[depth - 1]}:")
        lines += _commented(where, f"{where[-1]}: {_scalar(value)}")
        above = where
    return "\n".join(lines) + "\n"


def save(answers: Mapping[Where, Value], path: Path) -> Path | None:
    """Write the configuration, whole or not at all; where an older one is now. Raises PorchlightError."""
    text = document(answers)
    if check([yaml_text(text, path.name)]) != config_of(answers):
        raise ConfigError("The answers cannot be written as YAML: please report it")
    try:
        make_folder(path.parent)
        aside = set_aside(path)
        write_atomic(path, text.encode(), mode=_MODE)
    except OSError as error:
        raise PorchlightError(explain(error, path)) from error
    return aside


def slug_of(name: str, otherwise: str) -> str:
    """An id that a name makes: `Front door` is `front_door`."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_SLUG_CHARACTERS] or otherwise


def _numbered(slug: str, number: int) -> str:
    ending = f"_{number}" if number > 1 else ""
    return slug[: _SLUG_CHARACTERS - len(ending)] + ending


def _checked(answers: Answers) -> Answers:
    config_of(answers)
    return answers


def _commented(where: Where, line: str) -> list[str]:
    indent = "  " * (len(where) - 1)
    comment = [f"{indent}# {_COMMENTS[where]}"] if where in _COMMENTS else []
    return ["", *comment, line] if len(where) == 1 else [*comment, indent + line]


def _scalar(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (_PLAIN.fullmatch(value) and not _means_more(value)):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _means_more(value: str) -> bool:
    """Would others than this program, who read the file, take the text for a number or a truth value?"""
    return value.lower() in {"yes", "no", "on", "off", "true", "false", "null", "y", "n"} or not re.search(
        "[A-Za-z]", value
    )
