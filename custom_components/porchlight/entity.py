"""What all entities share: their device, their name, when they are available, and when they are written anew."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from homeassistant.core import callback
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import Topic
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .feed import CameraFeed
from .parts import Part


@dataclass(frozen=True, kw_only=True)
class PorchlightDescription(EntityDescription):
    """An entity: which message it reads."""

    topic: Topic
    #: It shows what the camera sees, so it is unavailable while the camera is away.
    sees: bool = False


@dataclass(frozen=True, kw_only=True)
class ValueDescription[T](PorchlightDescription):
    """An entity that shows a value."""

    value_fn: Callable[[PorchlightCoordinator, Part], T]
    #: More that it tells; only where the description has it.
    attributes_fn: Callable[[CameraFeed], dict[str, Any]] | None = None


class PorchlightEntity(Entity):
    """An entity of a node, a camera, a zone or a line."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description: PorchlightDescription

    def __init__(self, coordinator: PorchlightCoordinator, part: Part, description: PorchlightDescription) -> None:
        """It listens once it is added."""
        self.entity_description = description
        self.coordinator = coordinator
        self.part = part
        self._attr_translation_key = description.translation_key or description.key
        self._attr_unique_id = f"{coordinator.node}-{part.prefix}{description.key}"
        if place := coordinator.place(part):
            self._attr_translation_placeholders = {"place": place.name}
        self._attr_device_info: DeviceInfo | ChildDeviceInfo = (
            coordinator.devices.camera_info(coordinator.cameras[part.camera].info)
            if part.camera
            else coordinator.devices.node_info
        )
        self._shown: object = None

    @property
    def camera(self) -> CameraFeed:
        """What the camera told last."""
        return self.coordinator.cameras[self.part.camera]

    @property
    def available(self) -> bool:
        """Whether what it shows still holds."""
        if not self.coordinator.available:
            return False
        if not self.part.camera:
            return True
        data = self.coordinator.cameras.get(self.part.camera)
        if data is None:
            return False
        return not self.entity_description.sees or (data.state is not None and data.state.online)

    async def async_added_to_hass(self) -> None:
        """Listen to the one message that it reads."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.async_listen(self.part.camera, self.entity_description.topic, self._on_message)
        )
        self._shown = self._showing()

    def showing(self) -> object:
        """What it shows while it is available; only changes of it are written."""
        return None

    def _showing(self) -> object:
        return (self.showing(),) if self.available else None

    @callback
    def _on_message(self) -> None:
        showing = self._showing()
        if showing != self._shown:
            self._shown = showing
            self.async_write_ha_state()


class ValueEntity[T](PorchlightEntity):
    """An entity that shows a value of its description."""

    entity_description: ValueDescription[T]

    def showing(self) -> object:
        """The value and the attributes."""
        return self.value(), self.extra_state_attributes

    def value(self) -> T:
        """The value now."""
        return self.entity_description.value_fn(self.coordinator, self.part)

    @property
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """What the description tells besides."""
        more = self.entity_description.attributes_fn
        return None if more is None else more(self.camera)


@callback
def async_add(
    entry: PorchlightConfigEntry,
    add: AddConfigEntryEntitiesCallback,
    make: Callable[[PorchlightCoordinator, Part], Iterable[Entity]],
) -> None:
    """Add the entities that `make` makes of each part, now and whenever one appears."""
    coordinator = entry.runtime_data
    known: set[Part] = set()

    @callback
    def follow(parts: frozenset[Part]) -> None:
        new = sorted(parts - known)
        known.clear()
        known.update(parts)
        if entities := [entity for part in new for entity in make(coordinator, part)]:
            add(entities)

    entry.async_on_unload(coordinator.async_follow(follow))


def tables[D: PorchlightDescription](
    entity: Callable[[PorchlightCoordinator, Part, D], Entity],
    *,
    node: tuple[D, ...] = (),
    camera: tuple[D, ...] = (),
    zone: tuple[D, ...] = (),
    line: tuple[D, ...] = (),
    inside: tuple[D, ...] = (),
) -> Callable[[PorchlightCoordinator, Part], Iterable[Entity]]:
    """What makes the entities of a part by the table of its kind."""

    def make(coordinator: PorchlightCoordinator, part: Part) -> Iterable[Entity]:
        places = ((part.zone, zone), (part.line, line), (part.inside, inside), (part.camera, camera))
        table = next((table for there, table in places if there), node)
        return (entity(coordinator, part, description) for description in table)

    return make
