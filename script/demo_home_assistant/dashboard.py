"""A dashboard of sections, made of the entities that there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

#: A card, a section or a view, as the frontend reads it.
Part: TypeAlias = dict[str, Any]

CLIPS = "/media-browser/browser/app%2Cmedia-source%3A%2F%2Fporchlight"
TO_CLIPS = {"action": "navigate", "navigation_path": CLIPS}
#: Short, so that a visit of ten seconds is seen in it.
GRAPH_HOURS = 0.25
LOG_HOURS = 1
WELCOME = f"""\
# Porchlight
Nobody is at a real door here: the pictures are generated, and all else is real. Notifications arrive in the bell, \
first with the picture, then with the clip. [Clips]({CLIPS}) play in the media browser; the \
[automation](/config/automation/dashboard) that notifies is made from a blueprint.
"""
#: Widths in the twelve columns of a section.
WHOLE, HALF = {"columns": "full"}, {"columns": 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A camera by its device, and its entities by what they tell: a platform and a key."""

    name: str
    entities: Mapping[str, str]
    #: Crossings, people of zones: those that a camera may have several of, and their names.
    several: Mapping[str, str]

    def get(self, *keys: str) -> Iterator[str]:
        """The entities of these keys, as far as there are any."""
        return (self.entities[key] for key in keys if key in self.entities)


def cameras(registry: Iterable[Mapping[str, Any]], devices: Iterable[Mapping[str, Any]]) -> list[Camera]:
    """The cameras among the devices of the integration, by name."""
    enabled = [entry for entry in registry if entry["disabled_by"] is None]
    found = []
    for device in devices:
        own = [entry for entry in enabled if entry["device_id"] == device["id"]]
        entities = {_key(entry): str(entry["entity_id"]) for entry in own if not _of_place(entry)}
        if "camera.live" in entities:
            several = {str(entry["entity_id"]): str(entry["original_name"]) for entry in own if _of_place(entry)}
            shown = dict(sorted(several.items()))
            found.append(Camera(name=str(device["name"]), entities=entities, several=shown))
    return sorted(found, key=lambda camera: camera.name)


def dashboard(shown: Sequence[Camera]) -> Part:
    """The whole dashboard."""
    view = {
        "type": "sections",
        "title": "Porchlight",
        "path": "home",
        "icon": "mdi:outdoor-lamp",
        "max_columns": 3,
        "header": {"layout": "responsive", "card": {"type": "markdown", "text_only": True, "content": WELCOME}},
        "badges": list(_badges(shown)),
        "sections": [*(_camera(camera) for camera in shown), _history(shown)],
    }
    return {"title": "Porchlight", "views": [view]}


def _key(entry: Mapping[str, Any]) -> str:
    """What an entity tells: its platform, and the last word of its unique id."""
    platform = str(entry["entity_id"]).partition(".")[0]
    return f"{platform}.{str(entry['unique_id']).rpartition('-')[2]}"


def _of_place(entry: Mapping[str, Any]) -> bool:
    """Whether an entity is of a zone or line."""
    return any(f"-{kind}-" in str(entry["unique_id"]) for kind in ("zone", "line"))


def _heading(text: str, icon: str, *badges: str) -> Part:
    shown = [{"type": "entity", "entity": entity, "show_state": True, "show_icon": True} for entity in badges]
    return {"type": "heading", "heading": text, "icon": icon, "badges": shown}


def _section(*cards: Part) -> Part:
    return {"type": "grid", "cards": list(cards)}


def _tile(entity: str, **more: object) -> Part:
    return {"type": "tile", "entity": entity, "grid_options": HALF, **more}


def _badges(shown: Sequence[Camera]) -> Iterator[Part]:
    for camera in shown:
        for entity in camera.get("binary_sensor.person"):
            yield {"type": "entity", "entity": entity, "name": camera.name, "show_name": True, "color": "amber"}


def _camera(camera: Camera) -> Part:
    """The live picture of a camera, what is known of it, and who was there last."""
    heading = _heading(camera.name, "mdi:cctv", *camera.get("sensor.people"))
    tiles = [
        *(_tile(entity, name="Person", color="amber") for entity in camera.get("binary_sensor.person")),
        *(_tile(entity, name="Visits today") for entity in camera.get("sensor.visits_today")),
        *(_tile(entity, name="Last visit") for entity in camera.get("sensor.last_visit")),
        *(_tile(entity, name="Last clip", tap_action=TO_CLIPS) for entity in camera.get("sensor.last_clip")),
        *(_tile(entity, name=name) for entity, name in camera.several.items() if not entity.startswith("event.")),
    ]
    live = [_picture(entity, camera_view="live") for entity in camera.get("camera.live")]
    last = [_picture(entity) for entity in camera.get("image.last_person")]
    return _section(heading, *live, *tiles, {**_heading("Last person", ""), "heading_style": "subtitle"}, *last)


def _picture(entity: str, **more: object) -> Part:
    shown = {"show_name": False, "show_state": False, "aspect_ratio": "16:9", "fit_mode": "cover"}
    return {"type": "picture-entity", "entity": entity, "grid_options": WHOLE, **shown, **more}


def _history(shown: Sequence[Camera]) -> Part:
    """Who was there when; beside each other where there is room."""
    graph = {
        "type": "history-graph",
        "hours_to_show": GRAPH_HOURS,
        "entities": [
            *({"entity": each, "name": camera.name} for camera in shown for each in camera.get("binary_sensor.person")),
            *({"entity": each, "name": camera.name} for camera in shown for each in camera.get("sensor.people")),
        ],
        "grid_options": {"columns": 12},
    }
    log = {
        "type": "logbook",
        "hours_to_show": LOG_HOURS,
        "target": {"entity_id": [each for camera in shown for each in _events(camera)]},
        "grid_options": {"columns": 12, "rows": 6},
    }
    return {**_section(_heading("History", "mdi:history"), graph, log), "column_span": 2}


def _events(camera: Camera) -> Iterator[str]:
    """What is told of a camera as it happens: visits, and crossed lines."""
    yield from camera.get("event.visit")
    yield from (entity for entity in camera.several if entity.startswith("event."))
