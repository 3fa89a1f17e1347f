"""The documentation's site: it builds, every link leads somewhere, and it asks nothing of other hosts."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

#: What a page loads by itself; a link that is clicked is another matter.
LOADED = re.compile(r"""<(?:script|img|iframe|source|video)\b[^>]*\bsrc="(https?://[^"]+)""")
#: The buttons that lead to one's own Home Assistant.
BUTTONS = "https://my.home-assistant.io/badges/"
STYLED = re.compile(r"""<link\b[^>]*\brel="(?:stylesheet|preconnect|icon)"[^>]*\bhref="(https?://[^"]+)""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_site(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")}
    built = {path.parent.relative_to(site) for path in site.rglob("index.html")}
    assert {page if page.name != "index" else page.parent for page in pages} <= built


def test_no_page_asks_another_host(site: Path) -> None:
    asked = {
        (str(page.relative_to(site)), address)
        for page in site.rglob("*.html")
        for pattern in (LOADED, STYLED)
        for address in pattern.findall(page.read_text())
        if not address.startswith(BUTTONS)
    }
    assert asked == set()
