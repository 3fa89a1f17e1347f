"""One camera as Home Assistant knows it: what it told last, read from its topics."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.components import mqtt
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.util import dt as dt_util

from .const import EVENT_IDS, EventType, Topic
from .fields import Refusal
from .models import (
    Camera,
    CameraState,
    Clip,
    Event,
    Settings,
    parse_clip,
    parse_event,
    parse_image,
    parse_settings,
    parse_state,
    raw,
)

if TYPE_CHECKING:
    from .coordinator import PorchlightCoordinator


class CameraFeed:
    """Listens to a camera and keeps what it told; None before it did."""

    def __init__(self, coordinator: PorchlightCoordinator, info: Camera) -> None:
        """Nothing is subscribed before `async_subscribe`."""
        self._coordinator = coordinator
        self.info = info
        self.state: CameraState | None = None
        self.settings: Settings | None = None
        self.last_clip: Clip | None = None
        self.image: bytes | None = None
        self.image_at: datetime | None = None
        self.event: Event | None = None
        #: Ids of events that were seen, the latest last.
        self.seen: OrderedDict[str, None] = OrderedDict()
        #: Commands that wait for an answer: None, or the reason of a refusal.
        self.waiting: list[asyncio.Future[str | None]] = []
        self._unsubscribe: list[CALLBACK_TYPE] = []

    async def async_subscribe(self) -> None:
        """Listen; all arrives as bytes, so that what is no UTF-8 is refused here and with one warning."""
        await self._listen(Topic.STATE, parse_state, self._state)
        await self._listen(Topic.SETTINGS, parse_settings, self._settings)
        await self._listen(Topic.LAST_CLIP, parse_clip, self._clip)
        await self._listen(Topic.IMAGE, _image_or_none, self._image)
        await self._listen(Topic.EVENT, parse_event, self._event)

    @callback
    def stop(self) -> None:
        """Listen no more."""
        while self._unsubscribe:
            self._unsubscribe.pop()()

    async def _listen[T](
        self, topic: Topic, parse: Callable[[bytes], T | Refusal], take: Callable[[T, bool], None]
    ) -> None:
        coordinator = self._coordinator

        @callback
        def on_message(message: mqtt.ReceiveMessage) -> None:
            coordinator.heard(message)
            value = parse(raw(message.payload))
            if isinstance(value, Refusal):
                coordinator.refuse(topic, self.info.id, value)
                return
            take(value, message.retain)
            coordinator.notify(self.info.id, topic)

        name = coordinator.topic(topic, self.info.id)
        self._unsubscribe.append(await mqtt.async_subscribe(coordinator.hass, name, on_message, qos=1, encoding=None))

    def _state(self, state: CameraState, _: bool) -> None:  # noqa: FBT001 - all of these are told what was retained
        self.state = state
        self._coordinator.issues.camera(self.info, online=state.online)

    def _settings(self, settings: Settings, retained: bool) -> None:  # noqa: FBT001
        self.settings = settings
        if not retained:
            self._answer(None)

    def _clip(self, clip: Clip, _: bool) -> None:  # noqa: FBT001
        self.last_clip = clip

    def _image(self, image: bytes | None, retained: bool) -> None:  # noqa: FBT001
        """A picture that the broker kept is as old as the latest visit."""
        self.image = image
        taken = self._coordinator.log.latest(self.info.id) if retained else None
        self.image_at = None if image is None else taken or dt_util.utcnow()

    def _event(self, event: Event, retained: bool) -> None:  # noqa: FBT001
        """An event is a moment, not a state: one that the broker kept is none, nor is one that comes again."""
        if retained or event.id in self.seen:
            return
        self.seen[event.id] = None
        if len(self.seen) > EVENT_IDS:
            self.seen.popitem(last=False)
        self.event = event
        if event.type is EventType.REJECTED:
            self._answer(event.fields["reason"])
        self._coordinator.happened(self.info.id, event)

    def _answer(self, reason: str | None) -> None:
        for answer in self.waiting:
            if not answer.done():
                answer.set_result(reason)


def _image_or_none(payload: bytes) -> bytes | Refusal | None:
    """Nothing where the picture was taken away."""
    return parse_image(payload) if payload else None
