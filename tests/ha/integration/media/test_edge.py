"""Clips read from a real edge, that watches a generated door."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from pathlib import Path

import av
import pytest
from aiohttp import ClientTimeout
from homeassistant.components.camera import Camera, async_request_stream
from homeassistant.components.camera.const import DATA_COMPONENT
from homeassistant.components.media_player import BrowseError, SearchMediaQuery
from homeassistant.components.media_source import Unresolvable, async_resolve_media, async_search_media
from homeassistant.components.stream import HLS_PROVIDER
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.porchlight import clips_edge
from custom_components.porchlight.const import DOMAIN
from tests.broker import HOST, Broker, free_port
from tests.e2e.edge import Edge
from tests.fault_proxy import Answer, Fault, FaultProxy, Kind, Script
from tests.ha.integration.conftest import state_of, until
from tests.ha.integration.media.conftest import NOON, Browse, add_entry, ids
from tests.ha.integration.media.evidence import development
from tests.ha.integration.node import Node
from tests.ha.integration.test_actions import call
from tests.paths import model

#: The first of them waits for a whole visit.
pytestmark = pytest.mark.timeout(300)

NODE, CAMERA = "porch", "front_door"
#: Somebody comes to the door and goes again within half a minute; so long on a machine that has no time.
CLIP_S = 200.0
#: Whoever comes to the door and goes again walks over it both ways.
LINES = {"threshold": {"start": [0.5, 1.0], "end": [0.5, 0.0]}}


@dataclass(frozen=True, kw_only=True)
class Watched:
    """An edge that has delivered a clip to its folder."""

    port: int
    token: str
    visit_id: str
    clip: Path
    archive: Path

    def clips(self, **changes: str) -> dict[str, str]:
        """The part of an entry's data that says how its clips are read."""
        return {"type": "edge", "url": f"http://{HOST}:{self.port}", "token": self.token, **changes}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """Somebody came to its door and left."""
    with development():
        port = free_port()
        config = {
            "node": {"id": NODE, "name": "Porch"},
            "cameras": {CAMERA: {"name": "Front door", "source": "scene://door?people=1", "lines": LINES}},
            "detection": {"backend": "onnx", "precision": "fp32", "threads": 1, "model": str(model("yolov5n.onnx"))},
            "recording": {"max_clip_s": 4, "pre_roll_s": 1},
            "mqtt": {"enabled": False},
            "web": {"port": port},
        }
        with Edge(tmp_path_factory.mktemp("edge"), config) as edge:
            deadline = time.monotonic() + CLIP_S
            while not list(edge.archive.rglob("*.json")):  # the document comes last
                assert time.monotonic() < deadline, f"no visit ended:\n{edge.log_text()[-4000:]}"
                time.sleep(0.1)
            clip = edge.clips()[0]
            token = (edge.data / "api-token").read_text().strip()
            yield Watched(port=port, token=token, visit_id=clip.stem, clip=clip, archive=edge.archive)


@pytest.fixture
def clips(watched: Watched, sockets: None) -> dict[str, str]:
    """How clips are read."""
    return watched.clips()


async def set_up(hass: HomeAssistant, clips: dict[str, str], node: str = NODE) -> MockConfigEntry:
    """An entry that reads clips so."""
    assert await async_setup_component(hass, "media_source", {})
    made = add_entry(hass, clips, node, "Porch")
    assert await hass.config_entries.async_setup(made.entry_id)
    return made


async def test_from_a_camera_to_a_clip(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    mqtt_entry: MockConfigEntry,
    watched: Watched,
    clips: dict[str, str],
    browse: Browse,
) -> None:
    await set_up(hass, clips)
    assert ids(await browse(NODE)) == [f"{NODE}/{CAMERA}"]
    days = ids(await browse(f"{NODE}/{CAMERA}"))
    assert len(days) == 1
    day = await browse(days[0])
    clip = next(child for child in day.children or () if child.media_content_id.endswith(watched.visit_id))
    document = json.loads(next(watched.archive.rglob(f"{watched.visit_id}.json")).read_text())
    assert f"1 person · {document['max_confidence']:.0%} · " in clip.title
    assert clip.thumbnail == f"/api/porchlight/{NODE}/{CAMERA}/{watched.visit_id}/snapshot.jpg"
    found = await async_search_media(hass, "media-source://porchlight", SearchMediaQuery(search_query="today"))
    assert clip.media_content_id in [each.media_content_id for each in found.result]

    media = await async_resolve_media(hass, clip.media_content_id, None)
    content = watched.clip.read_bytes()
    stranger = await hass_client_no_auth()
    answer = await stranger.get(media.url)
    assert (answer.status, answer.content_type, await answer.read()) == (HTTPStatus.OK, "video/mp4", content)
    part = await stranger.get(media.url, headers={"Range": "bytes=100-199"})
    assert (part.status, await part.read()) == (HTTPStatus.PARTIAL_CONTENT, content[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(content)}"
    same = await stranger.get(media.url, headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status == HTTPStatus.NOT_MODIFIED
    more = {"Range": "bytes=5-9", "If-Range": answer.headers["ETag"]}
    assert await (await stranger.get(media.url, headers=more)).read() == content[5:10]
    behind = await stranger.get(media.url, headers={"Range": f"bytes={len(content)}-"})
    assert behind.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    assert (await stranger.head(media.url)).headers["Content-Length"] == str(len(content))
    assert (await stranger.get(clip.thumbnail)).status == HTTPStatus.UNAUTHORIZED


async def test_pictures(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    mqtt_entry: MockConfigEntry,
    watched: Watched,
    clips: dict[str, str],
) -> None:
    await set_up(hass, clips)
    client = await hass_client()
    for name in ("snapshot.jpg", "poster.jpg"):
        answer = await client.get(f"/api/porchlight/{NODE}/{CAMERA}/{watched.visit_id}/{name}")
        assert (answer.status, answer.content_type) == (HTTPStatus.OK, "image/jpeg")
        assert (await answer.read()).startswith(b"\xff\xd8\xff")


async def test_what_it_does_not_have(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    mqtt_entry: MockConfigEntry,
    watched: Watched,
    clips: dict[str, str],
    browse: Browse,
) -> None:
    await set_up(hass, clips)
    client = await hass_client()
    for path, status in {
        f"{CAMERA}/{NOON}/clip.mp4": HTTPStatus.NOT_FOUND,
        f"{CAMERA}/{watched.visit_id}/clip.mp4?n=2": HTTPStatus.NOT_FOUND,
        f"garden/{watched.visit_id}/clip.mp4": HTTPStatus.NOT_FOUND,  # of another camera
    }.items():
        assert (await client.get(f"/api/porchlight/{NODE}/{path}")).status == status, path
    assert ids(await browse(f"{NODE}/garden")) == []
    assert ids(await browse(f"{NODE}/{CAMERA}/2026-11-01")) == []


async def test_a_file_that_left_the_edge(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    mqtt_entry: MockConfigEntry,
    watched: Watched,
    clips: dict[str, str],
) -> None:
    await set_up(hass, clips)
    aside = watched.clip.rename(watched.clip.with_suffix(".aside"))
    try:
        answer = await (await hass_client()).get(f"/api/porchlight/{NODE}/{CAMERA}/{watched.visit_id}/clip.mp4")
        assert (answer.status, (await answer.json())["code"]) == (HTTPStatus.GONE, "clip_gone")
    finally:
        aside.rename(watched.clip)


async def test_a_wrong_token(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    mqtt_entry: MockConfigEntry,
    watched: Watched,
    clips: dict[str, str],
    browse: Browse,
) -> None:
    entry = await set_up(hass, watched.clips(token="wrong"))
    answer = await (await hass_client()).get(f"/api/porchlight/{NODE}/{CAMERA}/{watched.visit_id}/clip.mp4")
    assert (answer.status, (await answer.json())["code"]) == (HTTPStatus.FORBIDDEN, "clips_refused")
    assert ir.async_get(hass).async_get_issue(DOMAIN, f"clips_refused-{entry.entry_id}")
    with pytest.raises(BrowseError, match="refused"):
        await browse(f"{NODE}/{CAMERA}")


async def live(hass: HomeAssistant, broker: Broker, clips: dict[str, str]) -> Camera:
    """The camera entity of the edge, which is announced."""
    assert await async_setup_component(hass, "stream", {})
    await set_up(hass, clips)
    with broker.observer() as observer:
        node = Node(observer, NODE)
        node.announce(name="Porch")
        node.state()
        node.status("online")
    await until(lambda: state_of(hass, f"binary_sensor.{NODE}_{CAMERA}_person") == "on")
    camera = hass.data[DATA_COMPONENT].get_entity(f"camera.{NODE}_{CAMERA}")
    assert camera
    return camera


async def test_home_assistant_plays_the_camera_s_own_packets(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    mqtt_entry: MockConfigEntry,
    broker: Broker,
    watched: Watched,
    clips: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """From the edge's stream, with its token, to the segments that a browser is given."""
    camera = await live(hass, broker, clips)
    path = await async_request_stream(hass, camera.entity_id, "hls")
    client = await hass_client_no_auth()
    try:
        master = await (await client.get(path)).text()
        assert 'CODECS="avc1.' in master
        folder = path.rpartition("/")[0]
        playlist = await (await client.get(f"{folder}/{master.splitlines()[-1]}")).text()
        (first,) = re.findall(r'#EXT-X-MAP:URI="(.+?)"', playlist)
        segments = [line for line in playlist.splitlines() if line.startswith("./segment")]
        start = await (await client.get(f"{folder}/{first}")).read()
        segment = await (await client.get(f"{folder}/{segments[0]}")).read()
    finally:
        assert camera.stream
        await camera.stream.remove_provider(camera.stream.outputs()[HLS_PROVIDER])
    assert start[4:8] == b"ftyp"
    with av.open(BytesIO(start + segment), "r") as played:
        picture = next(played.decode(video=0))
    with av.open(str(watched.clip), "r") as clip:
        assert (picture.width, picture.height) == (clip.streams.video[0].width, clip.streams.video[0].height)
    assert watched.token not in caplog.text
    assert watched.token not in str(hass.states.async_all())


async def test_visits_that_were_never_heard(
    hass: HomeAssistant, mqtt_entry: MockConfigEntry, broker: Broker, watched: Watched, clips: dict[str, str]
) -> None:
    camera = await live(hass, broker, clips)
    assert camera.device_entry
    answer = await call(hass, "get_visits", device_id=camera.device_entry.id, limit=1000)
    found = {visit["id"]: visit for visit in answer["visits"]}
    assert found[watched.visit_id]["source"] == "edge"
    assert found[watched.visit_id]["clips"][0].endswith(f"{watched.visit_id}.mp4")
    assert answer["archive"] == "complete"

    url = f"http://{HOST}:{watched.port}/api/v1/traffic?camera={CAMERA}&line=threshold"
    async with async_get_clientsession(hass).get(url, headers={"Authorization": f"Bearer {watched.token}"}) as told:
        total = (await told.json())["total"]
    answer = await call(hass, "get_traffic", device_id=camera.device_entry.id)
    [line] = answer["lines"]
    assert answer["archive"] == "complete"
    assert (line["in"], line["out"]) >= (total["in"], total["out"])
    assert line["in"] + line["out"] > 0


async def test_a_stream_with_a_wrong_token_is_refused(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    broker: Broker,
    watched: Watched,
    sockets: None,
) -> None:
    camera = await live(hass, broker, watched.clips(token="wrong"))
    stream = await camera.async_create_stream()
    assert stream
    provider = stream.add_provider(HLS_PROVIDER)
    await stream.start()
    try:
        await until(lambda: not stream.available)
    finally:
        await stream.remove_provider(provider)


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=Kind.CLOSE),
        Fault(kind=Kind.HANG),
        Fault(kind=Kind.UNAVAILABLE),
        Fault(kind=Kind.CAPTIVE),  # a page that is no JSON
        Fault(kind=Kind.ANSWER, answer=Answer(200, page="7", headers=JSON)),
        Fault(kind=Kind.ANSWER, answer=Answer(302, headers={"Location": "http://192.0.2.1/"})),
    ],
    ids=["close", "hang", "unavailable", "page", "number", "redirect"],
)
async def test_an_edge_that_is_away(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    watched: Watched,
    sockets: None,
    browse: Browse,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clips_edge, "LIST_TIMEOUT", ClientTimeout(total=0.5))
    with FaultProxy(watched.port, plan=lambda _: fault) as proxy:
        await set_up(hass, watched.clips(url=proxy.url))
        for identifier in (NODE, f"{NODE}/{CAMERA}", f"{NODE}/{CAMERA}/2026-11-01"):
            with pytest.raises(BrowseError, match="cannot be reached now"):
                await browse(identifier)
        with pytest.raises(BrowseError, match="cannot be reached now"):
            await async_search_media(hass, "media-source://porchlight", SearchMediaQuery(search_query="today"))
        with pytest.raises(Unresolvable, match="cannot be reached now"):
            await async_resolve_media(hass, f"media-source://porchlight/{NODE}/{CAMERA}/{watched.visit_id}", None)


async def test_more_visits_than_a_page(
    hass: HomeAssistant,
    mqtt_entry: MockConfigEntry,
    watched: Watched,
    sockets: None,
    browse: Browse,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visit = {"camera": CAMERA, "duration_s": 1, "max_people": 1, "max_confidence": 0.5, "snapshot": False}
    visit["clips"] = [{"n": 1}, {"n": "2"}, 3]
    odd = [{**visit, "visit_id": "x"}, {**visit, "visit_id": NOON, "camera": "other"}, 7]
    pages = [
        {"visits": [{**visit, "visit_id": NOON}], "next": NOON},
        {"visits": [{**visit, "visit_id": NOON[:-1] + "0"}, *odd], "next": None},
    ]
    faults = [Fault(kind=Kind.ANSWER, answer=Answer(200, page=json.dumps(page), headers=JSON)) for page in pages]
    with FaultProxy(watched.port, plan=Script(*faults)) as proxy:
        await set_up(hass, watched.clips(url=proxy.url))
        found = ids(await browse(f"{NODE}/{CAMERA}/2026-11-19"))
        assert found == [f"{NODE}/{CAMERA}/{NOON}", f"{NODE}/{CAMERA}/{NOON[:-1]}0"]
        assert [seen.request.query.get("cursor") for seen in proxy.seen] == [None, NOON]
    monkeypatch.setattr(clips_edge, "MAX_PAGES", 1)
    with FaultProxy(watched.port, plan=Script(faults[0])) as proxy:
        await set_up(hass, watched.clips(url=proxy.url), "porch_2")
        with pytest.raises(BrowseError, match="cannot be reached now"):
            await browse(f"porch_2/{CAMERA}/2026-11-19")
