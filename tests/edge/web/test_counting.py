"""The counting server's calls, word by word as its users know them."""

from typing import Any

import pytest

from edge_detector.core.facts import OccupancyChanged, VisitStarted
from edge_detector.web.guard import BODY_LIMIT_BYTES
from tests.edge.web.client import Client
from tests.edge.web.conftest import BEGUN_MS, Site
from tests.edge.web.test_traffic import crossed

BEGUN = BEGUN_MS / 1000  # 2026-11-05 11:00:00 in Berlin
DAY = {"start_ts": "2026-11-05 00:00:00.0", "stop_ts": "2026-11-06 00:00:00.0"}


@pytest.fixture
async def numbers(site: Site) -> dict[str, int]:
    """The numbers of the door's zone and line, by id."""
    (door, _) = (await site.client.get("/zones")).json["cameras"]
    return {one["id"]: one["number"] for one in (*door["zones"], *door["lines"])}


async def ask(site: Site, call: str, body: object) -> Any:  # noqa: ANN401 - whatever it is
    answer = await site.client.send("POST", f"//{call}", body)
    assert answer.status == 200
    return answer.json


async def test_traffic_of_a_line(site: Site, numbers: dict[str, int]) -> None:
    for utc, way in (
        (BEGUN + 1.133333, "in"),
        (BEGUN + 60, "out"),
        (BEGUN + 3600.068667, "in"),
        (BEGUN + 86_400, "in"),
    ):
        crossed(site, utc, way)
    assert await ask(site, "traffic", {"proc_id": numbers["gate"], **DAY}) == {
        "err": False,
        "traffic": 3,
        "min_ts": "2026-11-05 11:00:01.133333",
        "max_ts": "2026-11-05 12:00:00.068667",
    }


@pytest.mark.parametrize(
    "start",
    ["2026-11-05 11:00:30", "2026-11-05 11:00:30.5", "2026-11-05T10:00:30Z", "2026-11-05T11:00:30.123456+01:00"],
)
async def test_times_are_local_or_iso(site: Site, numbers: dict[str, int], start: str) -> None:
    for utc in (BEGUN, BEGUN + 60, BEGUN + 7000):
        crossed(site, utc)
    answer = await ask(site, "traffic", {"proc_id": numbers["gate"], "start_ts": start})  # until now, two hours later
    assert (answer["traffic"], answer["min_ts"]) == (2, "2026-11-05 11:01:00.000000")


async def test_nobody_passed(site: Site, numbers: dict[str, int]) -> None:
    for proc_id in (numbers["gate"], numbers["mat"], 99, -1, 2**70):
        assert await ask(site, "traffic", {"proc_id": proc_id, **DAY}) == {"err": True, "msg": "No records found"}


async def test_people_in_a_zone_and_inside(site: Site, numbers: dict[str, int]) -> None:
    site.history.note(
        VisitStarted(
            camera="door", visit_id="V", t=0.0, utc=BEGUN + 29.006, count=2, confidence=0.9, zones=(("mat", 2),)
        )
    )
    site.history.note(OccupancyChanged(camera="door", t=0.0, utc=BEGUN + 40, count=10, reason="crossed"))
    assert await ask(site, "objects", {"proc_id": numbers["mat"]}) == {
        "err": False,
        "count": 2,
        "ts": "2026-11-05 11:00:29.006000",
    }
    assert (await ask(site, "objects", {"proc_id": numbers["gate"]}))["count"] == 10
    before = await ask(site, "objects", {"proc_id": numbers["mat"], "ts": "2026-11-05 11:00:00"})
    assert before == {"err": False, "count": 0, "ts": "2026-11-05 11:00:00.000000"}
    mat = {"proc_id": numbers["mat"], **DAY}
    assert (await ask(site, "traffic", mat))["traffic"] == 2


async def test_unknown_processor(site: Site, numbers: dict[str, int]) -> None:
    camera = 1
    assert camera not in numbers.values()
    for proc_id in (camera, 99, 0):
        assert await ask(site, "objects", {"proc_id": proc_id}) == {"err": True, "msg": "Wrong processor id"}


async def test_status(site: Site) -> None:
    site.up()
    answer = await site.client.get("//statusWatch")
    (door, yard) = answer.json.values()
    assert next(iter(answer.json)) == "1"
    assert door == {"watching": True, "url": "rtsp://***@192.0.2.7/1"}
    assert yard["watching"] is False


@pytest.mark.parametrize(
    ("call", "body", "said"),
    [
        ("traffic", {"start_ts": "2026-11-05 00:00:00"}, "proc_id"),
        ("traffic", {"proc_id": 1}, "start_ts"),
        ("traffic", {"proc_id": "one", "start_ts": "2026-11-05 00:00:00"}, "proc_id"),
        ("traffic", {"proc_id": 1, "start_ts": "yesterday"}, "Not a time: yesterday"),
        ("traffic", {"proc_id": 1, "start_ts": "0001-01-01 00:00:00", "stop_ts": ""}, "Not a time"),
        ("objects", {"proc_id": 1, "ts": "25:00"}, "Not a time"),
        ("objects", [], "dict"),
        ("objects", {"proc_id": True}, "proc_id"),
    ],
)
async def test_what_makes_no_sense_is_told_in_their_form(site: Site, call: str, body: object, said: str) -> None:
    answer = await site.client.send("POST", f"//{call}", body)
    assert answer.status == 400
    assert set(answer.json) == {"err", "msg"}
    assert answer.json["err"] is True
    assert said in answer.json["msg"]


@pytest.mark.parametrize(("method", "call"), [("POST", "traffic"), ("POST", "objects"), ("GET", "statusWatch")])
async def test_stranger_is_told_in_their_form_too(site: Site, method: str, call: str) -> None:
    answer = await Client(port=site.client.port).get(f"//{call}", method=method)
    assert (answer.status, answer.code) == (401, "token_missing")
    assert (answer.json["err"], answer.json["msg"]) == (True, answer.json["error"]["message"])


async def test_body_that_is_too_large_is_told_in_their_form_too(site: Site) -> None:
    answer = await site.client.get("//objects", {"Content-Length": str(BODY_LIMIT_BYTES + 1)}, method="POST")
    assert (answer.status, answer.json["err"]) == (413, True)
