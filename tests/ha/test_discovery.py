"""Home Assistant itself takes the discovery messages, and makes of them what we mean."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_detector.config.root import SETTINGS_BOUNDS
from edge_detector.core.facts import FileStored
from edge_detector.core.types import Settings
from edge_detector.mqtt import messages
from edge_detector.mqtt.commands import Action, parse_do, parse_set
from edge_detector.mqtt.discovery import Discovery
from edge_detector.mqtt.messages import to_json
from edge_detector.mqtt.topics import HEALTH, LAST_CLIP, SETTINGS, STATE, STATUS, Topics
from tests.contract import examples

TOPICS = Topics(node=examples.NODE)
DISCOVERY = Discovery(info=examples.INFO, topics=TOPICS, bounds=SETTINGS_BOUNDS)
#: Every unique id of the first camera begins with this.
DOOR = f"porchlight-{examples.NODE}-{examples.CAMERA}"
PI = f"porchlight-{examples.NODE}"

LONG_CLIP = replace(examples.STORED_CLIP, url="https://bucket.example/" + "a" * 300)
SIGNED_CLIP = replace(examples.STORED_CLIP, url=f"{examples.STORED_CLIP.url}?X-Amz-Signature=0123")


def samples(clip: FileStored, status: str, health: str) -> dict[str, str]:
    """One message for every topic that entities read."""
    clip_body = messages.last_clip(clip)
    assert clip_body
    return {
        TOPICS.of(STATE, examples.CAMERA): examples.emitted()[status],
        TOPICS.of(LAST_CLIP, examples.CAMERA): to_json(clip_body),
        TOPICS.of(SETTINGS, examples.CAMERA): examples.emitted()["settings"],
        TOPICS.of(HEALTH): examples.emitted()[health],
        TOPICS.of(STATUS): messages.ONLINE,
    }


@pytest.fixture(scope="module")
def result(home_assistant_python: Path) -> dict[str, Any]:
    """What Home Assistant makes of the discovery messages and of three sets of states."""
    task = {
        "prefix": DISCOVERY.prefix,
        "messages": [(each.topic, each.payload) for each in (*DISCOVERY.messages(), *DISCOVERY.removals())],
        "samples": {
            "golden": samples(examples.STORED_CLIP, "state", "health"),
            "fresh": samples(LONG_CLIP, "state.nobody", "health.fresh"),
            "signed": samples(SIGNED_CLIP, "state", "health"),
        },
        "commands": {"armed": ["ON", "OFF"], "record": ["OFF"], "upload": ["ON"], "min_confidence": [55, 55.0, 7]},
    }
    done = subprocess.run(
        [home_assistant_python, Path(__file__).with_name("check_discovery.py")],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def test_home_assistant_finds_no_fault(result: dict[str, Any]) -> None:
    assert result["faults"] == []
    assert result["devices"] == {"Hallway": 9, "Front door": 21, "Garden": 13}


@pytest.mark.parametrize(
    ("unique_id", "state"),
    [
        (f"{DOOR}-person", "ON"),
        (f"{DOOR}-people", "2"),
        (f"{DOOR}-confidence", "87.7"),  # percent
        (f"{DOOR}-connectivity", "ON"),
        (f"{DOOR}-last_clip", examples.STORED_CLIP.url),  # short enough for a state
        (f"{DOOR}-last_clip_time", "2026-11-21T07:29:56.250Z"),  # with a zone, as timestamps must
        (f"{DOOR}-armed", "ON"),
        (f"{DOOR}-upload", "OFF"),
        (f"{DOOR}-min_confidence", "45.0"),
        (f"{PI}-connection", "online"),  # compared with payload_on
        (f"{PI}-upload_problem", "ON"),  # one file failed
        (f"{PI}-uploads_waiting", "2"),
        (f"{PI}-disk_free", "21.47"),  # GB
        (f"{PI}-memory", "188.7"),  # MB
        (f"{PI}-cpu", "37.4"),
        (f"{PI}-temperature", "54.3"),
        (f"{PI}-inference", "12.0"),
        (f"{PI}-detector", "onnx"),
    ],
)
def test_a_state_is_what_the_message_says(result: dict[str, Any], unique_id: str, state: str) -> None:
    assert result["states"]["golden"][unique_id] == state


def test_the_rest_of_the_clip_stands_in_attributes(result: dict[str, Any]) -> None:
    assert result["attributes"]["golden"][f"{DOOR}-last_clip"] == messages.last_clip(examples.STORED_CLIP)
    assert result["attributes"]["golden"][f"{DOOR}-person"] == {
        "visit_id": examples.VISIT,
        "since": "2026-11-21T07:30:00.250Z",
    }


def test_what_home_assistant_sends_is_obeyed(result: dict[str, Any]) -> None:
    def obeyed(unique_id: str, n: int = 0) -> object:
        payload = result["orders"][f"{DOOR}-{unique_id}"][n].encode()
        return parse_set(payload, current=examples.SETTINGS, bounds=SETTINGS_BOUNDS)

    assert obeyed("armed", 0) == replace(examples.SETTINGS, armed=True)
    assert obeyed("armed", 1) == replace(examples.SETTINGS, armed=False)
    assert obeyed("record") == replace(examples.SETTINGS, record=False)
    assert obeyed("upload") == replace(examples.SETTINGS, upload=True)
    assert [obeyed("min_confidence", n) for n in range(3)] == [
        replace(examples.SETTINGS, confidence=value) for value in (0.55, 0.55, 0.07)
    ]
    assert isinstance(obeyed("armed"), Settings)
    assert parse_do(result["orders"][f"{DOOR}-snapshot"][0].encode()) is Action.SNAPSHOT


def test_what_is_unknown_or_too_long(result: dict[str, Any]) -> None:
    states = result["states"]["fresh"]
    assert states[f"{DOOR}-last_clip"] == ""  # a longer state would be refused
    assert states[f"{DOOR}-person"] == "OFF"
    assert states[f"{DOOR}-connectivity"] == "OFF"
    assert states[f"{PI}-temperature"] == "None"  # unknown to Home Assistant
    assert states[f"{PI}-upload_problem"] == "OFF"


def test_a_signature_never_becomes_a_state(result: dict[str, Any]) -> None:
    assert result["states"]["signed"][f"{DOOR}-last_clip"] == examples.STORED_CLIP.url
