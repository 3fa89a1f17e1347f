"""A home with the integration set up: what it shows, what is true, and how its parts are stopped and started."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from script.demo_home_assistant.api import Api, wait_until
from tests.broker import Broker
from tests.e2e.edge import Edge
from tests.ha.e2e.conftest import Home
from tests.ha.e2e.hass import Hass

CAMERA = "porch-front_door-"
#: Somebody comes within this, and is gone again within this: every half minute, where the machine has time for it.
VISIT_S = 120.0
#: So long after the last part is up, everything shown must be true.
TRUE_S = 10.0
#: A part is up when the broker has it: Home Assistant looks for it every 10 s, a busy machine takes its time.
UP_S = 60.0
#: Home Assistant's own words when its broker goes away.
BROKER_WAS_AWAY = (
    r"homeassistant\.components\.mqtt\.client\] (Error returned from|Failed to connect to) MQTT server",
    r"_async_resubscribe_and_publish",
    r"paho\.mqtt\.client\] failed to receive on socket",
    r"homeassistant\.components\.mqtt\.util\] Error talking to MQTT",
    r"homeassistant\.components\.mqtt\.client\] No ACK from MQTT server",
)
#: And when a removal comes while it still adds what it discovered a moment ago: that is seen, and repeated.
STILL_ADDING = r"mqtt\.discovery\] No device components to cleanup for porchlight"
STATE = "porchlight/porch/front_door/state"
EDGE = "porchlight-porch"


@dataclass(frozen=True, slots=True)
class FullHome:
    """A home, and the questions that tests ask."""

    home: Home

    @property
    def api(self) -> Api:
        """Home Assistant's."""
        return self.home.hass.api

    # --- what is there --------------------------------------------------------------------------------------------

    def entities(self, platform: str = "porchlight") -> dict[str, str]:
        """The enabled entities of an integration: entity id by unique id."""
        found = self.api.registry(platform)
        return {entry["unique_id"]: entry["entity_id"] for entry in found if entry["disabled_by"] is None}

    def of(self, platform: str, key: str) -> str:
        """The entity of the camera with this key."""
        wanted = (each for unique_id, each in self.entities().items() if unique_id == f"{CAMERA}{key}")
        return next(entity_id for entity_id in wanted if entity_id.startswith(f"{platform}."))

    def devices(self) -> list[str]:
        """The identifiers of the node's devices, whichever integration made them."""
        found = (identifier for each in self.api.devices() for identifier in each["identifiers"])
        return sorted(" ".join(each) for each in found if "porch" in each[1])

    # --- what is true ---------------------------------------------------------------------------------------------

    def told(self) -> dict[str, Any]:
        """What the edge told last about its camera."""
        with self.home.broker.observer(STATE) as observer:
            state: dict[str, Any] = json.loads(observer.wait(bool)[-1].payload)
        return state

    def untrue(self) -> Iterator[str]:
        """What Home Assistant shows and is not so."""
        states, entities, told = self.api.states(), self.entities(), self.told()
        shown = {unique_id: states.get(each, {"state": "missing"})["state"] for unique_id, each in entities.items()}
        truth = {
            f"{CAMERA}person": "on" if told["person"] else "off",
            f"{CAMERA}people": str(told["count"]),
            f"{CAMERA}connectivity": "on",
        }
        yield from (f"{key} is {now}" for key, now in shown.items() if now in ("missing", "unavailable"))
        yield from (f"{key} is {shown.get(key)}, not {want}" for key, want in truth.items() if shown.get(key) != want)
        yield from (f"{key} is shown by MQTT, too" for key in self.entities("mqtt"))

    def wait_true(self, timeout_s: float = TRUE_S) -> float:
        """Wait until all that is shown is true; seconds that it took."""
        began = time.monotonic()
        untrue: list[str] = []

        def look() -> bool:
            untrue[:] = self.untrue()
            return not untrue

        try:
            wait_until(look, "the truth", timeout_s)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {untrue}") from None
        return time.monotonic() - began

    # --- what is done ---------------------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Accept what was discovered."""
        self.api.finish(self.api.discovered("porchlight"), [{}, {"next_step_id": "none"}])

    def remove(self) -> None:
        """Remove the integration's entry."""
        self.api.remove_entry(self.api.entries("porchlight")[0]["entry_id"])

    def wait_person(self, *, there: bool = True) -> None:
        """Wait until somebody comes, or is gone."""
        self.api.wait_state(self.of("binary_sensor", "person"), "on" if there else "off", VISIT_S)

    def stop(self, parts: Iterable[str]) -> None:
        """Stop parts of the home in this order."""
        for part in parts:
            self._part(part).stop()

    def start(self, parts: Iterable[str]) -> None:
        """Start parts of the home in this order, and wait until all of them are up."""
        for part in parts:
            self._part(part).start()
        wait_until(self._up, "Home Assistant and the edge at the broker", UP_S)

    def _part(self, name: str) -> Hass | Edge | Broker:
        parts: dict[str, Hass | Edge | Broker] = {
            "hass": self.home.hass,
            "edge": self.home.edge,
            "broker": self.home.broker,
        }
        return parts[name]

    def _up(self) -> bool:
        clients = {each for each in self.home.broker.clients() if not each.startswith("auto-")}
        return EDGE in clients and len(clients) > 1
