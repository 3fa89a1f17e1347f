"""The integration with its node online, reading clips from real stores."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack

import pytest
from homeassistant.components.media_source import BrowseMediaSource, async_browse_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight.const import DOMAIN
from tests.ha.integration.media.evidence import Store, moto, seaweed, visit_at
from tests.ha.integration.node import NODE

#: Home Assistant's tests live at the US Pacific, where it is eight hours earlier in November.
NOON = visit_at("2026-11-19T20:00:00Z")  # the 19th at 12:00
NIGHT = visit_at("2026-11-20T05:00:00Z")  # the 19th at 21:00, two clips
STILL = visit_at("2026-11-20T18:00:00Z")  # the 20th at 10:00, a snapshot alone
EVENING = visit_at("2026-11-18T03:00:00Z")  # the 17th at 19:00, of which no document tells
OTHER = visit_at("2026-11-19T20:00:00Z", 2)  # in the garden
ATTIC = visit_at("2026-11-19T20:00:00Z", 3)  # of another node in the same bucket

#: For what is the integration's own doing, whatever the server.
on_moto = pytest.mark.parametrize("store", ["moto"], indirect=True)

Browse = Callable[[str], Awaitable[BrowseMediaSource]]


def fill(store: Store) -> None:
    """The archive of a few days, with things in it that do not belong there."""
    store.visit(NOON)
    store.visit(NIGHT, clips=2)
    store.visit(STILL, clips=0)
    store.visit(EVENING, snapshot=False, document=False)
    store.visit(OTHER, camera="garden")
    store.visit(OTHER, camera="porch_before")
    store.visit(ATTIC, node="attic_pi", camera="loft")
    day = f"clips/node={NODE}/camera=front_door/date=2026-11-19"
    for name in ("evil.html", "..mp4", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ.mp4", f"{NOON}.partial.mp4", f"{NOON}-0.mp4"):
        store.put(f"{day}/{name}", b"<script>")
    store.put(f"clips/node={NODE}/camera=front_door/date=9999-99-99/{NOON}.mp4", b"")
    store.put(f"clips/node={NODE}/camera=UPPER/date=2026-11-19/{NOON}.mp4", b"")
    store.put(f"snapshots/node={NODE}/camera=front_door/date=2026-11-19/{NOON}.mp4", b"")


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Store]]:
    """The S3 servers, each started when it is first wanted."""
    started: dict[str, Store] = {}
    with ExitStack() as stack:

        def start(name: str) -> Store:
            if name not in started:
                make = {"moto": moto, "seaweed": seaweed}[name]
                started[name] = stack.enter_context(make(tmp_path_factory.mktemp(name)))
                fill(started[name])
            return started[name]

        yield start


@pytest.fixture(params=["moto", "seaweed"])
def store(request: pytest.FixtureRequest, stores: Callable[[str], Store], sockets: None) -> Store:
    """Each of the servers in turn."""
    return stores(request.param)


@pytest.fixture
def only_moto(stores: Callable[[str], Store], sockets: None) -> Store:
    """The one with rights."""
    return stores("moto")


@pytest.fixture
def clips(store: Store) -> dict[str, str]:
    """How clips are read."""
    return store.clips()


@pytest.fixture
async def entry(hass: HomeAssistant, clips: dict[str, str]) -> MockConfigEntry:
    """The entry of the played node, not set up yet."""
    assert await async_setup_component(hass, "media_source", {})
    return add_entry(hass, clips)


def add_entry(hass: HomeAssistant, clips: dict[str, str], node: str = NODE, title: str = "Hallway") -> MockConfigEntry:
    data = {"node": node, "base_topic": "porchlight", "clips": clips}
    made = MockConfigEntry(domain=DOMAIN, title=title, unique_id=node, data=data)
    made.add_to_hass(hass)
    return made


@pytest.fixture
def browse(hass: HomeAssistant) -> Browse:
    """A folder of the media browser."""

    async def ask(identifier: str) -> BrowseMediaSource:
        found = await async_browse_media(hass, f"media-source://porchlight{'/' if identifier else ''}{identifier}")
        assert isinstance(found, BrowseMediaSource)
        return found

    return ask


def titles(folder: BrowseMediaSource) -> list[str]:
    return [child.title for child in folder.children or ()]


def ids(folder: BrowseMediaSource) -> list[str]:
    return [child.media_content_id.removeprefix("media-source://porchlight/") for child in folder.children or ()]
