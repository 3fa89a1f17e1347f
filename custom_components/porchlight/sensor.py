"""How many are there, who went in and out, the latest clip and visit, and how the node is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfInformation, UnitOfTemperature, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .const import Topic
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .entity import ValueDescription, ValueEntity, async_add, tables
from .feed import CameraFeed
from .models import CameraState, Health
from .parts import Part

PARALLEL_UPDATES = 0

type Value = float | int | datetime | None
type ValueFn = Callable[[PorchlightCoordinator, Part], Value]


@dataclass(frozen=True, kw_only=True)
class SensorDescription(ValueDescription[Value], SensorEntityDescription):
    """A sensor."""


def _of_health(read: Callable[[Health], Value]) -> ValueFn:
    return lambda coordinator, _: None if coordinator.health is None else read(coordinator.health)


def _of_state(read: Callable[[CameraState, Part], Value]) -> ValueFn:
    def value(coordinator: PorchlightCoordinator, part: Part) -> Value:
        state = coordinator.cameras[part.camera].state
        return None if state is None else read(state, part)

    return value


def _last_clip(coordinator: PorchlightCoordinator, part: Part) -> Value:
    clip = coordinator.cameras[part.camera].last_clip
    return None if clip is None else clip.started_at


def _clip(data: CameraFeed) -> dict[str, Any]:
    clip = data.last_clip
    if clip is None:
        return {}
    return {"url": clip.url, "uri": clip.uri, "duration_s": clip.duration_s, "visit_id": clip.visit_id}


def _last_visit(coordinator: PorchlightCoordinator, part: Part) -> Value:
    return coordinator.log.latest(part.camera)


def _visits_today(coordinator: PorchlightCoordinator, part: Part) -> Value:
    return coordinator.log.count_since(part.camera, dt_util.start_of_local_day())


def _crossed(direction: int) -> ValueFn:
    """Crossings of a line: 0 inward, 1 outward."""

    def value(state: CameraState, part: Part) -> Value:
        crossings = state.lines.get(part.line)
        return None if crossings is None else crossings[direction]

    return _of_state(value)


NODE = (
    SensorDescription(
        key="uploads_waiting",
        topic=Topic.HEALTH,
        value_fn=_of_health(lambda health: health.pending),
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    SensorDescription(
        key="disk_free",
        topic=Topic.HEALTH,
        value_fn=_of_health(lambda health: health.disk_free_bytes),
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    ),
    SensorDescription(
        key="temperature",
        topic=Topic.HEALTH,
        value_fn=_of_health(lambda health: health.temperature_c),
        device_class=SensorDeviceClass.TEMPERATURE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTemperature.CELSIUS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    ),
)
CAMERA = (
    SensorDescription(
        key="people",
        topic=Topic.STATE,
        sees=True,
        value_fn=_of_state(lambda state, _: state.count),
        state_class=SensorStateClass.MEASUREMENT,
    ),
    SensorDescription(
        key="last_clip",
        topic=Topic.LAST_CLIP,
        value_fn=_last_clip,
        attributes_fn=_clip,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
    SensorDescription(
        key="last_visit",
        topic=Topic.EVENT,
        value_fn=_last_visit,
        device_class=SensorDeviceClass.TIMESTAMP,
    ),
    SensorDescription(
        key="visits_today",
        topic=Topic.EVENT,
        value_fn=_visits_today,
        state_class=SensorStateClass.TOTAL_INCREASING,
    ),
    SensorDescription(
        key="confidence",
        topic=Topic.STATE,
        sees=True,
        value_fn=_of_state(lambda state, _: round(state.confidence * 100, 1)),
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    ),
    SensorDescription(
        key="inference_time",
        topic=Topic.STATE,
        sees=True,
        value_fn=_of_state(lambda state, _: state.inference_ms),
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    ),
    SensorDescription(
        key="frame_rate",
        topic=Topic.STATE,
        sees=True,
        value_fn=_of_state(lambda state, _: state.fps),
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement="fps",
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
    ),
)
ZONE = (
    SensorDescription(
        key="people",
        translation_key="zone_people",
        topic=Topic.STATE,
        sees=True,
        value_fn=_of_state(lambda state, part: state.zones.get(part.zone)),
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=False,
    ),
)
LINE = (
    SensorDescription(
        key="crossings_in",
        topic=Topic.STATE,
        value_fn=_crossed(0),
        state_class=SensorStateClass.TOTAL_INCREASING,
    ),
    SensorDescription(
        key="crossings_out",
        topic=Topic.STATE,
        value_fn=_crossed(1),
        state_class=SensorStateClass.TOTAL_INCREASING,
    ),
)


INSIDE = (
    SensorDescription(
        key="inside",
        topic=Topic.STATE,
        value_fn=_of_state(lambda state, _: state.occupancy),
        state_class=SensorStateClass.MEASUREMENT,
    ),
)


class PorchlightSensor(ValueEntity[Value], SensorEntity):
    """A sensor of a node, a camera, a zone or a line."""

    entity_description: SensorDescription
    _unrecorded_attributes = frozenset({"url", "uri", "duration_s", "visit_id"})

    @property
    def native_value(self) -> Value:
        """The value of its description."""
        return self.value()


async def async_setup_entry(
    hass: HomeAssistant, entry: PorchlightConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Make the sensors of a node."""
    make = tables(PorchlightSensor, node=NODE, camera=CAMERA, zone=ZONE, line=LINE, inside=INSIDE)
    async_add(entry, async_add_entities, make)
