"""Whatever is published on the topics of a node: no exception, no broken entity, one warning for each kind of fault."""

import json
import logging
import random
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight.coordinator import PorchlightCoordinator
from tests.ha.integration.conftest import entities_of, state_of, until
from tests.ha.integration.node import CAMERA, JPEG, Node, golden

PAYLOADS = 10_000
#: The broker keeps no more than 1000 for a client that is slow: those beyond are dropped, and would test nothing.
BATCH = 250

GOLDEN = {
    "announce": "announce",
    "health": "health",
    "state": "state",
    "last_clip": "last_clip",
    "settings": "settings",
    "event": "event_person_arrived",
}
EVENTS = [
    *("event_person_arrived", "event_person_left", "event_snapshot_stored", "event_clip_stored", "event_clip_lost"),
    *("event_line_crossed", "event_camera_down", "event_camera_up", "event_rejected"),
]
JUNK: list[Any] = [
    *(None, True, False, 0, -1, 1, 1e308, -1e308, 2**53, 2**63, 10**30, 0.5, "", " ", "\x00", "a/b", "../..", "a.b"),
    *(
        "ONLINE",
        "ä" * 50,
        "x" * 5000,
        "\u202e",
        "2026-13-45T99:99:99Z",
        "0001-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z",
    ),
    *([], {}, [[]], [None], {"": {}}, {"a": 1}, {"in": 1}, {"a/b": {"person": True, "count": 1}}, ["x"] * 100),
]


def binary(dice: random.Random) -> bytes:
    """Noise, cut text, and text in other encodings."""
    whole = json.dumps(golden(dice.choice([*GOLDEN.values(), *EVENTS]))).encode()
    return dice.choice(
        [
            dice.randbytes(dice.randrange(1, 300)),
            whole[: dice.randrange(1, len(whole))],
            whole.decode().encode("utf-16"),
            whole[: len(whole) // 2] + b"\xff\xfe" + whole[len(whole) // 2 :],
            b"\xef\xbb\xbf" + whole,
            JPEG,
        ]
    )


def deep(dice: random.Random) -> bytes:
    """Nested beyond any reader's stack."""
    depth = dice.choice([10, 1000, 50_000])
    return dice.choice([b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b"[" * depth])


def huge(dice: random.Random) -> bytes:
    """More than anybody means to say."""
    size = dice.choice([100_000, 400_000])
    return dice.choice([b"x" * size, json.dumps({"schema": 1, "name": "x" * size}).encode(), b"1" * size])


def scalar(dice: random.Random) -> bytes:
    """JSON, and no object."""
    return json.dumps(dice.choice(JUNK)).encode()


def twisted(dice: random.Random) -> bytes:
    """A golden message in which some values are something else, or missing, or more."""
    message = golden(dice.choice([*GOLDEN.values(), *EVENTS]))
    for _ in range(dice.randrange(1, 4)):
        at: Any = message
        while isinstance(at, dict) and at:
            key = dice.choice(list(at))
            if isinstance(at[key], (dict, list)) and at[key] and dice.random() < 0.6:
                at = at[key] if isinstance(at[key], dict) else at[key][0]
                continue
            match dice.randrange(3):
                case 0:
                    del at[key]
                case 1:
                    at[key] = deepcopy(dice.choice(JUNK))
                case 2:
                    at[dice.choice(["", "a/b", "x" * 300, key + " "])] = deepcopy(dice.choice(JUNK))
            break
    return json.dumps(message).encode()


def foreign(dice: random.Random) -> bytes:
    """Another schema, another node, other slugs."""
    message = golden("announce")
    message["schema"] = dice.choice([0, 2, 99, "1", 1.0, None, True])
    message["node"] = dice.choice(["hallway_pi", "a/b", "..", "#", "+", "x" * 41, "Ä", 7])
    if dice.random() < 0.5:
        message["cameras"] = message["cameras"] * dice.choice([1, 2, 200])
        message["cameras"][0]["id"] = dice.choice(["a/b", "a.b", "..", "#", "", "front_door"])
    return json.dumps(message).encode()


MAKERS: list[Callable[[random.Random], bytes]] = [binary, deep, huge, scalar, twisted, twisted, twisted, foreign]


@pytest.fixture
def quiet_logs() -> None:
    """Debug records of ten thousand messages would be the slowest part."""
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("homeassistant").setLevel(logging.WARNING)


#: Other nodes, most of which can be none; the integration is asked about each that announces itself.
STRANGERS = ("garage", "a.b", "a b", "Ä", "x" * 41, "..", "$SYS", "hallway_pi_", "")


def topics_of(edge: Node) -> list[str]:
    """Everything that the integration listens to, but the other camera."""
    node = [f"porchlight/{edge.node}/{each}" for each in ("status", "health")]
    camera = [edge.topic(CAMERA, leaf) for leaf in ("state", "image", "last_clip", "event", "settings")]
    strangers = [f"porchlight/announce/{name}" for name in STRANGERS]
    return [f"porchlight/announce/{edge.node}", *node, *camera, *strangers]


@pytest.mark.timeout(300)
async def test_hostile_payloads(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node, caplog: pytest.LogCaptureFixture, quiet_logs: None
) -> None:
    dice = random.Random(20261121)
    coordinator: PorchlightCoordinator = running.runtime_data
    topics, before = topics_of(edge), entities_of(hass, running)
    caplog.clear()

    def say(number: int) -> None:
        for _ in range(BATCH):
            edge.shout(dice.choice(topics), dice.choice(MAKERS)(dice), retain=dice.random() < 0.5)
        # A health message that is understood tells that all before it were read.
        edge.health(uptime_s=number)

    def read(number: int) -> bool:
        return coordinator.health is not None and coordinator.health.uptime_s == number

    for number in range(PAYLOADS // BATCH):
        await hass.async_add_executor_job(say, number)
        await until(partial(read, number))
    edge.tell_all()
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_person") == "on")
    await hass.async_block_till_done()

    assert [each for each in caplog.records if each.levelno >= logging.ERROR or each.exc_info] == []
    told = [each.getMessage() for each in caplog.records if each.name.startswith("custom_components.porchlight")]
    assert told
    kinds = {(topic, kind) for topic in topics for kind in ("size", "json", "schema", "field", "image", "unknown")}
    assert len(told) <= len(kinds)
    assert len(told) == len(set(told))
    assert max(map(len, told)) < 400
    assert entities_of(hass, running) == before
    assert hass.config_entries.flow.async_progress() == []
    assert [entity for entity in before if state_of(hass, entity) == "unavailable"] == []
