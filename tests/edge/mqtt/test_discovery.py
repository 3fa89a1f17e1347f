"""What discovery messages have to keep for ever: topics and unique ids. Home Assistant's own view is in tests/ha."""

from __future__ import annotations

import json

from edge_detector.config.root import SETTINGS_BOUNDS
from edge_detector.mqtt.discovery import Discovery
from edge_detector.mqtt.events import EventType
from edge_detector.mqtt.messages import CameraInfo, NodeInfo
from edge_detector.mqtt.topics import Topics


def discovery(node: str = "pi", *cameras: str, api_url: str | None = None) -> Discovery:
    info = NodeInfo(
        node=node,
        name="Pi",
        version="0.1.0",
        model="Pi 5",
        cameras=tuple(CameraInfo(id=camera, name=camera.title()) for camera in cameras),
        api_url=api_url,
    )
    return Discovery(info=info, topics=Topics(node=node), bounds=SETTINGS_BOUNDS, prefix="ha")


def ids(made: Discovery) -> list[str]:
    bodies = [json.loads(message.payload) for message in made.messages()]
    return [component["unique_id"] for body in bodies for component in body["components"].values()] + [
        identifier for body in bodies for identifier in body["device"]["identifiers"]
    ]


def test_the_node_comes_first_and_goes_last() -> None:
    made = discovery("pi", "door", "gate")
    topics = [
        "ha/device/porchlight-pi/config",
        "ha/device/porchlight_pi_door/config",
        "ha/device/porchlight_pi_gate/config",
    ]
    assert [message.topic for message in made.messages()] == topics
    assert [message.topic for message in made.removals()] == topics[::-1]
    assert made.removal("door") in made.removals()
    assert all(message.retain for message in (*made.messages(), *made.removals()))
    assert {message.payload for message in made.removals()} == {""}


def test_no_two_nodes_share_an_id() -> None:
    # As text, "a_b" with camera "c" and "a" with camera "b_c" are easily the same.
    one, other = discovery("a_b", "c", "node"), discovery("a", "b_c")
    assert not set(ids(one)) & set(ids(other))
    assert len(set(ids(one))) == len(ids(one))


def test_a_camera_refers_to_its_node_and_knows_every_event() -> None:
    node, camera = (json.loads(message.payload) for message in discovery("pi", "door").messages())
    assert camera["device"]["via_device"] == node["device"]["identifiers"][0]
    assert camera["components"]["event"]["event_types"] == list(EventType)
    number = camera["components"]["min_confidence"]
    assert (number["min"], number["max"]) == (5, 99)


def test_the_nodes_page_is_linked_when_it_has_one() -> None:
    without, with_page = (
        json.loads(discovery(api_url=url).messages()[0].payload)["device"] for url in (None, "http://192.0.2.7:8480")
    )
    assert "configuration_url" not in without
    assert with_page["configuration_url"] == "http://192.0.2.7:8480"


def drawn_door() -> dict[str, dict[str, object]]:
    door = CameraInfo(
        id="door",
        name="Door",
        zones=(("mat", "Mat"), ("people", "People")),
        lines=(("sill", "Sill"),),
        erased_zones=("old",),
        erased_lines=("gone",),
    )
    info = NodeInfo(node="pi", name="Pi", version="0.1.0", model="Pi 5", cameras=(door,))
    made = Discovery(info=info, topics=Topics(node="pi"), bounds=SETTINGS_BOUNDS)
    components: dict[str, dict[str, object]] = json.loads(made.messages()[1].payload)["components"]
    return components


def test_zones_and_lines_have_entities_and_what_was_erased_is_given_up() -> None:
    components = drawn_door()
    assert {key: body["platform"] for key, body in components.items() if key.endswith(("mat", "sill", "inside"))} == {
        "zone_mat": "binary_sensor",
        "people_mat": "sensor",
        "in_sill": "sensor",
        "out_sill": "sensor",
        "inside": "sensor",
        "reset_inside": "button",
    }
    assert components["in_sill"]["state_class"] == "total_increasing"
    erased = {"zone_old": "binary_sensor", "people_old": "sensor", "in_gone": "sensor", "out_gone": "sensor"}
    assert {key: components[key] for key in erased} == {key: {"platform": kind} for key, kind in erased.items()}


def test_without_lines_nobody_is_counted_inside() -> None:
    (_, camera) = (json.loads(message.payload) for message in discovery("pi", "door").messages())
    assert "inside" not in camera["components"]


def test_a_zone_may_have_any_id_without_being_taken_for_something_else() -> None:
    components = drawn_door()
    names = [body["unique_id"] for body in components.values() if "unique_id" in body]
    assert len(names) == len(set(names))
    assert {"people", "people_people", "zone_people"} <= set(components)
