"""MQTT discovery for a Home Assistant without the integration: one device a camera, and one for the node."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from edge_detector.mqtt.commands import Action, Bounds
from edge_detector.mqtt.discovery_outline import on_off, outline_components, while_online
from edge_detector.mqtt.events import EventType
from edge_detector.mqtt.messages import Body, CameraInfo, NodeInfo, to_json
from edge_detector.mqtt.topics import (
    DO,
    EVENT,
    HEALTH,
    IMAGE,
    LAST_CLIP,
    SET,
    SETTINGS,
    STATE,
    STATUS,
    Message,
    Topics,
)

SUPPORT_URL = "https://github.com/porchlight-home/porchlight"

#: Home Assistant refuses a longer state.
MAX_STATE_CHARACTERS = 255

_URL = (
    "{% set url = (value_json.url or '').split('?')[0] %}"  # a signature is a secret: the state has none
    f"{{{{ url if url | length <= {MAX_STATE_CHARACTERS} else '' }}}}"
)
_PERSON_ATTRIBUTES = "{{ {'visit_id': value_json.visit_id, 'since': value_json.since} | tojson }}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Builds the discovery messages of one node."""

    info: NodeInfo
    topics: Topics
    bounds: Bounds
    prefix: str = "homeassistant"

    def messages(self) -> tuple[Message, ...]:
        """The messages that make the devices: the node first, because the cameras refer to it."""
        bodies = (self._node(), *map(self._camera, self.info.cameras))
        places = zip(self._places().values(), bodies, strict=True)
        return tuple(_retained(topic, to_json(body)) for topic, body in places)

    def removals(self) -> tuple[Message, ...]:
        """The messages that take the devices away again, the cameras first."""
        return self.removals_of(self._places())

    def removals_of(self, identifiers: Container[str]) -> tuple[Message, ...]:
        """Those of the devices with these identifiers."""
        return tuple(_retained(topic, "") for name, topic in reversed(self._places().items()) if name in identifiers)

    def removal(self, camera: str) -> Message:
        """The message that takes one camera's device away."""
        return _retained(self._camera_topic(camera), "")

    def _places(self) -> dict[str, str]:
        """The topic of each device by its identifier: the node's, then the cameras'."""
        # A hyphen cannot stand in a slug: no camera's topic or id is ever that of a node.
        node = {self._id(): f"{self.prefix}/device/porchlight-{self.info.node}/config"}
        return node | {self._id(camera.id): self._camera_topic(camera.id) for camera in self.info.cameras}

    def _camera_topic(self, camera: str) -> str:
        return f"{self.prefix}/device/porchlight_{self.info.node}_{camera}/config"

    def _node(self) -> Body:
        device: Body = {
            "identifiers": [self._id()],
            "name": self.info.name,
            "manufacturer": "Porchlight",
            "model": self.info.model,
            "sw_version": self.info.version,
        }
        if self.info.api_url:
            device["configuration_url"] = self.info.api_url
        # No id that the integration's entities have: Home Assistant loses its way when both are there for a moment.
        return self._payload(device, _node_components(self.topics), self._id(), f"porchlight_{self.info.node}")

    def _camera(self, camera: CameraInfo) -> Body:
        device: Body = {
            "identifiers": [self._id(camera.id)],
            "name": camera.name,
            "manufacturer": "Porchlight",
            "model": "Camera",
            "sw_version": self.info.version,
            "via_device": self._id(),
        }
        components = _camera_components(self.topics, camera, self.bounds)
        return self._payload(device, components, self._id(camera.id), camera.id)

    def _payload(self, device: Body, components: dict[str, Body], unique: str, entity: str) -> Body:
        """A whole device message; ids are added to every component that is not there to be removed."""
        return {
            "device": device,
            "origin": {"name": "Porchlight", "sw_version": self.info.version, "support_url": SUPPORT_URL},
            "availability": [{"topic": self.topics.of(STATUS)}],
            "components": {
                key: {
                    **component,
                    "unique_id": f"{unique}-{key}",
                    "default_entity_id": f"{component['platform']}.{entity}_{key}",
                }
                if len(component) > 1
                else component
                for key, component in components.items()
            },
        }

    def _id(self, *more: str) -> str:
        return "-".join(("porchlight", self.info.node, *more))


def _retained(topic: str, payload: str) -> Message:
    return Message(topic=topic, payload=payload, qos=1, retain=True)


def _node_components(topics: Topics) -> dict[str, Body]:
    """The node's health."""
    health = {"state_topic": topics.of(HEALTH), "entity_category": "diagnostic"}
    sensor = {"platform": "sensor", **health}
    measured = {**sensor, "state_class": "measurement"}
    return {
        "connection": {
            "platform": "binary_sensor",
            "name": "Connection",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": topics.of(STATUS),
            "payload_on": "online",
            "payload_off": "offline",
            "availability": [],  # it says so itself when the node is away
        },
        "upload_problem": {
            "platform": "binary_sensor",
            "name": "Uploads",
            "device_class": "problem",
            **health,
            "value_template": on_off("value_json.outbox.failed or value_json.outbox.last_error"),
            "json_attributes_topic": topics.of(HEALTH),
            "json_attributes_template": "{{ value_json.outbox | tojson }}",
        },
        "uploads_waiting": {
            **measured,
            "name": "Uploads waiting",
            "icon": "mdi:tray-full",
            "value_template": "{{ value_json.outbox.pending }}",
        },
        "disk_free": {
            **measured,
            "name": "Disk free",
            "device_class": "data_size",
            "unit_of_measurement": "GB",
            "suggested_display_precision": 1,
            "value_template": "{{ (value_json.disk_free_bytes / 1e9) | round(2) }}",
        },
        "memory": {
            **measured,
            "name": "Memory used",
            "device_class": "data_size",
            "unit_of_measurement": "MB",
            "suggested_display_precision": 0,
            "value_template": "{{ (value_json.memory_bytes / 1e6) | round(1) }}",
        },
        "cpu": {
            **measured,
            "name": "Processor use",
            "icon": "mdi:chip",
            "unit_of_measurement": "%",
            "value_template": "{{ value_json.cpu_percent }}",
        },
        "temperature": {
            **measured,
            "name": "Temperature",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "value_template": "{{ value_json.temperature_c }}",
        },
        "inference": {
            **measured,
            "name": "Inference time",
            "device_class": "duration",
            "unit_of_measurement": "ms",
            "value_template": "{{ value_json.detector.inference_ms }}",
        },
        "detector": {
            **sensor,
            "name": "Detector",
            "icon": "mdi:eye-check",
            "value_template": "{{ value_json.detector.backend }}",
            "json_attributes_topic": topics.of(HEALTH),
            "json_attributes_template": "{{ value_json.detector | tojson }}",
        },
    }


def _camera_components(topics: Topics, camera: CameraInfo, bounds: Bounds) -> dict[str, Body]:
    """All of a camera's entities."""
    return {
        **_seen(topics, camera.id),
        **outline_components(topics, camera),
        **_kept(topics, camera.id),
        **_changed(topics, camera.id, bounds),
    }


def _seen(topics: Topics, camera: str) -> dict[str, Body]:
    """What the camera sees."""
    state = topics.of(STATE, camera)
    online = while_online(topics, camera)
    return {
        "person": {
            "platform": "binary_sensor",
            "name": "Person",
            "device_class": "occupancy",
            "state_topic": state,
            "value_template": on_off("value_json.person"),
            "json_attributes_topic": state,
            "json_attributes_template": _PERSON_ATTRIBUTES,
            **online,
        },
        "people": {
            "platform": "sensor",
            "name": "People",
            "icon": "mdi:account-multiple",
            "state_class": "measurement",
            "state_topic": state,
            "value_template": "{{ value_json.count }}",
            **online,
        },
        "confidence": {
            "platform": "sensor",
            "name": "Confidence",
            "icon": "mdi:account-question",
            "entity_category": "diagnostic",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "state_topic": state,
            "value_template": "{{ (value_json.confidence * 100) | round(1) }}",
            **online,
        },
        "connectivity": {
            "platform": "binary_sensor",
            "name": "Camera",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": state,
            "value_template": on_off("value_json.online"),
        },
    }


def _kept(topics: Topics, camera: str) -> dict[str, Body]:
    """What the camera has left: pictures, clips, events."""
    last_clip = topics.of(LAST_CLIP, camera)
    return {
        "image": {
            "platform": "image",
            "name": "Last person",
            "image_topic": topics.of(IMAGE, camera),
            "content_type": "image/jpeg",
        },
        "last_clip": {
            "platform": "sensor",
            "name": "Last clip address",
            "icon": "mdi:filmstrip",
            "entity_category": "diagnostic",  # long, and of use to programs alone
            "state_topic": last_clip,
            "value_template": _URL,
            "json_attributes_topic": last_clip,
        },
        "last_clip_time": {
            "platform": "sensor",
            "name": "Last clip",
            "device_class": "timestamp",
            "state_topic": last_clip,
            "value_template": "{{ value_json.started_at }}",
        },
        "event": {
            "platform": "event",
            "name": "Visit",
            "icon": "mdi:door",
            "state_topic": topics.of(EVENT, camera),
            "qos": 1,
            "event_types": [kind.value for kind in EventType],
        },
    }


def _changed(topics: Topics, camera: str, bounds: Bounds) -> dict[str, Body]:
    """What the owner can change and ask for."""
    low, high = bounds["confidence"]
    config: Body = {"entity_category": "config"}
    return {
        "armed": _switch(topics, camera, "armed", "Armed", "mdi:shield-account"),
        "record": _switch(topics, camera, "record", "Record", "mdi:record-rec") | config,
        "upload": _switch(topics, camera, "upload", "Upload", "mdi:cloud-upload") | config,
        "min_confidence": {
            "platform": "number",
            "name": "Lowest confidence",
            "icon": "mdi:tune",
            **config,
            "min": round(low * 100),
            "max": round(high * 100),
            "step": 1,
            "mode": "slider",
            "unit_of_measurement": "%",
            "state_topic": topics.of(SETTINGS, camera),
            "value_template": "{{ (value_json.confidence * 100) | round(1) }}",
            "command_topic": topics.of(SET, camera),
            "command_template": '{"confidence": {{ (value / 100) | round(3) }}}',
            "qos": 1,
        },
        "snapshot": {
            "platform": "button",
            "name": "Take snapshot",
            "icon": "mdi:camera",
            "command_topic": topics.of(DO, camera),
            "payload_press": to_json({"action": Action.SNAPSHOT.value}),
            "qos": 1,
        },
    }


def _switch(topics: Topics, camera: str, key: str, name: str, icon: str) -> Body:
    return {
        "platform": "switch",
        "name": name,
        "icon": icon,
        "state_topic": topics.of(SETTINGS, camera),
        "value_template": on_off(f"value_json.{key}"),
        "command_topic": topics.of(SET, camera),
        "command_template": f'{{"{key}": {{{{ (value == "ON") | tojson }}}}}}',
        "qos": 1,
    }
