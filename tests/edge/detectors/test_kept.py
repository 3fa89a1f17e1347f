from pathlib import Path

import pytest

from edge_detector.detectors.kept import Kept


def test_what_is_written_is_read_and_what_was_there_is_gone(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "new", "origin")
    assert kept.read() is None
    kept.write(b"one")
    kept.write(b"two")
    assert kept.read() == Kept(tmp_path / "new", "origin").read() == b"two"
    assert len(list((tmp_path / "new").iterdir())) == 1
    assert Kept(tmp_path / "new", "another").read() is None


def test_a_damaged_file_is_deleted(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "origin")
    kept.write(b"whole")
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"who")
    assert kept.read() is None
    assert not file.exists()


def test_where_nothing_can_be_written_it_is_only_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder")
    Kept(tmp_path / "file", "origin").write(b"x")
    assert "cannot be kept" in caplog.text
