"""The entities of what is drawn on a camera's picture: zones, lines, and the people inside."""

from __future__ import annotations

from edge_detector.mqtt.commands import Action
from edge_detector.mqtt.messages import Body, CameraInfo, to_json
from edge_detector.mqtt.topics import DO, STATE, STATUS, Topics

_ONLINE = "{{ 'online' if value_json.online else 'offline' }}"


def on_off(condition: str) -> str:
    """A template that says ON or OFF as Home Assistant wants it."""
    return f"{{{{ 'ON' if {condition} else 'OFF' }}}}"


def while_online(topics: Topics, camera: str) -> Body:
    """Unknown while the camera delivers no pictures."""
    return {
        "availability": [
            {"topic": topics.of(STATUS)},
            {"topic": topics.of(STATE, camera), "value_template": _ONLINE},
        ],
        "availability_mode": "all",
    }


def outline_components(topics: Topics, camera: CameraInfo) -> dict[str, Body]:
    """Who is in the zones, and who went over the lines; what is erased is given up by its platform alone."""
    here: Body = {"state_topic": topics.of(STATE, camera.id), **while_online(topics, camera.id)}
    made: dict[str, Body] = {}
    for zone in camera.erased_zones:
        made |= {f"zone_{zone}": {"platform": "binary_sensor"}, f"people_{zone}": {"platform": "sensor"}}
    for line in camera.erased_lines:
        made |= {f"{way}_{line}": {"platform": "sensor"} for way in ("in", "out")}
    for zone, name in camera.zones:
        made |= _zone(here, zone, name)
    for line, name in camera.lines:
        made |= _line(here, line, name)
    return made | (_inside(topics, camera.id, here) if camera.lines else {})


def _zone(here: Body, zone: str, name: str) -> dict[str, Body]:
    value = f"value_json.zones.get('{zone}', {{}})"
    return {
        f"zone_{zone}": {
            "platform": "binary_sensor",
            "name": name,
            "device_class": "occupancy",
            **here,
            "value_template": on_off(f"{value}.get('person')"),
        },
        f"people_{zone}": {
            "platform": "sensor",
            "name": f"{name} people",
            "icon": "mdi:account-multiple",
            "state_class": "measurement",
            **here,
            "value_template": f"{{{{ {value}.get('count') }}}}",
        },
    }


def _line(here: Body, line: str, name: str) -> dict[str, Body]:
    return {
        f"{way}_{line}": {
            "platform": "sensor",
            "name": f"{name} {way}",
            "icon": icon,
            "state_class": "total_increasing",
            **here,
            "value_template": f"{{{{ value_json.lines.get('{line}', {{}}).get('{way}') }}}}",
        }
        for way, icon in (("in", "mdi:location-enter"), ("out", "mdi:location-exit"))
    }


def _inside(topics: Topics, camera: str, here: Body) -> dict[str, Body]:
    return {
        "inside": {
            "platform": "sensor",
            "name": "People inside",
            "icon": "mdi:home-account",
            "state_class": "measurement",
            **here,
            "value_template": "{{ value_json.occupancy }}",
        },
        "reset_inside": {
            "platform": "button",
            "name": "Nobody is inside",
            "icon": "mdi:home-remove",
            "entity_category": "config",
            "command_topic": topics.of(DO, camera),
            "payload_press": to_json({"action": Action.RESET_OCCUPANCY.value}),
            "qos": 1,
        },
    }
