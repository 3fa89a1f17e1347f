"""Every way into an entry, every way to change it, and every refusal with its reason."""

from collections.abc import Mapping
from typing import Any

import pytest
from homeassistant.components import mqtt
from homeassistant.config_entries import SOURCE_HASSIO, SOURCE_MQTT, SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.hassio import HassioServiceInfo
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight import config_flow
from custom_components.porchlight.access import ClipAccessError
from custom_components.porchlight.const import DOMAIN
from tests.ha.integration.conftest import until
from tests.ha.integration.node import MESSAGES, NODE, Node

ANNOUNCE = (MESSAGES / "announce.json").read_text()
S3 = {
    "bucket": " evidence ",
    "region": "eu-central-1",
    "prefix": "/home/",
    "access_key_id": "AKIAEXAMPLE",
    "secret_access_key": "secret",
}
S3_DATA = {
    "type": "s3",
    "endpoint": "https://s3.eu-central-1.amazonaws.com",
    "region": "eu-central-1",
    "bucket": "evidence",
    "prefix": "home",
    "access_key_id": "AKIAEXAMPLE",
    "secret_access_key": "secret",
}
EDGE = {"url": "http://192.0.2.7:8480/", "token": "0123"}
EDGE_DATA = {"type": "edge", "url": "http://192.0.2.7:8480", "token": "0123"}


class Access:
    """Stands in for the other side; what it is asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.error: ClipAccessError | None = None

    async def check(self, hass: HomeAssistant, config: Mapping[str, Any]) -> None:
        self.asked.append(config)
        if self.error is not None:
            raise self.error


@pytest.fixture
def access(monkeypatch: pytest.MonkeyPatch) -> Access:
    made = Access()
    monkeypatch.setattr(config_flow, "async_check", made.check)
    return made


@pytest.fixture(autouse=True)
def no_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    """The flow alone is the subject."""

    async def setup(*_: object) -> bool:
        return True

    monkeypatch.setattr("custom_components.porchlight.async_setup_entry", setup)
    monkeypatch.setattr("custom_components.porchlight.async_unload_entry", setup)


def announced(payload: str | bytes = ANNOUNCE, node: str = NODE) -> MqttServiceInfo:
    return MqttServiceInfo(
        topic=f"porchlight/announce/{node}",
        payload=payload,
        qos=1,
        retain=True,
        subscribed_topic="porchlight/announce/+",
        timestamp=0.0,
    )


async def start(hass: HomeAssistant, source: str, data: Any = None) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": source}, data=data)


async def go(hass: HomeAssistant, flow: ConfigFlowResult, given: dict[str, Any] | None = None) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_configure(flow["flow_id"], given if given is not None else {})


async def pick(hass: HomeAssistant, flow: ConfigFlowResult, step: str) -> ConfigFlowResult:
    assert flow["type"] is FlowResultType.MENU
    return await go(hass, flow, {"next_step_id": step})


@pytest.mark.parametrize("payload", [ANNOUNCE, ANNOUNCE.encode()])
async def test_heard_over_mqtt(hass: HomeAssistant, payload: str | bytes) -> None:
    flow = await start(hass, SOURCE_MQTT, announced(payload))
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "confirm")
    [progress] = hass.config_entries.flow.async_progress()
    assert progress["context"]["title_placeholders"] == {"name": "Hallway"}
    flow = await go(hass, flow)
    flow = await pick(hass, flow, "none")
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["title"] == "Hallway"
    assert flow["data"] == {"node": NODE, "base_topic": "porchlight", "clips": {"type": "none"}}
    assert flow["result"].unique_id == NODE


@pytest.mark.parametrize(
    "info",
    [
        announced(""),  # the node was removed
        announced("{}"),
        announced(ANNOUNCE.replace('"schema": 1', '"schema": 2')),
        announced(ANNOUNCE, "another"),
        announced(ANNOUNCE, "a.b"),
        announced(b"\xff\xfe"),
    ],
)
async def test_no_node(hass: HomeAssistant, info: MqttServiceInfo) -> None:
    flow = await start(hass, SOURCE_MQTT, info)
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "invalid_discovery_info")


async def test_heard_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    flow = await start(hass, SOURCE_MQTT, announced())
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_really_heard(hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node) -> None:
    """The filter of the manifest, through the real broker."""
    edge.announce()
    await until(lambda: hass.config_entries.flow.async_progress_by_handler(DOMAIN))


def told(**config: Any) -> HassioServiceInfo:
    return HassioServiceInfo(config=config, name="Porchlight", slug="abc_porchlight", uuid="1234")


async def test_told_by_the_supervisor(hass: HomeAssistant) -> None:
    flow = await start(hass, SOURCE_HASSIO, told(node="pi", url="http://a0d7b954-porchlight:8480/", token="0123"))
    flow = await go(hass, flow)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["data"]["clips"] == {"type": "edge", "url": "http://a0d7b954-porchlight:8480", "token": "0123"}


async def test_told_after_it_was_heard(hass: HomeAssistant) -> None:
    """What the Supervisor tells has the token, so it takes the place of what was heard."""
    await start(hass, SOURCE_MQTT, announced())
    told_flow = await start(hass, SOURCE_HASSIO, told(node=NODE, url="http://a0d7b954-porchlight:8480", token="0123"))
    [progress] = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert progress["flow_id"] == told_flow["flow_id"]
    assert (await start(hass, SOURCE_MQTT, announced()))["reason"] == "already_in_progress"


async def test_told_without_an_api(hass: HomeAssistant) -> None:
    flow = await start(hass, SOURCE_HASSIO, told(node="pi", base_topic="porch"))
    flow = await pick(hass, await go(hass, flow), "none")
    assert flow["data"] == {"node": "pi", "base_topic": "porch", "clips": {"type": "none"}}


@pytest.mark.parametrize("config", [{}, {"node": 7}, {"node": "a/b"}, {"node": None}])
async def test_told_nonsense(hass: HomeAssistant, config: dict[str, Any]) -> None:
    flow = await start(hass, SOURCE_HASSIO, told(**config))
    assert flow["reason"] == "invalid_discovery_info"


@pytest.mark.parametrize(
    ("clips", "after"),
    [
        (EDGE_DATA, {"type": "edge", "url": "http://new:8480", "token": "new"}),  # it moved
        (S3_DATA, S3_DATA),  # chosen on purpose
        ({"type": "none"}, {"type": "none"}),
    ],
)
async def test_told_again(
    hass: HomeAssistant, entry: MockConfigEntry, clips: dict[str, str], after: dict[str, str]
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "clips": clips})
    flow = await start(hass, SOURCE_HASSIO, told(node=NODE, url="http://new:8480", token="new"))
    assert flow["reason"] == "already_configured"
    assert entry.data["clips"] == after


async def test_by_hand(hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node, access: Access) -> None:
    flow = await start(hass, SOURCE_USER)
    assert (flow["type"], flow["step_id"]) == (FlowResultType.FORM, "user")
    base = {"base_topic": "porchlight"}
    flow = await go(hass, flow, {"node": "Hallway Pi", **base})
    assert flow["errors"] == {"node": "invalid_node"}
    flow = await go(hass, flow, {"node": NODE, "base_topic": "#"})
    assert flow["errors"] == {"base_topic": "invalid_base_topic"}
    flow = await go(hass, flow, {"node": NODE, **base})
    assert flow["errors"] == {"base": "not_heard"}
    edge.say(f"porchlight/announce/{NODE}", "{}")
    flow = await go(hass, flow, {"node": NODE, **base})
    assert flow["errors"] == {"base": "not_understood"}
    edge.announce(schema=2)
    flow = await go(hass, flow, {"node": NODE, **base})
    assert flow["errors"] == {"base": "schema_too_new"}
    edge.announce()
    flow = await go(hass, flow, {"node": NODE, **base})
    flow = await pick(hass, flow, "none")
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["title"] == "Hallway"


async def test_nodes_that_were_heard_are_offered(hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node) -> None:
    edge.announce()
    flow = await start(hass, SOURCE_USER)
    schema = flow["data_schema"]
    assert schema
    assert schema.schema["node"].config["options"] == [{"value": NODE, "label": f"Hallway ({NODE})"}]


async def test_added_already(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node, entry: MockConfigEntry
) -> None:
    edge.announce()
    flow = await go(hass, await start(hass, SOURCE_USER), {"node": NODE, "base_topic": "porchlight"})
    assert flow["reason"] == "already_configured"


async def test_no_mqtt(hass: HomeAssistant) -> None:
    assert (await start(hass, SOURCE_USER))["reason"] == "mqtt_not_configured"


async def test_no_broker(hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Any) -> None:
    broker.stop()
    await until(lambda: not mqtt.is_connected(hass))
    assert (await start(hass, SOURCE_USER))["reason"] == "mqtt_not_connected"


@pytest.mark.parametrize(("step", "given", "data"), [("s3", S3, S3_DATA), ("edge", EDGE, EDGE_DATA)])
async def test_clips_are_tried_before_they_are_taken(
    hass: HomeAssistant, access: Access, step: str, given: dict[str, str], data: dict[str, str]
) -> None:
    flow = await go(hass, await start(hass, SOURCE_MQTT, announced()))
    flow = await pick(hass, flow, step)
    access.error = ClipAccessError("cannot_connect", "connection refused")
    flow = await go(hass, flow, given)
    assert flow["errors"] == {"base": "cannot_connect"}
    assert flow["description_placeholders"] == {"detail": "connection refused"}
    access.error = None
    flow = await go(hass, flow, given)
    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert flow["data"]["clips"] == data
    assert access.asked == [data, data]


@pytest.mark.parametrize(
    "url", ["ftp://a", "nothing", "http://", "http://user:pw@host", "http://host/?a=1", "http://[::1", "http://h#f"]
)
async def test_no_address(hass: HomeAssistant, access: Access, url: str) -> None:
    flow = await pick(hass, await go(hass, await start(hass, SOURCE_MQTT, announced())), "edge")
    flow = await go(hass, flow, {"url": url, "token": "0123"})
    assert flow["errors"] == {"base": "invalid_url"}
    assert access.asked == []


@pytest.mark.parametrize(
    ("step", "given", "data"), [("s3", S3, S3_DATA), ("edge", EDGE, EDGE_DATA), ("none", None, {"type": "none"})]
)
async def test_reconfigure(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    access: Access,
    step: str,
    given: dict[str, str] | None,
    data: dict[str, str],
) -> None:
    flow = await pick(hass, await entry.start_reconfigure_flow(hass), step)
    if given is not None:
        flow = await go(hass, flow, given)
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert entry.data == {"node": NODE, "base_topic": "porchlight", "clips": data}
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("data", "step", "changed", "secret"),
    [
        (S3_DATA, "s3", {"prefix": "elsewhere"}, "secret_access_key"),
        (EDGE_DATA, "edge", {"url": "http://192.0.2.8:8480"}, "token"),
    ],
)
async def test_a_secret_is_kept_and_never_shown(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    access: Access,
    data: dict[str, str],
    step: str,
    changed: dict[str, str],
    secret: str,
) -> None:
    hass.config_entries.async_update_entry(entry, data={**entry.data, "clips": data})
    flow = await pick(hass, await entry.start_reconfigure_flow(hass), step)
    assert flow["data_schema"]
    shown = {str(key): (key.description or {}).get("suggested_value") for key in flow["data_schema"].schema}
    assert shown == {**{key: value for key, value in data.items() if key != "type"}, secret: config_flow.UNCHANGED}
    access.error = ClipAccessError("cannot_connect")
    flow = await go(hass, flow, {**shown, **changed})
    access.error = None
    flow = await go(hass, flow, {**shown, **changed})
    assert flow["reason"] == "reconfigure_successful"
    assert entry.data["clips"] == {**data, **changed}
    assert access.asked == [entry.data["clips"]] * 2
    await hass.async_block_till_done()


async def test_reconfigure_the_base_topic(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node, entry: MockConfigEntry
) -> None:
    flow = await pick(hass, await entry.start_reconfigure_flow(hass), "topic")
    assert flow["step_id"] == "topic"
    flow = await go(hass, flow, {"base_topic": "porch/"})
    assert flow["errors"] == {"base": "not_heard"}
    edge.base = "porch"
    edge.announce()
    flow = await go(hass, flow, {"base_topic": "porch/"})
    assert flow["reason"] == "reconfigure_successful"
    assert entry.data["base_topic"] == "porch"
    await hass.async_block_till_done()
