"""The image's smaller libraries: what Porchlight does works with the stand-ins of script/stand_in.py all the same."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.paths import ROOT

PROGRAM = ROOT / "script" / "stand_in.py"
SITE = Path(cv2.__file__).parents[1]
WHEELS = ("av", "av.libs", "cv2", "opencv_python_headless.libs")
#: At least so much is saved.
SAVED_BYTES = 100_000_000
#: What of OpenCV computes by LAPACK or reads and writes video: in the image, a call of it would end the program.
GONE = re.compile(
    r"SVD|PCA|[Ee]igen|solve|invert|gemm|kmeans|fit|estimate|find(?!Contours|NonZero)|[cC]alibrat|recover|triangulate"
    r"|get(Affine|Perspective)Transform|undistort|stereo|Video|Kalman|ml_|dnn|ximgproc"
)


@pytest.fixture(scope="module")
def slim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of the two wheels, with the stand-ins."""
    if missing := [name for name in ("as", "ld", "nm", "readelf") if shutil.which(name) is None]:
        pytest.skip(f"binutils are missing: {missing}")
    folder = tmp_path_factory.mktemp("slim")
    for name in WHEELS:
        shutil.copytree(SITE / name, folder / name, copy_function=link)
    subprocess.run([PROGRAM, folder], check=True)
    return folder


def link(source: str, target: str) -> None:
    """A file is replaced as a whole, so it may be shared."""
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def size_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for name in WHEELS for path in (folder / name).rglob("*") if path.is_file())


def test_it_is_worth_it(slim: Path) -> None:
    assert size_bytes(slim) < size_bytes(SITE) - SAVED_BYTES


def test_nothing_is_left_that_nothing_is_linked_to(slim: Path) -> None:
    left = {path.name.partition("-")[0] for path in (slim / "opencv_python_headless.libs").iterdir()}
    assert "libopenblasp" in left
    assert left.isdisjoint({"libgfortran", "libquadmath", "libcrypto", "libssl", "libvpx"})


def test_people_are_found_and_recorded_all_the_same(slim: Path, tmp_path: Path) -> None:
    """A scene is drawn, encoded, decoded, looked at by OpenCV's detector, and cut into clips and pictures."""
    words = ("replay", "scene://door?people=1", "--detector", "hog", "--out", "out", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "edge_detector", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{slim}:{ROOT}", "PORCHLIGHT_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"person_arrived"' in done.stdout
    assert list((tmp_path / "out" / "clips").rglob("*.mp4"))
    assert list((tmp_path / "out" / "snapshots").rglob("*.jpg"))


def test_the_libraries_were_those(slim: Path) -> None:
    code = "import av, cv2; print(av.__file__, cv2.__file__, av.CodecContext.create('libx264', 'w').name)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(slim)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(slim / "av" / "__init__.py"), str(slim / "cv2" / "__init__.py"), "libx264"]


def test_a_wheel_without_such_a_library_is_told(tmp_path: Path) -> None:
    done = subprocess.run([PROGRAM, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "has no libavcodec" in done.stderr


def called() -> Iterator[str]:
    """What of OpenCV the package names."""
    for path in sorted((ROOT / "edge_detector").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "cv2":
                yield node.attr


def test_nothing_is_called_that_is_gone() -> None:
    assert sorted(name for name in called() if GONE.match(name)) == []
    assert {"HOGDescriptor", "findContours", "resize"} <= set(called())
