"""`porchlight outbox`: what it prints, asks, and how it ends."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from edge_detector.app.flush import flush
from edge_detector.app.lock import FolderLock
from edge_detector.cli.units import size, span
from edge_detector.core.evidence import Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.types import VisitStats
from edge_detector.outbox.database import Database
from edge_detector.outbox.journal import SqliteJournal
from tests.edge.app.outboxes import file, filled, visit
from tests.edge.cli.conftest import Ended, Porchlight

PASSWORD = "s3cret-of-the-broker"  # noqa: S105 - of no broker


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder whose outbox holds a file of each kind, with the configuration that leads there."""
    folder = tmp_path / "data"
    config = {
        "node": {"data_dir": str(folder)},
        "cameras": {"door": {"source": "scene://door"}},
        "mqtt": {"username": "porch", "password": PASSWORD},
    }
    Path("porchlight.yaml").write_text(yaml.safe_dump(config))
    filled(folder, waits(folder), failed(folder), replace(file(folder, 2), state=ItemState.PURGED))
    database = Database(folder / "porchlight.db")
    SqliteJournal(database).put_visit(
        VisitRecord(
            visit_id=visit(0),
            camera="door",
            started_utc=1.0,
            last_seen_utc=2.0,
            stats=VisitStats(),
            clips=1,
            ended=True,
        )
    )
    database.close()
    return folder


def waits(folder: Path) -> Item:
    return file(folder, kind=ItemKind.DOCUMENT)


def failed(folder: Path) -> Item:
    error = f"the bucket said {PASSWORD} is wrong"
    return replace(file(folder, 1), state=ItemState.FAILED, attempts=7, last_error=error)


def files(porchlight: Porchlight, *arguments: str) -> list[str]:
    listed = porchlight("outbox", "list", "--json", *arguments)
    assert listed.status == 0, listed.err
    return [f"{each['kind']} {each['state']}" for each in json.loads(listed.out)["files"]]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        # what is not delivered yet
        ((), ["document saved", "clip failed"]),
        (("--all",), ["document saved", "clip failed", "clip purged"]),
        # conditions, which all hold together
        (("--state", "purged"), ["clip purged"]),
        (("--state", "purged", "--state", "saved"), ["document saved", "clip purged"]),
        (("--kind", "clip"), ["clip failed"]),
        (("--kind", "clip", "--state", "saved"), []),
        (("--camera", "door", "--limit", "1"), ["document saved"]),
        (("--camera", "garden", "--all"), []),
    ],
)
def test_list(data: Path, porchlight: Porchlight, arguments: tuple[str, ...], found: list[str]) -> None:
    assert files(porchlight, *arguments) == found


def test_list_tells_all_of_a_file_in_json(data: Path, porchlight: Porchlight) -> None:
    said = json.loads(porchlight("outbox", "list", "--json").out)
    first, second = said["files"]
    assert first["key"] == waits(data).key
    assert first["created_at"] == "2026-11-05T10:00:00.000Z"
    assert (first["here"], first["next_try_at"], first["last_error"]) == (True, None, None)
    assert (second["attempts"], second["last_error"]) == (7, "the bucket said *** is wrong")
    backlog = said["backlog"]
    assert (backlog["pending"], backlog["failed"], backlog["stored"]) == (1, 1, 1)
    assert backlog["last_error"] == "the bucket said *** is wrong"


def test_list_is_a_table_without_secrets(data: Path, porchlight: Porchlight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    said = porchlight("outbox", "list")
    assert visit(0) in said.out
    assert "the bucket said *** is wrong" in said.out
    assert "1 file waits, the oldest for " in said.out
    assert "1 given up; 1 delivered" in said.out
    assert PASSWORD not in said.out + said.err


def test_list_of_an_empty_outbox_has_no_table(data: Path, porchlight: Porchlight) -> None:
    assert porchlight("outbox", "forget", "--delete", "--yes", visit(0), visit(1)).status == 0
    assert porchlight("outbox", "list").out == "0 files wait; 0 given up; 1 delivered\n"


def test_show_tells_of_a_visit_and_its_files(data: Path, porchlight: Porchlight) -> None:
    said = json.loads(porchlight("outbox", "show", visit(0), "--json").out)
    assert said["visit"]["clips"] == 1
    assert [each["key"] for each in said["files"]] == [waits(data).key]
    text = porchlight("outbox", "show", visit(0)).out
    assert f"  visit_id:          {visit(0)}\n" in text
    assert f"  key:               {waits(data).key}\n" in text


def test_show_does_without_a_visit_that_the_journal_lost(data: Path, porchlight: Porchlight) -> None:
    assert json.loads(porchlight("outbox", "show", failed(data).key, "--json").out)["visit"] is None
    assert porchlight("outbox", "show", failed(data).key).out.startswith("clip\n")


@pytest.mark.parametrize("command", ["show nobody", "retry nobody", "forget nobody --yes"])
def test_name_that_nobody_knows_is_told(data: Path, porchlight: Porchlight, command: str) -> None:
    ended = porchlight("outbox", *command.split())
    assert (ended.status, ended.out) == (1, "")
    assert "knows no nobody: `porchlight outbox list --all`" in ended.err


def test_commands_say_that_there_is_no_outbox(porchlight: Porchlight, tmp_path: Path) -> None:
    Path("porchlight.yaml").write_text("cameras: {door: {source: 'scene://door'}}\n")
    ended = porchlight("outbox", "list")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith(f"porchlight: There is no outbox in {tmp_path / 'data'}")


def test_retry_of_what_failed(data: Path, porchlight: Porchlight) -> None:
    ended = porchlight("outbox", "retry", "--failed")
    assert (ended.status, ended.out.splitlines()[0]) == (0, "1 file due now")
    assert "No edge is running" in ended.out
    assert files(porchlight) == ["document saved", "clip saved"]


def test_retry_of_what_is_delivered_fails(data: Path, porchlight: Porchlight) -> None:
    delivered = file(data, 2).key
    ended = porchlight("outbox", "retry", delivered)
    assert (ended.status, ended.out) == (1, f"0 files due now\n{delivered} is delivered already\n")


@pytest.mark.parametrize("arguments", [(), ("--failed", "--all"), ("--all", "01ARZ3NDEKTSV4RRFFQ69G5FAV")])
def test_retry_wants_to_know_what(data: Path, porchlight: Porchlight, arguments: tuple[str, ...]) -> None:
    ended = porchlight("outbox", "retry", *arguments)
    assert ended.status == 2
    assert "say which: NAME..., --failed or --all" in ended.err


def test_flush(data: Path, porchlight: Porchlight) -> None:
    ended = porchlight("outbox", "flush")
    assert (ended.status, ended.out) == (0, "1 file of 1 delivered, 1000 bytes\n")
    assert files(porchlight) == ["clip failed"]
    assert (data / "archive" / waits(data).key).exists()
    assert porchlight("outbox", "flush").out == "Nothing waits\n"


def test_flush_that_is_refused_fails(data: Path, porchlight: Porchlight) -> None:
    (data / "archive").write_text("no folder")
    ended = porchlight("outbox", "flush")
    assert ended.status == 1
    assert "0 files of 1 delivered, 0 bytes\n1 file refused, which will be tried again: Cannot write to" in ended.out
    assert ended.err == ""


def test_flush_tells_of_what_was_not_tried(data: Path, porchlight: Porchlight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_detector.cli.outbox.flush", partial(flush, stall_s=0.3))
    lock = FolderLock(data)  # as an edge that does nothing
    lock.take()
    try:
        ended = porchlight("outbox", "flush")
    finally:
        lock.release()
    assert (ended.status, ended.out.splitlines()[-1]) == (0, "1 file not tried: see `porchlight outbox list`")


@pytest.mark.parametrize(("answer", "state"), [("y\n", "failed"), ("n\n", "saved"), ("", "saved")])
def test_forget_asks(
    data: Path, porchlight: Porchlight, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, state: str
) -> None:
    answers = tmp_path / "answers"
    answers.write_text(answer)
    with answers.open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        ended = porchlight("outbox", "forget", visit(0))
    assert ended.status == (0 if answer == "y\n" else 1)
    assert "Give 1 file up, so that the archive never gets them?" in ended.out
    assert files(porchlight, "--kind", "document") == [f"document {state}"]
    assert waits(data).path.exists()


def test_forget_deletes_when_told(data: Path, porchlight: Porchlight) -> None:
    clip = failed(data)
    ended: Ended = porchlight("outbox", "forget", clip.key, "--delete", "--yes")
    assert (ended.status, ended.out) == (0, "1 file given up and deleted\n")
    assert files(porchlight, "--all") == ["document saved", "clip purged"]
    assert not (clip.path).exists()


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (1536 * 1024, "1.5 MiB"), (1 << 60, "1048576.0 TiB")],
)
def test_size(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (172800, "2 d")],
)
def test_span(seconds: float, text: str) -> None:
    assert span(seconds) == text
