"""What happens in front of a camera, as it happens: a visit from arrival to the stored clip, and crossed lines."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from homeassistant.components.event import EventDeviceClass, EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .clips import Kind, Ref
from .const import EventType, Topic
from .coordinator import PorchlightConfigEntry
from .entity import PorchlightDescription, PorchlightEntity, async_add, tables
from .models import Event
from .parts import Part
from .stores import readable
from .views import media_id, path_of

PARALLEL_UPDATES = 0

#: The name of a visit's second clip ends so.
_NUMBER: Final = re.compile(r"-([1-9][0-9]{0,3})\.mp4$", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class EventDescription(PorchlightDescription, EventEntityDescription):
    """An event entity."""

    #: The entity's type of an event, None when the event is not for it.
    type_fn: Callable[[Event, Part], str | None]


VISIT_TYPES = tuple(
    each.value
    for each in (EventType.PERSON_ARRIVED, EventType.SNAPSHOT_STORED, EventType.CLIP_STORED, EventType.PERSON_LEFT)
)


def _crossed(event: Event, part: Part) -> str | None:
    of_line = event.type is EventType.LINE_CROSSED and event.fields["line"] == part.line
    return event.fields["direction"] if of_line else None


CAMERA = (
    EventDescription(
        key="visit",
        topic=Topic.EVENT,
        type_fn=lambda event, _: event.type.value if event.type in VISIT_TYPES else None,
        event_types=list(VISIT_TYPES),
        device_class=EventDeviceClass.MOTION,
    ),
)
LINE = (
    EventDescription(
        key="crossing",
        topic=Topic.EVENT,
        type_fn=_crossed,
        event_types=["in", "out"],
    ),
)


class PorchlightEvent(PorchlightEntity, EventEntity):
    """The visits of a camera, or the crossings of a line."""

    entity_description: EventDescription
    _unrecorded_attributes = frozenset({"id", "url", "uri", "media_folder", "media_content_id", "clip_path"})

    _told: str | None = None

    def showing(self) -> object:
        """The latest event that is for it."""
        return self._told

    @callback
    def _on_message(self) -> None:
        data = self.coordinator.cameras.get(self.part.camera)
        event = None if data is None else data.event
        if event is not None and event.id != self._told:
            event_type = self.entity_description.type_fn(event, self.part)
            if event_type is not None:
                self._told = event.id
                self._happened(event_type, event)
        super()._on_message()

    @callback
    def _happened(self, event_type: str, event: Event) -> None:
        """Tell an event; of a clip only once it is certain whether it can be read."""
        ref = _clip(self.part.camera, event)
        if ref is None or self.coordinator.clips is None:
            self._trigger(event_type, event)
            return
        name = f"porchlight clip {ref.visit_id}"
        self.coordinator.entry.async_create_background_task(self.hass, self._stored(event_type, event, ref), name)

    async def _stored(self, event_type: str, event: Event, ref: Ref) -> None:
        node = self.coordinator.node
        read: dict[str, str] = {}
        if await readable(self.coordinator, ref):
            read = {"media_content_id": media_id(node, ref.camera, ref), "clip_path": path_of(node, ref)}
        self._trigger(event_type, event, **read)
        self.async_write_ha_state()

    def _trigger(self, event_type: str, event: Event, **more: str) -> None:
        about = {"id": event.id, "visit_id": event.visit_id, "ts": event.ts.isoformat(), **more}
        if event.visit_id is not None and self.coordinator.clips is not None:
            about["media_folder"] = media_id(self.coordinator.node, self.part.camera)
        self._trigger_event(event_type, {**event.fields, **about})


def _clip(camera: str, event: Event) -> Ref | None:
    """The clip that an event tells of, if it does."""
    if event.type is not EventType.CLIP_STORED or event.visit_id is None:
        return None
    numbered = _NUMBER.search(event.fields["uri"])
    return Ref(camera=camera, visit_id=event.visit_id, kind=Kind.CLIP, n=int(numbered[1]) if numbered else 1)


async def async_setup_entry(
    hass: HomeAssistant, entry: PorchlightConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Make the event entities of a node."""
    async_add(entry, async_add_entities, tables(PorchlightEvent, camera=CAMERA, line=LINE))
