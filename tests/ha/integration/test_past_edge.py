"""Visits and crossings that were not heard, taken from a node that is read from."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight import past
from tests.broker import HOST, free_port
from tests.ha.integration.conftest import state_of, until
from tests.ha.integration.node import CAMERA, Node
from tests.ha.integration.test_access import Server, server
from tests.ha.integration.test_actions import call, device

__all__ = ["server"]

SPAN = {"start": "2026-11-17 00:00:00+00:00", "end": "2026-11-21 00:00:00+00:00"}
NOON = "01M7TPA0G00000000000000001"
MISSED = "01M7TPA0G00000000000000007"
TOLD: dict[str, Any] = {
    "visit_id": MISSED,
    "camera": CAMERA,
    "duration_s": 4.5,
    "max_people": 1,
    "max_confidence": 0.7,
    "zones": ["steps"],
    "snapshot": True,
    "clips": [{"n": 1, "uri": "file:/archive/1.mp4"}, {"n": 2, "uri": None}],
}
HOURS = [
    {"start": "2026-11-19T20:00:00+00:00", "visits": 1, "in": 1, "out": 0},
    {"start": "2026-11-19T20:30:00+00:00", "visits": 1, "in": 2, "out": 0},
    {"start": "2026-11-19T21:00:00+00:00", "visits": 0, "in": 0, "out": 1},
    {"start": "then", "in": 1, "out": 1},
    7,
]


async def read_from(hass: HomeAssistant, entry: MockConfigEntry, url: str) -> None:
    """Have the running entry read from an edge."""
    clips = {"type": "edge", "url": url, "token": "0123"}
    hass.config_entries.async_update_entry(entry, data={**entry.data, "clips": clips})
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: state_of(hass, "binary_sensor.hallway_front_door_person") == "on")
    await hass.config.async_set_time_zone("UTC")


def answers(visits: list[dict[str, Any]], hours: object) -> Callable[[web.Request], web.Response]:
    def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/visits"):
            first, last = (dt_util.parse_datetime(request.query[key]) for key in ("from", "to"))
            began = dt_util.parse_datetime("2026-11-19T20:00:00+00:00")
            assert first
            assert last
            assert began
            return web.json_response({"visits": visits if first <= began < last else [], "next": None})
        if request.path.endswith("/cameras"):
            return web.json_response([{"id": CAMERA}])
        assert request.query["tz"] == "UTC"
        return web.json_response(hours)

    return answer


async def test_the_node_tells_what_was_not_heard(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node, server: Server
) -> None:
    server.answer = answers([TOLD], {"buckets": HOURS})
    await read_from(hass, running, server.url)
    for ts, direction in (("20:00:01", "in"), ("20:59:59", "in"), ("21:00:00", "out"), ("21:00:01", "out")):
        edge.event("line_crossed", ts=f"2026-11-19T{ts}.000Z", direction=direction)
    await until(lambda: len(list(running.runtime_data.log.crossings())) == 4)
    answer = await call(hass, "get_visits", device_id=device(hass, running), **SPAN)
    [visit] = answer["visits"]
    assert (visit["id"], visit["source"], visit["zones"]) == (MISSED, "edge", ["steps"])
    assert (visit["clips"], visit["snapshot"]) == (["file:/archive/1.mp4"], None)
    assert answer["archive"] == "complete"

    answer = await call(hass, "get_traffic", device_id=device(hass, running, CAMERA), **SPAN)
    [line] = answer["lines"]
    assert line["periods"] == [
        {"start": "2026-11-19T20:00:00+00:00", "in": 3, "out": 0},  # it knows of one more
        {"start": "2026-11-19T21:00:00+00:00", "in": 0, "out": 2},  # and forgot one
    ]
    assert (line["in"], line["out"], line["source"]) == (3, 2, "edge")
    [asked] = [each for each in server.requests if each.path.endswith("/traffic")]
    assert (asked.query["camera"], asked.query["line"], asked.query["bucket"]) == (CAMERA, "threshold", "hour")


async def test_crossings_that_were_all_heard(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node, server: Server
) -> None:
    server.answer = answers([], {"buckets": []})
    await read_from(hass, running, server.url)
    edge.event("line_crossed", ts="2026-11-19T20:00:01.000Z")
    await until(lambda: list(running.runtime_data.log.crossings()))
    answer = await call(hass, "get_traffic", device_id=device(hass, running, CAMERA), period="day", **SPAN)
    [line] = answer["lines"]
    assert line["source"] == "home_assistant"
    assert [period["start"] for period in line["periods"]] == ["2026-11-19T00:00:00+00:00"]


async def test_a_node_that_is_away_takes_nothing_away(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node
) -> None:
    await read_from(hass, running, f"http://{HOST}:{free_port()}")
    edge.event("person_arrived", visit_id=NOON, ts="2026-11-19T20:00:00.000Z")
    edge.event("line_crossed", ts="2026-11-19T20:00:01.000Z")
    await until(lambda: list(running.runtime_data.log.crossings()))
    answer = await call(hass, "get_visits", device_id=device(hass, running), **SPAN)
    assert ([(visit["id"], visit["source"]) for visit in answer["visits"]], answer["archive"]) == (
        [(NOON, "home_assistant")],
        "unreachable",
    )
    answer = await call(hass, "get_traffic", device_id=device(hass, running), **SPAN)
    assert (answer["lines"][0]["in"], answer["archive"]) == (1, "unreachable")


async def test_traffic_that_is_none(hass: HomeAssistant, running: MockConfigEntry, server: Server) -> None:
    server.answer = answers([], [])
    await read_from(hass, running, server.url)
    answer = await call(hass, "get_traffic", device_id=device(hass, running), **SPAN)
    assert answer["archive"] == "unreachable"


async def test_nobody_waits_for_ever(
    hass: HomeAssistant, running: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "ASK_S", 0.2)
    with socket.create_server((HOST, 0)) as mute:
        await read_from(hass, running, f"http://{HOST}:{mute.getsockname()[1]}")
        answer = await call(hass, "get_visits", device_id=device(hass, running), **SPAN)
        assert answer == {"visits": [], "archive": "partial"}
