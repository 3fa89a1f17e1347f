"""A claimed node is shown once: what MQTT discovery left is taken away, what is published on purpose stays."""

import json
from datetime import timedelta

import pytest
from homeassistant.components import mqtt
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.porchlight.claim import LOOK_S, LOOKS, SETTLE_S
from tests.ha.integration.conftest import state_of, unload, until
from tests.ha.integration.node import CAMERA, NODE, Node

CLAIM = f"porchlight/{NODE}/claim"
AGAIN = json.dumps({"by": "home_assistant", "left": [f"porchlight-{NODE}-{CAMERA}"]})
PLAIN = f"homeassistant/device/porchlight_{NODE}_{CAMERA}/config"
PERSON = "binary_sensor.hallway_front_door_person"
PLAIN_PERSON = "binary_sensor.plain_person"


def discover(edge: Node) -> None:
    """Publish a camera's device as an edge does that nobody has claimed."""
    person = {
        "platform": "binary_sensor",
        "unique_id": f"porchlight-{NODE}-{CAMERA}-person",
        "default_entity_id": PLAIN_PERSON,
        "state_topic": edge.topic(CAMERA, "state"),
        "value_template": "{{ 'ON' if value_json.person else 'OFF' }}",
    }
    device = {"identifiers": [f"porchlight-{NODE}-{CAMERA}"], "name": "Plain"}
    edge.say(PLAIN, {"device": device, "origin": {"name": "Porchlight"}, "components": {"person": person}})


def plain(hass: HomeAssistant, mqtt_entry: MockConfigEntry) -> dr.DeviceEntry | None:
    """The device of MQTT discovery."""
    identifier = (mqtt.DOMAIN, f"porchlight-{NODE}-{CAMERA}")
    return dr.async_get(hass).async_get_device_by_identifier(identifier, mqtt_entry.entry_id)


def claims(edge: Node) -> list[str]:
    return [message.text for message in edge.observer.on(CLAIM)]


async def look(hass: HomeAssistant) -> None:
    """Let the time pass until it is looked up what is left."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=LOOK_S + 1))
    await hass.async_block_till_done()


async def test_a_device_that_is_left_is_taken_away_again(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, running: MockConfigEntry, edge: Node
) -> None:
    discover(edge)
    await until(lambda: plain(hass, mqtt_entry) and state_of(hass, PLAIN_PERSON) == "on")
    assert AGAIN not in claims(edge)
    await look(hass)
    await until(lambda: AGAIN in claims(edge))
    edge.say(PLAIN, "")  # as the edge obeys
    await until(lambda: plain(hass, mqtt_entry) is None)
    edge.observer.clear()
    for _ in range(LOOKS):
        await look(hass)
    assert claims(edge) == []


async def test_what_is_published_on_purpose_stays(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, running: MockConfigEntry, edge: Node
) -> None:
    discover(edge)
    await until(lambda: state_of(hass, PLAIN_PERSON) == "on")
    for _ in range(2 * LOOKS):
        await look(hass)
    await until(lambda: claims(edge).count(AGAIN) == LOOKS)
    assert state_of(hass, PLAIN_PERSON) == "on"


@pytest.mark.parametrize("removed", [0, 1], ids=["with its entity", "empty"])
async def test_what_an_earlier_run_left_is_removed(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, running: MockConfigEntry, edge: Node, removed: int
) -> None:
    """The device stands in the registry, and no message is there that would ever remove it."""
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=mqtt_entry.entry_id, identifiers={(mqtt.DOMAIN, f"porchlight-{NODE}-{CAMERA}")}
    )
    if not removed:
        entity = er.async_get(hass).async_get_or_create(
            "binary_sensor", mqtt.DOMAIN, "porchlight-left", device_id=device.id, config_entry=mqtt_entry
        )
        hass.states.async_set(entity.entity_id, "unavailable", {"restored": True})
    for _ in range(LOOKS):
        assert plain(hass, mqtt_entry)
        await look(hass)
    await until(lambda: plain(hass, mqtt_entry) is None)


async def test_no_more_is_looked_up_after_an_unload(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, running: MockConfigEntry, edge: Node
) -> None:
    discover(edge)
    await until(lambda: state_of(hass, PLAIN_PERSON) == "on")
    assert await hass.config_entries.async_unload(running.entry_id)
    await look(hass)
    assert AGAIN not in claims(edge)


async def test_nothing_is_claimed_before_home_assistant_has_started(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node, entry: MockConfigEntry
) -> None:
    """The MQTT integration loses the removal of what it is still adding."""
    hass.set_state(CoreState.starting)
    edge.tell_all()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: state_of(hass, PERSON) == "on")
    assert claims(edge) == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done()
    assert claims(edge) == []
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=SETTLE_S + 1))
    await until(lambda: claims(edge) == ['{"by":"home_assistant"}'])
    await unload(hass, entry)
