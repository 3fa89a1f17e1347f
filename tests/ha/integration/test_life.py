"""Claim and release, restarts of everything in every order, and what comes and goes without a reload."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from homeassistant.components import mqtt
from homeassistant.components.binary_sensor import DATA_COMPONENT
from homeassistant.components.mqtt.models import DATA_MQTT
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.porchlight import async_remove_config_entry_device, coordinator
from custom_components.porchlight.const import CLAIM_ANSWER_S, SILENCE_S
from tests.broker import Broker
from tests.ha.integration.conftest import entities_of, faults, state_of, unload, until
from tests.ha.integration.node import CAMERA, NODE, Node, golden

PERSON = "binary_sensor.hallway_front_door_person"
CLAIM = f"porchlight/{NODE}/claim"


def claims(edge: Node) -> list[str]:
    return [message.text for message in edge.observer.on(CLAIM)]


def devices_of(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str | None, dr.AnyDeviceEntry]:
    registry = dr.async_get(hass)
    nodes: list[dr.AnyDeviceEntry] = [*dr.async_entries_for_config_entry(registry, entry.entry_id)]
    return {
        device.name: device
        for device in (
            *nodes,
            *dr.async_child_entries_for_config_entry(registry, entry.entry_id),
        )
    }


async def test_it_needs_mqtt(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state in (ConfigEntryState.SETUP_RETRY, ConfigEntryState.SETUP_ERROR)


async def test_claimed_when_set_up_and_anew_with_each_announcement(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    await until(lambda: '{"by":"home_assistant"}' in claims(edge))
    edge.observer.clear()
    edge.announce()  # as when the broker has lost the claim
    await until(lambda: claims(edge) == ['{"by":"home_assistant"}'])


async def test_kept_over_an_unload_and_released_on_removal(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    await until(lambda: claims(edge))
    edge.observer.clear()
    assert await hass.config_entries.async_unload(running.entry_id)
    assert state_of(hass, PERSON) == "unavailable"
    assert claims(edge) == []
    await hass.config_entries.async_remove(running.entry_id)
    await until(lambda: claims(edge) == [""])
    assert hass.states.get(PERSON) is None
    assert devices_of(hass, running) == {}


async def test_removal_without_a_broker_is_said(
    hass: HomeAssistant, running: MockConfigEntry, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.stop()
    await until(lambda: not mqtt.is_connected(hass))
    await hass.config_entries.async_remove(running.entry_id)
    assert f"Could not release {CLAIM}" in caplog.text


async def test_devices(hass: HomeAssistant, running: MockConfigEntry) -> None:
    devices = devices_of(hass, running)
    assert set(devices) == {"Hallway", "Front door", "Garden"}
    node = devices["Hallway"]
    assert isinstance(node, dr.DeviceEntry)
    assert (node.manufacturer, node.model, node.sw_version) == ("Porchlight", "Raspberry Pi 5 Model B Rev 1.0", "0.1.0")
    assert node.configuration_url == "http://192.0.2.7:8480"
    camera = devices["Front door"]
    assert isinstance(camera, dr.ChildDeviceEntry)
    assert camera.parent_device_id == node.id


async def test_cameras_zones_and_lines_come_and_go(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    before = entities_of(hass, running)
    announce = golden("announce")
    door, garden = announce["cameras"]
    door["zones"] = [{"id": "steps", "name": "Steps"}, {"id": "mat", "name": "Mat"}]
    door["lines"] = [{"id": "gate", "name": "Gate"}]
    edge.announce(cameras=[door, {**garden, "id": "shed", "name": "Shed"}])
    await until(lambda: hass.states.get("binary_sensor.hallway_shed_person"))
    await hass.async_block_till_done()

    after = entities_of(hass, running)
    assert {entity for entity in before - after if "garden" not in entity} == {
        "binary_sensor.hallway_front_door_street_person",
        "sensor.hallway_front_door_street_people",
        "event.hallway_front_door_threshold",
        "sensor.hallway_front_door_threshold_in",
        "sensor.hallway_front_door_threshold_out",
    }
    assert {entity for entity in after - before if "shed" not in entity} == {
        "binary_sensor.hallway_front_door_mat_person",
        "sensor.hallway_front_door_mat_people",
        "event.hallway_front_door_gate",
        "sensor.hallway_front_door_gate_in",
        "sensor.hallway_front_door_gate_out",
    }
    assert not any("garden" in entity for entity in after)
    assert set(devices_of(hass, running)) == {"Hallway", "Front door", "Shed"}
    edge.state("shed", zones={}, lines={})
    await until(lambda: state_of(hass, "binary_sensor.hallway_shed_person") == "on")

    edge.announce()
    await until(lambda: entities_of(hass, running) == before)
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_street_person") == "off")


async def test_what_went_while_home_assistant_was_down_is_removed(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    assert await hass.config_entries.async_unload(running.entry_id)
    edge.announce(cameras=[{**golden("announce")["cameras"][0], "zones": [], "lines": []}])
    assert await hass.config_entries.async_setup(running.entry_id)
    await until(lambda: state_of(hass, PERSON) == "on")
    assert not any("garden" in entity or "steps" in entity for entity in entities_of(hass, running))
    assert set(devices_of(hass, running)) == {"Hallway", "Front door"}


async def test_new_names_are_shown(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    announce = golden("announce")
    announce["cameras"][0]["name"] = "Porch"
    announce["cameras"][0]["zones"][0]["name"] = "Stairs"
    edge.announce(name="House", cameras=announce["cameras"])
    await until(lambda: (state := hass.states.get(PERSON)) and state.name == "Porch Person")
    zone = "binary_sensor.hallway_front_door_steps_person"
    await until(lambda: (state := hass.states.get(zone)) and state.name == "Porch Stairs person")
    assert set(devices_of(hass, running)) == {"House", "Porch", "Garden"}


async def test_a_device_keeps_its_new_name_over_a_restart(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    edge.announce(name="House")
    await until(lambda: "House" in devices_of(hass, running))
    changes: list[Mapping[str, Any]] = []
    hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, lambda event: changes.append(event.data))
    assert await hass.config_entries.async_reload(running.entry_id)
    await until(lambda: state_of(hass, PERSON) == "on")
    assert not [change for change in changes if "name" in change.get("changes", {})]


async def test_of_two_announcements_at_once_the_later_holds(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    edge.announce(name="One")
    edge.announce(name="Two")
    await until(lambda: "Two" in devices_of(hass, running))
    await hass.async_block_till_done()
    assert "One" not in devices_of(hass, running)


def subscribed(hass: HomeAssistant, camera: str) -> bool:
    """Whether somebody listens to a camera."""
    return hass.data[DATA_MQTT].client.is_active_subscription(f"porchlight/{NODE}/{camera}/state")


def with_shed(edge: Node) -> None:
    """Announce a camera more."""
    cameras = golden("announce")["cameras"]
    edge.announce(cameras=[*cameras, {**cameras[1], "id": "shed", "name": "Shed"}])


async def test_nothing_is_made_of_a_node_that_is_unloaded_while_it_waits_for_its_turn(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    turn = hass.data[coordinator.APPLYING]
    await turn.acquire()
    with_shed(edge)
    await until(lambda: len(running.runtime_data._announced.cameras) == 3)
    node = running.runtime_data
    unloading = hass.async_create_task(hass.config_entries.async_unload(running.entry_id))
    await until(lambda: node._stopped)
    turn.release()
    assert await unloading
    assert "shed" not in node.cameras
    assert not subscribed(hass, "shed")


async def test_nothing_is_listened_to_when_it_is_unloaded_meanwhile(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    node = running.runtime_data
    node._followers.append(lambda _: node._stop())
    with_shed(edge)
    await until(lambda: node._stopped)
    await hass.async_block_till_done()
    assert "shed" in node.cameras
    assert not subscribed(hass, "shed")


async def test_only_devices_that_are_gone_may_be_deleted(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    devices = devices_of(hass, running)
    assert [await async_remove_config_entry_device(hass, running, each) for each in devices.values()] == [False] * 3
    stale = dr.async_get(hass).async_get_or_create(
        config_entry_id=running.entry_id, identifiers={("porchlight", "old")}, name="Old"
    )
    assert await async_remove_config_entry_device(hass, running, stale)
    await hass.config_entries.async_unload(running.entry_id)  # then nobody knows; what it still has comes back
    assert await async_remove_config_entry_device(hass, running, devices["Garden"])


async def test_the_last_will_makes_all_unavailable(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    edge.status("offline")
    await until(lambda: state_of(hass, PERSON) == "unavailable")
    states = {state.entity_id: state.state for state in hass.states.async_all() if "hallway" in state.entity_id}
    assert set(states.values()) == {"unavailable"}, states
    edge.state(person=False, count=0)
    edge.status("online")
    await until(lambda: state_of(hass, PERSON) == "off")


async def test_an_online_without_a_state_shows_nobody(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    edge.status("offline")
    await until(lambda: state_of(hass, PERSON) == "unavailable")
    edge.status("online")
    await until(lambda: state_of(hass, "sensor.hallway_front_door_last_clip") != "unavailable")
    assert state_of(hass, PERSON) == "unavailable"  # what the camera sees is not known


async def test_a_camera_that_is_away_sees_nobody(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    edge.state(online=False)
    await until(lambda: state_of(hass, PERSON) == "unavailable")
    assert state_of(hass, "binary_sensor.hallway_front_door_connectivity") == "off"
    assert state_of(hass, "sensor.hallway_front_door_threshold_in") == "3"
    assert state_of(hass, "binary_sensor.hallway_garden_person") == "off"


async def test_a_kept_online_is_believed_for_a_while_only(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node, entry: MockConfigEntry
) -> None:
    """The broker came back with what it kept, and the node, which had told that somebody is there, did not."""
    edge.tell_all()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: state_of(hass, PERSON) == "on")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=SILENCE_S + 1))
    await until(lambda: state_of(hass, PERSON) == "unavailable")
    edge.tell_all()
    await until(lambda: state_of(hass, PERSON) == "on")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=SILENCE_S + 1))
    await hass.async_block_till_done()
    assert state_of(hass, PERSON) == "on"  # it spoke itself
    await unload(hass, entry)


async def test_a_kept_online_of_a_node_that_answers_claims_is_believed_no_longer_than_an_answer_takes(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node, entry: MockConfigEntry
) -> None:
    edge.tell_all()
    edge.announce(features=["answers_claims", 7, "more"])
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: state_of(hass, PERSON) == "on" and claims(edge))
    for _ in range(2):
        await until(lambda: entry.runtime_data._silence is not None)
        edge.status("online")  # it answers
        await until(lambda: entry.runtime_data._silence is None)
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=CLAIM_ANSWER_S + 1))
        await hass.async_block_till_done()
        assert state_of(hass, PERSON) == "on"
        assert await hass.config_entries.async_reload(entry.entry_id)
        await until(lambda: state_of(hass, PERSON) == "on")
    edge.observer.clear()
    await until(lambda: entry.runtime_data._silence is not None)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=CLAIM_ANSWER_S + 1))
    await until(lambda: state_of(hass, PERSON) == "unavailable")
    await unload(hass, entry)


async def test_the_broker_goes_and_comes(
    hass: HomeAssistant, running: MockConfigEntry, broker: Broker, edge: Node, caplog: pytest.LogCaptureFixture
) -> None:
    broker.stop()
    await until(lambda: state_of(hass, PERSON) == "unavailable")
    broker.start()
    await until(lambda: mqtt.is_connected(hass) and edge.connected, 20)
    assert state_of(hass, PERSON) == "unavailable"  # the broker kept nothing
    edge.tell_all()
    await until(lambda: state_of(hass, PERSON) == "on")
    assert faults(caplog) == []


@pytest.mark.parametrize("order", list(permutations(("home assistant", "broker", "edge"))), ids=" ".join)
async def test_restarts_in_every_order_in_the_middle_of_a_visit(
    hass: HomeAssistant,
    running: MockConfigEntry,
    broker: Broker,
    edge: Node,
    order: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """All three stop while somebody is there, and start in this order; nobody is there any more."""
    before = entities_of(hass, running), set(devices_of(hass, running))
    edge.status("offline")
    assert await hass.config_entries.async_unload(running.entry_id)
    broker.stop()
    await until(lambda: not mqtt.is_connected(hass) and not edge.connected)
    up: set[str] = set()
    for part in order:
        up.add(part)
        if part == "broker":
            broker.start()
        if part == "home assistant":
            await hass.config_entries.async_setup(running.entry_id)
        if part != "home assistant" and {"broker", "edge"} <= up:
            await until(lambda: edge.connected)
            edge.announce()
            edge.state(person=False, count=0)
            edge.settings()
            edge.status("online")
    await until(lambda: mqtt.is_connected(hass), 20)
    await until(lambda: state_of(hass, PERSON) == "off")
    assert (entities_of(hass, running), set(devices_of(hass, running))) == before
    assert faults(caplog) == []


async def test_removed_and_added_again_nothing_is_there_twice(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    before = entities_of(hass, running)
    await hass.config_entries.async_remove(running.entry_id)
    again = MockConfigEntry(domain="porchlight", title="Hallway", unique_id=NODE, data=dict(running.data))
    again.add_to_hass(hass)
    assert await hass.config_entries.async_setup(again.entry_id)
    await until(lambda: state_of(hass, PERSON) == "on")
    assert entities_of(hass, again) == before
    await unload(hass, again)


async def test_an_announcement_of_another_node_is_refused(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node, caplog: pytest.LogCaptureFixture
) -> None:
    edge.announce(node="other")
    edge.health(uptime_s=7)
    await until(lambda: running.runtime_data.health.uptime_s == 7)
    assert "node is not that of the topic" in caplog.text
    assert state_of(hass, PERSON) == "on"


async def test_an_empty_image_takes_the_picture_away(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    image = "image.hallway_front_door_last_person"
    assert state_of(hass, image) not in ("unknown", "unavailable")
    edge.image(data=b"")
    await until(lambda: state_of(hass, image) == "unknown")
    assert running.runtime_data.cameras[CAMERA].image is None


async def test_an_entity_of_a_camera_that_just_went_is_unavailable(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    person = hass.data[DATA_COMPONENT].get_entity(PERSON)
    assert person
    assert person.available
    del running.runtime_data.cameras["front_door"]
    assert not person.available


async def test_a_claim_that_is_not_taken_does_no_harm(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    edge: Node,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise HomeAssistantError("the connection broke")

    monkeypatch.setattr(mqtt, "async_publish", refuse)
    edge.tell_all()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: state_of(hass, PERSON) == "on")
    assert faults(caplog) == []
    await unload(hass, entry)
