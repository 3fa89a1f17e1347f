"""Is somebody there, in a zone too; does the camera deliver pictures; are clips stuck."""

from dataclasses import dataclass
from typing import Any

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import Topic
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .entity import ValueDescription, ValueEntity, async_add, tables
from .feed import CameraFeed
from .parts import Part

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class BinaryDescription(ValueDescription[bool | None], BinarySensorEntityDescription):
    """A binary sensor."""


def _person(coordinator: PorchlightCoordinator, part: Part) -> bool | None:
    state = coordinator.cameras[part.camera].state
    return None if state is None else state.person


def _visit(data: CameraFeed) -> dict[str, Any]:
    state = data.state
    since = None if state is None or state.since is None else state.since.isoformat()
    return {"visit_id": None if state is None else state.visit_id, "since": since}


def _in_zone(coordinator: PorchlightCoordinator, part: Part) -> bool | None:
    state = coordinator.cameras[part.camera].state
    count = None if state is None else state.zones.get(part.zone)
    return None if count is None else count > 0


def _connected(coordinator: PorchlightCoordinator, part: Part) -> bool | None:
    state = coordinator.cameras[part.camera].state
    return None if state is None else state.online


def _upload_problem(coordinator: PorchlightCoordinator, _: Part) -> bool | None:
    health = coordinator.health
    return None if health is None else health.failed > 0 or health.last_error is not None


def _throttled(coordinator: PorchlightCoordinator, _: Part) -> bool | None:
    health = coordinator.health
    return None if health is None else health.throttled is not None


NODE = (
    BinaryDescription(
        key="upload_problem",
        topic=Topic.HEALTH,
        value_fn=_upload_problem,
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    BinaryDescription(
        key="throttled",
        topic=Topic.HEALTH,
        value_fn=_throttled,
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
)
CAMERA = (
    BinaryDescription(
        key="person",
        topic=Topic.STATE,
        sees=True,
        value_fn=_person,
        attributes_fn=_visit,
        device_class=BinarySensorDeviceClass.OCCUPANCY,
    ),
    BinaryDescription(
        key="connectivity",
        topic=Topic.STATE,
        value_fn=_connected,
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
)
ZONE = (
    BinaryDescription(
        key="person",
        translation_key="zone_person",
        topic=Topic.STATE,
        sees=True,
        value_fn=_in_zone,
        device_class=BinarySensorDeviceClass.OCCUPANCY,
    ),
)


class PorchlightBinarySensor(ValueEntity[bool | None], BinarySensorEntity):
    """A binary sensor of a node, a camera or a zone."""

    entity_description: BinaryDescription
    _unrecorded_attributes = frozenset({"visit_id", "since"})

    @property
    def is_on(self) -> bool | None:
        """The value of its description."""
        return self.value()


async def async_setup_entry(
    hass: HomeAssistant, entry: PorchlightConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Make the binary sensors of a node."""
    async_add(entry, async_add_entities, tables(PorchlightBinarySensor, node=NODE, camera=CAMERA, zone=ZONE))
