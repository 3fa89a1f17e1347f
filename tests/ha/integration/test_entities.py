"""What entities show, what they send, and what happens in front of the camera."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from homeassistant.const import ATTR_ENTITY_ID
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.porchlight import coordinator as coordinator_module
from custom_components.porchlight import feed
from tests.ha.integration.conftest import entities_of, state_of, until
from tests.ha.integration.node import CAMERA, JPEG, Node, golden

DOOR = "hallway_front_door"
VISIT = f"event.{DOOR}_visit"


@pytest.fixture
async def all_enabled(hass: HomeAssistant, running: MockConfigEntry) -> None:
    """Those that are disabled by default too."""
    registry = er.async_get(hass)
    for entity_id in entities_of(hass, running):
        registry.async_update_entity(entity_id, disabled_by=None)
    await hass.config_entries.async_reload(running.entry_id)
    await until(lambda: state_of(hass, f"sensor.{DOOR}_frame_rate") == "5.0")
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("entity_id", "state", "attributes"),
    [
        (f"binary_sensor.{DOOR}_person", "on", {"device_class": "occupancy", "visit_id": "01M7YG65DT3MP3PJJSD1VPCNAE"}),
        (f"binary_sensor.{DOOR}_steps_person", "on", {"device_class": "occupancy"}),
        (f"binary_sensor.{DOOR}_street_person", "off", {"device_class": "occupancy"}),
        (f"binary_sensor.{DOOR}_connectivity", "on", {"device_class": "connectivity"}),
        ("binary_sensor.hallway_uploads", "on", {"device_class": "problem"}),
        (f"sensor.{DOOR}_people", "2", {"state_class": "measurement"}),
        (f"sensor.{DOOR}_steps_people", "2", {"state_class": "measurement"}),
        (f"sensor.{DOOR}_confidence", "87.7", {"unit_of_measurement": "%", "state_class": "measurement"}),
        (f"sensor.{DOOR}_last_clip", "2026-11-21T07:29:56+00:00", {"duration_s": 14.967}),
        (f"sensor.{DOOR}_last_visit", "unknown", {"device_class": "timestamp"}),
        (f"sensor.{DOOR}_visits_today", "0", {"state_class": "total_increasing"}),
        (f"sensor.{DOOR}_inference_time", "12.0", {"unit_of_measurement": "ms", "device_class": "duration"}),
        (f"sensor.{DOOR}_frame_rate", "5.0", {"unit_of_measurement": "fps"}),
        (f"sensor.{DOOR}_threshold_in", "3", {"state_class": "total_increasing"}),
        (f"sensor.{DOOR}_threshold_out", "1", {"state_class": "total_increasing"}),
        (f"sensor.{DOOR}_people_inside", "2", {"state_class": "measurement"}),
        ("binary_sensor.hallway_speed", "on", {"device_class": "problem"}),
        ("sensor.hallway_uploads_waiting", "2", {"state_class": "measurement"}),
        ("sensor.hallway_disk_free", "21.47483648", {"unit_of_measurement": "GB", "device_class": "data_size"}),
        ("sensor.hallway_temperature", "54.3", {"unit_of_measurement": "°C", "device_class": "temperature"}),
        (f"switch.{DOOR}_armed", "on", {}),
        (f"switch.{DOOR}_upload", "off", {}),
        (f"number.{DOOR}_lowest_confidence", "45.0", {"unit_of_measurement": "%", "min": 5, "max": 99}),
        (f"number.{DOOR}_clip_length", "15.0", {"min": 3, "max": 20}),
        (f"number.{DOOR}_clip_gap", "90.0", {"min": 5, "max": 3600}),
        (f"camera.{DOOR}", "idle", {}),
        (VISIT, "unknown", {"device_class": "motion"}),
    ],
)
async def test_states(
    hass: HomeAssistant, all_enabled: None, entity_id: str, state: str, attributes: dict[str, Any]
) -> None:
    shown = hass.states.get(entity_id)
    assert shown
    assert shown.state == state
    assert {key: shown.attributes.get(key) for key in attributes} == attributes


async def test_which_entities_there_are(hass: HomeAssistant, running: MockConfigEntry) -> None:
    entities = er.async_entries_for_config_entry(er.async_get(hass), running.entry_id)
    assert len(entities) == 3 + 2 + 2 + 2 * (2 + 7 + 1 + 1 + 1 + 3 + 3 + 2) + 2 * 2 + 3
    disabled = {entity.unique_id.rpartition("-")[2] for entity in entities if entity.disabled_by}
    assert disabled == {"confidence", "inference_time", "frame_rate", "people", "disk_free", "temperature"}
    assert not [entity.entity_id for entity in entities if entity.device_id is None]
    assert all(hass.states.get(entity.entity_id) for entity in entities if not entity.disabled_by)


async def test_no_signature_ever_enters_a_state(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    url = golden("last_clip")["url"]
    edge.last_clip(url=f"{url}?X-Amz-Signature=0123", duration_s=3.0)
    clip = f"sensor.{DOOR}_last_clip"
    await until(lambda: (state := hass.states.get(clip)) and state.attributes["duration_s"] == 3.0)
    state = hass.states.get(clip)
    assert state
    assert state.attributes["url"] == url


async def test_a_visit(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    told: list[tuple[str, dict[str, Any]]] = []

    @callback
    def hear(event: Event[Any]) -> None:
        state = event.data["new_state"]
        if event.data["entity_id"] == VISIT and state.state not in ("unknown", "unavailable"):
            told.append((state.attributes["event_type"], dict(state.attributes)))

    hass.bus.async_listen("state_changed", hear)
    ids = [edge.event(kind) for kind in ("person_arrived", "snapshot_stored", "clip_stored", "person_left")]
    edge.event("person_left", id=ids[-1])  # the edge repeats what was not acknowledged
    edge.event("line_crossed")
    await until(lambda: state_of(hass, f"event.{DOOR}_threshold") != "unknown")
    assert [kind for kind, _ in told] == ["person_arrived", "snapshot_stored", "clip_stored", "person_left"]
    assert [about["id"] for _, about in told] == ids
    assert told[0][1]["zones"] == ["steps"]
    assert told[0][1]["confidence"] == 0.831
    assert told[2][1]["uri"].startswith("s3://evidence/home/clips/")
    crossing = hass.states.get(f"event.{DOOR}_threshold")
    assert crossing
    assert crossing.attributes["event_type"] == "in"
    assert state_of(hass, f"sensor.{DOOR}_last_visit") == "2026-11-21T07:30:00+00:00"


async def test_a_retained_event_is_none(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    edge.say(edge.topic(CAMERA, "event"), golden("event_person_arrived"))
    assert await hass.config_entries.async_reload(running.entry_id)
    await until(lambda: state_of(hass, f"binary_sensor.{DOOR}_person") == "on")
    edge.event("line_crossed")
    await until(lambda: state_of(hass, f"event.{DOOR}_threshold") != "unknown")
    assert state_of(hass, VISIT) == "unknown" or len(running.runtime_data.cameras[CAMERA].seen) == 1


async def test_visits_outlive_a_restart(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    edge.event("person_arrived")
    await until(lambda: running.runtime_data.log.latest(CAMERA))
    await hass.config_entries.async_unload(running.entry_id)
    await hass.config_entries.async_setup(running.entry_id)
    await until(lambda: state_of(hass, f"sensor.{DOOR}_last_visit") == "2026-11-21T07:30:00+00:00")


async def test_the_picture_is_there_at_once(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    image = f"image.{DOOR}_last_person"
    before = state_of(hass, image)
    edge.image(data=JPEG + b"\x00")
    await until(lambda: state_of(hass, image) != before)
    component = hass.data["image"]
    entity = component.get_entity(image)
    assert entity
    assert await entity.async_image() == JPEG + b"\x00"
    assert datetime.fromisoformat(str(state_of(hass, image))).tzinfo is not None


def obey(edge: Node, settings: dict[str, Any]) -> None:
    """Answer a `set` as the edge does."""
    heard = edge.observer.wait(lambda all_: any(each.topic == edge.topic(CAMERA, "set") for each in all_))
    command = next(each for each in heard if each.topic == edge.topic(CAMERA, "set"))
    assert not command.retained
    assert json.loads(command.text) == settings
    edge.settings(**settings)


@pytest.mark.parametrize(
    ("service", "entity", "data", "settings"),
    [
        ("switch.turn_off", f"switch.{DOOR}_armed", {}, {"armed": False}),
        ("switch.turn_on", f"switch.{DOOR}_upload", {}, {"upload": True}),
        ("number.set_value", f"number.{DOOR}_lowest_confidence", {"value": 60}, {"confidence": 0.6}),
        ("number.set_value", f"number.{DOOR}_clip_length", {"value": 7}, {"max_clip_s": 7.0}),
        ("number.set_value", f"number.{DOOR}_clip_gap", {"value": 60}, {"min_clip_gap_s": 60.0}),
    ],
)
async def test_settings(
    hass: HomeAssistant,
    running: MockConfigEntry,
    edge: Node,
    service: str,
    entity: str,
    data: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    domain, _, name = service.partition(".")
    before = state_of(hass, entity)
    edge.observer.clear()
    answering = hass.async_add_executor_job(obey, edge, settings)
    await hass.services.async_call(domain, name, {ATTR_ENTITY_ID: entity, **data}, blocking=True)
    await answering
    assert state_of(hass, entity) != before


async def test_a_refused_setting_says_why(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    calling = asyncio.create_task(
        hass.services.async_call("switch", "turn_off", {ATTR_ENTITY_ID: f"switch.{DOOR}_armed"}, blocking=True)
    )
    await until(lambda: edge.observer.on(edge.topic(CAMERA, "set")))
    edge.event("rejected", reason="the disk is full")
    with pytest.raises(HomeAssistantError) as refused:
        await calling
    assert refused.value.translation_key == "rejected"
    assert refused.value.translation_placeholders == {"reason": "the disk is full"}
    assert state_of(hass, f"switch.{DOOR}_armed") == "on"


async def test_no_answer(hass: HomeAssistant, running: MockConfigEntry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator_module, "ANSWER_S", 0.05)
    with pytest.raises(HomeAssistantError) as refused:
        await running.runtime_data.async_set(CAMERA, armed=False)
    assert refused.value.translation_key == "no_answer"


async def test_nothing_is_sent_to_a_node_that_is_away(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    edge.status("offline")
    await until(lambda: not running.runtime_data.available)
    with pytest.raises(HomeAssistantError) as refused:
        await running.runtime_data.async_do(CAMERA, "snapshot")
    assert refused.value.translation_key == "offline"


@pytest.mark.parametrize(
    ("button", "action"),
    [("take_snapshot", "snapshot"), ("record_test_clip", "test_clip"), ("nobody_is_inside", "reset_occupancy")],
)
async def test_buttons(hass: HomeAssistant, running: MockConfigEntry, edge: Node, button: str, action: str) -> None:
    await hass.services.async_call("button", "press", {ATTR_ENTITY_ID: f"button.{DOOR}_{button}"}, blocking=True)
    await until(lambda: edge.observer.on(edge.topic(CAMERA, "do")))
    assert json.loads(edge.observer.on(edge.topic(CAMERA, "do"))[0].text) == {"action": action}


async def test_a_new_day_has_had_no_visits(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    edge.event("person_arrived", ts=dt_util.utcnow().isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    visits = f"sensor.{DOOR}_visits_today"
    await until(lambda: state_of(hass, visits) == "1")
    tomorrow = dt_util.start_of_local_day() + timedelta(days=1)
    with freeze_time(tomorrow + timedelta(seconds=1)):
        async_fire_time_changed(hass, tomorrow + timedelta(seconds=1))
        await hass.async_block_till_done()
    assert state_of(hass, visits) == "0"


async def test_ids_of_events_are_not_kept_for_ever(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "EVENT_IDS", 2)
    ids = [edge.event("camera_up") for _ in range(4)]
    await until(lambda: list(running.runtime_data.cameras[CAMERA].seen) == ids[2:])
