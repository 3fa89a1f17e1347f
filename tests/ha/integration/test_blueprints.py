"""The blueprints as Home Assistant runs them: messages of the edge in, calls of the phones' notify actions out."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from homeassistant.components.automation.config import AUTOMATION_BLUEPRINT_SCHEMA
from homeassistant.components.blueprint import importer
from homeassistant.components.blueprint.models import Blueprint
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.porchlight import stores
from tests.broker import HOST
from tests.ha.integration.conftest import until
from tests.ha.integration.node import CAMERA, NODE, Node, golden
from tests.ha.integration.test_access import Server, server

__all__ = ["server"]

FOLDER = Path(__file__).resolve().parents[3] / "blueprints" / "automation"
NAMES = sorted(path.name for path in (FOLDER / "porchlight").iterdir())

AUTOMATION = "automation.porch"
VISIT = golden("event_person_arrived")["visit_id"]
OTHER_VISIT = "01M7YG65DT3MP3PJJSD1VPCNAF"
THIRD_VISIT = "01M7YG65DT3MP3PJJSD1VPCNAG"
TAG = f"porchlight_{VISIT}"
SNOOZE = "PORCHLIGHT_SNOOZE"
IGNORE = f"PORCHLIGHT_IGNORE_{VISIT}"
MEDIA = "/media-browser/browser/app%2Cmedia-source%3A%2F%2Fporchlight%2Fhallway_pi%2Ffront_door"
DAY = f"{MEDIA}%2F2026-11-20"  # it is still the day before in San Francisco
CLIP = f"/api/porchlight/hallway_pi/front_door/{VISIT}/clip.mp4"
PICTURE = "/api/image_proxy/image.hallway_front_door_last_person"
LIVE = "/?more-info-entity-id=camera.hallway_front_door"
#: Long enough for a call that must not come, were it to come.
NOTHING_S = 0.5


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """A folder of its own, which has the blueprints as after their import."""
    shutil.copytree(FOLDER, Path(hass_tmp_config_dir) / "blueprints" / "automation")
    (Path(hass_tmp_config_dir) / "configuration.yaml").touch()
    return hass_tmp_config_dir


@pytest.fixture(autouse=True)
async def end_automation(hass: HomeAssistant) -> AsyncGenerator[None]:
    """No run and no timer of the automation outlives its test."""
    yield
    if hass.states.get(AUTOMATION):
        await hass.services.async_call("automation", "turn_off", {"entity_id": AUTOMATION}, blocking=True)


class Phones:
    """Anna's iPhone and Ben's Pixel, and what they were told."""

    def __init__(self, hass: HomeAssistant) -> None:
        entry = MockConfigEntry(domain="mobile_app")
        entry.add_to_hass(hass)
        self.hass = hass
        self.anna = self._add(entry, "Anna's iPhone", "Apple")
        self.ben = self._add(entry, "Ben Pixel", "Google")
        self.told_anna = async_mock_service(hass, "notify", "mobile_app_anna_s_iphone")
        self.told_ben = async_mock_service(hass, "notify", "mobile_app_ben_pixel")

    @property
    def ids(self) -> list[str]:
        """Their devices."""
        return [self.anna, self.ben]

    async def told(self, count: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Wait until both were told so many times in all; the last of each, and no more comes."""
        await until(lambda: len(self.told_ben) >= count and len(self.told_anna) >= count)
        await asyncio.sleep(NOTHING_S / 5)
        assert len(self.told_ben) == len(self.told_anna) == count
        return plain(body(self.told_anna[-1])), plain(body(self.told_ben[-1]))

    async def untold(self) -> None:
        """Neither was told anything, nor will be."""
        await asyncio.sleep(NOTHING_S)
        assert [self.told_anna, self.told_ben] == [[], []]

    def press(self, action: str) -> None:
        """The event of a button, as the app fires it."""
        self.hass.bus.async_fire("mobile_app_notification_action", {"action": action})

    def _add(self, entry: MockConfigEntry, name: str, manufacturer: str) -> str:
        devices = dr.async_get(self.hass)
        made = devices.async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={("mobile_app", name)}, name=name, manufacturer=manufacturer
        )
        er.async_get(self.hass).async_get_or_create("notify", "mobile_app", name, device_id=made.id)
        return made.id

    def forbid(self, phone: str) -> None:
        """Notifications are switched off on this phone: its entity and its action are gone."""
        entities = er.async_get(self.hass)
        for entity in er.async_entries_for_device(entities, phone):
            entities.async_remove(entity.entity_id)
        self.hass.services.async_remove("notify", "mobile_app_anna_s_iphone")


def body(call: ServiceCall) -> dict[str, Any]:
    """What was sent, as plain values."""
    return dict(call.data)


@pytest.fixture
def phones(hass: HomeAssistant) -> Phones:
    """Two phones."""
    return Phones(hass)


def camera(hass: HomeAssistant, name: str = CAMERA) -> str:
    """The device of a camera."""
    entities = er.async_get(hass)
    entity_id = entities.async_get_entity_id("event", "porchlight", f"{NODE}-{name}-visit")
    assert entity_id
    device_id = entities.entities[entity_id].device_id
    assert device_id
    return device_id


async def automate(hass: HomeAssistant, blueprint: str, inputs: Mapping[str, Any]) -> None:
    """Make an automation from a blueprint."""
    use = {"path": f"porchlight/{blueprint}.yaml", "input": dict(inputs)}
    assert await async_setup_component(hass, "scene", {})
    assert await async_setup_component(hass, "automation", {"automation": {"alias": "Porch", "use_blueprint": use}})
    await hass.async_block_till_done(wait_background_tasks=False)
    state = hass.states.get(AUTOMATION)
    assert state
    assert state.state == "on"


def plain(told: dict[str, Any]) -> dict[str, Any]:
    """A notification without the part of its snooze button that is this automation's own."""
    if "actions" not in told["data"]:
        return told
    actions = [
        {**each, "action": re.sub("(?<=SNOOZE)_[0-9a-fA-Z]+$", "", each["action"])} for each in told["data"]["actions"]
    ]
    return {**told, "data": {**told["data"], "actions": actions}}


def snooze_of(told: dict[str, Any]) -> str:
    """The action of the snooze button."""
    return next(str(each["action"]) for each in told["data"]["actions"] if each["action"].startswith(SNOOZE))


async def watch(hass: HomeAssistant, phones: Phones, **inputs: object) -> None:
    """Make the automation that tells of persons."""
    essentials = {"cameras": [camera(hass), camera(hass, "garden")], "phones": phones.ids}
    await automate(hass, "person_notification", {**essentials, **inputs})


@pytest.fixture
def store(server: Server) -> Server:
    """The edge's API: it has every clip."""

    def answer(request: web.Request) -> web.Response:
        if request.path.endswith(".mp4"):
            return web.Response(status=HTTPStatus.PARTIAL_CONTENT, body=b"\0")
        return web.json_response({"camera": CAMERA})

    server.answer = answer
    return server


@pytest.fixture
def entry(entry: MockConfigEntry, hass: HomeAssistant, store: Server) -> MockConfigEntry:
    """The entry of the played node, which reads clips from it."""
    clips = {"type": "edge", "url": store.url, "token": "0123"}
    hass.config_entries.async_update_entry(entry, data={**entry.data, "clips": clips})
    return entry


@pytest.fixture
def node(edge: Node, running: MockConfigEntry) -> Node:
    """The played node, shown by the integration; nobody is there."""
    edge.state(person=False, count=0, zones={"steps": {"person": False, "count": 0}}, visit_id=None, since=None)
    return edge


BUTTONS = [
    {"action": "URI", "title": "Open clip", "uri": MEDIA},
    {"action": SNOOZE, "title": "Snooze"},
    {"action": IGNORE, "title": "Ignore"},
]
ANDROID = {
    "tag": TAG,
    "group": "porchlight",
    "actions": BUTTONS,
    "image": PICTURE,
    "clickAction": LIVE,
    "channel": "Porchlight",
    "importance": "high",
    "priority": "high",
    "ttl": 0,
    "alert_once": True,
    "notification_icon": "mdi:outdoor-lamp",
}
APPLE = {
    "tag": TAG,
    "group": "porchlight",
    "actions": BUTTONS,
    "image": PICTURE,
    "url": LIVE,
    "push": {"interruption-level": "time-sensitive"},
}


def with_clip(data: dict[str, Any], **changes: object) -> dict[str, Any]:
    """The notification once its clip is stored."""
    actions = [{**BUTTONS[0], "uri": DAY}, *BUTTONS[1:]]
    kept = {key: value for key, value in data.items() if key != "image"}
    return {**kept, "actions": actions, "video": CLIP, **changes}


@pytest.mark.parametrize("name", NAMES)
def test_schema(name: str) -> None:
    data = load_yaml_dict(FOLDER / "porchlight" / name)
    blueprint = Blueprint(data, path=name, expected_domain="automation", schema=AUTOMATION_BLUEPRINT_SCHEMA)
    assert blueprint.validate() is None
    assert 1 < len(blueprint.inputs) <= 15
    assert set(data["blueprint"]["homeassistant"]) == {"min_version"}
    assert importer._get_github_import_url(blueprint.metadata["source_url"]).endswith(
        f"main/blueprints/automation/porchlight/{name}"
    )
    for given in blueprint.inputs.values():
        assert given["name"]
        assert len(given["selector"]) == 1
    untouched = {name for name, given in blueprint.inputs.items() if "default" not in given}
    assert untouched <= {"cameras", "sensors", "phones"}


async def test_a_visit_from_arrival_to_clip(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones)
    node.event("person_arrived")
    anna, ben = await phones.told(1)
    assert anna == {"title": "Front door", "message": "Somebody is here", "data": APPLE}
    assert ben == {"title": "Front door", "message": "Somebody is here", "data": ANDROID}
    node.event("snapshot_stored")
    node.event("person_left")
    node.event("clip_stored")
    anna, ben = await phones.told(2)
    message = "2 people are here (clip of 15 s)"
    quietly = {"interruption-level": "passive", "sound": "none"}
    assert anna == {"title": "Front door", "message": message, "data": with_clip(APPLE, url=DAY, push=quietly)}
    assert ben == {"title": "Front door", "message": message, "data": with_clip(ANDROID, clickAction=DAY)}


async def test_each_visit_has_a_notification_of_its_own(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones)
    node.event("person_arrived")
    await phones.told(1)
    node.event("person_arrived", "garden", visit_id=OTHER_VISIT, zones=[])
    anna, ben = await phones.told(2)
    assert ben["title"] == "Garden"
    assert ben["data"]["tag"] == anna["data"]["tag"] == f"porchlight_{OTHER_VISIT}"
    node.event("clip_stored")
    anna, ben = await phones.told(3)
    assert ben["title"] == "Front door"
    assert ben["data"]["tag"] == anna["data"]["tag"] == TAG


async def test_the_second_clip_of_a_visit(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones)
    node.event("person_arrived")
    await phones.told(1)
    stored = golden("event_clip_stored")
    node.event("clip_stored")
    await phones.told(2)
    node.event("clip_stored", uri=stored["uri"].replace(".mp4", "-2.mp4"))
    anna, ben = await phones.told(3)
    assert anna["data"]["video"] == ben["data"]["video"] == f"{CLIP}?n=2"
    assert ben["data"]["clickAction"] == DAY


async def test_an_event_that_comes_twice(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones)
    first = node.event("person_arrived")
    node.event("person_arrived", id=first)
    await phones.told(1)


async def test_the_picture_may_stay(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones, attach_clip=False)
    node.event("person_arrived")
    await phones.told(1)
    node.event("clip_stored")
    anna, ben = await phones.told(2)
    assert ben["data"]["image"] == anna["data"]["image"] == PICTURE
    assert "video" not in ben["data"]
    assert ben["data"]["clickAction"] == anna["data"]["url"] == DAY


UNREADABLE = [
    HTTPStatus.GONE,  # it went to a bucket, which the edge cannot read
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNAUTHORIZED,  # another token holds by now
    HTTPStatus.INTERNAL_SERVER_ERROR,
]


@pytest.mark.parametrize("status", UNREADABLE)
async def test_a_clip_that_cannot_be_read_is_never_sent(
    hass: HomeAssistant, node: Node, phones: Phones, store: Server, status: HTTPStatus
) -> None:
    store.answer = lambda _: web.Response(status=status)
    await watch(hass, phones)
    node.event("person_arrived")
    await phones.told(1)
    node.event("clip_stored")
    anna, ben = await phones.told(2)
    for told, page in ((anna["data"], "url"), (ben["data"], "clickAction")):
        assert "video" not in told
        assert (told["image"], told[page], told["actions"]) == (PICTURE, LIVE, BUTTONS[1:])
    assert ben["message"] == "2 people are here (clip of 15 s)"


async def test_a_store_that_says_nothing_holds_nothing_up(
    hass: HomeAssistant, node: Node, phones: Phones, running: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores, "PROBE_S", 0.2)
    with socket.create_server((HOST, 0)) as mute:
        clips = {"type": "edge", "url": f"http://{HOST}:{mute.getsockname()[1]}", "token": "0123"}
        hass.config_entries.async_update_entry(running, data={**running.data, "clips": clips})
        await hass.config_entries.async_reload(running.entry_id)
        await until(lambda: hass.states.is_state("binary_sensor.hallway_front_door_person", "off"))
        await watch(hass, phones)
        node.event("person_arrived")
        await phones.told(1)
        node.event("clip_stored")
        anna, ben = await phones.told(2)
        assert anna["data"]["image"] == ben["data"]["image"] == PICTURE


async def test_without_a_store_no_clip_is_offered(
    hass: HomeAssistant, node: Node, phones: Phones, running: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(running, data={**running.data, "clips": {"type": "none"}})
    await hass.config_entries.async_reload(running.entry_id)
    await until(lambda: hass.states.is_state("binary_sensor.hallway_front_door_person", "off"))
    await watch(hass, phones)
    node.event("person_arrived")
    anna, ben = await phones.told(1)
    assert anna["data"]["actions"] == ben["data"]["actions"] == BUTTONS[1:]
    node.event("clip_stored")
    anna, ben = await phones.told(2)
    assert "video" not in anna["data"] | ben["data"]


async def test_a_critical_alert(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones, critical=True)
    node.event("person_arrived")
    anna, ben = await phones.told(1)
    loud = {"interruption-level": "critical", "sound": {"name": "default", "critical": 1, "volume": 1.0}}
    assert anna["data"] == {**APPLE, "push": loud}
    assert ben["data"] == {**ANDROID, "channel": "alarm_stream"}
    node.event("clip_stored")
    await until(lambda: len(phones.told_ben) == 2 and len(phones.told_anna) == 3)
    assert body(phones.told_anna[1]) == {"message": "clear_notification", "data": {"tag": TAG}}
    assert body(phones.told_anna[2])["data"]["push"] == {"interruption-level": "passive", "sound": "none"}


async def test_texts_are_templates(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    texts = {"title": "{{ camera | upper }}", "message": "{{ confidence }} % {{ zones | join }}"}
    await watch(hass, phones, **texts, buttons=["Ansehen", "Ruhe", "Weg"])
    node.event("person_arrived")
    _, ben = await phones.told(1)
    assert (ben["title"], ben["message"]) == ("FRONT DOOR", "83 % steps")
    assert [each["title"] for each in ben["data"]["actions"]] == ["Ansehen", "Ruhe", "Weg"]


async def test_ignore_takes_it_away_for_good(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones)
    node.event("person_arrived")
    await phones.told(1)
    phones.press(IGNORE)
    anna, ben = await phones.told(2)
    assert anna == ben == {"message": "clear_notification", "data": {"tag": TAG}}
    node.event("clip_stored")
    await asyncio.sleep(NOTHING_S)
    await phones.told(2)


async def test_snooze(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones, snooze_minutes=0.03)
    node.event("person_arrived")
    await phones.told(1)
    phones.press(snooze_of(body(phones.told_ben[0])))
    await until(lambda: hass.states.get("scene.porchlight_snooze_porch"))
    node.event("person_arrived", visit_id=OTHER_VISIT)
    await asyncio.sleep(NOTHING_S)
    await phones.told(1)
    await until(lambda: not hass.states.get("scene.porchlight_snooze_porch"))
    node.event("person_arrived", visit_id=THIRD_VISIT)
    await phones.told(2)


async def test_another_automation_s_snooze_does_not_matter(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones)
    phones.press(f"{SNOOZE}_012345")
    await asyncio.sleep(NOTHING_S)
    node.event("person_arrived")
    await phones.told(1)


@pytest.mark.parametrize(
    ("start_h", "end_h", "told"),
    [
        (-1, 1, False),  # now
        (1, 3, True),  # later
        (-3, -1, True),  # over
        (-20, 3, False),  # most of the day: one of this and the next goes over midnight
        (3, 20, True),
        (2, 2, True),  # never
    ],
)
async def test_quiet_hours(
    hass: HomeAssistant, node: Node, phones: Phones, start_h: int, end_h: int, *, told: bool
) -> None:
    start, end = (dt_util.now() + timedelta(hours=hours) for hours in (start_h, end_h))
    await watch(hass, phones, quiet_from=start.strftime("%H:%M:%S"), quiet_to=end.strftime("%H:%M:%S"))
    node.event("person_arrived")
    if told:
        await phones.told(1)
    else:
        await phones.untold()


@pytest.mark.parametrize(
    ("anna", "ben", "told"),
    [
        ("not_home", "work", True),  # both away
        ("not_home", "home", False),  # one is home
        ("unknown", "not_home", True),  # better once too often
    ],
)
async def test_only_when_away(
    hass: HomeAssistant, node: Node, phones: Phones, anna: str, ben: str, *, told: bool
) -> None:
    hass.states.async_set("person.anna", anna)
    hass.states.async_set("person.ben", ben)
    await watch(hass, phones, residents=["person.anna", "person.ben"])
    node.event("person_arrived")
    if told:
        await phones.told(1)
    else:
        await phones.untold()


ZONES = ["binary_sensor.hallway_front_door_steps_person"]


def steps(node: Node, count: int) -> None:
    """So many people on the steps."""
    zones = {"steps": {"person": count > 0, "count": count}, "street": {"person": True, "count": 1}}
    node.state(zones=zones)


async def test_a_zone_entered_at_once(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones, zones=ZONES)
    steps(node, 1)
    await until(lambda: hass.states.is_state(ZONES[0], "on"))
    node.event("person_arrived")
    await phones.told(1)


async def test_a_zone_entered_later(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones, zones=ZONES)
    steps(node, 0)
    await until(lambda: hass.states.is_state(ZONES[0], "off"))
    node.event("person_arrived", zones=["street"])
    await phones.untold()
    steps(node, 1)
    await phones.told(1)


async def test_a_zone_never_entered(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones, zones=ZONES)
    steps(node, 0)
    await until(lambda: hass.states.is_state(ZONES[0], "off"))
    node.event("person_arrived", zones=["street"])
    node.event("person_left")
    await phones.untold()
    steps(node, 1)
    node.event("clip_stored")
    await phones.untold()


async def test_a_camera_without_a_chosen_zone_tells_of_everybody(
    hass: HomeAssistant, node: Node, phones: Phones
) -> None:
    await watch(hass, phones, zones=ZONES)
    node.event("person_arrived", "garden", zones=[])
    await phones.told(1)


async def test_confidence(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones, min_confidence=85)
    node.event("person_arrived", confidence=0.84)
    await phones.untold()
    node.event("clip_stored", max_confidence=0.91)  # it was surer later
    anna, ben = await phones.told(1)
    assert anna["data"] == with_clip(APPLE, url=DAY)
    assert ben["data"] == with_clip(ANDROID, clickAction=DAY)


async def test_confidence_that_was_never_reached(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await watch(hass, phones, min_confidence=95)
    node.event("person_arrived", confidence=0.94)
    node.event("clip_stored", max_confidence=0.94)
    await phones.untold()


async def test_a_phone_that_may_not_be_notified(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    phones.forbid(phones.anna)
    await watch(hass, phones)
    node.event("person_arrived")
    await until(lambda: len(phones.told_ben) == 1)


async def test_a_restart_tells_nothing_anew(
    hass: HomeAssistant, node: Node, phones: Phones, running: MockConfigEntry
) -> None:
    await watch(hass, phones)
    node.event("person_arrived")
    await phones.told(1)
    await hass.config_entries.async_reload(running.entry_id)
    node.status("offline")
    node.status("online")
    await asyncio.sleep(NOTHING_S)
    await phones.told(1)


async def discovered(hass: HomeAssistant, edge: Node) -> str:
    """The device that plain MQTT discovery makes of the camera, without the integration."""
    config = golden("discovery_camera")
    assert config["components"]["event"]["state_topic"] == edge.topic(CAMERA, "event")
    edge.say(f"homeassistant/device/porchlight_{NODE}_{CAMERA}/config", config)
    edge.tell_all()
    await until(lambda: hass.states.get(f"event.{CAMERA}_event") and hass.states.get(f"image.{CAMERA}_image"))
    await until(lambda: not hass.states.is_state(f"event.{CAMERA}_event", "unavailable"))
    found = er.async_get(hass).entities[f"event.{CAMERA}_event"].device_id
    assert found
    return found


async def test_a_camera_of_plain_mqtt_discovery(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node, phones: Phones
) -> None:
    door = await discovered(hass, edge)
    await automate(hass, "person_notification", {"cameras": [door], "phones": phones.ids})
    edge.event("person_arrived")
    anna, ben = await phones.told(1)
    picture = f"image.{CAMERA}_image"
    plainly = {"actions": BUTTONS[1:], "image": f"/api/image_proxy/{picture}"}
    page = f"/?more-info-entity-id={picture}"
    assert anna == {"title": "Front door", "message": "Somebody is here", "data": {**APPLE, **plainly, "url": page}}
    assert ben["data"] == {**ANDROID, **plainly, "clickAction": page}
    edge.event("clip_stored")
    anna, ben = await phones.told(2)
    assert ben["message"] == "2 people are here (clip of 15 s)"
    assert ben["data"] == {**ANDROID, **plainly, "clickAction": page}
    quietly = {"interruption-level": "passive", "sound": "none"}
    assert anna["data"] == {**APPLE, **plainly, "url": page, "push": quietly}


async def test_who_lingers_at_a_camera_of_plain_mqtt_discovery(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node, phones: Phones
) -> None:
    await discovered(hass, edge)
    edge.state(person=False, count=0, zones={}, visit_id=None, since=None)
    person = f"binary_sensor.{CAMERA}_person"
    await until(lambda: hass.states.is_state(person, "off"))
    await linger(hass, phones, sensors=[person])
    edge.state()
    _, ben = await phones.told(1)
    assert ben["data"]["image"] == f"/api/image_proxy/image.{CAMERA}_image"
    assert ben["data"]["clickAction"] == f"/?more-info-entity-id=image.{CAMERA}_image"


async def linger(hass: HomeAssistant, phones: Phones, **inputs: object) -> None:
    """Make the automation that tells of who stays."""
    sensors = ["binary_sensor.hallway_front_door_person", *ZONES]
    stay = {"milliseconds": 300}
    await automate(hass, "someone_lingers", {"sensors": sensors, "phones": phones.ids, "stay": stay, **inputs})


async def test_somebody_lingers(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await linger(hass, phones, message="{{ place }} {{ minutes }}")
    await until(lambda: hass.states.is_state(ZONES[0], "off"))
    steps(node, 1)
    await until(lambda: hass.states.is_state(ZONES[0], "on"))
    anna, _ = await phones.told(2)
    by_place = {call.data["message"]: call.data for call in phones.told_ben}
    assert set(by_place) == {"Front door Person 0", "Front door Steps person 0"}
    data = by_place["Front door Person 0"]
    assert data["title"] == "Front door"
    assert data["data"] == {
        "tag": "porchlight_lingers_binary_sensor.hallway_front_door_person",
        "group": "porchlight",
        "image": PICTURE,
        "clickAction": LIVE,
        "channel": "Porchlight",
        "importance": "high",
        "priority": "high",
        "ttl": 0,
        "notification_icon": "mdi:outdoor-lamp",
    }
    assert anna["data"].keys() == {"tag", "group", "image", "url", "push"}
    assert anna["data"]["push"] == {"interruption-level": "time-sensitive"}
    await phones.told(2)


async def test_who_leaves_soon_does_not_linger(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await linger(hass, phones)
    steps(node, 1)
    await until(lambda: hass.states.is_state(ZONES[0], "on"))
    node.state(person=False, count=0, zones={}, visit_id=None, since=None)
    await phones.untold()


async def test_a_critical_lingerer(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await linger(hass, phones, critical=True, sensors=ZONES)
    steps(node, 1)
    anna, ben = await phones.told(1)
    assert anna["data"]["push"]["interruption-level"] == "critical"
    assert anna["data"]["push"]["sound"] == {"name": "default", "critical": 1, "volume": 1.0}
    assert ben["data"]["channel"] == "alarm_stream"


@pytest.mark.parametrize(
    "inputs",
    [
        {"residents": ["person.anna"]},  # somebody is home
        {"quiet_from": "00:00:01", "quiet_to": "23:59:59"},
    ],
)
async def test_nobody_is_told_of_a_lingerer(
    hass: HomeAssistant, node: Node, phones: Phones, inputs: dict[str, Any]
) -> None:
    hass.states.async_set("person.anna", "home")
    await linger(hass, phones, **inputs)
    steps(node, 1)
    await phones.untold()


async def summarize(hass: HomeAssistant, phones: Phones, **inputs: object) -> None:
    """Make the automation that sums up the day, in a second or two."""
    at = (dt_util.now() + timedelta(seconds=2)).strftime("%H:%M:%S")
    essentials = {"cameras": [camera(hass), camera(hass, "garden")], "phones": phones.ids, "at": at}
    await automate(hass, "daily_summary", {**essentials, **inputs})


async def test_the_summary_of_a_day(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    now, before = dt_util.utcnow(), dt_util.utcnow() - timedelta(days=2)
    node.event("person_arrived", ts=f"{before:%Y-%m-%dT%H:%M:%S.000Z}", visit_id=THIRD_VISIT)
    for visit in (VISIT, OTHER_VISIT):
        node.event("person_arrived", ts=f"{now:%Y-%m-%dT%H:%M:%S.000Z}", visit_id=visit)
    for direction in ("in", "in", "out"):
        node.event("line_crossed", ts=f"{now:%Y-%m-%dT%H:%M:%S.000Z}", direction=direction)
    await summarize(hass, phones)
    anna, ben = await phones.told(1)
    last = dt_util.as_local(now).strftime("%H:%M")
    message = f"Front door: 2 visits, the last at {last}\nThreshold: 2 in, 1 out\nGarden: 0 visits"
    assert anna["title"] == ben["title"] == "Today at the door"
    assert anna["message"] == ben["message"] == message
    common = {"tag": "porchlight_summary", "group": "porchlight"}
    assert anna["data"] == {**common, "url": "/media-browser", "push": {"interruption-level": "passive"}}
    assert ben["data"] == {
        **common,
        "clickAction": "/media-browser",
        "channel": "Porchlight summary",
        "importance": "low",
        "notification_icon": "mdi:outdoor-lamp",
    }


async def test_a_day_without_visits(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await summarize(hass, phones)
    await asyncio.sleep(3)
    await phones.untold()


async def test_a_day_without_visits_may_be_told(hass: HomeAssistant, node: Node, phones: Phones) -> None:
    await summarize(hass, phones, also_empty=True)
    _, ben = await phones.told(1)
    assert ben["message"] == "Front door: 0 visits\nThreshold: 0 in, 0 out\nGarden: 0 visits"
