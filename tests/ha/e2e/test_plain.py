"""A whole visit in Home Assistant without the integration, through its own MQTT discovery."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from script.demo_home_assistant.api import wait_until
from tests.ha.e2e.browser import window
from tests.ha.e2e.conftest import Home
from tests.ha.e2e.full_home import BROKER_WAS_AWAY, TRUE_S, VISIT_S

pytestmark = [pytest.mark.serial, pytest.mark.timeout(360)]

PERSON = "binary_sensor.front_door_person"


def entities(home: Home) -> dict[str, str]:
    """The entities that MQTT discovery made: entity id by unique id."""
    return {entry["unique_id"]: entry["entity_id"] for entry in home.hass.api.registry("mqtt")}


def states(home: Home) -> dict[str, dict[str, Any]]:
    """Their states."""
    all_states = home.hass.api.states()
    return {entity_id: all_states[entity_id] for entity_id in entities(home).values() if entity_id in all_states}


def available(home: Home) -> bool:
    """Whether no enabled entity is unavailable."""
    return all(state["state"] != "unavailable" for state in states(home).values())


def test_a_visit(plain_home: Home) -> None:
    api = plain_home.hass.api
    plain_home.edge.start()
    api.wait_state(PERSON, "on", VISIT_S)
    assert api.state("sensor.front_door_people") == "1"
    assert api.fetch("/api/image_proxy/image.front_door_image").startswith(b"\xff\xd8\xff")
    api.wait_state("event.front_door_event", lambda state: state not in ("unknown", "unavailable"))
    api.wait_state(PERSON, "off", VISIT_S)
    api.wait_state("sensor.front_door_last_clip_time", lambda state: state != "unknown", VISIT_S)
    api.wait_state("sensor.porchlight_porch_uploads_waiting", "0", VISIT_S)
    assert len(entities(plain_home)) == 22
    assert available(plain_home)
    clip = states(plain_home)["sensor.front_door_last_clip"]
    assert clip["state"].startswith("file:")
    assert clip["attributes"]["duration_s"] > 3
    names = {device["name"] for device in api.devices(api.entries("mqtt")[0]["entry_id"])}
    assert names == {"Porch", "Front door"}
    assert not plain_home.hass.problems()


def test_a_switch_reaches_the_edge(plain_home: Home) -> None:
    api = plain_home.hass.api
    for wanted in ("off", "on"):
        api.action(f"switch.turn_{wanted}", {"entity_id": "switch.front_door_record"})
        api.wait_state("switch.front_door_record", wanted)


def test_its_page(plain_home: Home, screenshots: Path) -> None:
    api = plain_home.hass.api
    door = next(device["id"] for device in api.devices() if device["name"] == "Front door")
    for dark in (False, True):
        with window(api, dark=dark) as shown:
            shown.open(f"/config/devices/device/{door}", ["Last person", "Lowest confidence"])
            for width in (1280, 390):
                shown.page.set_viewport_size({"width": width, "height": 900})
                shown.page.wait_for_timeout(500)
                shown.screenshot(screenshots / f"plain-device-{width}-{'dark' if dark else 'light'}.png")
            assert not shown.problems


def test_home_assistant_starts_again(plain_home: Home) -> None:
    before, devices = entities(plain_home), len(plain_home.hass.api.devices())
    plain_home.hass.stop()
    plain_home.hass.start()
    wait_until(lambda: available(plain_home), "all entities available", TRUE_S)
    assert entities(plain_home) == before
    assert len(plain_home.hass.api.devices()) == devices
    assert not plain_home.hass.problems()


def test_the_edge_is_killed_in_a_visit_and_starts_again(plain_home: Home) -> None:
    api = plain_home.hass.api
    api.wait_state(PERSON, "on", VISIT_S)
    plain_home.edge.kill()
    api.wait_state(PERSON, "unavailable")
    plain_home.edge.start()
    api.wait_state(PERSON, lambda state: state in ("on", "off"))
    wait_until(lambda: available(plain_home), "all entities available", TRUE_S)
    assert not plain_home.hass.problems()


def test_the_broker_forgets_everything(plain_home: Home) -> None:
    api = plain_home.hass.api
    before = entities(plain_home)
    plain_home.broker.stop(kill=True)
    api.wait_state(PERSON, "unavailable")
    plain_home.broker.start()
    api.wait_state(PERSON, lambda state: state != "unavailable", 60)
    wait_until(lambda: available(plain_home), "all entities available", TRUE_S)
    assert entities(plain_home) == before
    assert not plain_home.hass.problems(*BROKER_WAS_AWAY)
