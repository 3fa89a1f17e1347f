"""Both sides of the contract against the same files: the edge emits the golden messages, the schemas judge them."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from edge_detector.config.root import SETTINGS_BOUNDS
from edge_detector.core.types import Settings
from edge_detector.mqtt.commands import Action, Claim, parse_claim, parse_do, parse_set
from edge_detector.mqtt.events import EventType
from tests.contract import examples

SCHEMAS = Path(__file__).parent / "schemas"
GOLDEN = sorted(examples.FOLDER.glob("*.json"))
#: Home Assistant's own schemas judge discovery messages (see tests/ha).
OURS = [path for path in GOLDEN if not path.name.startswith("discovery_")]
EMITTED = examples.emitted()


def name_of(path: Path) -> str:
    return path.name.removesuffix(".json")


def golden(name: str) -> Any:  # noqa: ANN401 - any JSON
    return json.loads((examples.FOLDER / f"{name}.json").read_text())


def validator(name: str) -> Draft202012Validator:
    """The schema of a message; what follows the first dot of a golden file's name is the variant."""
    schema = json.loads((SCHEMAS / f"{name.partition('.')[0]}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def members(body: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # noqa: ANN401
    """The paths of all members of an object, and of the objects in it."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield (*path, key)
            yield from members(value, (*path, key))


def changed(body: Any, path: tuple[str, ...], change: Callable[[dict[str, Any], str], None]) -> Any:  # noqa: ANN401
    """A copy with one member changed."""
    made = copy.deepcopy(body)
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    change(inner, path[-1])
    return made


@pytest.mark.parametrize("name", EMITTED)
def test_the_edge_emits_the_golden_message(name: str) -> None:
    # Compact, in the very order of the golden file: the bytes on the wire.
    assert EMITTED[name] == json.dumps(golden(name), separators=(",", ":"), ensure_ascii=False)


def test_every_message_has_a_golden_file_and_a_schema() -> None:
    assert {name_of(path) for path in GOLDEN} == set(EMITTED) | set(examples.COMMANDS)
    assert {name_of(path) for path in SCHEMAS.glob("*.json")} == {path.name.partition(".")[0] for path in OURS}
    assert {f"event_{kind}" for kind in EventType} == {
        name.partition(".")[0] for name in EMITTED if name.startswith("event_")
    }


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_a_schema_takes_its_message(path: Path) -> None:
    validator(name_of(path)).validate(golden(name_of(path)))


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_a_reader_ignores_what_it_does_not_know(path: Path) -> None:
    body = golden(name_of(path)) | {"invented_later": {"by": "a newer version"}}
    # Commands are the exception: the edge refuses what it would not obey.
    assert validator(name_of(path)).is_valid(body) == (path.name.partition(".")[0] not in {"set", "do"})


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_a_schema_misses_what_is_not_there(path: Path) -> None:
    name, body = name_of(path), golden(name_of(path))
    for member in members(body):
        without = changed(body, member, lambda inner, key: inner.pop(key))
        # Any part of the settings may be set; zones and lines are what the camera has.
        optional = name == "set" or member[-2:-1] in {("zones",), ("lines",)}
        assert validator(name).is_valid(without) == optional, member


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_a_schema_refuses_the_wrong_type(path: Path) -> None:
    name, body = name_of(path), golden(name_of(path))
    for member in members(body):
        wrong = changed(body, member, lambda inner, key: inner.update({key: [True]}))
        assert not validator(name).is_valid(wrong), member


@pytest.mark.parametrize("schema", [2, 10, 1.5, "1", None])
def test_another_major_schema_is_refused(schema: object) -> None:
    assert not validator("announce").is_valid(golden("announce") | {"schema": schema})


def test_no_message_tells_a_secret() -> None:
    address = golden("announce")
    address["api"]["url"] = "http://user:password@192.0.2.7/"
    assert not validator("announce").is_valid(address)


def test_the_edge_obeys_the_golden_commands() -> None:
    def read(name: str) -> bytes:
        return (examples.FOLDER / f"{name}.json").read_bytes()

    assert parse_set(read("set"), current=Settings(), bounds=SETTINGS_BOUNDS) == Settings(armed=False, confidence=0.6)
    assert parse_do(read("do.snapshot")) is Action.SNAPSHOT
    assert parse_do(read("do.test_clip")) is Action.TEST_CLIP
    assert parse_do(read("do.reset_occupancy")) is Action.RESET_OCCUPANCY
    assert parse_claim(read("claim")) == Claim(by="home_assistant")


def test_a_fact_makes_the_same_event_whenever_it_is_told_again() -> None:
    assert examples.emitted() == EMITTED
    ids = [json.loads(text)["id"] for name, text in EMITTED.items() if name.startswith("event_")]
    assert len(set(ids)) == len(ids)
