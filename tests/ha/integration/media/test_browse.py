"""The media browser over a bucket: what is in which folder, in which order, and under which words."""

from datetime import timedelta
from typing import Any

import pytest
from homeassistant.components.media_player import BrowseError, MediaClass, SearchMediaQuery
from homeassistant.components.media_source import (
    Unresolvable,
    async_resolve_media,
    async_search_media,
)
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight import clips_s3
from edge_detector.core.evidence import ItemKind
from tests.ha.integration.media.conftest import (
    ATTIC,
    EVENING,
    NIGHT,
    NOON,
    OTHER,
    STILL,
    Browse,
    add_entry,
    ids,
    on_moto,
    titles,
)
from tests.ha.integration.media.evidence import Store, key_of, visit_at
from tests.ha.integration.node import CAMERA, NODE, Node

DOOR = f"{NODE}/{CAMERA}"
API = f"/api/porchlight/{DOOR}"
ON_19 = [f"{DOOR}/{NIGHT}-2", f"{DOOR}/{NIGHT}", f"{DOOR}/{NOON}"]


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)


async def test_from_the_top_to_a_clip(running: MockConfigEntry, browse: Browse) -> None:
    top = await browse("")
    assert (top.title, top.media_class, top.can_search) == ("Porchlight", MediaClass.APP, True)
    assert (titles(top), ids(top)) == (["Hallway"], [NODE])
    node = await browse(NODE)
    assert node.title == "Hallway"
    assert titles(node) == ["Front door", "Garden", "porch_before"]  # the last one lives in the archive alone
    assert node.children
    assert node.children[0].thumbnail == "/api/image_proxy/image.hallway_front_door_last_person"
    assert node.children[2].thumbnail is None
    camera = await browse(DOOR)
    assert (camera.title, camera.children_media_class) == ("Front door", MediaClass.DIRECTORY)
    assert ids(camera) == [f"{DOOR}/2026-11-20", f"{DOOR}/2026-11-19", f"{DOOR}/2026-11-17"]
    day = await browse(f"{DOOR}/2026-11-19")
    assert (day.title.split(" · ")[0], day.children_media_class) == ("Front door", MediaClass.VIDEO)
    assert titles(day) == [
        "21:00 (2) · 2 people · 91% · 13 s",
        "21:00 · 2 people · 91% · 13 s",
        "12:00 · 2 people · 91% · 13 s",
    ]
    assert ids(day) == ON_19
    assert day.children
    assert [child.thumbnail for child in day.children] == [
        f"{API}/{NIGHT}/poster.jpg?n=2",
        f"{API}/{NIGHT}/snapshot.jpg",
        f"{API}/{NOON}/snapshot.jpg",
    ]
    assert all(child.can_play and not child.can_expand for child in day.children)


@on_moto
async def test_a_visit_without_a_clip_is_a_picture(running: MockConfigEntry, browse: Browse) -> None:
    (still,) = (await browse(f"{DOOR}/2026-11-20")).children or ()
    assert (still.media_class, still.media_content_type) == (MediaClass.IMAGE, "image/jpeg")
    assert ids(await browse(f"{DOOR}/2026-11-20")) == [f"{DOOR}/{STILL}.jpg"]


async def test_a_visit_without_a_document_has_a_time_and_its_poster(running: MockConfigEntry, browse: Browse) -> None:
    (clip,) = (await browse(f"{DOOR}/2026-11-17")).children or ()
    assert (clip.title, clip.thumbnail) == ("19:00", f"{API}/{EVENING}/poster.jpg")


@on_moto
async def test_what_was_heard_needs_no_document(
    hass: HomeAssistant, running: MockConfigEntry, edge: Node, browse: Browse
) -> None:
    left: dict[str, Any] = {"ts": "2026-11-18T03:00:09.500Z", "duration_s": 9.5, "max_people": 1, "max_confidence": 0.5}
    edge.event("person_left", CAMERA, visit_id=EVENING, **left)
    await hass.async_block_till_done(wait_background_tasks=False)
    assert titles(await browse(f"{DOOR}/2026-11-17")) == ["19:00 · 1 person · 50% · 10 s"]


@on_moto
async def test_an_empty_day_and_camera(running: MockConfigEntry, browse: Browse) -> None:
    assert ids(await browse(f"{DOOR}/2026-11-18")) == []
    assert ids(await browse(f"{NODE}/never_seen")) == []


async def test_today_and_yesterday_have_names(
    hass: HomeAssistant, running: MockConfigEntry, browse: Browse, store: Store
) -> None:
    noon = dt_util.now().replace(hour=12, minute=0, second=0, microsecond=0)
    days = [noon - timedelta(days=n) for n in range(3)]
    for day in days:
        store.visit(visit_at(day.isoformat()), camera="yard", node="shed_pi", snapshot=False)
    await set_up(hass, add_entry(hass, store.clips(), "shed_pi", "Shed"))
    today, yesterday, before = (str(day.date()) for day in days)
    assert titles(await browse("")) == ["Hallway", "Shed"]
    assert titles(await browse("shed_pi")) == ["yard"]
    assert titles(await browse("shed_pi/yard")) == [f"Today · {today}", f"Yesterday · {yesterday}", before]
    folder = await browse(f"shed_pi/yard/{yesterday}")
    assert folder.title == f"yard · Yesterday · {yesterday}"
    found = await async_search_media(hass, "media-source://porchlight", SearchMediaQuery(search_query="Shed yesterday"))
    assert [item.title for item in found.result] == ["yard · 12:00 · 2 people · 91% · 13 s"]


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", ["2026-11-20", "2026-11-19", "2026-11-18"]),  # those of the archive
        ("Pacific/Auckland", ["2026-11-21", "2026-11-20", "2026-11-18"]),  # thirteen hours later
    ],
)
async def test_days_are_those_of_the_home(
    hass: HomeAssistant, running: MockConfigEntry, browse: Browse, zone: str, days: list[str]
) -> None:
    await hass.config.async_set_time_zone(zone)
    assert [each.rpartition("/")[2] for each in ids(await browse(DOOR))] == days
    shown = [each.rpartition("/")[2] for day in days for each in ids(await browse(f"{DOOR}/{day}"))]
    assert shown == [f"{STILL}.jpg", f"{NIGHT}-2", NIGHT, NOON, EVENING]


async def test_a_day_longer_than_a_page(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    entry: MockConfigEntry,
    browse: Browse,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clips_s3, "PAGE_KEYS", 5)
    monkeypatch.setattr(clips_s3, "EXACT_DAYS", 1)
    await set_up(hass, add_entry(hass, store.clips(), "barn_pi", "Barn"))
    visits = [visit_at("2026-11-02T20:00:00Z", number) for number in range(12)]
    for visit in visits:
        store.put(key_of(ItemKind.CLIP, visit, camera="gate", node="barn_pi"), b"")
    monkeypatch.setattr(clips_s3, "MAX_PAGES", 2)
    with pytest.raises(BrowseError, match="cannot be reached now"):
        await browse("barn_pi/gate/2026-11-02")
    monkeypatch.setattr(clips_s3, "MAX_PAGES", 3)
    found = ids(await browse("barn_pi/gate/2026-11-02"))
    assert found == [f"barn_pi/gate/{visit}" for visit in reversed(visits)]
    assert ids(await browse("barn_pi/gate")) == ["barn_pi/gate/2026-11-02", "barn_pi/gate/2026-11-01"]


# --- search -----------------------------------------------------------------------------------------------------------


@on_moto
@pytest.mark.parametrize(
    ("where", "query", "found"),
    [
        ("", "garden", [f"{NODE}/garden"]),
        ("", "2026-11-19", [*ON_19, f"{NODE}/garden/{OTHER}", f"{NODE}/porch_before/{OTHER}"]),
        ("", "Garden 2026-11-19", [f"{NODE}/garden/{OTHER}"]),
        (NODE, "front", [DOOR]),
        (NODE, "hallway", [DOOR, f"{NODE}/garden", f"{NODE}/porch_before"]),
        (DOOR, "2026-11-17", [f"{DOOR}/{EVENING}"]),
        (DOOR, "garden", []),
        (f"{DOOR}/2026-11-19", "12:00", [f"{DOOR}/{NOON}"]),
        (f"{DOOR}/2026-11-19", "2026-11-17", [f"{DOOR}/{EVENING}"]),  # a day that is named outdoes where one is
        ("", "today", []),
        ("", "2026-99-99", []),
        ("", "../..", []),
    ],
)
async def test_search(hass: HomeAssistant, running: MockConfigEntry, where: str, query: str, found: list[str]) -> None:
    uri = f"media-source://porchlight{'/' if where else ''}{where}"
    result = (await async_search_media(hass, uri, SearchMediaQuery(search_query=query))).result
    assert [item.media_content_id.removeprefix("media-source://porchlight/") for item in result] == found
    if found and query == "2026-11-19":
        assert result[0].title == "Front door · 21:00 (2) · 2 people · 91% · 13 s"


@on_moto
async def test_search_for_a_class(hass: HomeAssistant, running: MockConfigEntry) -> None:
    query = SearchMediaQuery(search_query="2026-11-20", media_filter_classes=[MediaClass.VIDEO])
    assert (await async_search_media(hass, "media-source://porchlight", query)).result == []


# --- playing ----------------------------------------------------------------------------------------------------------


@on_moto
@pytest.mark.parametrize(
    ("identifier", "path", "mime_type"),
    [
        (NOON, f"{NOON}/clip.mp4?authSig=", "video/mp4"),
        (f"{NIGHT}-2", f"{NIGHT}/clip.mp4?n=2&authSig=", "video/mp4"),
        (f"{STILL}.jpg", f"{STILL}/snapshot.jpg?authSig=", "image/jpeg"),
    ],
)
async def test_resolve(
    hass: HomeAssistant, running: MockConfigEntry, identifier: str, path: str, mime_type: str
) -> None:
    media = await async_resolve_media(hass, f"media-source://porchlight/{DOOR}/{identifier}", None)
    assert media.url.startswith(f"{API}/{path}")
    assert media.mime_type == mime_type


UNKNOWN = "There is no such clip"


UNPLAYABLE = [
    DOOR,  # a folder
    f"{DOOR}/2026-11-19",
    f"{DOOR}/{OTHER}",  # of the other camera
    f"{DOOR}/{NOON}-2",  # of a visit with one clip
    f"{DOOR}/{NOON}-0",
    f"{DOOR}/{NIGHT}-2.jpg",
    f"{DOOR}/7ZZZZZZZZZZZZZZZZZZZZZZZZZ",  # in the year 10889
    f"attic_pi/loft/{ATTIC}",  # of a node that is not here, though it is in the bucket
    f"{NODE}/loft/{ATTIC}",
    f"{NODE}/../attic_pi/{ATTIC}",
    f"{DOOR}/../{NOON}",
    f"{DOOR}//{NOON}",
    f"{DOOR}/{NOON}.mp4",
    f"{DOOR}/{NOON.lower()}",
]
CLOSED = [
    "attic_pi",
    "../x",
    f"{NODE}/UPPER",
    f"{NODE}/..",
    f"{DOOR}/2026-13-01",
    f"{DOOR}/9999-12-31",
    f"{DOOR}/{NOON}",
]


async def test_what_is_not_there(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, entry: MockConfigEntry, browse: Browse
) -> None:
    await set_up(hass, entry)
    for identifier in UNPLAYABLE:
        with pytest.raises(Unresolvable, match=UNKNOWN):
            await async_resolve_media(hass, f"media-source://porchlight/{identifier}", None)
    for identifier in CLOSED:
        with pytest.raises(BrowseError, match=UNKNOWN):
            await browse(identifier)
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(BrowseError, match="cannot be reached now"):
        await browse(NODE)
    assert ids(await browse("")) == []


async def test_what_is_no_longer_kept(hass: HomeAssistant, running: MockConfigEntry, store: Store) -> None:
    gone = visit_at("2026-11-01T12:00:00Z")
    store.visit(gone)
    store.remove(key_of(ItemKind.CLIP, gone))
    with pytest.raises(Unresolvable, match="no longer kept"):
        await async_resolve_media(hass, f"media-source://porchlight/{DOOR}/{gone}", None)
