import asyncio

import pytest

from edge_detector.core.drawing import outline_of
from edge_detector.core.facts import OutlineChanged
from edge_detector.core.outline import Outline
from edge_detector.core.types import Redraw
from edge_detector.outbox.database import Database
from edge_detector.outbox.outlines import SqliteOutlines
from tests.edge.web.conftest import OUTLINE, Site

PORCH = {"id": "porch", "name": "Porch", "kind": "required", "points": [[0, 0], [1, 0], [1, 1]]}
PATH = {"id": "path", "name": "Path", "start": [0.5, 0], "end": [0.5, 1]}
DRAWN = {"zones": [PORCH], "lines": [PATH]}


async def test_configured_zones_are_told_with_their_numbers(site: Site) -> None:
    door, yard = (await site.client.get("/zones")).json["cameras"]
    assert door == {
        "camera": "door",
        "number": 1,
        "name": "Front door",
        "origin": "file",
        "zones": [
            {
                "id": "mat",
                "number": 2,
                "name": "Door mat",
                "kind": "count",
                "points": [[0.1, 0.5], [0.9, 0.5], [0.9, 1]],
            }
        ],
        "lines": [{"id": "gate", "number": 3, "name": "Gate", "start": [0.1, 0.6], "end": [0.9, 0.6]}],
    }
    assert (yard["camera"], yard["zones"], yard["lines"]) == ("yard", [], [])


async def test_drawing_is_applied_kept_and_told(site: Site) -> None:
    answer = await site.client.send("PUT", "/zones/door", DRAWN)
    assert answer.status == 200
    assert (answer.json["origin"], answer.json["zones"][0]["id"]) == ("drawn", "porch")
    assert (await site.client.get("/zones/door")).json == answer.json
    outline = outline_of(DRAWN)
    command = site.cameras["door"].commands[-1]
    assert isinstance(command, Redraw)
    assert command.outline == outline
    fact = site.facts[-1]
    assert isinstance(fact, OutlineChanged)
    assert fact.outline == outline
    database = Database(site.folder / "porchlight.db")
    assert SqliteOutlines(database).get("door") == outline
    database.close()


async def test_going_back_to_the_file_forgets_the_drawing(site: Site) -> None:
    await site.client.send("PUT", "/zones/door", DRAWN)
    answer = await site.client.get("/zones/door", method="DELETE")
    assert (answer.status, answer.json["origin"], answer.json["zones"][0]["id"]) == (200, "file", "mat")
    command = site.cameras["door"].commands[-1]
    assert isinstance(command, Redraw)
    assert command.outline == OUTLINE


async def test_number_is_never_given_to_another(site: Site) -> None:
    numbers = {
        zone["number"] for camera in (await site.client.get("/zones")).json["cameras"] for zone in camera["zones"]
    }
    first = (await site.client.send("PUT", "/zones/door", DRAWN)).json["zones"][0]["number"]
    await site.client.send("PUT", "/zones/door", {"zones": [], "lines": []})
    other = await site.client.send("PUT", "/zones/door", {"zones": [PORCH | {"id": "steps"}], "lines": []})
    assert other.json["zones"][0]["number"] not in numbers | {first}
    again = await site.client.send("PUT", "/zones/door", DRAWN)
    assert again.json["zones"][0]["number"] == first


async def test_name_may_be_left_out(site: Site) -> None:
    body = {"zones": [{"id": "mat", "points": PORCH["points"]}], "lines": [PATH | {"name": "  "}]}
    answer = await site.client.send("PUT", "/zones/door", body)
    assert (answer.json["zones"][0]["name"], answer.json["zones"][0]["kind"]) == ("mat", "count")
    assert answer.json["lines"][0]["name"] == "path"


@pytest.mark.parametrize(
    ("body", "where", "said"),
    [
        ({"zones": [PORCH | {"points": [[0, 0], [1, 1]]}]}, "zones.0.points", "at least 3"),
        ({"zones": [PORCH | {"points": [[0, 0], [1, 0], [2, 1]]}]}, "zones.0.points.2.0", "less than or equal to 1"),
        ({"zones": [PORCH | {"points": [[0, 0], [1, 1], [1, 0], [0, 1]]}]}, "zones.0.points", "cross"),
        ({"zones": [PORCH, PORCH]}, "zones.1.id", "more than once"),
        ({"zones": [PORCH | {"id": "No Slug"}]}, "zones.0.id", "pattern"),
        ({"zones": [PORCH | {"kind": "nice"}]}, "zones.0.kind", "count"),
        ({"zones": [PORCH | {"colour": "red"}]}, "zones.0.colour", "not permitted"),
        ({"lines": [PATH | {"end": PATH["start"]}]}, "lines.0", "too short"),
        ({"lines": [{"id": "path", "start": [0, 0]}]}, "lines.0.end", "required"),
        ({"zones": [PORCH | {"id": f"z{n}"} for n in range(33)]}, "zones", "32"),
        ([], "", "dictionary"),
        (None, "", "dictionary"),
    ],
)
async def test_what_is_wrong_is_told_with_its_place(site: Site, body: object, where: str, said: str) -> None:
    answer = await site.client.send("PUT", "/zones/door", body)
    assert (answer.status, answer.code) == (422, "invalid")
    faults = answer.json["error"]["faults"]
    assert any(fault["where"] == where and said in fault["message"] for fault in faults), faults
    assert not site.cameras["door"].commands


async def test_text_that_is_no_json_is_told(site: Site) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await asyncio.to_thread(site.client.ask, "/zones/door", headers, method="PUT", body=b"{" * 99)
    assert (answer.status, answer.code) == (422, "invalid")


async def test_who_saw_an_older_drawing_does_not_replace_the_newer(site: Site) -> None:
    old = (await site.client.get("/zones/door")).headers["ETag"]
    new = (await site.client.send("PUT", "/zones/door", DRAWN, {"If-Match": old})).headers["ETag"]
    for answer in (
        await site.client.send("PUT", "/zones/door", DRAWN, {"If-Match": old}),
        await site.client.get("/zones/door", {"If-Match": old}, method="DELETE"),
    ):
        assert (answer.status, answer.code) == (412, "changed")
    assert (await site.client.get("/zones/door", {"If-Match": new}, method="DELETE")).status == 200


async def test_if_match_may_name_several_drawings(site: Site) -> None:
    tag = (await site.client.get("/zones/door")).headers["ETag"]
    for condition, status in ((f'"other", {tag}', 200), ('"other", "another"', 412)):
        assert (await site.client.get("/zones/door", {"If-Match": condition}, method="DELETE")).status == status


@pytest.mark.parametrize("camera", ["nobody", "NOBODY", "a" * 41])
async def test_unknown_camera_has_no_zones(site: Site, camera: str) -> None:
    assert (await site.client.get(f"/zones/{camera}")).status == 404
    assert (await site.client.send("PUT", f"/zones/{camera}", DRAWN)).status == 404
    assert (await site.client.get(f"/zones/{camera}", method="DELETE")).status == 404


async def test_drawing_of_another_program_does_not_stop_this_one(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    database = Database(site.folder / "porchlight.db")
    shelf = SqliteOutlines(database)
    shelf.put("door", Outline())
    for text in ('{"zones": 3}', '{"zones": [], "lines": [{"id": "x"}]}', "no JSON"):
        database._connection.execute("UPDATE outlines SET outline = ?", (text,))
        assert shelf.get("door") is None
    assert "the configuration counts" in caplog.text
    database.close()
