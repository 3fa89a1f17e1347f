"""Real stores for the integration to read: two S3 servers and an edge, run by the environment that has them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_socket

from edge_detector.archive.policies import reader_policy
from edge_detector.core import naming
from edge_detector.core.evidence import ItemKind
from tests.ha.integration.node import CAMERA, JPEG, NODE
from tests.paths import ROOT
from tests.s3_server import BUCKET, PREFIX, Key, MotoServer, S3Server, SeaweedServer

CLIP = bytes(range(256)) * 2048
READER = Key(id="reader00000000000000", secret="the-secret-of-the-reader")


@contextmanager
def development() -> Iterator[None]:
    """Programs are started by the environment that has them all, and may be reached."""
    python = ROOT / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.skip(".venv is absent: run script/bootstrap")
    pytest_socket.enable_socket()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(python))
        yield


class Seaweed(SeaweedServer):
    """With one key more, which may only read and list below the prefix."""

    def _identities(self) -> Iterable[dict[str, object]]:
        yield from super()._identities()
        credentials = [{"accessKey": READER.id, "secretKey": READER.secret}]
        actions = [f"Read:{BUCKET}/{PREFIX}/*", f"List:{BUCKET}/{PREFIX}/*"]
        yield {"name": READER.id, "credentials": credentials, "actions": actions}


@dataclass(frozen=True, kw_only=True)
class Store:
    """A server and the key that Home Assistant has for it."""

    server: S3Server
    key: Key

    def clips(self, **changes: str) -> dict[str, str]:
        """The part of an entry's data that says how its clips are read."""
        return {
            "type": "s3",
            "endpoint": self.server.url,
            "region": "us-east-1",
            "bucket": BUCKET,
            "prefix": PREFIX,
            "access_key_id": self.key.id,
            "secret_access_key": self.key.secret,
            **changes,
        }

    def put(self, key: str, content: bytes) -> None:
        """Store an object below the prefix."""
        self.server.owner().put_object(Bucket=BUCKET, Key=f"{PREFIX}/{key}", Body=content)

    def remove(self, key: str) -> None:
        """Remove one, as a lifecycle rule does."""
        self.server.owner().delete_object(Bucket=BUCKET, Key=f"{PREFIX}/{key}")

    def visit(
        self,
        visit_id: str,
        *,
        camera: str = CAMERA,
        node: str = NODE,
        clips: int = 1,
        snapshot: bool = True,
        document: bool = True,
    ) -> None:
        """Store what the edge stores of a visit."""
        for n in range(1, clips + 1):
            self.put(key_of(ItemKind.CLIP, visit_id, camera=camera, node=node, n=n), CLIP)
            self.put(key_of(ItemKind.POSTER, visit_id, camera=camera, node=node, n=n), JPEG)
        if snapshot:
            self.put(key_of(ItemKind.SNAPSHOT, visit_id, camera=camera, node=node), JPEG)
        if document:
            text = json.dumps(facts(clips)).encode()
            self.put(key_of(ItemKind.DOCUMENT, visit_id, camera=camera, node=node), text)


def facts(clips: int = 1) -> dict[str, Any]:
    """Of a visit document, what matters here."""
    return {"max_people": 2, "max_confidence": 0.914, "duration_s": 12.6, "clips": [{}] * clips}


def key_of(kind: ItemKind, visit_id: str, *, camera: str = CAMERA, node: str = NODE, n: int = 1) -> str:
    """A key as the edge makes it, without the prefix."""
    return naming.archive_key(kind, node=node, camera=camera, visit_id=visit_id, n=n)


def visit_at(moment: str, number: int = 1) -> str:
    """The id of a visit that began then."""
    return naming.ulid(round(datetime.fromisoformat(moment).timestamp() * 1000), number)


@contextmanager
def moto(folder: Path) -> Iterator[Store]:
    """Enforces IAM: the reader has the policy that the edge prints."""
    with development(), MotoServer(folder) as server:
        key = server._user("reader", reader_policy(BUCKET, PREFIX))
        server.enforce(iam=True)
        yield Store(server=server, key=key)


@contextmanager
def seaweed(folder: Path) -> Iterator[Store]:
    """Keeps the bytes as a store does."""
    with development(), Seaweed(folder) as server:
        yield Store(server=server, key=READER)
