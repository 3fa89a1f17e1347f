"""Porchlight: people in front of the door, told by a node on the porch over MQTT."""

import logging

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .claim import claim_topic
from .const import DOMAIN, PLATFORMS
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator, store_of
from .services import async_setup_services
from .views import async_setup_views

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions and the views, which outlive every entry."""
    async_setup_services(hass)
    async_setup_views(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: PorchlightConfigEntry) -> bool:
    """Listen to a node."""
    if not await mqtt.async_wait_for_mqtt_client(hass):
        raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="mqtt_not_available")
    coordinator = entry.runtime_data = PorchlightCoordinator(hass, entry)
    await coordinator.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: PorchlightConfigEntry) -> bool:
    """Stop listening; the node stays claimed, for it is still shown here."""
    await entry.runtime_data.async_save()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: PorchlightConfigEntry) -> None:
    """Release the node, so that MQTT discovery shows it again, and forget its visits."""
    await store_of(hass, entry).async_remove()
    try:
        await mqtt.async_publish(hass, claim_topic(entry), "", qos=1, retain=True)
    except HomeAssistantError as error:
        _LOGGER.warning("Could not release %s, publish an empty retained message there: %s", claim_topic(entry), error)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: PorchlightConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Whether the user may delete a device: not one that the node still has, as far as that is known now."""
    if entry.state is not ConfigEntryState.LOADED:
        return True
    coordinator = entry.runtime_data
    return not coordinator.devices.identifiers(coordinator.announce) & device.identifiers
