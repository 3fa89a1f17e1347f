"""The actions, diagnostics, system health, and what is told to the owner of a node."""

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.porchlight import issues, system_health
from custom_components.porchlight.const import DOMAIN
from tests.ha.integration.conftest import state_of, until
from tests.ha.integration.node import CAMERA, NODE, Node, golden

SECOND = "01M7YG65DT3MP3PJJSD1VPCNAF"


def device(hass: HomeAssistant, entry: MockConfigEntry, camera: str = "") -> str:
    registry = dr.async_get(hass)
    found: dr.AnyDeviceEntry | None
    if camera:
        found = registry.async_get_child_device_by_identifier((DOMAIN, f"{NODE}-{camera}"), entry.entry_id)
    else:
        found = registry.async_get_device_by_identifier((DOMAIN, NODE), entry.entry_id)
    assert found
    return found.id


async def call(hass: HomeAssistant, name: str, **data: object) -> Any:
    return await hass.services.async_call(DOMAIN, name, data, blocking=True, return_response=name != "record_clip")


@pytest.fixture
async def client(hass: HomeAssistant, sockets: None, hass_client: ClientSessionGenerator) -> TestClient[Any, Any]:
    """Somebody in front of the settings."""
    for name in ("diagnostics", "repairs"):
        assert await async_setup_component(hass, name, {})
    made: TestClient[Any, Any] = await hass_client()
    return made


@pytest.fixture
async def busy(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> MockConfigEntry:
    """Two visits and three crossings."""
    for kind in ("person_arrived", "snapshot_stored", "clip_stored", "person_left"):
        edge.event(kind)
    edge.event("person_arrived", "garden", visit_id=SECOND, ts="2026-11-21T08:10:00.000Z", zones=[])
    for ts, direction in (("07:31", "in"), ("07:59", "out"), ("08:01", "in")):
        edge.event("line_crossed", ts=f"2026-11-21T{ts}:00.000Z", direction=direction)
    await until(lambda: len(list(running.runtime_data.log.crossings())) == 3)
    return running


SPAN = {"start": "2026-11-21 00:00:00+00:00", "end": "2026-11-22 00:00:00+00:00"}


async def test_get_visits(hass: HomeAssistant, busy: MockConfigEntry) -> None:
    answer = await call(hass, "get_visits", device_id=device(hass, busy), **SPAN)
    assert [(visit["id"], visit["camera"]) for visit in answer["visits"]] == [
        (SECOND, "garden"),
        (golden("event_person_arrived")["visit_id"], CAMERA),
    ]
    assert json.dumps(answer)
    whole = answer["visits"][1]
    assert whole["clips"] == [golden("event_clip_stored")["uri"]]
    assert whole["snapshot"] == golden("event_snapshot_stored")["uri"]
    assert (whole["duration_s"], whole["max_people"], whole["zones"]) == (18.75, 2, ["steps"])
    assert answer["visits"][0]["ended_at"] is None


async def test_get_visits_of_one_camera(hass: HomeAssistant, busy: MockConfigEntry) -> None:
    answer = await call(hass, "get_visits", device_id=device(hass, busy, "garden"), **SPAN)
    assert [visit["id"] for visit in answer["visits"]] == [SECOND]
    answer = await call(hass, "get_visits", device_id=device(hass, busy), limit=1, **SPAN)
    assert [visit["id"] for visit in answer["visits"]] == [SECOND]
    answer = await call(hass, "get_visits", device_id=device(hass, busy), start="2020-01-01", end="2020-02-01")
    assert answer == {"visits": [], "archive": "not_set_up"}


async def test_get_traffic(hass: HomeAssistant, busy: MockConfigEntry) -> None:
    await hass.config.async_set_time_zone("UTC")
    answer = await call(hass, "get_traffic", device_id=device(hass, busy, CAMERA), **SPAN)
    assert answer["lines"] == [
        {
            "camera": CAMERA,
            "line": "threshold",
            "name": "Threshold",
            "in": 2,
            "out": 1,
            "periods": [
                {"start": "2026-11-21T07:00:00+00:00", "in": 1, "out": 1},
                {"start": "2026-11-21T08:00:00+00:00", "in": 1, "out": 0},
            ],
            "source": "home_assistant",
        }
    ]
    answer = await call(hass, "get_traffic", device_id=device(hass, busy), period="day", **SPAN)
    assert answer["lines"][0]["periods"] == [{"start": "2026-11-21T00:00:00+00:00", "in": 2, "out": 1}]
    nothing = {"lines": [], "archive": "not_set_up"}
    assert await call(hass, "get_traffic", device_id=device(hass, busy, "garden"), **SPAN) == nothing


async def test_record_clip(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    await call(hass, "record_clip", device_id=device(hass, running, CAMERA))
    await until(lambda: edge.observer.on(edge.topic(CAMERA, "do")))


@pytest.mark.parametrize(
    ("action", "camera", "data", "key"),
    [
        ("record_clip", "", {}, "no_camera"),
        ("get_visits", "", {"start": "2026-01-02", "end": "2026-01-01"}, "end_before_start"),
        ("get_visits", None, {}, "no_device"),
    ],
)
async def test_refused(
    hass: HomeAssistant, running: MockConfigEntry, action: str, camera: str | None, data: dict[str, str], key: str
) -> None:
    target = "nothing" if camera is None else device(hass, running, camera)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, action, device_id=target, **data)
    assert refused.value.translation_key == key


async def test_not_loaded(hass: HomeAssistant, running: MockConfigEntry) -> None:
    target = device(hass, running)
    await hass.config_entries.async_unload(running.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "get_visits", device_id=target)
    assert refused.value.translation_key == "not_loaded"


async def downloaded(client: TestClient[Any, Any], entry: MockConfigEntry, camera: str = "") -> dict[str, Any]:
    """The file that the owner sends with a report."""
    answer = await client.get(f"/api/diagnostics/config_entry/{entry.entry_id}{f'/device/{camera}' if camera else ''}")
    assert answer.status == HTTPStatus.OK
    text = await answer.text()
    assert '"__type"' not in text  # what Home Assistant writes of a value that JSON does not know
    data: dict[str, Any] = json.loads(text)["data"]
    return data


async def test_diagnostics_tell_no_secret(
    hass: HomeAssistant, busy: MockConfigEntry, client: TestClient[Any, Any]
) -> None:
    secrets = {"token": "0123SECRET", "url": "http://192.0.2.7:8480", "type": "edge"}
    hass.config_entries.async_update_entry(busy, data={**busy.data, "clips": secrets})
    whole = await downloaded(client, busy)
    assert await downloaded(client, busy, device(hass, busy)) == whole
    one = await downloaded(client, busy, device(hass, busy, CAMERA))
    assert one["camera"]["state"]["count"] == 2
    for text in (str(whole), str(one)):
        for secret in ("0123SECRET", "192.0.2.7", "s3://", "amazonaws", "evidence"):
            assert secret not in text
    assert whole["visits"] == 2
    assert whole["cameras"][CAMERA]["image_bytes"]


async def test_diagnostics_of_a_node_that_is_not_set_up(
    hass: HomeAssistant, running: MockConfigEntry, client: TestClient[Any, Any]
) -> None:
    await hass.config_entries.async_unload(running.entry_id)
    whole = await downloaded(client, running)
    assert whole == {"entry": {"data": dict(running.data), "version": 1, "state": "not_loaded"}}
    assert await downloaded(client, running, device(hass, running, CAMERA)) == whole


async def test_system_health(hass: HomeAssistant, running: MockConfigEntry) -> None:
    assert await system_health.system_health_info(hass) == {
        "broker_connected": True,
        "nodes": 1,
        "nodes_available": 1,
        "cameras": 2,
        "versions": "0.1.0",
    }


async def test_system_health_without_mqtt(hass: HomeAssistant) -> None:
    info = await system_health.system_health_info(hass)
    assert (info["broker_connected"], info["versions"]) == (False, "-")


def open_issues(hass: HomeAssistant) -> set[str]:
    return {
        str(issue.translation_key)
        for (domain, _), issue in ir.async_get(hass).issues.items()
        if domain == DOMAIN and issue.active
    }


def said(hass: HomeAssistant, key: str) -> dict[str, str]:
    """What the one open issue of this kind says."""
    found = [issue for (domain, _), issue in ir.async_get(hass).issues.items() if domain == DOMAIN]
    [placeholders] = [issue.translation_placeholders for issue in found if issue.translation_key == key]
    return dict(placeholders or {})


async def raised(hass: HomeAssistant, key: str) -> None:
    await until(lambda: key in open_issues(hass))


async def solved(hass: HomeAssistant) -> None:
    await until(lambda: not open_issues(hass))


async def test_uploads_and_disk(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    stuck = {**golden("health")["outbox"], "oldest_s": 7200.0}
    edge.health(outbox=stuck, disk_free_bytes=100_000_000)
    await raised(hass, issues.UPLOAD_STUCK)
    await raised(hass, issues.DISK_LOW)
    edge.health(outbox={**stuck, "oldest_s": 90_000.0}, disk_free_bytes=100_000_000)
    await until(lambda: said(hass, issues.UPLOAD_STUCK)["hours"] == "25")  # as it is now, not as it began
    edge.health(disk_free_bytes=700_000_000)  # between the limits nothing changes
    await until(lambda: open_issues(hass) == {issues.DISK_LOW})
    edge.health()
    await solved(hass)


async def test_schema_too_new(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    edge.announce(schema=2)
    await raised(hass, issues.SCHEMA_TOO_NEW)
    assert state_of(hass, "binary_sensor.hallway_front_door_person") == "unavailable"
    edge.announce()
    await solved(hass)
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_person") == "on")


@pytest.mark.parametrize(("version", "old"), [("0.0.9", True), ("0.2.0", False), ("dev-checkout", False)])
async def test_version(hass: HomeAssistant, running: MockConfigEntry, edge: Node, version: str, old: bool) -> None:
    edge.announce(version=version)
    await until(lambda: running.runtime_data.announce.version == version)
    assert open_issues(hass) == ({issues.VERSION_TOO_OLD} if old else set())
    edge.announce()
    await solved(hass)


async def test_a_camera_that_is_down_for_long(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    edge.state(online=False)
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_connectivity") == "off")
    assert open_issues(hass) == set()
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=16))
    await raised(hass, issues.CAMERA_DOWN)
    edge.state(online=False)
    edge.state()
    await solved(hass)
    edge.state(online=False)
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_connectivity") == "off")
    edge.state()
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_connectivity") == "on")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(minutes=32))
    assert open_issues(hass) == set()


async def fix(client: TestClient[Any, Any], given: dict[str, object], flow: str = "") -> dict[str, Any]:
    """What the frontend does when somebody clicks on an issue, or submits the form that it shows."""
    answer = await client.post(f"/api/repairs/issues/fix{f'/{flow}' if flow else ''}", json=given)
    assert answer.status == HTTPStatus.OK
    step: dict[str, Any] = await answer.json()
    return step


async def opened(hass: HomeAssistant, client: TestClient[Any, Any], kind: str) -> dict[str, Any]:
    """The form of the one issue that there is."""
    [issue] = [each for (domain, _), each in ir.async_get(hass).issues.items() if domain == DOMAIN]
    assert issue.is_fixable
    assert issue.translation_key == kind
    step = await fix(client, {"handler": DOMAIN, "issue_id": issue.issue_id})
    assert (step["type"], step["step_id"]) == ("form", "confirm")
    return step


async def test_a_removed_node_is_removed_when_that_is_confirmed(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node, client: TestClient[Any, Any]
) -> None:
    edge.say(f"porchlight/announce/{NODE}", b"")
    await raised(hass, issues.NODE_REMOVED)
    assert state_of(hass, "binary_sensor.hallway_front_door_person") == "unavailable"
    step = await opened(hass, client, issues.NODE_REMOVED)
    assert step["description_placeholders"] == {"node": "Hallway"}
    assert hass.config_entries.async_entries(DOMAIN) == [running]  # nobody has agreed yet
    await fix(client, {}, step["flow_id"])
    assert hass.config_entries.async_entries(DOMAIN) == []
    assert open_issues(hass) == set()


async def test_a_refused_key_is_changed_in_the_next_step(
    hass: HomeAssistant, running: MockConfigEntry, client: TestClient[Any, Any]
) -> None:
    running.runtime_data.issues.clips("get_denied", "AccessDenied")
    await raised(hass, issues.CLIPS_REFUSED)
    step = await opened(hass, client, issues.CLIPS_REFUSED)
    assert step["description_placeholders"] == {"node": "Hallway", "reason": "AccessDenied"}
    assert hass.config_entries.flow.async_progress_by_handler(DOMAIN) == []
    result = await fix(client, {}, step["flow_id"])
    [next_flow] = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert next_flow["context"]["source"] == SOURCE_RECONFIGURE
    assert result["next_flow"] == ["config_flow", next_flow["flow_id"]]
    assert open_issues(hass) == {issues.CLIPS_REFUSED}  # until they can be read
    running.runtime_data.issues.clips(None)
    await solved(hass)


async def test_system_health_is_registered(hass: HomeAssistant) -> None:
    registration = SystemHealthRegistration(hass, DOMAIN)
    system_health.async_register(hass, registration)
    assert registration.info_callback is system_health.system_health_info
