"""The S3 servers, started once for all tests of a process, and files to store in them."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_detector.core.evidence import Item, ItemKind
from tests.broker import HOST
from tests.s3_server import MotoServer, S3Server, SeaweedServer

#: Given a content, an item with a key of its own.
MakeItem = Callable[..., Item]


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    with MotoServer(tmp_path_factory.mktemp("moto")) as server:
        server.enforce(iam=True)
        yield server


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedServer]:
    with SeaweedServer(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(params=["moto", "seaweed"])
def server(request: pytest.FixtureRequest) -> S3Server:
    """Each of the two in turn."""
    found: S3Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture(autouse=True)
def no_foreign_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No profile of the developer and no role of the machine gives a key, and no proxy is between."""
    monkeypatch.setenv("NO_PROXY", HOST)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", str(tmp_path / name.lower()))


@pytest.fixture
def make_item(tmp_path: Path, request: pytest.FixtureRequest) -> MakeItem:
    """Items whose keys no other test has."""
    test = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    count = iter(range(1000))

    def make(content: bytes, *, kind: ItemKind = ItemKind.CLIP, metadata: tuple[tuple[str, str], ...] = ()) -> Item:
        number = next(count)
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(content)
        return Item(
            key=f"clips/node=pi/camera=door/date=2026-11-21/{test}-{number}.mp4",
            kind=kind,
            camera="door",
            visit_id="V1",
            n=1,
            path=path,
            bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content_type="video/mp4",
            metadata=metadata,
            created_utc=1.0,
        )

    return make
