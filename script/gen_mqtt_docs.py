#!/usr/bin/env python3
"""Fill the tables of docs/reference/mqtt.md from the code and the contract; with --check, say whether it is in step.

Needs the project's environment: .venv/bin/python script/gen_mqtt_docs.py [--check]
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator

from generated_page import ROOT, keep

sys.path.insert(0, str(ROOT))

from edge_detector.config.root import SETTINGS_BOUNDS
from edge_detector.mqtt.discovery import Discovery
from edge_detector.mqtt.events import EventType
from edge_detector.mqtt.messages import CameraInfo, NodeInfo
from edge_detector.mqtt.topics import TABLE, Topics

PAGE = ROOT / "docs" / "reference" / "mqtt.md"
CONTRACT = ROOT / "tests" / "contract"
BLOCK = re.compile(r"(?P<begin><!-- begin (?P<name>\w+).*? -->\n).*?(?P<end><!-- end (?P=name) -->)", re.DOTALL)

#: Of every event, so that the table leaves them out.
COMMON = ("id", "event_type", "visit_id", "ts")
#: Messages with an example on the page, in its order.
SHOWN = ("announce", "state", "last_clip", "settings", "health", "event_person_arrived", "set", "do.snapshot", "claim")


def topics() -> Iterator[str]:
    """Give the contract's topics."""
    yield from ("| topic | way | retained | QoS | what |", "| --- | --- | --- | --- | --- |")
    for kind in TABLE:
        retained = "yes" if kind.retain else "no"
        yield f"| `porchlight/{kind.pattern}` | {kind.way} | {retained} | {kind.qos} | {kind.text} |"


def events() -> Iterator[str]:
    """Give every event with its own fields, as its schema has them."""
    yield from ("| `event_type` | when | its own fields |", "| --- | --- | --- |")
    for kind in EventType:
        schema = json.loads((CONTRACT / "schemas" / f"event_{kind}.json").read_text())
        fields = ", ".join(f"`{name}`" for name in schema["properties"] if name not in COMMON)
        yield f"| `{kind}` | {schema['description']} | {fields or 'none'} |"


def settings() -> Iterator[str]:
    """Give the settings that may be changed, and their bounds."""
    yield from ("| setting | allowed |", "| --- | --- |")
    for name in json.loads((CONTRACT / "messages" / "settings.json").read_text()):
        bounds = SETTINGS_BOUNDS.get(name)
        yield f"| `{name}` | {'`true`, `false`' if bounds is None else f'{bounds[0]:g} to {bounds[1]:g}'} |"


def entities() -> Iterator[str]:
    """Give what Home Assistant shows without the integration."""
    info = NodeInfo(node="node", name="Node", version="0", model="", cameras=(CameraInfo(id="camera", name="Camera"),))
    node, camera = Discovery(info=info, topics=Topics(node=info.node), bounds=SETTINGS_BOUNDS).messages()
    for title, message in (("Each camera", camera), ("The node", node)):
        yield from (f"**{title}**, at `{message.topic.replace('node', '<node>').replace('camera', '<camera>')}`:", "")
        yield from ("| entity | platform | device class | category |", "| --- | --- | --- | --- |")
        for part in json.loads(message.payload)["components"].values():
            more = (part["platform"], part.get("device_class", ""), part.get("entity_category", ""))
            yield f"| {part['name']} | {' | '.join(more)} |"
        yield ""


def examples() -> Iterator[str]:
    """Give one example of each message."""
    for name in SHOWN:
        yield from (f"`{name.partition('.')[0]}`:", "", "```json")
        yield (CONTRACT / "messages" / f"{name}.json").read_text().rstrip()
        yield from ("```", "")


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "topics": topics,
    "events": events,
    "settings": settings,
    "entities": entities,
    "examples": examples,
}


def filled(page: str) -> str:
    """The page with every table as the code has it now."""
    return BLOCK.sub(
        lambda found: found["begin"] + "\n".join(PARTS[found["name"]]()).rstrip() + "\n" + found["end"], page
    )


if __name__ == "__main__":
    sys.exit(keep(PAGE, filled(PAGE.read_text(encoding="utf-8")), about=__doc__))
