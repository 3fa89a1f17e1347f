"""A backup and what comes of it, on real files and a real database."""

import io
import json
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from edge_detector.app import backup
from edge_detector.app.lock import FolderLock
from edge_detector.config import Config
from edge_detector.config.load import load
from edge_detector.core.errors import LedgerError, PorchlightError
from edge_detector.core.types import Settings
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal

TEXT = "node: {{id: porch, data_dir: {data}}}\ncameras: {{door: {{source: 'scene://door'}}}}\n"
SETTINGS = Settings(confidence=0.7)
WAITING = """
INSERT INTO items (key, kind, priority, camera, visit_id, n, path, bytes, sha256, content_type, metadata, created_utc,
    state, attempts, next_try_utc)
VALUES ('{state}', 'clip', 2, 'door', 'V', 1, '/x', 1, 'a', 'b', '{{}}', 1.0, '{state}', 0, 1.0)
"""


class Edge:
    """A node's files."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        self.file = folder / "porchlight.yaml"
        self.file.write_text(TEXT.format(data=self.data))
        (self.data / "api-token").write_text("t" * 43)
        (self.data / "models").mkdir()
        (self.data / "models" / "yolov5n.onnx").write_text("large")
        self.database = self.data / "porchlight.db"
        database = Database(self.database)
        SqliteJournal(database).settings("door", SETTINGS)
        database.close()

    @property
    def config(self) -> Config:
        return load(self.file)

    def settings(self) -> Settings | None:
        database = Database(self.database)
        try:
            return SqliteJournal(database).settings("door")
        finally:
            database.close()


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    return Edge(tmp_path / "porch")


@pytest.fixture
def made(edge: Edge, tmp_path: Path) -> Path:
    target = tmp_path / "porch.tar.gz"
    backup.back_up(edge.config, edge.file, target)
    return target


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as file:
        return sorted(file.getnames())


def test_what_a_backup_holds(made: Path) -> None:
    assert names(made) == ["api-token", "backup.json", "porchlight.db", "porchlight.yaml"]
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_there_and_back_again(edge: Edge, made: Path) -> None:
    for path in (edge.file, edge.database, edge.data / "api-token"):
        path.unlink()
    done = backup.restore(made, edge.file, replace=False)
    assert done.files == (edge.file, edge.database, edge.data / "api-token")
    assert edge.settings() == SETTINGS
    assert (edge.data / "api-token").read_text() == "t" * 43


def test_files_that_wait_stay_where_they_are(edge: Edge, tmp_path: Path) -> None:
    with closing(sqlite3.connect(edge.database)) as connection:
        for state in ("saved", "uploading", "failed", "purged"):
            connection.execute(WAITING.format(state=state))
        connection.commit()
    made = tmp_path / "b.tar.gz"
    backup.back_up(edge.config, edge.file, made)
    with closing(sqlite3.connect(edge.database)) as connection:
        assert connection.execute("SELECT count(*) FROM items").fetchone() == (4,)
    backup.restore(made, edge.file, replace=True)
    with closing(sqlite3.connect(edge.database)) as connection:
        assert connection.execute("SELECT key FROM items").fetchall() == [("purged",)]


def test_what_is_there_is_not_replaced_by_itself(edge: Edge, made: Path) -> None:
    before = edge.database.read_bytes()
    with pytest.raises(PorchlightError, match=r"porchlight\.db and .* would be replaced: add --replace"):
        backup.restore(made, edge.file, replace=False)
    assert edge.database.read_bytes() == before


def test_what_is_there_is_set_aside(edge: Edge, made: Path) -> None:
    edge.file.write_text("mine: true\n")
    backup.restore(made, edge.file, replace=True)
    backup.restore(made, edge.file, replace=True)
    assert edge.file.with_name("porchlight.yaml.before-1").read_text() == "mine: true\n"
    assert edge.file.with_name("porchlight.yaml.before-2").exists()
    assert edge.settings() == SETTINGS


def test_not_while_the_edge_runs(edge: Edge, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FolderLock.take, "__defaults__", (0.1,))
    lock = FolderLock(edge.data)
    lock.take()
    try:
        with pytest.raises(PorchlightError, match="Another Porchlight"):
            backup.restore(made, edge.file, replace=True)
    finally:
        lock.release()


def changed(made: Path, **files: bytes | None) -> Path:
    """The backup with other files in it; None leaves one out."""
    wanted = {name.replace("__", "-").replace("_", "."): data for name, data in files.items()}
    with tarfile.open(made) as archive:
        held = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]
    target = made.with_name("changed.tar.gz")
    with tarfile.open(target, "w:gz") as archive:
        for name, data in {**held, **wanted}.items():
            if data is not None:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return target


def about(**values: int) -> bytes:
    return json.dumps({"schema": 1, "version": "9.0.0", "made_utc": 0, **values}).encode()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"backup_json": about(schema=2)}, r"made by Porchlight 9\.0\.0, which is newer: update this one first"),
        ({"backup_json": None}, "is no backup of Porchlight"),
        ({"backup_json": b"[]"}, "is no backup of Porchlight"),
        ({"porchlight_yaml": None}, "holds no configuration"),
        ({"porchlight_yaml": b"\xff\xfe"}, "is no text in UTF-8"),
        ({"porchlight_yaml": b"cameras: {}"}, "cameras .* is empty"),
        ({"porchlight_db": b"no database, but long enough to be looked at" * 99}, "damaged: nothing was changed"),
    ],
)
def test_a_backup_that_is_none(edge: Edge, made: Path, files: dict[str, bytes | None], message: str) -> None:
    before = edge.database.read_bytes()
    with pytest.raises(PorchlightError, match=message):
        backup.restore(changed(made, **files), edge.file, replace=True)
    assert edge.database.read_bytes() == before


def test_a_newer_database_is_refused(edge: Edge, made: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.db"
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 999")
        connection.commit()
    with pytest.raises(LedgerError, match="written by a newer Porchlight"):
        backup.restore(changed(made, porchlight_db=newer.read_bytes()), edge.file, replace=True)


def test_what_is_no_archive(edge: Edge, tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_text("no archive")
    with pytest.raises(PorchlightError, match="is no backup that can be read"):
        backup.restore(path, edge.file, replace=False)


def test_paths_that_climb_are_left_alone(edge: Edge, made: Path) -> None:
    archive = changed(made)
    with tarfile.open(archive, "w:gz") as file, tarfile.open(made) as old:
        for entry in old:
            file.addfile(entry, old.extractfile(entry))
        entry = tarfile.TarInfo("../evil")
        entry.size = 1
        file.addfile(entry, io.BytesIO(b"x"))
    backup.restore(archive, edge.file, replace=True)
    assert not (edge.data.parent / "evil").exists()
    assert not (edge.data.parent.parent / "evil").exists()


def test_a_folder_that_cannot_be_written_to(edge: Edge, tmp_path: Path) -> None:
    with pytest.raises(PorchlightError, match="Cannot write to"):
        backup.back_up(edge.config, edge.file, tmp_path / "absent" / "b.tar.gz")


def test_a_database_that_cannot_be_copied(edge: Edge, tmp_path: Path) -> None:
    edge.database.write_text("no database, but long enough to be looked at" * 99)
    with pytest.raises(LedgerError, match="cannot be copied"):
        backup.back_up(edge.config, edge.file, tmp_path / "b.tar.gz")
