import pytest

from edge_detector.core.facts import LineCrossed
from edge_detector.core.naming import iso8601
from tests.edge.web.conftest import BEGUN_MS, NOW_UTC, Site

BEGUN = BEGUN_MS / 1000
DAY = "from=2026-11-05T00:00:00%2B01:00&to=2026-11-06T00:00:00%2B01:00"


def crossed(site: Site, utc: float, way: str = "in", *, camera: str = "door", line: str = "gate") -> None:
    site.history.note(LineCrossed(camera=camera, visit_id="", t=0.0, utc=utc, line=line, direction=way, track=int(utc)))


@pytest.fixture
def busy(site: Site) -> Site:
    """Three visits at one camera, one at the other, and some who crossed."""
    for n in (0, 1, 61):
        site.visit(n)
    site.visit(2, camera="yard")
    for way in ("in", "in", "out"):
        crossed(site, BEGUN + len(way), way)
    crossed(site, BEGUN + 9)
    crossed(site, BEGUN + 5, line="back")
    return site


async def test_hours_of_a_day_are_told_also_empty_ones(busy: Site) -> None:
    body = (await busy.client.get(f"/traffic?{DAY}")).json
    assert (body["from"], body["to"]) == ("2026-11-04T23:00:00.000Z", "2026-11-05T23:00:00.000Z")
    assert (body["bucket"], body["tz"], len(body["buckets"])) == ("hour", "Europe/Berlin", 24)
    assert body["buckets"][11] == {"start": "2026-11-05T11:00:00+01:00", "visits": 3, "in": 3, "out": 1}
    assert body["buckets"][12] == {"start": "2026-11-05T12:00:00+01:00", "visits": 1, "in": 0, "out": 0}
    assert body["total"] == {"visits": 4, "in": 3, "out": 1}


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("camera=door", {"visits": 3, "in": 3, "out": 1}),
        ("camera=yard", {"visits": 1, "in": 0, "out": 0}),
        ("camera=door&zone=mat", {"visits": 3, "in": 0, "out": 0}),
        ("camera=door&line=gate", {"visits": 0, "in": 2, "out": 1}),
        ("camera=door&line=back", {"visits": 0, "in": 1, "out": 0}),
        ("camera=door&line=back&zone=mat", {"visits": 3, "in": 1, "out": 0}),
        ("camera=gone", {"visits": 0, "in": 0, "out": 0}),
    ],
)
async def test_only_what_is_asked_for_counts(busy: Site, query: str, total: dict[str, int]) -> None:
    assert (await busy.client.get(f"/traffic?{DAY}&{query}")).json["total"] == total


async def test_last_day_by_the_hour_is_told_when_nothing_is_said(busy: Site) -> None:
    body = (await busy.client.get("/traffic")).json
    assert (body["to"], body["from"]) == (iso8601(NOW_UTC), iso8601(NOW_UTC - 86_400))
    assert body["total"]["visits"] == 4


async def test_other_time_zones_and_buckets(busy: Site) -> None:
    body = (await busy.client.get(f"/traffic?{DAY}&bucket=day&tz=Asia/Tokyo")).json
    assert [bucket["start"] for bucket in body["buckets"]] == ["2026-11-05T00:00:00+09:00", "2026-11-06T00:00:00+09:00"]
    minutes = (await busy.client.get("/traffic?from=2026-11-05T10:00:00Z&to=2026-11-05T10:03:00Z&bucket=minute")).json
    assert [bucket["visits"] for bucket in minutes["buckets"]] == [1, 1, 1]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("zone=mat", 400, "need camera"),
        ("camera=door&zone=nosuch", 404, "nosuch"),
        ("camera=door&line=nosuch", 404, "nosuch"),
        ("camera=NO", 400, "camera"),
        ("bucket=week", 400, "bucket"),
        ("tz=Mars/Phobos", 400, "Mars/Phobos"),
        ("tz=../../etc/passwd", 400, "time zone"),
        ("from=2026-11-05T10:00:00Z&to=2026-11-05T10:00:00Z", 400, "before to"),
        ("from=1969-01-01T00:00:00Z", 400, "1970"),
        ("from=2026-11-05T10:00:00", 400, "from"),
        ("from=2000-01-01T00:00:00Z&to=2026-01-01T00:00:00Z&bucket=minute", 400, "larger"),
        ("to=9999-12-31T23:59:59Z&from=9999-12-30T00:00:00Z&tz=Pacific/Kiritimati", 400, ""),
    ],
)
async def test_what_makes_no_sense_is_told(busy: Site, query: str, status: int, said: str) -> None:
    answer = await busy.client.get(f"/traffic?{query}")
    assert answer.status == status
    assert said in answer.json["error"]["message"]


async def test_visits_are_found_by_zone(busy: Site) -> None:
    body = (await busy.client.get("/visits?camera=door&zone=mat&limit=2")).json
    assert len(body["visits"]) == 2
    rest = (await busy.client.get(f"/visits?camera=door&zone=mat&cursor={body['next']}")).json
    assert (len(rest["visits"]), rest["next"]) == (1, None)
    assert (await busy.client.get("/visits?camera=yard&zone=nosuch")).json["visits"] == []
    assert (await busy.client.get("/visits?zone=mat")).code == "bad_request"
