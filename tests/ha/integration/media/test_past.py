"""Visits and crossings that were not heard, taken from the documents in a bucket."""

import json
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight.documents import facts_of
from edge_detector.core.evidence import ItemKind
from tests.ha.integration.conftest import until
from tests.ha.integration.media.conftest import EVENING, NIGHT, NOON, OTHER, STILL, on_moto
from tests.ha.integration.media.evidence import Store, facts, key_of, visit_at
from tests.ha.integration.node import CAMERA, Node
from tests.ha.integration.test_actions import call, device
from tests.s3_server import BUCKET, PREFIX

SPAN = {"start": "2026-11-17 00:00:00+00:00", "end": "2026-11-21 00:00:00+00:00"}


def uri(kind: ItemKind, visit_id: str, n: int = 1, camera: str = CAMERA) -> str:
    return f"s3://{BUCKET}/{PREFIX}/{key_of(kind, visit_id, camera=camera, n=n)}"


def ids(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(visit["id"], visit["source"]) for visit in answer["visits"]]


@on_moto
async def test_visits_that_were_never_heard(hass: HomeAssistant, running: MockConfigEntry) -> None:
    answer = await call(hass, "get_visits", device_id=device(hass, running, CAMERA), **SPAN)
    assert ids(answer) == [(STILL, "s3"), (NIGHT, "s3"), (NOON, "s3"), (EVENING, "s3")]
    assert answer["archive"] == "partial"  # of one of them there is no document
    still, night, _, evening = answer["visits"]
    assert night == {
        "id": NIGHT,
        "camera": CAMERA,
        "started_at": "2026-11-20T05:00:00+00:00",
        "ended_at": "2026-11-20T05:00:12.600000+00:00",
        "duration_s": 12.6,
        "max_people": 2,
        "max_confidence": 0.914,
        "zones": [],
        "clips": [uri(ItemKind.CLIP, NIGHT), uri(ItemKind.CLIP, NIGHT, 2)],
        "snapshot": uri(ItemKind.SNAPSHOT, NIGHT),
        "source": "s3",
    }
    assert (still["clips"], evening["snapshot"], evening["ended_at"]) == ([], None, None)
    assert json.dumps(answer)


@on_moto
async def test_of_all_cameras_also_those_that_went(hass: HomeAssistant, running: MockConfigEntry) -> None:
    node = device(hass, running)
    answer = await call(hass, "get_visits", device_id=node, start=SPAN["end"], end="2026-11-22 00:00:00+00:00")
    assert answer == {"visits": [], "archive": "complete"}
    answer = await call(hass, "get_visits", device_id=node, **SPAN)
    assert [visit["camera"] for visit in answer["visits"] if visit["id"] == OTHER] == ["porch_before"]
    answer = await call(hass, "get_visits", device_id=node, **SPAN, limit=2)
    assert [visit for visit, _ in ids(answer)] == [STILL, NIGHT]


@on_moto
async def test_a_visit_is_told_once(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    """One was heard whole, and of another the end was missed."""
    edge.event("person_arrived", visit_id=NOON, ts="2026-11-19T20:00:00.000Z", confidence=0.5)
    edge.event("person_left", visit_id=NOON, ts="2026-11-19T20:00:07.000Z", duration_s=7, max_people=1)
    edge.event("person_arrived", visit_id=NIGHT, ts="2026-11-20T05:00:00.000Z", zones=["steps"])
    log = running.runtime_data.log
    await until(lambda: log.visit(NIGHT))
    answer = await call(hass, "get_visits", device_id=device(hass, running, CAMERA), **SPAN)
    assert [visit for visit, _ in ids(answer)] == [STILL, NIGHT, NOON, EVENING]
    _, night, noon, _ = answer["visits"]
    assert (noon["duration_s"], noon["max_people"]) == (7, 1)
    assert noon["clips"] == [uri(ItemKind.CLIP, NOON)]
    assert (night["duration_s"], night["zones"], night["source"]) == (12.6, ["steps"], "s3")


@on_moto
async def test_somebody_who_is_still_there_is_no_gap(hass: HomeAssistant, running: MockConfigEntry, edge: Node) -> None:
    edge.state(visit_id=EVENING)
    feed = running.runtime_data.cameras[CAMERA]
    await until(lambda: feed.state and feed.state.visit_id == EVENING)
    answer = await call(hass, "get_visits", device_id=device(hass, running, CAMERA), **SPAN)
    assert answer["archive"] == "complete"


@on_moto
async def test_no_more_than_what_is_remembered_is_asked_for(hass: HomeAssistant, running: MockConfigEntry) -> None:
    garden = device(hass, running, "garden")
    answer = await call(hass, "get_visits", device_id=garden, start="2020-01-01", end=SPAN["end"])
    assert (ids(answer), answer["archive"]) == ([(OTHER, "s3")], "partial")
    answer = await call(hass, "get_visits", device_id=garden, start="2020-01-01", end=SPAN["end"], limit=1)
    assert answer["archive"] == "complete"  # for so many


@on_moto
async def test_crossings_of_visits_that_were_not_heard(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node, store: Store
) -> None:
    """One crossing was heard, and the visit's document tells of it as well; two are in documents alone."""
    await hass.config.async_set_time_zone("UTC")
    visit = visit_at("2026-11-16T10:00:00Z")
    store.visit(visit)
    crossings = [
        {"line": "threshold", "direction": "in", "ts": "2026-11-16T10:00:03.000Z"},
        {"line": "threshold", "direction": "out", "ts": "2026-11-16T10:00:09.000Z"},
        {"line": "gate", "direction": "out", "ts": "2026-11-16T10:00:09.000Z"},
        {"line": "threshold", "direction": "in", "ts": "2026-11-16T11:00:00.000Z"},
        {"line": "threshold", "direction": "over", "ts": "2026-11-16T10:00:09.000Z"},
        {"line": "threshold", "direction": "in", "ts": "2026-13-16T10:00:09.000Z"},
        7,
    ]
    document = json.dumps({**facts(), "crossings": crossings}).encode()
    store.put(key_of(ItemKind.DOCUMENT, visit), document)
    edge.event("line_crossed", ts="2026-11-16T10:00:03.000Z", direction="in")
    await until(lambda: list(running.runtime_data.log.crossings()))
    span = {"start": "2026-11-16 10:00:00+00:00", "end": "2026-11-16 11:00:00+00:00"}
    answer = await call(hass, "get_traffic", device_id=device(hass, running), **span)
    [line] = answer["lines"]
    assert (line["in"], line["out"], line["source"]) == (1, 1, "s3")
    assert line["periods"] == [{"start": "2026-11-16T10:00:00+00:00", "in": 1, "out": 1}]
    assert answer["archive"] == "complete"


@pytest.mark.parametrize("document", [b"", b"7", b"{}", b'{"max_people":"1"}'])
def test_a_document_that_is_none(document: bytes) -> None:
    assert facts_of(document, CAMERA) is None


def test_a_document_with_odd_parts() -> None:
    found = facts_of(json.dumps({**facts(), "zones": ["steps", 7, "../x"], "crossings": {}}).encode(), CAMERA)
    assert found
    assert (found.zones, found.crossings) == (("steps",), ())
