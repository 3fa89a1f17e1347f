"""What helps to find a fault, without secrets and without anything that shows or places people."""

from dataclasses import asdict
from typing import Any, Final

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import AnyDeviceEntry

from .access import CONF_ACCESS_KEY_ID, CONF_BUCKET, CONF_ENDPOINT, CONF_SECRET_ACCESS_KEY, CONF_TOKEN, CONF_URL
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .feed import CameraFeed

TO_REDACT: Final = {
    CONF_ACCESS_KEY_ID,
    CONF_BUCKET,
    CONF_ENDPOINT,
    CONF_SECRET_ACCESS_KEY,
    CONF_TOKEN,
    CONF_URL,
    "api_url",
    "last_error",
    "snapshot",
    "uri",
}


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: PorchlightConfigEntry) -> dict[str, Any]:
    """The whole node, or as much as is known of one that could not be set up."""
    about: dict[str, Any] = {"entry": {"data": dict(entry.data), "version": entry.version, "state": entry.state.value}}
    if entry.state is ConfigEntryState.LOADED:
        about |= _node(entry.runtime_data)
    return async_redact_data(about, TO_REDACT)


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: PorchlightConfigEntry, device: AnyDeviceEntry
) -> dict[str, Any]:
    """One camera, or the whole node."""
    if entry.state is not ConfigEntryState.LOADED:
        return await async_get_config_entry_diagnostics(hass, entry)
    coordinator = entry.runtime_data
    camera = coordinator.devices.camera_of(device)
    if camera is None or camera not in coordinator.cameras:
        return await async_get_config_entry_diagnostics(hass, entry)
    about = {"available": coordinator.available, "camera": _camera(coordinator.cameras[camera])}
    return async_redact_data(about, TO_REDACT)


def _node(coordinator: PorchlightCoordinator) -> dict[str, Any]:
    return {
        "available": coordinator.available,
        "announce": None if coordinator.announce is None else asdict(coordinator.announce),
        "health": None if coordinator.health is None else asdict(coordinator.health),
        "cameras": {name: _camera(data) for name, data in coordinator.cameras.items()},
        "visits": sum(1 for _ in coordinator.log.visits()),
    }


def _camera(data: CameraFeed) -> dict[str, Any]:
    event = data.event
    return {
        "info": asdict(data.info),
        "state": None if data.state is None else asdict(data.state),
        "settings": None if data.settings is None else asdict(data.settings),
        "last_clip": None if data.last_clip is None else asdict(data.last_clip),
        "image_bytes": None if data.image is None else len(data.image),
        "image_at": data.image_at,
        "event": None if event is None else {"type": event.type, "ts": event.ts},
        "events_seen": len(data.seen),
    }
