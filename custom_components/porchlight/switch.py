"""Armed, recording, uploading: what a camera is told to do."""

from dataclasses import dataclass
from typing import Any

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import Topic
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .entity import ValueDescription, ValueEntity, async_add, tables
from .parts import Part

#: One answer of the edge belongs to one command.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SwitchDescription(ValueDescription[bool | None], SwitchEntityDescription):
    """A switch, whose key is that of the setting."""


def _setting(name: str, category: EntityCategory | None) -> SwitchDescription:
    def value(coordinator: PorchlightCoordinator, part: Part) -> bool | None:
        settings = coordinator.cameras[part.camera].settings
        return None if settings is None else getattr(settings, name)

    return SwitchDescription(key=name, topic=Topic.SETTINGS, value_fn=value, entity_category=category)


CAMERA = (
    _setting("armed", None),
    _setting("record", EntityCategory.CONFIG),
    _setting("upload", EntityCategory.CONFIG),
)


class PorchlightSwitch(ValueEntity[bool | None], SwitchEntity):
    """A setting that is on or off."""

    entity_description: SwitchDescription

    @property
    def is_on(self) -> bool | None:
        """The setting as the edge told it last."""
        return self.value()

    async def async_turn_on(self, **_: Any) -> None:  # noqa: ANN401 - as Home Assistant calls it
        """Ask the edge to turn it on."""
        await self.coordinator.async_set(self.part.camera, **{self.entity_description.key: True})

    async def async_turn_off(self, **_: Any) -> None:  # noqa: ANN401 - as Home Assistant calls it
        """Ask the edge to turn it off."""
        await self.coordinator.async_set(self.part.camera, **{self.entity_description.key: False})


async def async_setup_entry(
    hass: HomeAssistant, entry: PorchlightConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Make the switches of a node."""
    async_add(entry, async_add_entities, tables(PorchlightSwitch, camera=CAMERA))
