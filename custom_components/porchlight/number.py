"""How sure the detector must be, how long a clip is, and how long after one the next may come."""

from dataclasses import dataclass

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import Topic
from .coordinator import PorchlightConfigEntry
from .entity import PorchlightDescription, PorchlightEntity, async_add, tables

#: One answer of the edge belongs to one command.
PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class NumberDescription(PorchlightDescription, NumberEntityDescription):
    """A number."""

    #: The key of the setting.
    setting: str
    #: How many of the setting's unit one of ours is.
    scale: float = 1.0


CAMERA = (
    NumberDescription(
        key="confidence",
        topic=Topic.SETTINGS,
        setting="confidence",
        scale=0.01,
        native_min_value=5,
        native_max_value=99,
        native_step=1,
        native_unit_of_measurement=PERCENTAGE,
        mode=NumberMode.SLIDER,
        entity_category=EntityCategory.CONFIG,
    ),
    NumberDescription(
        key="clip_length",
        topic=Topic.SETTINGS,
        setting="max_clip_s",
        device_class=NumberDeviceClass.DURATION,
        native_min_value=3,
        native_max_value=20,
        native_step=1,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        mode=NumberMode.SLIDER,
        entity_category=EntityCategory.CONFIG,
    ),
    NumberDescription(
        key="clip_gap",
        topic=Topic.SETTINGS,
        setting="min_clip_gap_s",
        device_class=NumberDeviceClass.DURATION,
        native_min_value=5,
        native_max_value=3600,
        native_step=1,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        mode=NumberMode.BOX,
        entity_category=EntityCategory.CONFIG,
    ),
)


class PorchlightNumber(PorchlightEntity, NumberEntity):
    """A setting that is a number."""

    entity_description: NumberDescription

    def showing(self) -> object:
        """The value."""
        return self.native_value

    @property
    def native_value(self) -> float | None:
        """The setting as the edge told it last."""
        settings = self.camera.settings
        if settings is None:
            return None
        value: float = getattr(settings, self.entity_description.setting)
        return round(value / self.entity_description.scale, 1)

    async def async_set_native_value(self, value: float) -> None:
        """Ask the edge to change it."""
        setting = {self.entity_description.setting: round(value * self.entity_description.scale, 3)}
        await self.coordinator.async_set(self.part.camera, **setting)


async def async_setup_entry(
    hass: HomeAssistant, entry: PorchlightConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Make the numbers of a node."""
    async_add(entry, async_add_entities, tables(PorchlightNumber, camera=CAMERA))
