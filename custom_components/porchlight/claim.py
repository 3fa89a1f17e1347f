"""The claim of a node: it is shown here, so MQTT discovery is not to show it as well; and what is left of that.

The MQTT integration loses the removal of a device that comes while it still adds it: at its own start, say, when the
broker has forgotten the claim. So after every claim it is looked up for a while whether such devices are there, and the
node is asked to take them away again.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_RESTORED
from homeassistant.core import CALLBACK_TYPE, CoreState, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started

from .const import CONF_BASE_TOPIC, CONF_NODE

_LOGGER = logging.getLogger(__name__)

CLAIM: Final = '{"by":"home_assistant"}'
#: What was discovered while Home Assistant started is added so long after its start.
SETTLE_S: Final = 2.0
#: The MQTT integration has added a device, or removed it, within this.
LOOK_S: Final = 3.0
#: Then whoever still publishes the devices means to.
LOOKS: Final = 5


class Claim:
    """Claims a node while its entry is set up; it stays claimed afterwards."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any], said: CALLBACK_TYPE) -> None:
        """Nothing is said before `start`; `said` is called whenever the broker has taken a claim."""
        self._hass = hass
        self._entry = entry
        self._topic = claim_topic(entry)
        self._said = said
        self._ready = hass.state is CoreState.running
        self._saying = False
        self._cameras: tuple[str, ...] = ()
        self._looks = 0
        self._timer: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Claim; while Home Assistant starts, the MQTT integration adds what it discovers: then once that is done."""
        self._entry.async_on_unload(self._stop)
        self._entry.async_on_unload(async_at_started(self._hass, self._on_started))

    @callback
    def say(self, cameras: tuple[str, ...] = (), *, again: bool = False) -> None:
        """Say that the node is shown here, unless that is being said already; `cameras` if they are known now.

        `again`: what is being said may have come too early for the answer to be heard.
        """
        self._cameras = cameras or self._cameras
        if (self._saying and not again) or not self._ready or not mqtt.is_connected(self._hass):
            return
        self._saying = True
        self._publish(CLAIM, retain=True)
        self._look_later(LOOKS)

    def _publish(self, payload: str, *, retain: bool) -> None:
        name = f"porchlight {self._topic}"
        self._entry.async_create_background_task(self._hass, self._async_publish(payload, retain=retain), name)

    async def _async_publish(self, payload: str, *, retain: bool) -> None:
        try:
            await mqtt.async_publish(self._hass, self._topic, payload, qos=1, retain=retain)
            self._said()
        except HomeAssistantError as error:
            # The next announcement comes with the next connection, and is answered with a claim.
            _LOGGER.debug("Nothing is published on %s yet: %s", self._topic, error)
        finally:
            self._saying = False

    @callback
    def _on_started(self, _: HomeAssistant) -> None:
        if self._ready:
            self.say()
        else:
            self._timer = async_call_later(self._hass, SETTLE_S, self._on_settled)

    @callback
    def _on_settled(self, _: datetime) -> None:
        self._timer = None
        self._ready = True
        self.say()

    @callback
    def _stop(self) -> None:
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def _look_later(self, looks: int) -> None:
        self._stop()
        self._looks = looks
        if looks:
            self._timer = async_call_later(self._hass, LOOK_S, self._look)

    @callback
    def _look(self, _: datetime) -> None:
        self._timer = None
        if left := dict(self._left()):
            _LOGGER.debug("The MQTT integration still shows what is claimed on %s", self._topic)
            # Without the retain flag: a wish of the moment.
            self._publish(json.dumps({"by": "home_assistant", "left": list(left)}), retain=False)
            if self._looks == 1:
                self._remove_orphans(left.values())
        self._look_later(self._looks - 1)

    def _left(self) -> Iterator[tuple[str, dr.DeviceEntry]]:
        """The devices that the MQTT integration made of this node's discovery, by their identifiers there."""
        registry, node = dr.async_get(self._hass), self._entry.data[CONF_NODE]
        for entry in self._hass.config_entries.async_entries(mqtt.DOMAIN):
            for name in (f"porchlight-{node}", *(f"porchlight-{node}-{camera}" for camera in self._cameras)):
                if device := registry.async_get_device_by_identifier((mqtt.DOMAIN, name), entry.entry_id):
                    yield name, device

    def _remove_orphans(self, devices: Iterable[dr.DeviceEntry]) -> None:
        """A device that no message made since Home Assistant started: nobody else will ever remove it."""
        for device in devices:
            entities = er.async_entries_for_device(er.async_get(self._hass), device.id)
            states = [self._hass.states.get(entity.entity_id) for entity in entities]
            if all(state is not None and state.attributes.get(ATTR_RESTORED) for state in states):
                dr.async_get(self._hass).async_remove_device(device.id)


def claim_topic(entry: ConfigEntry[Any]) -> str:
    """Where a node is claimed."""
    return f"{entry.data[CONF_BASE_TOPIC]}/{entry.data[CONF_NODE]}/claim"
