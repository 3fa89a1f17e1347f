"""A picture of now, a clip of now, and nobody inside."""

from dataclasses import dataclass

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import Topic
from .coordinator import PorchlightConfigEntry
from .entity import PorchlightDescription, PorchlightEntity, async_add, tables

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ButtonDescription(PorchlightDescription, ButtonEntityDescription):
    """A button, whose key is that of the action."""


CAMERA = (
    ButtonDescription(key="snapshot", topic=Topic.STATE, sees=True),
    ButtonDescription(
        key="test_clip",
        topic=Topic.STATE,
        sees=True,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
)

INSIDE = (ButtonDescription(key="reset_occupancy", topic=Topic.STATE, entity_category=EntityCategory.CONFIG),)


class PorchlightButton(PorchlightEntity, ButtonEntity):
    """Something that a camera does when told."""

    entity_description: ButtonDescription

    async def async_press(self) -> None:
        """Have it done."""
        await self.coordinator.async_do(self.part.camera, self.entity_description.key)


async def async_setup_entry(
    hass: HomeAssistant, entry: PorchlightConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Make the buttons of a node."""
    async_add(entry, async_add_entities, tables(PorchlightButton, camera=CAMERA, inside=INSIDE))
