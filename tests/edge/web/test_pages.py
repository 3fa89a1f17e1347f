from importlib import resources

from tests.edge.web.client import Client
from tests.edge.web.conftest import Site

#: What the page may weigh in all.
MOST_BYTES = 150_000


async def test_page_is_at_the_root_and_may_load_its_own_alone(site: Site) -> None:
    answer = await site.client.get("//")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"], policy["connect-src"]) == ("'self'",) * 3
    assert (policy["frame-ancestors"], policy["base-uri"]) == ("'self'", "'none'")


async def test_page_that_is_still_the_same_is_not_sent_again(site: Site) -> None:
    etag = (await site.client.get("//index.html")).headers["ETag"]
    answer = await site.client.get("//", {"If-None-Match": etag})
    assert (answer.status, answer.body) == (304, b"")
    assert (await site.client.get("//", {"If-None-Match": '"other"'})).status == 200


async def test_every_file_is_served_as_what_it_is_and_all_are_small(site: Site) -> None:
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
    folder = resources.files("edge_detector.web").joinpath("static")
    total = 0
    with resources.as_file(folder) as root:
        for path in (found for found in root.rglob("*") if found.is_file()):
            answer = await site.client.get(f"//{path.relative_to(root).as_posix()}")
            total += len(answer.body)
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith(kinds.get(path.suffix, "")), path
    assert 0 < total < MOST_BYTES


async def test_folders_are_not_listed_and_strangers_see_nothing(site: Site) -> None:
    for path in ("//static", "//static/", "//live/", "//views", "//index.html/", "//./index.html"):
        assert (await site.client.get(path)).status == 404, path
    assert (await Client(port=site.client.port).get("//index.html")).status == 401
