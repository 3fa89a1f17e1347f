import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge_detector.core.errors import LedgerError
from edge_detector.core.evidence import ItemKind
from edge_detector.outbox.database import Database, load_migrations, load_queries
from edge_detector.outbox.ledger import SqliteLedger
from tests.edge.outbox.items import item
from tests.paths import ROOT


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found


def filled(path: Path, rows: int = 400) -> None:
    """A database that was used and closed."""
    database = Database(path)
    with database.transaction():
        for n in range(1, rows + 1):
            SqliteLedger(database).add(item(n=n))
    database.close()


# --- opening --------------------------------------------------------------------------------------------------------


def test_new_file_is_durable_and_in_step(database: Database, path: Path) -> None:
    assert version(path) == len(load_migrations())
    assert database.rows("configure_wal")[0][0] == "wal"
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_every_statement_can_be_prepared(database: Database) -> None:
    for name, statement in load_queries().items():
        names = re.findall(r":(\w+)", statement)
        if "PRAGMA" in statement or name in {"begin", "commit", "rollback"}:
            continue
        with closing(sqlite3.connect(":memory:")) as connection:
            for script in load_migrations():
                connection.executescript(script)
            connection.execute(f"EXPLAIN {_without_comments(statement)}", dict.fromkeys(names, 0))


def _without_comments(statement: str) -> str:
    return re.sub("^--.*$", "", statement, flags=re.MULTILINE).strip()


@pytest.mark.parametrize("done", range(len(load_migrations()) + 1))
def test_file_of_every_older_schema_is_brought_up(done: int, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        for number, script in enumerate(load_migrations()[:done], 1):
            connection.executescript(script)
            assert connection.execute("PRAGMA user_version").fetchone()[0] == number
    database = Database(path)
    SqliteLedger(database).add(item())
    database.close()
    assert version(path) == len(load_migrations())


def test_files_that_waited_before_there_were_early_copies_keep_their_order(path: Path) -> None:
    old_order = ["snapshot", "clip", "poster", "document"]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(load_migrations()[0])
        for priority, kind in reversed(list(enumerate(old_order))):
            connection.execute(
                "INSERT INTO items VALUES (?, ?, ?, ?, 'door', ?, 1, '/', 1, '', '', '[]', 1, 'saved', 0, 0, NULL)",
                (None, kind, kind, priority, f"V-{kind}"),
            )
    database = Database(path)
    ledger = SqliteLedger(database)
    ledger.add(item(ItemKind.PARTIAL, created=1.0))
    order = [found.kind for found in ledger.claim(now_utc=9.0, limit=9)]
    database.close()
    assert order == ["snapshot", "partial", "clip", "poster", "document"]


def test_migration_that_fails_leaves_the_file_as_it_was(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE events (something_else)")
    with pytest.raises(LedgerError, match="already exists"):
        Database(path)
    assert version(path) == 0
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("events",)]


def test_newer_file_is_refused_and_stays_as_it_is(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"written by a newer Porchlight \(its schema is 99.*update Porchlight"):
        Database(path)
    assert path.read_bytes() == before


def test_folder_in_the_place_of_the_file_is_told(path: Path) -> None:
    path.mkdir()
    with pytest.raises(LedgerError, match=re.escape(str(path))):
        Database(path)


def test_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    with pytest.raises(LedgerError, match="cannot be opened"):
        Database(tmp_path / "data" / "porchlight.db")


# --- damage ---------------------------------------------------------------------------------------------------------


def scribble(path: Path) -> None:
    """Bad sectors in the middle of the file."""
    data = bytearray(path.read_bytes())
    for start in range(8192, len(data), 8192):
        data[start : start + 512] = b"\xa5" * 512
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_text("this is a text file, and longer than SQLite's own header of 100 bytes " * 9),
        lambda path: os.truncate(path, path.stat().st_size // 2 + 100),
        lambda path: path.write_bytes(b"SQLite format 3\0" + os.urandom(9000)),
        scribble,
    ],
    ids=["text", "cut", "noise", "bad sectors"],
)
def test_damaged_file_is_set_aside_and_a_new_one_begun(
    damage: Callable[[Path], object], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2):
        filled(path)
        damage(path)
        damaged = path.read_bytes()
        database = Database(path)
        assert SqliteLedger(database).items() == ()
        SqliteLedger(database).add(item())
        database.close()
        aside = path.with_name(f"porchlight.db.damaged-{number}")
        assert aside.read_bytes() == damaged
        assert f"set aside as {aside.name}" in caplog.text


def test_log_of_a_damaged_file_goes_with_it(path: Path) -> None:
    filled(path)
    still_open = Database(path)  # another process that keeps the log alive
    SqliteLedger(still_open).add(item(n=1000))
    scribble(path)
    database = Database(path)
    assert SqliteLedger(database).items() == ()
    assert path.with_name("porchlight.db.damaged-1-wal").stat().st_size > 0
    database.close()
    still_open.close()


def test_empty_file_is_a_new_database(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.touch()
    database = Database(path)
    SqliteLedger(database).add(item())
    database.close()
    assert caplog.text == ""


# --- transactions, disks and crashes --------------------------------------------------------------------------------


def test_transaction_is_taken_back_whole(database: Database) -> None:
    ledger = SqliteLedger(database)

    def half() -> None:
        with database.transaction():
            ledger.add(item())
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        half()
    assert ledger.items() == ()
    ledger.add(item())
    assert ledger.items() == (item(),)


def test_full_disk_is_told_and_mended_by_room(database: Database, path: Path) -> None:
    ledger = SqliteLedger(database)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal = path.with_name("porchlight.db-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + 100, before[1]))
    try:
        with pytest.raises(LedgerError, match="cannot be used"):
            ledger.add(item())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    ledger.add(item(n=2))
    assert ledger.items() == (item(n=2),)


def test_closed_database_says_so(path: Path) -> None:
    database = Database(path)
    database.close()
    with pytest.raises(LedgerError, match="closed database"):
        SqliteLedger(database).items()


_ADDER = """
import sys
from pathlib import Path
from edge_detector.outbox.database import Database
from edge_detector.outbox.ledger import SqliteLedger
from tests.edge.outbox.items import item

ledger = SqliteLedger(Database(Path(sys.argv[1])))
for n in range(int(sys.argv[2]), 1_000_000):
    ledger.add(item(n=n))
    ledger.claim(now_utc=1000.0, limit=1)
    print(n, flush=True)
"""


def test_kill_at_any_moment_loses_no_row_whose_add_returned(path: Path) -> None:
    chance = random.Random(3)
    added = 0
    for _ in range(3):
        command = [sys.executable, "-c", _ADDER, str(path), str(added + 1)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            lines = process.stdout.read().splitlines(keepends=True)
        added = max([added + 1, *(int(line) for line in lines if line.endswith("\n"))])
        database = Database(path)
        found = {each.n for each in SqliteLedger(database).items(limit=1_000_000)}
        assert set(range(1, added + 1)) <= found <= set(range(1, added + 2))
        added = max(found)
        database.close()
    assert added > 6


def test_copy_of_the_running_files_opens(database: Database, path: Path, tmp_path: Path) -> None:
    SqliteLedger(database).add(item())
    for source in tmp_path.glob("porchlight.db*"):
        shutil.copy(source, tmp_path / source.name.replace("porchlight", "copy"))
    copy = Database(tmp_path / "copy.db")
    assert SqliteLedger(copy).items() == (item(),)
    copy.close()


def spoil(path: Path, table: str) -> None:
    """Damage the page in which a table begins."""
    with closing(sqlite3.connect(path)) as connection:
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def test_large_file_is_checked_whole_once_damage_was_met(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_detector.outbox.database.CHECK_LIMIT_BYTES", 0)
    filled(path)
    spoil(path, "visits")
    database = Database(path)  # the ledger's own tables are sound, and nobody waits for a check of years
    assert len(database.rows("all_items", {"limit": 1000})) == 400
    with pytest.raises(LedgerError, match="malformed"):
        database.rows("page_of_visits", {"first": "", "before": "~", "limit": 1})
    database.close()
    Database(path).close()
    assert path.with_name("porchlight.db.damaged-1").exists()
    assert not path.with_name("porchlight.db.suspect").exists()


def test_large_file_with_a_damaged_ledger_is_set_aside(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_detector.outbox.database.CHECK_LIMIT_BYTES", 0)
    filled(path)
    spoil(path, "items")
    Database(path).close()
    assert path.with_name("porchlight.db.damaged-1").exists()
