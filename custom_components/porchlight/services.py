"""The actions: what was there, how many went in and out, and a clip of now."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
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

from . import past
from .clips import Hour
from .const import DOMAIN
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator

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
    found, archive = await past.visits(coordinator, camera, *_span(call), call.data[ATTR_LIMIT])
    shown: list[JsonValueType] = [{**known.visit.as_dict(), "source": known.source} for known in found]
    return {"visits": shown, "archive": archive.value}


async def _get_traffic(call: ServiceCall) -> ServiceResponse:
    """The crossings of every line of a camera, or of a node, in all and by hour or day."""
    coordinator, only = _target(call)
    cameras = [camera for camera in coordinator.cameras if only in (None, camera)]
    found, archive = await past.traffic(coordinator, cameras, *_span(call))
    names = {(camera, line.id): line.name for camera in cameras for line in coordinator.cameras[camera].info.lines}
    lines: list[JsonValueType] = [
        {
            "camera": camera,
            "line": line,
            "name": names[camera, line],
            **_totals(known.counts),
            "periods": _by_period(known.counts, call.data[ATTR_PERIOD]),
            "source": known.source,
        }
        for (camera, line), known in found.items()
    ]
    return {"lines": lines, "archive": archive.value}


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


def _totals(counts: Counter[Hour]) -> dict[str, int]:
    totals: Counter[str] = Counter()
    for (direction, _), number in counts.items():
        totals[direction] += number
    return {"in": totals["in"], "out": totals["out"]}


def _by_period(counts: Counter[Hour], period: str) -> list[JsonValueType]:
    """Totals by local hour or day, without those in which nobody passed."""
    groups: defaultdict[datetime, Counter[Hour]] = defaultdict(Counter)
    for (direction, hour), number in counts.items():
        local = dt_util.as_local(hour)
        groups[local.replace(hour=0) if period == "day" else local][direction, hour] = number
    return [{"start": start.isoformat(), **_totals(groups[start])} for start in sorted(groups)]


def _invalid(key: str) -> ServiceValidationError:
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=key)
