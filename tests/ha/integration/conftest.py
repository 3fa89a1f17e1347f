"""A Home Assistant in the test's own loop, its MQTT integration, a real mosquitto, and a node that is played."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_socket
from homeassistant.components import mqtt
from homeassistant.components.mqtt import client
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import executor
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight.const import DOMAIN
from tests.broker import HOST, Broker
from tests.ha.integration.node import NODE, Node

#: Longer than any machine takes; nobody waits for it where all is well.
WAIT_S = 30.0


@pytest.fixture(autouse=True)
def custom_integrations(enable_custom_integrations: None) -> None:
    """This repository's integration is found by its name."""


@pytest.fixture(scope="session", autouse=True)
def patient_executor() -> Iterator[None]:
    """Workers of Home Assistant's executor are given time to end, and not interrupted in the middle of it.

    One that is interrupted tells the others no more that they are to end, and they stay: half a second without a
    processor is enough for that.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executor, "_JOIN_ATTEMPTS", 1)
        patch.setattr(executor, "EXECUTOR_SHUTDOWN_TIMEOUT", 60.0)
        yield


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """A folder of its own, with the file that the MQTT integration looks for."""
    (Path(hass_tmp_config_dir) / "configuration.yaml").touch()
    return hass_tmp_config_dir


@pytest.fixture
def sockets(socket_enabled: None) -> None:
    """This machine and no other."""
    pytest_socket.socket_allow_hosts([HOST, "::1"])


@pytest.fixture
def broker(tmp_path: Path, sockets: None) -> Iterator[Broker]:
    """A real mosquitto."""
    with Broker(tmp_path) as running:
        yield running


@pytest.fixture
def edge(broker: Broker) -> Iterator[Node]:
    """A node, played by its golden messages; hears all that is said on the broker."""
    with broker.observer() as observer:
        yield Node(observer)


async def until(condition: Callable[[], object], timeout_s: float = WAIT_S) -> None:
    """Wait until something is so, on Home Assistant's own loop."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def state_of(hass: HomeAssistant, entity_id: str) -> str | None:
    """The state of an entity, None when it has none."""
    state = hass.states.get(entity_id)
    return None if state is None else state.state


def entities_of(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """The ids of all entities of an entry, disabled ones too."""
    return {entity.entity_id for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Errors in the log, without those of the connection itself while there is no broker."""
    broker = ("paho.mqtt.client", "homeassistant.components.mqtt")
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.ERROR and not record.name.startswith(broker)
    ]


async def unload(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Unload an entry that is still set up."""
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def mqtt_entry(
    hass: HomeAssistant, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[MockConfigEntry]:
    """Home Assistant's own MQTT integration, connected to the broker; it comes back at once, not after ten seconds."""
    monkeypatch.setattr(client, "RECONNECT_INTERVAL_SECONDS", 0.2)
    entry = MockConfigEntry(
        domain="mqtt",
        data={"broker": HOST, "port": broker.port, "protocol": "5", "discovery": True, "birth_message": {}},
        version=mqtt.CONFIG_ENTRY_VERSION,
        minor_version=mqtt.CONFIG_ENTRY_MINOR_VERSION,
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: mqtt.is_connected(hass))
    yield entry
    await unload(hass, entry)


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """The entry of the played node, not set up yet."""
    made = MockConfigEntry(
        domain=DOMAIN,
        title="Hallway",
        unique_id=NODE,
        data={"node": NODE, "base_topic": "porchlight", "clips": {"type": "none"}},
    )
    made.add_to_hass(hass)
    return made


@pytest.fixture
async def running(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, edge: Node, entry: MockConfigEntry
) -> AsyncGenerator[MockConfigEntry]:
    """The integration with the node online, everything told."""
    edge.tell_all()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_person") == "on")
    await hass.async_block_till_done()
    yield entry
    await unload(hass, entry)
