"""The steps of docs/quick-start.md in Home Assistant, clicked in a browser; its pictures are made here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from script.demo_home_assistant.api import wait_until
from tests.ha.e2e.browser import Window, window
from tests.ha.e2e.conftest import INTEGRATION, Home, home
from tests.ha.e2e.full_home import VISIT_S

pytestmark = [pytest.mark.serial, pytest.mark.timeout(240)]

#: A step of a dialog is there after this, or it hangs.
STEP_MS = 20_000
#: A dialog comes to rest within this.
SETTLE_MS = 700
#: The largest picture that a page may have.
PICTURE_BYTES = 120_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    yield from home(tmp_path_factory.mktemp("quick"), integrations=(INTEGRATION,), scene="scene://pair?people=2")


def kept(shown: Window, path: Path) -> None:
    """A picture for the page, when what moves has come to rest."""
    shown.page.wait_for_timeout(SETTLE_MS)
    shown.screenshot(path)
    assert path.stat().st_size < PICTURE_BYTES


def asked_for_clips(shown: Window) -> None:
    """From the page of integrations to the choice of where clips come from."""
    shown.page.set_default_timeout(STEP_MS)
    shown.open("/config/integrations/dashboard", ["Discovered"])
    shown.page.get_by_role("button", name="Add", exact=True).first.click()
    shown.page.get_by_role("button", name="Submit").click()
    shown.page.get_by_text("From the node itself").wait_for()


def test_from_discovered_to_an_entry(made: Home, screenshots: Path) -> None:
    made.edge.start()
    api = made.hass.api
    api.discovered("porchlight", VISIT_S)
    with window(api, width=1024, height=640) as shown:
        shown.open("/config/integrations/dashboard", ["Discovered"])
        kept(shown, screenshots / "1-discovered.png")
        asked_for_clips(shown)
        kept(shown, screenshots / "2-clips.png")
        shown.page.get_by_text("Not at all").click()
        wait_until(lambda: api.entries("porchlight"), "the node's entry")


def test_clips_from_the_node(made: Home, screenshots: Path) -> None:
    api = made.hass.api
    for entry in api.entries("porchlight"):
        api.remove_entry(entry["entry_id"])
    api.discovered("porchlight", VISIT_S)
    with window(api, width=1024, height=640) as shown:
        asked_for_clips(shown)
        shown.page.get_by_text("From the node itself").click()
        shown.page.get_by_text("Read clips from the node").wait_for()
        kept(shown, screenshots / "3-node.png")
