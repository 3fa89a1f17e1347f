"""A backup of what cannot be made anew: configuration, history, settings and token; media and models are left out."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from edge_detector import __version__
from edge_detector.app import parts
from edge_detector.app.lock import FolderLock
from edge_detector.config import Config
from edge_detector.config.layers import yaml_text
from edge_detector.config.load import check
from edge_detector.core.errors import ConfigError, PorchlightError
from edge_detector.files import explain, make_folder, write_atomic
from edge_detector.outbox.copies import copy_database
from edge_detector.outbox.database import Database

SCHEMA = 1
#: What a backup may hold, by its name in it.
ABOUT, CONFIG, DATABASE, TOKEN = "backup.json", "porchlight.yaml", parts.DATABASE_NAME, "api-token"
#: A file in a backup that is larger is no file of ours.
MAX_BYTES = 8 * 1024**3
#: A backup holds passwords and keys.
_MODE = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a backup held, and where it lies now."""

    version: str
    made_utc: float
    files: tuple[Path, ...]


def back_up(config: Config, config_file: Path | None, target: Path) -> None:
    """Write a backup, also while the edge runs; raises PorchlightError. An older file of the name is replaced."""
    folder = parts.data_dir(config)
    with tempfile.TemporaryDirectory(prefix="porchlight-backup-") as temporary:
        database = Path(temporary) / DATABASE
        if (folder / DATABASE).exists():
            copy_database(folder / DATABASE, database)
        about = {"schema": SCHEMA, "version": __version__, "made_utc": time.time(), "node": config.node.id}
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            _add(archive, ABOUT, json.dumps(about).encode())
            for name, path in {CONFIG: config_file, DATABASE: database, TOKEN: folder / TOKEN}.items():
                if path is not None and path.exists():
                    _add(archive, name, path.read_bytes())
    try:
        write_atomic(target, content.getvalue(), mode=_MODE)
    except OSError as error:
        raise PorchlightError(explain(error, target)) from error


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(data), _MODE, int(time.time())
    archive.addfile(entry, io.BytesIO(data))


def restore(source: Path, config_file: Path, *, replace: bool) -> Restored:
    """Put a backup's files in place, while no edge runs on its data folder; raises PorchlightError, nothing changed.

    What is there already is refused, or set aside with `replace`.
    """
    held = _read(source)
    about = _about(held, source)
    config = _config(held, source)
    folder = parts.data_dir(config)
    places = {CONFIG: config_file, DATABASE: folder / DATABASE, TOKEN: folder / TOKEN}
    targets = {name: path for name, path in places.items() if name in held}
    taken = [str(path) for path in targets.values() if path.exists()]
    if taken and not replace:
        raise PorchlightError(f"{' and '.join(taken)} would be replaced: add --replace, which sets them aside")
    _try_database(held)
    lock = FolderLock(folder)
    lock.take()
    try:
        for name, path in targets.items():
            make_folder(path.parent)
            set_aside(path)
            write_atomic(path, held[name], mode=_MODE)
    except OSError as error:
        raise PorchlightError(explain(error, folder)) from error
    finally:
        lock.release()
    return Restored(version=about["version"], made_utc=about["made_utc"], files=tuple(targets.values()))


def _read(source: Path) -> dict[str, bytes]:
    """The files of a backup that are ours; whatever else is in it is left alone."""
    held: dict[str, bytes] = {}
    try:
        with tarfile.open(source, mode="r:gz") as archive:
            for entry in archive:
                if entry.isfile() and entry.name in {ABOUT, CONFIG, DATABASE, TOKEN} and entry.size <= MAX_BYTES:
                    file = archive.extractfile(entry)
                    held[entry.name] = file.read() if file else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        raise PorchlightError(f"{source} is no backup that can be read: {error}") from error
    return held


def _about(held: Mapping[str, bytes], source: Path) -> dict[str, Any]:
    try:
        about = json.loads(held[ABOUT])
        schema = about["schema"]
    except (KeyError, ValueError, TypeError) as error:
        raise PorchlightError(f"{source} is no backup of Porchlight") from error
    if schema > SCHEMA:
        message = f"{source} was made by Porchlight {about.get('version')}, which is newer: update this one first"
        raise PorchlightError(message)
    return dict(about)


def _config(held: Mapping[str, bytes], source: Path) -> Config:
    """The configuration in the backup, because it says where the data folder is."""
    if CONFIG not in held:
        raise PorchlightError(f"{source} holds no configuration: restore it through Home Assistant")
    try:
        return check([yaml_text(held[CONFIG].decode("utf-8"), CONFIG)])
    except UnicodeDecodeError as error:
        raise ConfigError(f"The configuration in {source} is no text in UTF-8") from error


def _try_database(held: Mapping[str, bytes]) -> None:
    """Open a copy, so that a newer or damaged database is refused before anything is replaced; raises LedgerError."""
    if DATABASE not in held:
        return
    with tempfile.TemporaryDirectory(prefix="porchlight-restore-") as folder:
        path = Path(folder) / DATABASE
        path.write_bytes(held[DATABASE])
        Database(path).close()
        if list(path.parent.glob("*.damaged-*")):
            raise PorchlightError("The database in the backup is damaged: nothing was changed")


def set_aside(path: Path) -> Path | None:
    """Rename what is in the way, with what SQLite keeps beside it; where it is now, None when nothing was."""
    if not path.exists():
        return None
    aside = next(other for n in count(1) if not (other := path.with_name(f"{path.name}.before-{n}")).exists())
    for companion in ("", "-wal", "-shm"):
        if (beside := Path(f"{path}{companion}")).exists():
            os.replace(beside, f"{aside}{companion}")  # noqa: PTH105 - the names have one suffix for all
    return aside
