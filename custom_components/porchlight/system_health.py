"""A few lines on the system's page: are the nodes there, and is the broker."""

from typing import Any

from homeassistant.components import mqtt
from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .coordinator import PorchlightConfigEntry


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register what is shown."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Nodes, those of them that are there, cameras, and the broker."""
    entries: list[PorchlightConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    nodes = [entry.runtime_data for entry in entries if entry.state is ConfigEntryState.LOADED]
    try:
        broker = mqtt.is_connected(hass)
    except KeyError:
        broker = False
    return {
        "broker_connected": broker,
        "nodes": len(entries),
        "nodes_available": sum(node.available for node in nodes),
        "cameras": sum(len(node.cameras) for node in nodes),
        "versions": ", ".join(sorted({node.announce.version for node in nodes if node.announce})) or "-",
    }
