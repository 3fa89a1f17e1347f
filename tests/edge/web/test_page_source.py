"""What the page's files must not hold, found without a browser."""

import re
from pathlib import Path

import pytest

from tests.paths import ROOT

FOLDER = ROOT / "edge_detector" / "web" / "static"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
#: Names a kind of XML; nobody asks it for anything.
NAMESPACE = "http://www.w3.org/2000/svg"
#: What makes markup or code of data, and what the page's policy forbids.
FORBIDDEN = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style"
)
IMPORT = re.compile(r"""(?:from|import) '([^']+)'""")


def named(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_no_file_refers_to_another_host(path: Path) -> None:
    text = path.read_text().replace(NAMESPACE, "")
    assert not re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", text)
    assert "@import" not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_no_script_makes_markup_of_data(path: Path) -> None:
    assert FORBIDDEN.findall(path.read_text()) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_every_import_is_a_file_of_the_page(path: Path) -> None:
    for name in IMPORT.findall(path.read_text()):
        assert name.startswith("."), "an import of another package needs a build step"
        assert (path.parent / name).resolve() in FILES, name


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_every_script_says_what_it_is_for(path: Path) -> None:
    assert path.read_text().startswith("/** ")


def test_page_has_neither_inline_scripts_nor_styles_nor_absolute_addresses() -> None:
    text = (FOLDER / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text)
    assert re.findall(r"""(?:src|href)="(/[^"]*)""", text) == [], "behind ingress the page is not at the root"
