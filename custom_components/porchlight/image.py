"""The last person: the best picture of the latest visit, there as soon as somebody comes."""

from dataclasses import dataclass
from datetime import datetime

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import Topic
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .entity import PorchlightDescription, PorchlightEntity, async_add, tables
from .parts import Part

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class ImageDescription(PorchlightDescription, ImageEntityDescription):
    """An image."""


CAMERA = (ImageDescription(key="last_person", topic=Topic.IMAGE),)


class PorchlightImage(PorchlightEntity, ImageEntity):
    """A picture that came over MQTT."""

    entity_description: ImageDescription
    _attr_content_type = "image/jpeg"

    def __init__(self, coordinator: PorchlightCoordinator, part: Part, description: ImageDescription) -> None:
        """It has tokens of its own, by which a picture is fetched."""
        PorchlightEntity.__init__(self, coordinator, part, description)
        ImageEntity.__init__(self, coordinator.hass)

    def showing(self) -> object:
        """When the picture came: another one then is another picture."""
        return self.image_last_updated

    @property
    def image_last_updated(self) -> datetime | None:
        """When the picture came."""
        data = self.coordinator.cameras.get(self.part.camera)
        return None if data is None else data.image_at

    async def async_image(self) -> bytes | None:
        """The picture, None before the first visit."""
        data = self.coordinator.cameras.get(self.part.camera)
        return None if data is None else data.image


async def async_setup_entry(
    hass: HomeAssistant, entry: PorchlightConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Make the images of a node."""
    async_add(entry, async_add_entities, tables(PorchlightImage, camera=CAMERA))
