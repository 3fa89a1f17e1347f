"""The devices of a node: itself, and a child for each camera; and what is left of those that went."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo

from .const import DOMAIN
from .models import Announce, Camera
from .parts import Part

MANUFACTURER: Final = "Porchlight"


class Devices:
    """The devices of one node in the registry."""

    def __init__(self, hass: HomeAssistant, entry_id: str, node: str, name: str) -> None:
        self._entry_id = entry_id
        self._node = node
        self._devices = dr.async_get(hass)
        self._entities = er.async_get(hass)
        known = self._devices.async_get_device_by_identifier((DOMAIN, node), entry_id)
        self.node_info = self._node_info((known and known.name) or name, None)
        self._node_id = self._devices.async_get_or_create_from_info(
            config_entry_id=entry_id, device_info=self.node_info
        ).id

    def camera_info(self, camera: Camera) -> ChildDeviceInfo:
        """The device of a camera."""
        return ChildDeviceInfo(
            identifiers={self._identifier(camera.id)}, name=camera.name, parent_device_id=self._node_id
        )

    @callback
    def update(self, announce: Announce, parts: frozenset[Part]) -> None:
        """Name the devices as announced, make new ones, and remove what belongs to no part any more."""
        self.node_info = self._node_info(announce.name, announce)
        self._devices.async_get_or_create_from_info(config_entry_id=self._entry_id, device_info=self.node_info)
        for camera in announce.cameras:
            self._devices.async_get_or_create_child_from_info(
                config_entry_id=self._entry_id, device_info=self.camera_info(camera)
            )
        prefixes = {f"{self._node}-{part.prefix}" for part in parts}
        for entity in er.async_entries_for_config_entry(self._entities, self._entry_id):
            if f"{entity.unique_id.rpartition('-')[0]}-" not in prefixes:
                self._entities.async_remove(entity.entity_id)
        present = self.identifiers(announce)
        for device in dr.async_child_entries_for_config_entry(self._devices, self._entry_id):
            if not device.identifiers & present:
                self._devices.async_remove_device(device.id)

    def identifiers(self, announce: Announce | None) -> set[tuple[str, str]]:
        """The node and the cameras that it has."""
        cameras = () if announce is None else announce.cameras
        return {(DOMAIN, self._node), *(self._identifier(camera.id) for camera in cameras)}

    def camera_of(self, device: dr.AnyDeviceEntry) -> str | None:
        """The camera of a device, None when it is the node's."""
        for domain, identifier in device.identifiers:
            if domain == DOMAIN and identifier.startswith(f"{self._node}-"):
                return identifier.removeprefix(f"{self._node}-")
        return None

    def _identifier(self, camera: str) -> tuple[str, str]:
        return DOMAIN, f"{self._node}-{camera}"  # no slug holds a dash

    def _node_info(self, name: str, announce: Announce | None) -> DeviceInfo:
        info = DeviceInfo(identifiers={(DOMAIN, self._node)}, name=name, manufacturer=MANUFACTURER)
        if announce is not None:
            info.model = announce.model or None
            info.sw_version = announce.version
            info.configuration_url = announce.api_url
        return info
