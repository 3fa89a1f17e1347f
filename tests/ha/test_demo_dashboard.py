"""The demo's dashboard shows what there is, and nothing that there is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from script.demo_home_assistant.dashboard import Camera, cameras, dashboard
from script.demo_home_assistant.home import local_time_zone

DEVICES = [{"id": "n", "name": "Porch"}, {"id": "d", "name": "Front door"}]


def entry(entity_id: str, unique_id: str, device: str = "d", disabled_by: str | None = None) -> dict[str, Any]:
    named = {"entity_id": entity_id, "unique_id": f"porch-{unique_id}", "original_name": f"Name of {unique_id}"}
    return {**named, "device_id": device, "disabled_by": disabled_by}


REGISTRY = [
    entry("sensor.waiting", "uploads_waiting", device="n"),
    entry("camera.door", "door-live"),
    entry("binary_sensor.door_person", "door-person"),
    entry("binary_sensor.mat_person", "door-zone-mat-person"),
    entry("sensor.sill_in", "door-line-sill-crossings_in"),
    entry("sensor.sill_out", "door-line-sill-crossings_out"),
    entry("event.sill", "door-line-sill-crossing"),
    entry("sensor.visits", "door-visits_today"),
    entry("sensor.rate", "door-frame_rate", disabled_by="integration"),
]


def test_a_device_with_a_camera_is_one() -> None:
    (door,) = cameras(REGISTRY, DEVICES)
    assert door.name == "Front door"
    assert door.entities == {
        "camera.live": "camera.door",
        "binary_sensor.person": "binary_sensor.door_person",
        "sensor.visits_today": "sensor.visits",
    }
    assert list(door.several) == ["binary_sensor.mat_person", "event.sill", "sensor.sill_in", "sensor.sill_out"]


def test_each_entity_has_its_card_and_no_other() -> None:
    text = json.dumps(dashboard(cameras(REGISTRY, DEVICES)))
    for shown in ("camera.door", "door_person", "mat_person", "sill_in", "sill_out", "event.sill", "sensor.visits"):
        assert shown in text
    assert '"name": "Name of door-line-sill-crossings_in"' in text
    for other in ("sensor.waiting", "sensor.rate", "image.", "last_clip"):
        assert other not in text


def test_a_section_for_each_camera_and_one_for_all() -> None:
    many = [Camera(name=name, entities={"camera.live": f"camera.{name}"}, several={}) for name in ("a", "b", "c")]
    (view,) = dashboard(many)["views"]
    assert [section["cards"][0]["heading"] for section in view["sections"]] == ["a", "b", "c", "History"]


@pytest.mark.parametrize(
    ("given", "found"),
    [("Europe/Berlin", "Europe/Berlin"), ("CET-1CEST,M3.5.0,M10.5.0/3", "UTC")],
    ids=["by name", "a rule, which Home Assistant does not take"],
)
def test_the_time_zone_of_this_machine(monkeypatch: pytest.MonkeyPatch, given: str, found: str) -> None:
    monkeypatch.setenv("TZ", given)
    assert local_time_zone() == found
