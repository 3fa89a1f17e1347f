import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_detector.app.lock import LOCK_NAME, FolderLock, need_folder
from edge_detector.core.errors import PorchlightError

HOLD = """
import sys
from pathlib import Path
from edge_detector.app.lock import FolderLock
FolderLock(Path(sys.argv[1])).take()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_lock_of_a_living_process_is_refused_and_names_it(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    lock = FolderLock(tmp_path)
    assert lock.is_held()
    assert not lock.try_take()
    with pytest.raises(PorchlightError, match=rf"process {other.pid}\) works on .*{tmp_path.name}: stop it"):
        lock.take(wait_s=0)


def test_lock_of_a_killed_process_is_free(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    other.wait()
    lock = FolderLock(tmp_path)
    assert not lock.is_held()
    lock.take(wait_s=0)
    assert lock.holder() == str(os.getpid())
    lock.release()


def test_release_lets_the_next_one_in(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.take()
    assert second.is_held()
    first.release()
    first.release()  # nothing happens
    assert not second.is_held()
    second.take(wait_s=0)
    second.release()


def test_start_waits_for_a_short_look(tmp_path: Path) -> None:
    short, edge = FolderLock(tmp_path), FolderLock(tmp_path)
    short.take()
    timer = threading.Timer(0.2, short.release)
    timer.start()
    edge.take(wait_s=10)
    edge.release()
    timer.join()


def test_folder_that_never_was_is_free_and_stays_unmade(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "data")
    assert not lock.is_held()
    assert not (tmp_path / "data").exists()
    assert lock.holder() == "unknown"


def test_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PorchlightError, match=r"porchlight\.lock: something else is in its place"):
        FolderLock(tmp_path / "file").take()


def test_lock_without_a_number_is_held_by_somebody_unknown(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).touch()
    assert FolderLock(tmp_path).holder() == "unknown"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_lock_that_root_made_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    lock = FolderLock(tmp_path)
    lock.take()
    lock.release()
    assert (tmp_path / LOCK_NAME).stat().st_uid == 12345


def test_a_folder_is_looked_at_before_the_work_begins(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    with pytest.raises(PorchlightError, match=f"process {other.pid}"):
        need_folder(tmp_path)
    need_folder(tmp_path / "free")
    assert not FolderLock(tmp_path / "free").is_held()
