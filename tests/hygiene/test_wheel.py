"""The wheel: all that the program reads beside its modules lies in it."""

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.hygiene.test_repository import git
from tests.paths import ROOT

PACKAGE = "edge_detector/"
#: One of each kind of file that is no module.
DATA = (
    "app/porchlight.service",
    "outbox/migrations/0001_first.sql",
    "outbox/queries.sql",
    "py.typed",
    "web/static/index.html",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Of all files in a wheel of this checkout."""
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_whole_package_and_nothing_else(names: set[str]) -> None:
    committed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", PACKAGE)
    wanted = {name for name in committed if (ROOT / name).is_file()}
    assert {PACKAGE + name for name in DATA} <= wanted
    assert {name for name in names if ".dist-info/" not in name} == wanted


def test_the_wheel_starts_the_program_and_tells_its_licence(names: set[str]) -> None:
    told = {Path(name).name for name in names if ".dist-info/" in name}
    assert {"METADATA", "entry_points.txt", "LICENSE", "NOTICE"} <= told
