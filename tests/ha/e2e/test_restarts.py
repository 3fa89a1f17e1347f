"""Restarts in every order in the middle of a visit, and removal in between: all is true again, nothing there twice."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from itertools import chain, permutations

import pytest

from tests.ha.e2e.conftest import INTEGRATION, home
from tests.ha.e2e.full_home import BROKER_WAS_AWAY, STILL_ADDING, FullHome

pytestmark = [pytest.mark.serial, pytest.mark.timeout(480)]

_LOG = logging.getLogger(__name__)

PARTS = ("hass", "broker", "edge")
#: Every choice of parts, started in every order; stopped in the same order, and all three also the other way round.
ORDERS = [(order, order) for order in chain.from_iterable(permutations(PARTS, n) for n in (1, 2, 3))]
ORDERS += [(order[::-1], order) for order in permutations(PARTS)]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullHome]:
    """A home with the integration set up, and somebody walking by every 15 s."""
    folder = tmp_path_factory.mktemp("restarts")
    for made in home(folder, integrations=(INTEGRATION,), scene="scene://walk?people=1", hold_s=2.0):
        made.edge.start()
        full = FullHome(made)
        full.set_up()
        full.wait_true(30.0)
        yield full


def problems(full: FullHome) -> list[str]:
    return full.home.hass.problems(*BROKER_WAS_AWAY)


@pytest.mark.parametrize(("stopped", "started"), ORDERS, ids=" ".join)
def test_in_the_middle_of_a_visit(full: FullHome, stopped: tuple[str, ...], started: tuple[str, ...]) -> None:
    before, devices, said = full.entities(), full.devices(), len(problems(full))
    full.wait_person()
    full.stop(stopped)
    full.start(started)
    _LOG.info("Stopped %s, started %s: true after %.1f s", stopped, started, full.wait_true())
    full.wait_person(there=False)
    full.wait_true()
    assert (full.entities(), full.devices()) == (before, devices)
    assert problems(full)[said:] == []


@pytest.mark.parametrize(
    "away", [(), ("edge",), ("broker",), ("hass",)], ids=lambda parts: " ".join(parts) or "nothing"
)
def test_removed_in_the_middle_of_a_visit_and_added_again(full: FullHome, away: tuple[str, ...]) -> None:
    before, devices, said = full.entities(), full.devices(), len(problems(full))
    full.wait_person()
    full.remove()
    full.stop(away)
    full.start(away)
    full.set_up()
    _LOG.info("Removed, stopped and started %s, added: true after %.1f s", away, full.wait_true())
    assert (full.entities(), full.devices()) == (before, devices)
    assert [each for each in problems(full)[said:] if not re.search(STILL_ADDING, each)] == []
