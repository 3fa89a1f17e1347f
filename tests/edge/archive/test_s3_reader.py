"""Visit documents read back from real S3 servers, by a key that may read and by one that may not."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from edge_detector.app.query import ask_archive
from edge_detector.archive.s3_reader import S3Reader
from edge_detector.archive.table import query
from edge_detector.config import Config
from edge_detector.config.archive import S3Archive
from edge_detector.core.errors import PermanentStoreError, RetryableStoreError
from tests.edge.archive.test_table import visit
from tests.fault_proxy import Fault, FaultProxy, Kind, Request
from tests.s3_server import BUCKET, PREFIX, MotoServer, S3Server

ALL_DAYS = "SELECT camera, day(date) FROM visits ORDER BY ALL"


@pytest.fixture
def filled(server: S3Server, tmp_path: Path) -> Iterator[S3Server]:
    """Two nodes, three cameras, four days, and what is no visit document."""
    server.clear()
    for n in range(4):
        visit(tmp_path / "archive", n)
    visit(tmp_path / "archive", 1, camera="gate", node="shed")
    owner = server.owner()
    for path in (tmp_path / "archive").rglob("*.json"):
        key = f"{PREFIX}/{path.relative_to(tmp_path / 'archive')}"
        owner.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
    for key in ("visits/notes.txt", "visits/node=porch/camera=door/date=2026-11-05/x.json", "clips/a.mp4", "x"):
        owner.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{key}", Body=b"something else")
    yield server
    server.clear()


def reader(server: S3Server) -> S3Archive:
    """The configuration with a key that may read."""
    key = server.owner_key
    return server.config(access_key_id=key.id, secret_access_key=key.secret)


def answer(config: S3Archive, folder: Path, **days: date) -> list[tuple[object, ...]]:
    S3Reader(config).fetch(folder, lambda done, total: None, **days)
    return list(query(folder, ALL_DAYS).rows)


def test_all_documents_are_fetched_and_nothing_else(filled: S3Server, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    folder = tmp_path / "fetched"
    S3Reader(reader(filled)).fetch(folder, lambda done, total: told.append((done, total)))
    assert list(query(folder, ALL_DAYS).rows) == [("door", 5), ("door", 6), ("door", 7), ("door", 8), ("gate", 6)]
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 5
    assert told == [(done, 5) for done in range(6)]


@pytest.mark.parametrize(
    ("days", "found"),
    [
        # both ends belong to it, at every camera
        ({"since": date(2026, 11, 6), "until": date(2026, 11, 7)}, [("door", 6), ("door", 7), ("gate", 6)]),
        ({"since": date(2026, 11, 7)}, [("door", 7), ("door", 8)]),
        ({"until": date(2026, 11, 5)}, [("door", 5)]),
        ({"since": date(2027, 1, 1)}, []),
    ],
)
def test_only_the_wanted_days_are_fetched(
    filled: S3Server, tmp_path: Path, days: dict[str, date], found: list[tuple[object, ...]]
) -> None:
    assert answer(reader(filled), tmp_path / "fetched", **days) == found


def test_bucket_without_a_prefix(filled: S3Server, tmp_path: Path) -> None:
    config = reader(filled).model_copy(update={"prefix": ""})
    assert answer(config, tmp_path / "fetched") == []  # all of it lies below the prefix
    assert answer(reader(filled).model_copy(update={"prefix": f"{PREFIX}/"}), tmp_path / "again") != []


def test_key_of_the_edge_is_told_what_is_missing(moto: MotoServer, tmp_path: Path) -> None:
    with pytest.raises(PermanentStoreError) as error:
        S3Reader(moto.config()).fetch(tmp_path, lambda done, total: None)
    message = str(error.value)
    assert "a query needs s3:ListBucket there and s3:GetObject on" in message
    assert "`porchlight iam-policy --for home-assistant`" in message
    assert "--profile" in message
    assert moto.edge.secret not in message


def test_profile_takes_the_place_of_the_edges_key(moto: MotoServer, tmp_path: Path) -> None:
    moto.clear()
    visit(tmp_path / "archive", 0)
    (path,) = (tmp_path / "archive").rglob("*.json")
    key = f"{PREFIX}/{path.relative_to(tmp_path / 'archive')}"
    moto.owner().put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
    may = {"s3:ListBucket": f"arn:aws:s3:::{BUCKET}", "s3:GetObject": f"arn:aws:s3:::{BUCKET}/{PREFIX}/*"}
    mine = moto.user("reader", may)
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        f"[mine]\naws_access_key_id = {mine.id}\naws_secret_access_key = {mine.secret}\n"
    )
    config = Config.model_validate({"cameras": {"door": {"source": "scene://door"}}, "archive": moto.config()})
    sql = "SELECT count(*) FROM visits"
    with pytest.raises(PermanentStoreError, match="may not read"):
        ask_archive(config, sql, profile=None, since=None, until=None, tell=lambda done, total: None)
    found = ask_archive(config, sql, profile="mine", since=None, until=None, tell=lambda done, total: None)
    assert found.rows == [(1,)]


def test_missing_bucket_is_told(moto: MotoServer, tmp_path: Path) -> None:
    with pytest.raises(PermanentStoreError, match="There is no bucket elsewhere"):
        S3Reader(reader(moto).model_copy(update={"bucket": "elsewhere"})).fetch(tmp_path, lambda done, total: None)


def test_store_that_is_away_is_told(moto: MotoServer, tmp_path: Path) -> None:
    config = reader(moto).model_copy(update={"endpoint": "http://127.0.0.1:1"})
    with pytest.raises(RetryableStoreError, match="cannot be reached"):
        S3Reader(config).fetch(tmp_path, lambda done, total: None)


def test_broken_connection_is_tried_again(filled: S3Server, tmp_path: Path) -> None:
    spoiled: dict[str, int] = {}

    def twice(request: Request) -> Fault | None:
        """Each document fails twice."""
        if not request.path.endswith(".json"):
            return None
        spoiled[request.path] = spoiled.get(request.path, 0) + 1
        return Fault(kind=Kind.CLOSE) if spoiled[request.path] <= 2 else None

    with FaultProxy(filled.port, plan=twice) as proxy:
        found = answer(reader(filled).model_copy(update={"endpoint": proxy.url}), tmp_path / "fetched")
    assert len(found) == 5
    assert set(spoiled.values()) == {3}


def test_store_that_breaks_off_each_time_is_told(filled: S3Server, tmp_path: Path) -> None:
    def each(request: Request) -> Fault | None:
        return Fault(kind=Kind.CLOSE) if request.path.endswith(".json") else None

    with FaultProxy(filled.port, plan=each) as proxy, pytest.raises(RetryableStoreError, match="broke off"):
        answer(reader(filled).model_copy(update={"endpoint": proxy.url}), tmp_path / "fetched")
