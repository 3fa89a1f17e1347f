"""What happens in front of a camera, as it happens: a visit from arrival to the stored clip, and crossed lines."""

from collections.abc import Callable
from dataclasses import dataclass

from homeassistant.components.event import EventDeviceClass, EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import EventType, Topic
from .coordinator import PorchlightConfigEntry
from .entity import PorchlightDescription, PorchlightEntity, async_add, tables
from .models import Event
from .parts import Part

PARALLEL_UPDATES = 0


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
    _unrecorded_attributes = frozenset({"id", "url", "uri"})

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
                about = {"id": event.id, "visit_id": event.visit_id, "ts": event.ts.isoformat()}
                self._trigger_event(event_type, {**event.fields, **about})
        super()._on_message()


async def async_setup_entry(
    hass: HomeAssistant, entry: PorchlightConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Make the event entities of a node."""
    async_add(entry, async_add_entities, tables(PorchlightEvent, camera=CAMERA, line=LINE))
