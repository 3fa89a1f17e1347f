import pytest

from edge_detector.core.facts import OccupancyChanged, SettingsChanged
from edge_detector.core.types import Armed, Configure, SetOccupancy, Settings, TakeSnapshot, TestClip
from edge_detector.web.sources import LogLine
from tests.edge.web.conftest import BEGUN_MS, Site


async def test_settings_are_told_with_their_bounds(site: Site) -> None:
    door, yard = (await site.client.get("/settings")).json
    assert (door["camera"], yard["camera"]) == ("door", "yard")
    assert door["settings"]["armed"] is True
    low, high = door["bounds"]["confidence"]
    assert 0 < low < door["settings"]["confidence"] < high <= 1


async def test_some_settings_are_changed_and_the_rest_stay(site: Site) -> None:
    answer = await site.client.send("PATCH", "/settings/door", {"armed": False, "confidence": 0.7})
    expected = Settings(armed=False, confidence=0.7)
    assert answer.status == 200
    assert (answer.json["settings"]["armed"], answer.json["settings"]["confidence"]) == (False, 0.7)
    assert site.journal.settings("door") == expected
    configure, armed = site.cameras["door"].commands
    assert isinstance(configure, Configure)
    assert configure.settings == expected
    assert isinstance(armed, Armed)
    assert armed.on is False
    assert [type(fact) for fact in site.facts] == [SettingsChanged]


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"confidence": 7}, "confidence"),
        ({"confidence": "0.5"}, "confidence"),
        ({"confidence": True}, "confidence"),
        ({"armed": 1}, "armed"),
        ({"armed": None}, "armed"),
        ({"colour": "red"}, "colour"),
        ({"armed": False, "max_clip_s": -1}, "max_clip_s"),
        ([], ""),
    ],
)
async def test_one_wrong_setting_refuses_all(site: Site, body: object, where: str) -> None:
    answer = await site.client.send("PATCH", "/settings/door", body)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["error"]["faults"][0]["where"] == where
    assert not site.cameras["door"].commands
    assert site.journal.settings("door") is None


async def test_camera_takes_orders(site: Site) -> None:
    for action, kind in (("snapshot", TakeSnapshot), ("test_clip", TestClip)):
        answer = await site.client.send("POST", "/cameras/door/do", {"action": action})
        assert (answer.status, answer.json) == (202, {"action": action})
        assert isinstance(site.cameras["door"].commands[-1], kind)
    assert (await site.client.send("POST", "/cameras/door/do", {"action": "dance"})).status == 422


async def test_occupancy_is_told_and_set(site: Site) -> None:
    assert (await site.client.get("/occupancy?camera=door")).json == [{"camera": "door", "count": 0, "since": None}]
    site.history.number("door", "camera")
    site.history.note(OccupancyChanged(camera="door", t=0.0, utc=BEGUN_MS / 1000, count=3, reason="crossed"))
    door, yard = (await site.client.get("/occupancy")).json
    assert door == {"camera": "door", "count": 3, "since": "2026-11-05T10:00:00.000Z"}
    assert yard["count"] == 0
    assert (await site.client.get("/occupancy/door/reset", method="POST")).json["count"] == 0
    command = site.cameras["door"].commands[-1]
    assert isinstance(command, SetOccupancy)
    assert command.count == 0
    assert (await site.client.send("POST", "/occupancy/door/reset", {"count": 5})).json["count"] == 5
    assert (await site.client.send("POST", "/occupancy/door/reset", {"count": -1})).status == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/settings/nobody", None),
        ("PATCH", "/settings/nobody", {}),
        ("POST", "/occupancy/nobody/reset", {}),
        ("POST", "/cameras/nobody/do", {"action": "snapshot"}),
    ],
)
async def test_nobody_takes_no_orders(site: Site, method: str, path: str, body: object) -> None:
    answer = await (site.client.get(path) if method == "GET" else site.client.send(method, path, body))
    assert (answer.status, answer.code) == (404, "not_found")


async def test_end_of_the_log_is_told(site: Site) -> None:
    site.log += [LogLine(utc=float(n), level="info", logger="edge_detector.x", text=f"line {n}") for n in range(5)]
    body = (await site.client.get("/log?lines=2")).json
    assert body["lines"][-1] == {
        "ts": "1970-01-01T00:00:04.000Z",
        "level": "info",
        "logger": "edge_detector.x",
        "message": "line 4",
    }
    assert len(body["lines"]) == 2
    assert len((await site.client.get("/log")).json["lines"]) == 5
