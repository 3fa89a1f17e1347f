"""The integration in a real Home Assistant: found, set up, true through a visit and a restart of all, removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from script.demo_home_assistant.api import wait_until
from tests.ha.e2e.browser import window
from tests.ha.e2e.conftest import INTEGRATION, home
from tests.ha.e2e.full_home import BROKER_WAS_AWAY, TRUE_S, UP_S, VISIT_S, FullHome

pytestmark = [pytest.mark.serial, pytest.mark.timeout(360)]

#: Those that MQTT discovery makes of the node and its camera.
PLAIN = 22


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullHome]:
    """A home with the integration at hand, not set up yet."""
    folder = tmp_path_factory.mktemp("full")
    for made in home(folder, integrations=(INTEGRATION,), scene="scene://walk?people=1", hold_s=2.0):
        yield FullHome(made)


def test_found_and_set_up(full: FullHome) -> None:
    full.home.edge.start()
    wait_until(lambda: len(full.entities("mqtt")) == PLAIN, "plain discovery", UP_S)
    full.set_up()
    full.wait_true()
    assert full.devices() == ["porchlight porch", "porchlight porch-front_door"]
    assert full.home.hass.problems() == []


def test_a_visit(full: FullHome) -> None:
    full.wait_person(there=False)
    full.wait_person()
    assert full.api.state(full.of("sensor", "people")) == "1"
    picture = full.api.fetch(f"/api/image_proxy/{full.of('image', 'last_person')}")
    assert picture.startswith(b"\xff\xd8\xff")
    clip = full.api.state(full.of("sensor", "last_clip"))
    full.wait_person(there=False)
    full.api.wait_state(full.of("sensor", "last_clip"), lambda state: state != clip, VISIT_S)
    assert int(full.api.state(full.of("sensor", "visits_today")) or 0) > 0
    assert full.home.hass.problems() == []


@pytest.mark.slow
def test_its_pages(full: FullHome, screenshots: Path) -> None:
    door = next(device["id"] for device in full.api.devices() if device["name"] == "Front door")
    for dark in (False, True):
        with window(full.api, dark=dark) as shown:
            shown.open(f"/config/devices/device/{door}", ["Last person", "Lowest confidence"])
            for width in (1280, 390):
                shown.page.set_viewport_size({"width": width, "height": 900})
                shown.page.wait_for_timeout(500)
                shown.screenshot(screenshots / f"device-{width}-{'dark' if dark else 'light'}.png")
            assert not shown.problems


def test_all_started_again_in_the_middle_of_a_visit(full: FullHome) -> None:
    """The order in which plain discovery comes first: the broker has forgotten who claimed the node."""
    before, devices = full.entities(), full.devices()
    full.wait_person()
    full.stop(("edge", "broker", "hass"))
    full.start(("edge", "broker", "hass"))
    full.wait_true()
    assert (full.entities(), full.devices()) == (before, devices)
    assert full.home.hass.problems(*BROKER_WAS_AWAY) == []


def test_removed_and_added_again(full: FullHome) -> None:
    before = full.entities()
    full.remove()
    wait_until(lambda: len(full.entities("mqtt")) == PLAIN, "plain discovery back", TRUE_S)
    assert not full.entities()
    full.set_up()
    full.wait_true()
    assert full.entities() == before
    assert full.home.hass.problems(*BROKER_WAS_AWAY) == []
