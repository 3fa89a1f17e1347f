import pytest

from edge_detector.core.types import Suppress, Unsuppress
from tests.edge.web.conftest import Site


async def test_things_are_listed_and_people_are_not(site: Site) -> None:
    coat, statue = (await site.client.get("/spots")).json
    assert coat == {
        "camera": "door",
        "id": "s1",
        "box": [0.1, 0.2, 0.3, 0.4],
        "since": "2026-11-02T10:00:00.000Z",
        "seen": "2026-11-05T10:00:00.000Z",
        "proposed": True,
        "suppressed": False,
    }
    assert (statue["id"], statue["proposed"], statue["suppressed"]) == ("s2", False, True)
    assert (await site.client.get("/spots?camera=yard")).json == []


@pytest.mark.parametrize(("suppressed", "command"), [(True, Suppress), (False, Unsuppress)])
async def test_thing_is_suppressed_and_taken_notice_of_again(site: Site, suppressed: bool, command: type) -> None:
    answer = await site.client.send("PUT", "/spots/door/s1", {"suppressed": suppressed})
    assert (answer.status, answer.json["suppressed"]) == (200, suppressed)
    (sent,) = site.cameras["door"].commands
    assert isinstance(sent, command)
    assert isinstance(sent, Suppress | Unsuppress)
    assert sent.spot == "s1"


@pytest.mark.parametrize("path", ["door/s9", "yard/s1", "nobody/s1", "door/NO"])
async def test_nothing_stands_there(site: Site, path: str) -> None:
    assert (await site.client.send("PUT", f"/spots/{path}", {"suppressed": True})).status == 404
    assert (await site.client.send("PUT", "/spots/door/s1", {"suppressed": "yes"})).status == 422
    assert not site.cameras["door"].commands
