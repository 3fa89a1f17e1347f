"""Checks MQTT discovery messages with Home Assistant's own schemas and templates; runs in its environment.

Reads one JSON object: `messages` (topic and payload, as published), `prefix`, `samples` (sets by name, each from state
topic to payload) and `commands` (component to the values that Home Assistant would put into its command template).
Writes one: `faults`, `devices` (name to the number of its components), `states` and `attributes` (by set, unique id to
what the sample renders to), and `orders` (unique id to what would be published on its command topic).
"""

# mypy: disable-error-code="import-not-found"
# Home Assistant lives in an environment of its own.

from __future__ import annotations

import asyncio
import copy
import importlib
import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import probatio
from homeassistant.components.mqtt import discovery, schemas
from homeassistant.components.mqtt.const import ENTITY_PLATFORMS, SUPPORTED_COMPONENTS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame
from homeassistant.helpers.template import Template

#: Keys that every component inherits or that are taken off before its platform sees it.
INHERITED = {*schemas.SHARED_OPTIONS, "platform", "origin", "device"}


class Check:
    """One run over all messages."""

    def __init__(self, hass: HomeAssistant, task: dict[str, Any]) -> None:
        self._hass = hass
        self._task = task
        self._unique: dict[tuple[str, str], str] = {}
        self.result: dict[str, Any] = {
            "faults": [],
            "devices": {},
            "states": {name: {} for name in task["samples"]},
            "attributes": {name: {} for name in task["samples"]},
            "orders": {},
        }

    def run(self) -> None:
        """Check every message."""
        for topic, payload in self._task["messages"]:
            for fault in self._message(topic, payload):
                self.result["faults"].append(f"{topic}: {fault}")

    def _message(self, topic: str, payload: str) -> Iterator[str]:
        match = discovery.TOPIC_MATCHER.fullmatch(topic.removeprefix(f"{self._task['prefix']}/"))
        if not match or match["component"] != "device":
            yield "is no topic of a device"
            return
        if not payload:
            return  # removes the device
        data = discovery.MQTTDiscoveryPayload(json.loads(payload))
        discovery._replace_all_abbreviations(data)
        try:
            checked = schemas.DEVICE_DISCOVERY_SCHEMA(copy.deepcopy(dict(data)))
            schemas.validate_device_discovery_components(checked)
        except probatio.Invalid as error:
            yield f"device: {error}"
            return
        for key in ("name", "manufacturer", "model", "sw_version"):
            if not checked["device"].get(key):
                yield f"the device has no {key}"
        self.result["devices"][checked["device"]["name"]] = len(data["components"])
        for name, component in data["components"].items():
            for fault in self._component(name, data, component):
                yield f"{name}: {fault}"

    def _component(self, name: str, data: dict[str, Any], component: dict[str, Any]) -> Iterator[str]:
        config = discovery.MQTTDiscoveryPayload(copy.deepcopy(component))
        platform = config.pop("platform")
        config["device"], config["origin"] = copy.deepcopy(data["device"]), copy.deepcopy(data["origin"])
        discovery._merge_common_device_options(config, data)
        if platform not in SUPPORTED_COMPONENTS or platform not in ENTITY_PLATFORMS:
            yield f"{platform} makes no entity"
            return
        try:
            schema = importlib.import_module(f"homeassistant.components.mqtt.{platform}").DISCOVERY_SCHEMA
            checked = schema(copy.deepcopy(dict(config)))
        except probatio.Invalid as error:
            yield f"{platform}: {error}"
            return
        for key in sorted(set(config) - set(checked) - INHERITED):
            yield f"{key} is no option of {platform}: it would be dropped without a word"
        yield from self._identity(name, platform, config)
        self._render(name, config)

    def _identity(self, name: str, platform: str, config: dict[str, Any]) -> Iterator[str]:
        unique = config["unique_id"]
        if (platform, unique) in self._unique:
            yield f"unique_id {unique} is also that of {self._unique[platform, unique]}"
        self._unique[platform, unique] = name
        if not config.get("default_entity_id", "").startswith(f"{platform}."):
            yield "default_entity_id names no entity of this platform"
        if not config.get("name"):
            yield "has no name"
        if config["name"].lower().startswith(config["device"]["name"].lower()):
            yield "the name begins with the device's name, which Home Assistant puts before it"
        if "availability" not in config:
            yield "stays available when the node is gone"

    def _render(self, name: str, config: dict[str, Any]) -> None:
        """What Home Assistant makes of the samples, and what it would send."""
        result, unique = self.result, config["unique_id"]
        for of, samples in self._task["samples"].items():
            if (sample := samples.get(config.get("state_topic"))) is not None:
                template = config.get("value_template", "{{ value }}")
                result["states"][of][unique] = self._template(template, sample)
            if (sample := samples.get(config.get("json_attributes_topic"))) is not None:
                template = config.get("json_attributes_template", "{{ value }}")
                result["attributes"][of][unique] = json.loads(self._template(template, sample))
        if name in self._task["commands"]:
            template = Template(config["command_template"], self._hass)
            values = self._task["commands"][name]
            result["orders"][unique] = [template.async_render({"value": value}, parse_result=False) for value in values]
        if "payload_press" in config:
            result["orders"][unique] = [config["payload_press"]]

    def _template(self, text: str, sample: str) -> str:
        return str(Template(text, self._hass).async_render_with_possible_json_value(sample, "it does not render"))


async def main() -> None:
    """Check what stands on the standard input."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        hass = HomeAssistant(folder)  # never started: only templates are parsed with it
        frame.async_setup(hass)
        try:
            check = Check(hass, json.load(sys.stdin))
            check.run()
            json.dump(check.result, sys.stdout)
        finally:
            await hass.async_stop(force=True)


if __name__ == "__main__":
    asyncio.run(main())
