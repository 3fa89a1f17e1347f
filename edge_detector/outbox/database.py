"""The SQLite file under the ledger and the journal: opened with care, migrated, and shared by threads."""

from __future__ import annotations

import logging
import re
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from importlib import resources
from itertools import count
from pathlib import Path

from edge_detector.core.errors import LedgerError
from edge_detector.files import make_folder, sync_folder

_LOG = logging.getLogger(__name__)

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
#: What SQLite keeps beside the file itself.
_COMPANIONS = ("", "-wal", "-shm", "-journal")
#: A file of this size is checked whole in a moment. Of a larger one, which holds a long history, only the tables that
#: nothing goes on without, unless damage was met while it was in use: nobody shall wait for a check of years.
CHECK_LIMIT_BYTES = 32 * 1024 * 1024
_VITAL = ("quick_check_items", "quick_check_events", "quick_check_settings")
#: Lies beside a file in which damage was met, so that the next start checks all of it.
_SUSPECT = ".suspect"
#: SQLite's primary result codes for a file that is not, or no longer, a sound database.
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

Value = str | int | float | None


def load_queries() -> Mapping[str, str]:
    """The named statements of queries.sql."""
    parts = _NAME.split(_package().joinpath("queries.sql").read_text("utf-8"))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def load_migrations() -> Sequence[str]:
    """The scripts that lead from an empty file to this program's schema, oldest first."""
    folder = _package().joinpath("migrations")
    scripts = sorted((path for path in folder.iterdir() if path.name.endswith(".sql")), key=lambda path: path.name)
    return tuple(script.read_text("utf-8") for script in scripts)


class Database:
    """One connection under a lock, so that any thread may use it."""

    def __init__(self, path: Path) -> None:
        """Open or make the file.

        A damaged file is set aside with a warning and a new one begun. Raises LedgerError for a file of a newer
        program, which stays as it is, and when the disk refuses.
        """
        self._path = path
        self._suspicion = Path(f"{path}{_SUSPECT}")
        self._queries = load_queries()
        self._lock = threading.RLock()
        try:
            make_folder(path.parent)
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise LedgerError(_sentence(path, error)) from error
            self._set_aside(error)
            self._connection = self._open()
        except OSError as error:
            raise LedgerError(f"The database {path} cannot be opened: {error.strerror}") from error

    def close(self) -> None:
        """Close the file; nothing may be asked of it any more."""
        with self._lock:
            self._connection.close()

    def run(self, query: str, values: Mapping[str, Value] | None = None) -> int:
        """Execute a named statement; how many rows it changed. Raises LedgerError."""
        with self._errors(), closing(self._connection.execute(self._queries[query], values or {})) as cursor:
            return cursor.rowcount

    def rows(self, query: str, values: Mapping[str, Value] | None = None) -> Sequence[sqlite3.Row]:
        """The rows that a named statement gives. Raises LedgerError."""
        with self._errors(), closing(self._connection.execute(self._queries[query], values or {})) as cursor:
            return cursor.fetchall()

    @contextmanager
    def quick(self) -> Iterator[None]:
        """What is written inside survives a crash of the program, and a power cut only with the next durable write.

        For what a restart finds out anyway: it spares the disk a flush. Not inside a transaction.
        """
        with self._errors():
            self._connection.execute(self._queries["be_quick"])
            try:
                yield
            finally:
                self._connection.execute(self._queries["configure_synchronous"])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside, or none; raises LedgerError."""
        with self._errors(), self._all_or_nothing(self._connection):
            yield

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                if _is_damage(error):
                    self._suspicion.touch()
                raise LedgerError(_sentence(self._path, error)) from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Look before touching: a newer file must stay as it is."""
        connection.execute(self._queries["configure_wait"])
        migrations = load_migrations()
        self._refuse_newer(self._version(connection), len(migrations))
        for check in self._checks(self._version(connection)):
            (verdict,) = connection.execute(self._queries[check]).fetchone()
            if verdict != "ok":
                raise _Damage(verdict.splitlines()[-1])
        self._suspicion.unlink(missing_ok=True)
        for name in ("configure_wal", "configure_synchronous", "configure_foreign_keys"):
            connection.execute(self._queries[name])
        if self._version(connection) < len(migrations):
            self._migrate(connection, migrations)

    def _checks(self, version: int) -> Sequence[str]:
        """What to check of a file before it is used."""
        small = not self._path.exists() or self._path.stat().st_size <= CHECK_LIMIT_BYTES
        return ("quick_check",) if small or version == 0 or self._suspicion.exists() else _VITAL

    def _migrate(self, connection: sqlite3.Connection, migrations: Sequence[str]) -> None:
        with self._all_or_nothing(connection):
            # Another process may have migrated while this one waited for its turn.
            for script in migrations[self._version(connection) :]:
                for statement in _statements(script):
                    connection.execute(statement)

    @contextmanager
    def _all_or_nothing(self, connection: sqlite3.Connection) -> Iterator[None]:
        connection.execute(self._queries["begin"])
        try:
            yield
            connection.execute(self._queries["commit"])
        finally:
            if connection.in_transaction:
                connection.execute(self._queries["rollback"])

    def _version(self, connection: sqlite3.Connection) -> int:
        version: int = connection.execute(self._queries["schema_version"]).fetchone()[0]
        return version

    def _refuse_newer(self, version: int, known: int) -> None:
        if version > known:
            raise LedgerError(
                f"The database {self._path} was written by a newer Porchlight (its schema is {version}, this program"
                f" knows {known}): update Porchlight, or give it another data folder"
            )

    def _set_aside(self, error: sqlite3.Error) -> None:
        aside = next(
            path for n in count(1) if not (path := self._path.with_name(f"{self._path.name}.damaged-{n}")).exists()
        )
        for companion in _COMPANIONS:
            beside = Path(f"{self._path}{companion}")
            if beside.exists():
                beside.rename(f"{aside}{companion}")
        self._suspicion.unlink(missing_ok=True)
        sync_folder(self._path.parent)
        _LOG.warning("%s is damaged (%s): it was set aside as %s and a new one begun", self._path, error, aside.name)


class _Damage(sqlite3.DatabaseError):
    """The file's own check found damage."""


def _is_damage(error: sqlite3.Error) -> bool:
    return isinstance(error, _Damage) or (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGED


def _sentence(path: Path, error: sqlite3.Error) -> str:
    return f"The database {path} cannot be used: {error}"


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _package() -> resources.abc.Traversable:
    return resources.files(__package__)
