import asyncio

import pytest

from edge_detector.core.evidence import ItemKind, ItemState
from edge_detector.ports import ArchiveReader
from edge_detector.testing import FakeStore
from edge_detector.web.evidence import wanted_range
from edge_detector.web.problems import Problem
from tests.edge.web.conftest import Site, visit_id

DATA = bytes(range(256)) * 3000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),  # the whole
        ("bytes=0-99", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=900-", (900, 1000)),
        ("bytes=999-5000", (999, 1000)),  # beyond the end is cut
        ("bytes=-100", (900, 1000)),  # the last so many
        ("bytes=-5000", (0, 1000)),  # more than there are
        (" bytes=1-2 ", (1, 3)),
        ("bytes=5-2", None),  # what makes no sense is as if it were not there
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=0-1,5-6", None),  # several are answered with the whole
        ("items=0-1", None),
        (f"bytes={'9' * 5000}-", None),  # no number that long
    ],
)
def test_range(header: str | None, expected: tuple[int, int] | None) -> None:
    assert wanted_range(header, 1000) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0"])
def test_range_behind_the_end(header: str) -> None:
    with pytest.raises(Problem):
        wanted_range(header, 1000)


async def test_clip_in_the_spool(site: Site) -> None:
    visit = site.visit(0)
    item = site.file(visit, DATA)
    answer = await site.client.get(f"/visits/{visit}/clip.mp4")
    assert (answer.status, answer.body) == (200, DATA)
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["ETag"] == f'"{item.sha256}"'
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "private, no-cache"


async def test_clip_in_the_archive(site: Site) -> None:
    visit = site.visit(0)
    site.deliver(site.file(visit, DATA))
    answer = await site.client.get(f"/visits/{visit}/clip.mp4")
    assert (answer.status, answer.body) == (200, DATA)


async def test_file_that_goes_to_the_archive_while_it_is_read(site: Site) -> None:
    visit = site.visit(0)
    large = DATA * 20
    item = site.file(visit, large)
    connection = site.client.connect(f"/visits/{visit}/clip.mp4")
    try:
        begun = await asyncio.to_thread(lambda: connection.getresponse().read(10))
        site.deliver(item)
        assert begun == large[:10]
    finally:
        connection.close()
    assert (await site.client.get(f"/visits/{visit}/clip.mp4")).body == large


async def test_parts_of_a_clip(site: Site) -> None:
    visit = site.visit(0)
    etag = f'"{site.file(visit, DATA).sha256}"'
    path = f"/visits/{visit}/clip.mp4"
    part = await site.client.get(path, {"Range": "bytes=1000-1999"})
    assert (part.status, part.body) == (206, DATA[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(DATA)}"
    assert part.headers["ETag"] == etag
    tail = await site.client.get(path, {"Range": "bytes=-5", "If-Range": etag})
    assert (tail.status, tail.body) == (206, DATA[-5:])
    behind = await site.client.get(path, {"Range": f"bytes={len(DATA)}-"})
    assert (behind.status, behind.code) == (416, "range")
    assert behind.headers["Content-Range"] == f"bytes */{len(DATA)}"
    older = await site.client.get(path, {"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (older.status, len(older.body)) == (200, len(DATA))


async def test_clip_that_is_known_already_is_not_sent_again(site: Site) -> None:
    visit = site.visit(0)
    etag = f'"{site.file(visit, DATA).sha256}"'
    for header in (etag, f'"other", W/{etag}', "*"):
        answer = await site.client.get(f"/visits/{visit}/clip.mp4", {"If-None-Match": header})
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag)
    assert (await site.client.get(f"/visits/{visit}/clip.mp4", {"If-None-Match": '"other"'})).status == 200


async def test_head_tells_the_same_without_the_file(site: Site) -> None:
    visit = site.visit(0)
    site.file(visit, DATA)
    answer = await site.client.get(f"/visits/{visit}/clip.mp4", method="HEAD")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", str(len(DATA)))


async def test_snapshot_and_further_clips_of_a_visit(site: Site) -> None:
    visit = site.visit(0)
    site.file(visit, b"picture", ItemKind.SNAPSHOT)
    site.file(visit, b"first")
    site.file(visit, b"second", n=2)
    snapshot = await site.client.get(f"/visits/{visit}/snapshot.jpg")
    assert (snapshot.body, snapshot.headers["Content-Type"]) == (b"picture", "image/jpeg")
    assert (await site.client.get(f"/visits/{visit}/clip.mp4")).body == b"first"
    assert (await site.client.get(f"/visits/{visit}/clip.mp4?n=2")).body == b"second"
    third = await site.client.get(f"/visits/{visit}/clip.mp4?n=3")
    assert (third.status, third.code) == (404, "not_found")


async def test_what_is_nowhere_is_gone(site: Site) -> None:
    removed, lost = site.visit(0), site.visit(1)
    item = site.file(removed, DATA)
    site.deliver(item)
    (site.folder / "archive" / item.key).unlink()
    answer = await site.client.get(f"/visits/{removed}/clip.mp4")
    assert (answer.status, answer.code) == (410, "archived")
    item = site.file(lost, DATA)
    site.settle(item, ItemState.FAILED)
    item.path.unlink()
    answer = await site.client.get(f"/visits/{lost}/clip.mp4")
    assert (answer.status, answer.code) == (410, "lost")


async def test_file_that_cannot_be_read_is_no_end_of_the_world(site: Site) -> None:
    visit = site.visit(0)
    item = site.file(visit, DATA)
    item.path.unlink()
    item.path.mkdir()
    answer = await site.client.get(f"/visits/{visit}/clip.mp4")
    assert (answer.status, answer.code) == (503, "unavailable")


PATHS_OUT = [
    f"/visits/{visit_id(99)}/clip.mp4",  # an id that could be one
    f"/visits/{visit_id(99)}/snapshot.jpg",
    f"/visits/{visit_id(99)}",
    "/visits/short/clip.mp4",
    "/visits/../api-token",
    "/visits/..%2fapi-token/clip.mp4",
    "/visits/..%2f..%2f..%2fetc%2fpasswd/clip.mp4",
    "/visits/%2fetc%2fpasswd/clip.mp4",
    "/visits/%2e%2e/%2e%2e/clip.mp4",
    "/visits//etc/passwd/clip.mp4",
    "/visits/..%5c..%5capi-token/clip.mp4",
    "/visits/%00/clip.mp4",
    f"/visits/{visit_id(0)}%00/clip.mp4",
    f"/visits/{visit_id(0)}%0a/clip.mp4",
    f"/visits/{visit_id(0)}/..%2fclip.mp4",
    f"/visits/{visit_id(0)}/poster.jpg",
    "/visits/%ff%fe/clip.mp4",
    "/cameras/..%2f..%2fapi-token/frame.jpg",
    "/cameras/%2e%2e/frame.jpg",
    "//api/v1/../../api-token",
    "//api-token",
    "//%2e%2e/api-token",
]


async def test_no_path_leads_out(site: Site) -> None:
    site.file(site.visit(0), DATA)
    for path in PATHS_OUT:
        answer = await site.client.get(path)
        assert (answer.status, answer.code) == (404, "not_found"), path


class TestBucket:
    """An archive that this edge may not read."""

    @pytest.fixture
    def reader(self) -> ArchiveReader:
        return FakeStore()

    async def test_where_the_clip_lies_is_told(self, site: Site) -> None:
        visit = site.visit(0)
        item = site.file(visit, DATA)
        assert (await site.client.get(f"/visits/{visit}/clip.mp4")).status == 200, "still in the spool"
        site.deliver(item)
        answer = await site.client.get(f"/visits/{visit}/clip.mp4")
        assert (answer.status, answer.code) == (410, "archived")
        assert answer.json["error"]["uri"] == f"fake:{item.key}"
