from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from edge_detector.core.evidence import ItemKind, ItemState
from tests.edge.web.conftest import BEGUN_MS, Site, visit_id

BEGUN = datetime.fromtimestamp(BEGUN_MS / 1000, UTC)


def at(minutes: float) -> str:
    """A time so many minutes after the first visit's, as a query has it."""
    return quote((BEGUN + timedelta(minutes=minutes)).isoformat())


async def found(site: Site, query: str) -> list[str]:
    """The ids of a page of visits."""
    answer = await site.client.get(f"/visits?{query}")
    assert answer.status == 200, answer.body
    return [visit["visit_id"] for visit in answer.json["visits"]]


async def test_one_visit_with_its_files(site: Site) -> None:
    visit = site.visit(0)
    site.file(visit, b"picture", ItemKind.SNAPSHOT)
    second = site.file(visit, b"second", n=2)
    first = site.file(visit, b"first")
    site.deliver(first)
    answer = await site.client.get(f"/visits/{visit}")
    assert answer.json == {
        "visit_id": visit,
        "camera": "door",
        "started_at": "2026-11-05T10:00:00.000Z",
        "ended_at": "2026-11-05T10:00:12.500Z",
        "duration_s": 12.5,
        "max_people": 2,
        "max_confidence": 0.91,
        "zones": ["mat"],
        "snapshot": True,
        "clips": [
            {
                "n": 1,
                "started_at": "2026-11-05T10:00:00.000Z",
                "duration_s": 12.0,
                "bytes": 5,
                "sha256": first.sha256,
                "state": "stored",
                "uri": site.archive.uri(first.key),
            },
            {
                "n": 2,
                "started_at": "2026-11-05T10:00:00.000Z",
                "duration_s": 12.0,
                "bytes": 6,
                "sha256": second.sha256,
                "state": "waiting",
                "uri": None,
            },
        ],
    }


async def test_visit_that_goes_on_has_no_end(site: Site) -> None:
    visit = site.visit(0, ended=False)
    body = (await site.client.get(f"/visits/{visit}")).json
    assert (body["ended_at"], body["snapshot"], body["clips"]) == (None, False, [])


async def test_clip_that_was_given_up_says_so(site: Site) -> None:
    visit = site.visit(0)
    site.settle(site.file(visit, b"clip"), ItemState.FAILED)
    clips = (await site.client.get(f"/visits/{visit}")).json["clips"]
    assert [(clip["state"], clip["uri"]) for clip in clips] == [("failed", None)]


async def test_pages_follow_each_other_newest_first_without_gap_or_repeat(site: Site) -> None:
    visits = [site.visit(n) for n in range(7)]
    seen: list[str] = []
    page, cursor = {"next": ""}, ""
    for size in (3, 3, 1):
        page = (await site.client.get(f"/visits?limit=3{cursor}")).json
        assert len(page["visits"]) == size
        seen += [visit["visit_id"] for visit in page["visits"]]
        cursor = f"&cursor={page['next']}"
        site.visit(100 + size)  # a new one moves no page
    assert seen == visits[::-1]
    assert page["next"] is None


async def test_last_page_that_is_full_has_no_next(site: Site) -> None:
    for n in range(2):
        site.visit(n)
    assert (await site.client.get("/visits?limit=2")).json["next"] is None


async def test_visits_of_a_time_and_of_a_camera(site: Site) -> None:
    for n in range(6):
        site.visit(n, camera="door" if n % 2 else "yard")
    assert await found(site, f"from={at(2)}&to={at(4)}") == [visit_id(3), visit_id(2)], "from is in, to is not"
    assert await found(site, f"from={at(4.5)}") == [visit_id(5)]
    assert await found(site, f"to={at(0.5)}") == [visit_id(0)]
    assert await found(site, f"from={at(4)}&to={at(2)}") == []
    assert await found(site, "camera=yard") == [visit_id(4), visit_id(2), visit_id(0)]
    assert await found(site, f"camera=door&from={at(2)}&cursor={visit_id(5)}") == [visit_id(3)]
    assert await found(site, "camera=cellar") == [], "of a camera that is no more there may be some, here is none"
    assert await found(site, f"to={at(2)}&cursor={visit_id(5)}") == [visit_id(1), visit_id(0)]


async def test_time_zones_are_honoured(site: Site) -> None:
    site.visit(0)
    assert await found(site, "from=" + quote("2026-11-05T12:00:00+02:00")) == [visit_id(0)]
    assert await found(site, "from=" + quote("2026-11-05T12:00:01+02:00")) == []


QUERIES = [
    "limit=0",
    "limit=201",
    "limit=x",
    "cursor=x",
    "cursor=..%2f",
    "from=yesterday",
    "from=2026-11-05T10:00:00",  # of which time zone?
    "to=1900-01-01T00:00:00Z",  # before there were visits
    "camera=Front%20door",
    "camera=..%2f..%2fetc",
]


async def test_queries_that_make_no_sense(site: Site) -> None:
    for query in QUERIES:
        answer = await site.client.get(f"/visits?{query}")
        assert (answer.status, answer.code) == (400, "bad_request"), query
        assert answer.json["error"]["message"], query


@pytest.mark.parametrize("n", ["0", "-1", "x", "99999"])
async def test_clips_are_counted_from_one(site: Site, n: str) -> None:
    visit = site.visit(0)
    assert (await site.client.get(f"/visits/{visit}/clip.mp4?n={n}")).status == 400
