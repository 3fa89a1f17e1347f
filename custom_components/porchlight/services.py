"""The actions: what was there, how many went in and out, and a clip of now."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

import probatio as vol
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType

from .const import DOMAIN
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .history import Crossing, VisitLog

SERVICE_GET_VISITS: Final = "get_visits"
SERVICE_GET_TRAFFIC: Final = "get_traffic"
SERVICE_RECORD_CLIP: Final = "record_clip"

ATTR_START: Final = "start"
ATTR_END: Final = "end"
ATTR_LIMIT: Final = "limit"
ATTR_PERIOD: Final = "period"

PERIODS: Final = ("hour", "day")
DEFAULT_SPAN: Final = timedelta(days=1)
#: A response goes through the websocket and into templates whole.
MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 100

_RANGE: Final = {
    vol.Required(ATTR_DEVICE_ID): cv.string,
    vol.Optional(ATTR_START): cv.datetime,
    vol.Optional(ATTR_END): cv.datetime,
}
VISITS_SCHEMA: Final = vol.Schema(
    {
        **_RANGE,
        vol.Optional(ATTR_LIMIT, default=DEFAULT_LIMIT): vol.All(vol.Coerce(int), vol.Range(min=1, max=MAX_LIMIT)),
    }
)
TRAFFIC_SCHEMA: Final = vol.Schema({**_RANGE, vol.Optional(ATTR_PERIOD, default="hour"): vol.In(PERIODS)})
RECORD_SCHEMA: Final = vol.Schema({vol.Required(ATTR_DEVICE_ID): cv.string})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    only = SupportsResponse.ONLY
    register = hass.services.async_register
    register(DOMAIN, SERVICE_GET_VISITS, _get_visits, VISITS_SCHEMA, supports_response=only)
    register(DOMAIN, SERVICE_GET_TRAFFIC, _get_traffic, TRAFFIC_SCHEMA, supports_response=only)
    register(DOMAIN, SERVICE_RECORD_CLIP, _record_clip, RECORD_SCHEMA)


async def _get_visits(call: ServiceCall) -> ServiceResponse:
    """The visits of a camera, or of all of a node, newest first."""
    coordinator, camera = _target(call)
    start, end = _span(call)
    visits = coordinator.log.visits(camera=camera, start=start, end=end)
    found: list[JsonValueType] = [visit.as_dict() for visit in islice(visits, call.data[ATTR_LIMIT])]
    return {"visits": found}


async def _get_traffic(call: ServiceCall) -> ServiceResponse:
    """The crossings of every line of a camera, or of a node, in all and by hour or day."""
    coordinator, only = _target(call)
    start, end = _span(call)
    lines: list[JsonValueType] = []
    for camera, data in coordinator.cameras.items():
        if only not in (None, camera):
            continue
        for line in data.info.lines:
            crossings = _of_line(coordinator.log, camera, line.id, start, end)
            lines.append(
                {
                    "camera": camera,
                    "line": line.id,
                    "name": line.name,
                    **_totals(crossings),
                    "periods": _by_period(crossings, call.data[ATTR_PERIOD]),
                }
            )
    return {"lines": lines}


async def _record_clip(call: ServiceCall) -> None:
    """Have a camera record a clip of now."""
    coordinator, camera = _target(call)
    if camera is None:
        raise _invalid("no_camera")
    await coordinator.async_do(camera, "test_clip")


def _target(call: ServiceCall) -> tuple[PorchlightCoordinator, str | None]:
    """The node of the device that the call names, and its camera; None when it is the node itself."""
    device = dr.async_get(call.hass).async_get(call.data[ATTR_DEVICE_ID])
    if device is None or all(domain != DOMAIN for domain, _ in device.identifiers):
        raise _invalid("no_device")
    entry: PorchlightConfigEntry | None = call.hass.config_entries.async_get_entry(device.config_entry_id)
    if entry is None or entry.state is not ConfigEntryState.LOADED:
        raise _invalid("not_loaded")
    coordinator = entry.runtime_data
    return coordinator, coordinator.devices.camera_of(device)


def _span(call: ServiceCall) -> tuple[datetime, datetime]:
    """From when until when; times without a zone are local ones. By default the day until now."""
    end = dt_util.as_utc(call.data[ATTR_END]) if ATTR_END in call.data else dt_util.utcnow()
    start = dt_util.as_utc(call.data[ATTR_START]) if ATTR_START in call.data else end - DEFAULT_SPAN
    if start >= end:
        raise _invalid("end_before_start")
    return start, end


def _of_line(log: VisitLog, camera: str, line: str, start: datetime, end: datetime) -> list[Crossing]:
    return [each for each in log.crossings(camera=camera, start=start, end=end) if each.line == line]


def _totals(crossings: list[Crossing]) -> dict[str, int]:
    counts = Counter(crossing.direction for crossing in crossings)
    return {"in": counts["in"], "out": counts["out"]}


def _by_period(crossings: list[Crossing], period: str) -> list[JsonValueType]:
    """Totals by local hour or day, without those in which nobody passed."""
    groups: dict[datetime, list[Crossing]] = {}
    for crossing in crossings:
        local = dt_util.as_local(crossing.ts).replace(minute=0, second=0, microsecond=0)
        groups.setdefault(local.replace(hour=0) if period == "day" else local, []).append(crossing)
    return [{"start": start.isoformat(), **_totals(groups[start])} for start in sorted(groups)]


def _invalid(key: str) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key)
