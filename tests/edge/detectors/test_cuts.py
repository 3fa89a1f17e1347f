import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_detector.core.errors import ModelError
from edge_detector.detectors import cuts
from edge_detector.detectors.cuts import cut_model
from edge_detector.detectors.surgery import cut
from tests.edge.detectors.tiny_yolo import TinyYolo


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "mine.onnx"
    path.write_bytes(TinyYolo().build())
    return path


def kept(models: Path) -> list[Path]:
    return sorted((models / "cut").iterdir())


def test_a_cut_is_made_once_and_kept(source: Path, tmp_path: Path) -> None:
    content = cut_model(source, tmp_path / "models")
    assert content == cut(source.read_bytes())
    (file,) = kept(tmp_path / "models")
    before = file.stat().st_mtime_ns
    assert cut_model(source, tmp_path / "models") == content
    assert kept(tmp_path / "models") == [file]
    assert file.stat().st_mtime_ns == before


def test_a_kept_cut_spares_the_surgery(source: Path, tmp_path: Path) -> None:
    cut_model(source, tmp_path)
    code = (
        "import sys; from pathlib import Path; from edge_detector.detectors.cuts import cut_model;"
        f"cut_model(Path({str(source)!r}), Path({str(tmp_path)!r})); sys.exit('onnx' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_damaged_cut_is_made_anew(source: Path, tmp_path: Path) -> None:
    content = cut_model(source, tmp_path)
    (file,) = kept(tmp_path)
    file.write_bytes(content[:100])
    assert cut_model(source, tmp_path) == content
    assert [path.read_bytes() for path in kept(tmp_path)] == [content]


def test_another_source_or_version_has_its_own_cut(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_model(source, tmp_path)
    source.write_bytes(TinyYolo(seed=8).build())
    cut_model(source, tmp_path)
    assert len(kept(tmp_path)) == 2
    monkeypatch.setattr(cuts, "CUT_VERSION", cuts.CUT_VERSION + 1)
    cut_model(source, tmp_path)
    assert len(kept(tmp_path)) == 3


def test_a_folder_that_cannot_be_written_costs_only_time(
    source: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cut").write_text("a file where the folder should be")
    assert cut_model(source, tmp_path) == cut(source.read_bytes())
    assert "cannot be kept" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no model", r"The model file .*bad\.onnx cannot be used: it is "),
        (None, r"The model file .*bad\.onnx cannot be read: No such file"),
    ],
)
def test_a_bad_source_is_named(content: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        cut_model(path, tmp_path)
    assert not (tmp_path / "cut").exists()


def test_no_half_written_file_stays(source: Path, tmp_path: Path) -> None:
    cut_model(source, tmp_path)
    assert not [path for path in kept(tmp_path) if path.suffix == ".part" or str(os.getpid()) in path.suffixes]
