"""The camera: live from the edge where its API is known, else the picture of the latest visit."""

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import ClientError, ClientTimeout
from homeassistant.components.camera import Camera, CameraEntityDescription, CameraEntityFeature
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from yarl import URL

from .access import CONF_CLIPS, CONF_TOKEN, CONF_TYPE, CONF_URL, TYPE_EDGE
from .const import Topic
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .entity import PorchlightDescription, PorchlightEntity, async_add, tables
from .fields import MAX_IMAGE_BYTES
from .parts import Part

_LOGGER = logging.getLogger(__name__)

PARALLEL_UPDATES = 0

#: A dashboard asks for a picture every ten seconds.
FRAME_TIMEOUT: Final = ClientTimeout(total=5)
#: The edge takes its token as the password of any user: players know nothing else.
USER: Final = "homeassistant"


@dataclass(frozen=True, kw_only=True)
class CameraDescription(PorchlightDescription, CameraEntityDescription):
    """A camera."""


CAMERA = (CameraDescription(key="live", topic=Topic.IMAGE),)


class PorchlightCamera(PorchlightEntity, Camera):
    """What a camera sees."""

    entity_description: CameraDescription
    _attr_name = None

    def __init__(self, coordinator: PorchlightCoordinator, part: Part, description: CameraDescription) -> None:
        """It can stream when the entry says where from."""
        PorchlightEntity.__init__(self, coordinator, part, description)
        Camera.__init__(self)
        clips = coordinator.entry.data[CONF_CLIPS]
        self._edge: URL | None = None
        if clips[CONF_TYPE] == TYPE_EDGE:
            self._edge = URL(clips[CONF_URL]) / "api/v1/cameras" / part.camera
            self._token: str = clips[CONF_TOKEN]

    async def async_added_to_hass(self) -> None:
        """Listen to whether the camera is there, too, where it streams."""
        await super().async_added_to_hass()
        if self._edge is not None:
            self.async_on_remove(self.coordinator.async_listen(self.part.camera, Topic.STATE, self._on_message))

    @property
    def supported_features(self) -> CameraEntityFeature:
        """It streams while the camera is there; else a player would wait for nothing instead of showing a picture."""
        return CameraEntityFeature.STREAM if self._edge is not None and self._live else CameraEntityFeature(0)

    def showing(self) -> object:
        """When the picture came, and whether the edge streams."""
        return self.coordinator.cameras[self.part.camera].image_at, self.supported_features

    async def stream_source(self) -> str | None:
        """Where the camera's own packets come from; None while it is away."""
        if self._edge is None or not self._live:
            return None
        return str((self._edge / "live.ts").with_user(USER).with_password(self._token))

    async def async_camera_image(self, width: int | None = None, height: int | None = None) -> bytes | None:
        """A picture of now, or that of the latest visit."""
        if self._edge is not None and self._live and (frame := await self._frame(self._edge / "frame.jpg")):
            return frame
        data = self.coordinator.cameras.get(self.part.camera)
        return None if data is None else data.image

    @property
    def _live(self) -> bool:
        data = self.coordinator.cameras.get(self.part.camera)
        return self.coordinator.available and data is not None and data.state is not None and data.state.online

    async def _frame(self, url: URL) -> bytes | None:
        try:
            async with async_get_clientsession(self.hass).get(
                url, headers={"Authorization": f"Bearer {self._token}"}, timeout=FRAME_TIMEOUT, allow_redirects=False
            ) as response:
                if response.status == HTTPStatus.OK and (response.content_length or 0) <= MAX_IMAGE_BYTES:
                    return await response.read()
                _LOGGER.debug("%s answers %s", url, response.status)
        except (ClientError, TimeoutError) as error:
            _LOGGER.debug("%s does not answer: %s", url, error)
        return None


async def async_setup_entry(
    hass: HomeAssistant, entry: PorchlightConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Make the cameras of a node."""
    async_add(entry, async_add_entities, tables(PorchlightCamera, camera=CAMERA))
