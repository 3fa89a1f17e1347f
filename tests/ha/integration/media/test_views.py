"""Clips over Home Assistant's own HTTP server: what is given to whom, and the truth about what is not."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.http.auth import async_sign_path
from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import Unresolvable, async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from yarl import URL

from custom_components.porchlight import views
from custom_components.porchlight.const import DOMAIN
from edge_detector.core.evidence import ItemKind
from tests.broker import HOST
from tests.fault_proxy import Answer, Fault, FaultProxy, Kind, Request, Script
from tests.ha.integration.conftest import faults, until
from tests.ha.integration.media.conftest import ATTIC, NIGHT, NOON, OTHER, Browse, add_entry, on_moto
from tests.ha.integration.media.evidence import CLIP, Store, key_of, visit_at
from tests.ha.integration.node import CAMERA, JPEG, NODE, Node

API = f"/api/porchlight/{NODE}/{CAMERA}"
PATH = f"{API}/{NOON}/clip.mp4"
MEDIA = f"media-source://porchlight/{NODE}/{CAMERA}"

type Client = TestClient[Any, Any]


@pytest.fixture
async def client(hass_client: ClientSessionGenerator, running: MockConfigEntry) -> Client:
    """Somebody who is logged in."""
    made: Client = await hass_client()
    return made


@pytest.fixture
async def stranger(hass_client_no_auth: ClientSessionGenerator, running: MockConfigEntry) -> Client:
    """Somebody who is not."""
    made: Client = await hass_client_no_auth()
    return made


@pytest.fixture
def proxy(only_moto: Store) -> Iterator[FaultProxy]:
    """Stands before the bucket."""
    with FaultProxy(only_moto.server.port) as running:
        yield running


# --- what is given ----------------------------------------------------------------------------------------------------


async def test_a_whole_clip(client: Client) -> None:
    answer = await client.get(PATH)
    assert answer.status == HTTPStatus.OK
    assert hashlib.sha256(await answer.read()).digest() == hashlib.sha256(CLIP).digest()
    assert answer.headers["Content-Type"] == "video/mp4"
    assert answer.headers["Content-Length"] == str(len(CLIP))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{CAMERA}-{NOON}-clip.mp4"'
    assert not {name for name in answer.headers if name.lower().startswith("x-amz")}


@pytest.mark.parametrize(
    ("wanted", "status", "content_range", "part"),
    [
        ("bytes=0-1", 206, f"bytes 0-1/{len(CLIP)}", slice(2)),  # what a phone asks first
        ("bytes=1000-1999", 206, f"bytes 1000-1999/{len(CLIP)}", slice(1000, 2000)),
        ("bytes=524000-", 206, f"bytes 524000-{len(CLIP) - 1}/{len(CLIP)}", slice(524000, None)),
        ("bytes=-100", 206, f"bytes {len(CLIP) - 100}-{len(CLIP) - 1}/{len(CLIP)}", slice(-100, None)),
        ("bytes=0-1,5-6", 200, None, slice(None)),  # several parts: the whole is right too
        ("lines=1-2", 200, None, slice(None)),
    ],
)
async def test_a_part_of_a_clip(
    client: Client, wanted: str, status: int, content_range: str | None, part: slice
) -> None:
    answer = await client.get(PATH, headers={"Range": wanted})
    assert (answer.status, answer.headers.get("Content-Range")) == (status, content_range)
    assert await answer.read() == CLIP[part]


async def test_a_part_behind_the_end(client: Client) -> None:
    answer = await client.get(PATH, headers={"Range": f"bytes={len(CLIP)}-"})
    assert answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    assert await answer.read() == b""


async def test_what_is_there_already(client: Client) -> None:
    etag = (await client.get(PATH)).headers["ETag"]
    same = await client.get(PATH, headers={"If-None-Match": etag})
    assert (same.status, await same.read()) == (HTTPStatus.NOT_MODIFIED, b"")
    other = await client.get(PATH, headers={"If-None-Match": '"another"'})
    assert other.status == HTTPStatus.OK
    more = await client.get(PATH, headers={"Range": "bytes=5-9", "If-Range": etag})
    assert (more.status, await more.read()) == (HTTPStatus.PARTIAL_CONTENT, CLIP[5:10])
    for condition in ('"another"', "Sat, 21 Nov 2026 07:00:00 GMT"):
        anew = await client.get(PATH, headers={"Range": "bytes=5-9", "If-Range": condition})
        assert (anew.status, await anew.read()) == (HTTPStatus.OK, CLIP)


async def test_head(client: Client) -> None:
    answer = await client.head(PATH)
    assert (answer.status, answer.headers["Content-Length"]) == (HTTPStatus.OK, str(len(CLIP)))
    assert (await client.head(f"{API}/{OTHER}/clip.mp4")).status == HTTPStatus.NOT_FOUND


@on_moto
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"{NOON}/snapshot.jpg", "image/jpeg"),
        (f"{NOON}/poster.jpg", "image/jpeg"),
        (f"{NIGHT}/poster.jpg?n=2", "image/jpeg"),
        (f"{NIGHT}/clip.mp4?n=2", "video/mp4"),
        (f"{NOON}/clip.mp4?n=1", "video/mp4"),
    ],
)
async def test_every_file_of_a_visit(client: Client, path: str, kind: str) -> None:
    answer = await client.get(f"{API}/{path}")
    assert (answer.status, answer.content_type) == (HTTPStatus.OK, kind)
    assert await answer.read() == {"image/jpeg": JPEG, "video/mp4": CLIP}[kind]


# --- who is refused ---------------------------------------------------------------------------------------------------


async def signed(hass: HomeAssistant, visit: str = NOON) -> str:
    """The address that a player gets."""
    return (await async_resolve_media(hass, f"{MEDIA}/{visit}", None)).url


@on_moto
async def test_a_signed_path_needs_no_login(hass: HomeAssistant, stranger: Client) -> None:
    for path in (await signed(hass), await signed(hass, f"{NIGHT}-2")):
        answer = await stranger.get(path, headers={"Range": "bytes=0-9"})
        assert (answer.status, await answer.read()) == (HTTPStatus.PARTIAL_CONTENT, CLIP[:10])
        assert (await stranger.head(path)).status == HTTPStatus.OK


@on_moto
async def test_without_login(stranger: Client) -> None:
    unknown = [f"{API}/nonsense/clip.mp4", f"/api/porchlight/nobody/x/{NOON}/clip.mp4"]
    for path in (PATH, f"{API}/{NOON}/snapshot.jpg", *unknown):
        assert (await stranger.get(path)).status == HTTPStatus.UNAUTHORIZED  # and nothing is told of what there is
        assert (await stranger.head(path)).status == HTTPStatus.UNAUTHORIZED


@on_moto
async def test_a_signature_holds_for_one_path_and_a_while(
    hass: HomeAssistant, stranger: Client, freezer: FrozenDateTimeFactory
) -> None:
    path = URL(await signed(hass), encoded=True)
    signature = path.query["authSig"]
    second = (await signed(hass, f"{NIGHT}-2")).replace("n=2", "n=1")
    expired = async_sign_path(hass, PATH, timedelta(seconds=-1))
    wrong = [
        str(path)[:-3] + "abc",
        f"{PATH}?authSig=",
        f"{PATH}?authSig=eyJhbGciOiJub25lIn0.e30.",  # signed by nobody
        f"{API}/{NIGHT}/clip.mp4?authSig={signature}",
        f"{API}/{NOON}/snapshot.jpg?authSig={signature}",
        f"/api/porchlight/{NODE}/garden/{NOON}/clip.mp4?authSig={signature}",
        f"/api/porchlight/attic_pi/loft/{ATTIC}/clip.mp4?authSig={signature}",
        f"{PATH}?n=2&authSig={signature}",
        second,
        expired,
    ]
    for each in wrong:
        answer = await stranger.get(URL(each, encoded=True))
        assert answer.status == HTTPStatus.UNAUTHORIZED, each
    assert (await stranger.post(path)).status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.METHOD_NOT_ALLOWED)
    freezer.tick(timedelta(minutes=14))
    assert (await stranger.get(path)).status == HTTPStatus.OK
    freezer.tick(timedelta(minutes=2))
    assert (await stranger.get(path)).status == HTTPStatus.UNAUTHORIZED


#: Home Assistant itself refuses some of them before anybody is asked.
REFUSED = (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST)
CLIMBS = [
    f"/api/porchlight/{NODE}/../attic_pi/loft/{ATTIC}/clip.mp4",
    f"/api/porchlight/{NODE}/..%2f..%2fattic_pi/{ATTIC}/clip.mp4",
    f"/api/porchlight/{NODE}/%2e%2e/{ATTIC}/clip.mp4",
    f"{API}/..%2f{NOON}/clip.mp4",
    f"{API}/%252e%252e%252f{NOON}/clip.mp4",
    f"{API}/{NOON}%00/clip.mp4",
    f"{API}/{NOON}/..%2f..%2fclip.mp4",
    f"{API}/{NOON}/clip.mp4%0d%0aX:%20y",
    f"{API}/%2fetc%2fpasswd/clip.mp4",
    f"{API}/{NOON}/%2fetc%2fpasswd",
    f"{API}//{NOON}/clip.mp4",
    f"/api/porchlight/{NODE}/camera=front_door/{NOON}/clip.mp4",
    f"/api/porchlight/{NODE}/FRONT_DOOR/{NOON}/clip.mp4",
    f"/api/porchlight/{NODE}/{'a' * 41}/{NOON}/clip.mp4",
    f"{API}/{NOON.lower()}/clip.mp4",
    f"{API}/{NOON}-2/clip.mp4",
    f"{API}/7ZZZZZZZZZZZZZZZZZZZZZZZZZ/clip.mp4",
    f"{API}/{NOON}/clip.mp4?n=0",
    f"{API}/{NOON}/clip.mp4?n=-1",
    f"{API}/{NOON}/clip.mp4?n=1/../../x",
    f"{API}/{NOON}/clip.mp4?n=%D9%A2",
    f"{API}/{NOON}/snapshot.jpg?n=2",
    f"{API}/{NOON}/document.json",
    f"{API}/{NOON}/clip.mp4/more",
    f"/api/porchlight/attic_pi/loft/{ATTIC}/clip.mp4",  # in the bucket, and of no entry
    f"/api/porchlight/{NODE}/loft/{ATTIC}/clip.mp4",
    f"/api/porchlight/{NODE}/garden/{NOON}/clip.mp4",  # of the other camera
]


@on_moto
async def test_a_path_that_leads_elsewhere(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    for path in CLIMBS:
        answer = await client.get(URL(path, encoded=True))
        assert answer.status in REFUSED, path
        assert CLIP[:16] not in await answer.read()
    assert not faults(caplog)


async def test_paths_that_lead_elsewhere_are_never_asked_of_the_bucket(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    mqtt_entry: MockConfigEntry,
    only_moto: Store,
    proxy: FaultProxy,
) -> None:
    entry = add_entry(hass, only_moto.clips(endpoint=proxy.url))
    assert await hass.config_entries.async_setup(entry.entry_id)
    client = await hass_client()
    for path in CLIMBS[:-2]:
        assert (await client.get(URL(path, encoded=True))).status in REFUSED
    assert proxy.seen == []
    await client.get(f"/api/porchlight/{NODE}/garden/{NOON}/clip.mp4")
    assert f"node={NODE}/camera=garden/" in proxy.seen[0].request.path


@on_moto
async def test_each_node_has_its_own_files(hass: HomeAssistant, client: Client, only_moto: Store) -> None:
    entry = add_entry(hass, only_moto.clips(), "attic_pi", "Attic")
    path = f"/api/porchlight/attic_pi/loft/{ATTIC}/clip.mp4"
    assert (await client.get(path)).status == HTTPStatus.SERVICE_UNAVAILABLE  # it is not set up yet
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert (await client.get(path)).status == HTTPStatus.OK
    assert (await client.get(f"/api/porchlight/attic_pi/{CAMERA}/{NOON}/clip.mp4")).status == HTTPStatus.NOT_FOUND
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await client.get(path)).status == HTTPStatus.NOT_FOUND


# --- the truth about what is not given --------------------------------------------------------------------------------


async def told(answer: ClientResponse) -> tuple[int, str]:
    """Status and code."""
    return answer.status, (await answer.json())["code"]


async def test_unknown_or_gone(client: Client, store: Store, edge: Node, running: MockConfigEntry) -> None:
    never, aged, heard = (visit_at(f"2026-11-0{n}T12:00:00Z") for n in (3, 4, 5))
    assert await told(await client.get(f"{API}/{never}/clip.mp4")) == (404, "clip_unknown")
    store.visit(aged)
    for kind in (ItemKind.CLIP, ItemKind.SNAPSHOT):
        store.remove(key_of(kind, aged))
    for name in ("clip.mp4", "snapshot.jpg"):
        assert await told(await client.get(f"{API}/{aged}/{name}")) == (410, "clip_gone")  # its document is there
    assert await told(await client.get(f"{API}/{aged}/clip.mp4?n=2")) == (404, "clip_unknown")
    uri = f"s3://evidence/porch/{key_of(ItemKind.CLIP, heard)}"
    edge.event("clip_stored", visit_id=heard, uri=uri)
    edge.event("snapshot_stored", visit_id=heard)
    log = running.runtime_data.log
    await until(lambda: any(each.snapshot for each in log.visits() if each.id == heard))
    for name in ("clip.mp4", "snapshot.jpg"):
        assert await told(await client.get(f"{API}/{heard}/{name}")) == (410, "clip_gone")  # it was stored once
    assert await told(await client.get(f"{API}/{heard}/clip.mp4?n=2")) == (404, "clip_unknown")


ELSEWHERE = Answer(307, "TemporaryRedirect", headers={"Location": "http://192.0.2.1/"})


class TestRefusals:
    """Of a bucket, or on the way to it."""

    @pytest.fixture
    async def spoiled(
        self,
        hass: HomeAssistant,
        hass_client: ClientSessionGenerator,
        mqtt_entry: MockConfigEntry,
        only_moto: Store,
        proxy: FaultProxy,
    ) -> AsyncIterator[tuple[FaultProxy, Client]]:
        """A bucket behind a proxy, and somebody who is logged in."""
        assert await async_setup_component(hass, "media_source", {})
        entry = add_entry(hass, only_moto.clips(endpoint=proxy.url))
        assert await hass.config_entries.async_setup(entry.entry_id)
        yield proxy, await hass_client()
        await hass.config_entries.async_unload(entry.entry_id)

    @pytest.mark.parametrize(
        ("fault", "status", "code"),
        [
            (Fault(kind=Kind.ANSWER, answer=Answer(403, "AccessDenied")), 403, "clips_refused"),
            (Fault(kind=Kind.ANSWER, answer=Answer(403, "InvalidAccessKeyId")), 403, "clips_refused"),
            (Fault(kind=Kind.SKEWED), 403, "clips_refused"),
            (Fault(kind=Kind.ANSWER, answer=Answer(404, "NoSuchBucket")), 403, "clips_refused"),
            (Fault(kind=Kind.ANSWER, answer=ELSEWHERE), 403, "clips_refused"),
            (Fault(kind=Kind.ANSWER, answer=Answer(403, "InvalidObjectState")), 410, "clip_gone"),
            (Fault(kind=Kind.ANSWER, answer=Answer(404, headers={"x-amz-delete-marker": "true"})), 410, "clip_gone"),
            (Fault(kind=Kind.SLOW_DOWN), 503, "clips_unreachable"),
            (Fault(kind=Kind.UNAVAILABLE), 503, "clips_unreachable"),
            (Fault(kind=Kind.INTERNAL_ERROR), 503, "clips_unreachable"),
            (Fault(kind=Kind.EXPIRED_TOKEN), 503, "clips_unreachable"),
            (Fault(kind=Kind.CLOSE), 503, "clips_unreachable"),
            (Fault(kind=Kind.RESET), 503, "clips_unreachable"),
        ],
        ids=lambda value: f"{value.answer.code or value.kind}" if isinstance(value, Fault) else str(value),
    )
    async def test_of_a_file(
        self,
        hass: HomeAssistant,
        spoiled: tuple[FaultProxy, Client],
        fault: Fault,
        status: int,
        code: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        proxy, client = spoiled
        proxy.plan = lambda _: fault
        answer = await client.get(PATH)
        assert await told(answer) == (status, code)
        assert ("Retry-After" in answer.headers) is (status == HTTPStatus.SERVICE_UNAVAILABLE)
        with pytest.raises(Unresolvable) as caught:
            await async_resolve_media(hass, f"{MEDIA}/{NOON}", None)
        assert caught.value.translation_key == code
        assert not faults(caplog)
        issue = ir.async_get(hass).async_get_issue(DOMAIN, f"clips_refused-{_entry_id(hass)}")
        assert (issue is not None) is (status == HTTPStatus.FORBIDDEN)
        away = [record.levelname for record in caplog.records if "cannot be read now" in record.getMessage()]
        assert away.count("WARNING") == (status == HTTPStatus.SERVICE_UNAVAILABLE)  # once, however often it is tried
        proxy.plan = lambda _: None
        assert (await client.get(PATH)).status == HTTPStatus.OK
        assert ir.async_get(hass).async_get_issue(DOMAIN, f"clips_refused-{_entry_id(hass)}") is None
        assert ("can be read again" in caplog.text) is (status == HTTPStatus.SERVICE_UNAVAILABLE)

    @pytest.mark.parametrize(
        ("fault", "key"),
        [
            (Fault(kind=Kind.ANSWER, answer=Answer(403, "AccessDenied")), "clips_refused"),
            (Fault(kind=Kind.SLOW_DOWN), "clips_unreachable"),
            (Fault(kind=Kind.RESET_ANSWER), "clips_unreachable"),
        ],
    )
    async def test_of_a_list(self, spoiled: tuple[FaultProxy, Client], browse: Browse, fault: Fault, key: str) -> None:
        proxy, _ = spoiled
        proxy.plan = lambda _: fault
        for identifier in (NODE, f"{NODE}/{CAMERA}", f"{NODE}/{CAMERA}/2026-11-19"):
            with pytest.raises(BrowseError) as caught:
                await browse(identifier)
            assert caught.value.translation_key == key

    async def test_of_documents_alone(self, spoiled: tuple[FaultProxy, Client], browse: Browse) -> None:
        proxy, _ = spoiled

        def plan(request: Request) -> Fault | None:
            return Fault(kind=Kind.SLOW_DOWN) if request.path.endswith(".json") else None

        proxy.plan = plan
        day = await browse(f"{NODE}/{CAMERA}/2026-11-19")
        assert [child.title for child in day.children or ()] == ["21:00 (2)", "21:00", "12:00"]

    async def test_a_document_that_is_none(self, spoiled: tuple[FaultProxy, Client], browse: Browse) -> None:
        proxy, _ = spoiled
        pages = [Answer(200, page=page) for page in ("{", '{"max_people": "two"}', "x" * 300_000)]
        documents = iter([Fault(kind=Kind.ANSWER, answer=page) for page in pages])
        proxy.plan = lambda request: next(documents, None) if request.path.endswith(".json") else None
        for _ in pages[::2]:
            day = await browse(f"{NODE}/{CAMERA}/2026-11-19")
            assert [child.title for child in day.children or ()][-1] in ("12:00", "12:00 · 2 people · 91% · 13 s")

    async def test_folders_are_remembered_for_a_moment(
        self, spoiled: tuple[FaultProxy, Client], browse: Browse
    ) -> None:
        proxy, _ = spoiled
        await browse(f"{NODE}/{CAMERA}")
        await browse(f"{NODE}/{CAMERA}/2026-11-19")
        asked = len(proxy.seen)
        await browse(f"{NODE}/{CAMERA}")
        await browse(f"{NODE}/{CAMERA}/2026-11-19")
        assert len(proxy.seen) == asked

    async def test_a_line_that_breaks_in_the_middle(
        self, spoiled: tuple[FaultProxy, Client], caplog: pytest.LogCaptureFixture
    ) -> None:
        proxy, client = spoiled
        proxy.plan = Script(Fault(kind=Kind.RESET_ANSWER, at=0.5))
        answer = await client.get(PATH)
        assert answer.status == HTTPStatus.OK
        with pytest.raises(Exception, match=r"(?i)not completed|payload|reset|disconnect"):
            await answer.read()  # it is not taken for the whole
        assert not faults(caplog)
        assert (await client.get(PATH)).status == HTTPStatus.OK


def _entry_id(hass: HomeAssistant) -> str:
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, NODE)
    assert entry
    return entry.entry_id


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"secret_access_key": "wrong"}, 403, "clips_refused"),
        ({"access_key_id": "AKIAUNKNOWN000000000"}, 403, "clips_refused"),
        ({"bucket": "elsewhere"}, 403, "clips_refused"),
        ({"endpoint": f"http://{HOST}:9"}, 503, "clips_unreachable"),
        ({"type": "none"}, 404, "clips_not_set_up"),
    ],
)
async def test_a_key_that_is_refused(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    mqtt_entry: MockConfigEntry,
    only_moto: Store,
    browse: Browse,
    change: dict[str, str],
    status: int,
    code: str,
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    entry = add_entry(hass, only_moto.clips(**change))
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await told(await (await hass_client()).get(PATH)) == (status, code)
    for identifier in (NODE, f"{NODE}/{CAMERA}", f"{NODE}/{CAMERA}/2026-11-19"):
        with pytest.raises(BrowseError) as caught:
            await browse(identifier)
        assert caught.value.translation_key == code
        assert "Hallway" in str(caught.value)


async def test_below_another_prefix(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, mqtt_entry: MockConfigEntry, only_moto: Store
) -> None:
    entry = add_entry(hass, only_moto.clips(prefix="other"))
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await told(await (await hass_client()).get(PATH)) == (403, "clips_refused")


# --- streaming --------------------------------------------------------------------------------------------------------


class Tap:
    """An edge that gives an endless clip, and counts what is taken of it."""

    CHUNK = bytes(64 * 1024)

    def __init__(self) -> None:
        self.sent = 0
        self.left = asyncio.Event()
        app = web.Application()
        app.router.add_get("/api/v1/visits/{visit}", self._visit)
        app.router.add_get("/api/v1/visits/{visit}/clip.mp4", self._clip)
        self.server = TestServer(app, host=HOST)

    async def _visit(self, _: web.Request) -> web.Response:
        return web.json_response({"camera": CAMERA})

    async def _clip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(10**12)})
        await response.prepare(request)
        try:
            while True:
                await response.write(self.CHUNK)
                self.sent += len(self.CHUNK)
        finally:
            self.left.set()


@pytest.fixture
async def tap(hass: HomeAssistant, mqtt_entry: MockConfigEntry) -> AsyncIterator[Tap]:
    made = Tap()
    await made.server.start_server()
    entry = add_entry(hass, {"type": "edge", "url": str(made.server.make_url("")).rstrip("/"), "token": "t"})
    assert await hass.config_entries.async_setup(entry.entry_id)
    yield made
    await hass.config_entries.async_unload(entry.entry_id)
    await made.server.close()


#: What Linux lets four ends of sockets hold; the clip is a thousand times longer.
SOCKETS_BYTES = 64_000_000


async def settled(tap: Tap) -> int:
    """Wait until nothing more is taken."""
    before = -1
    while tap.sent != before:
        before = tap.sent
        await asyncio.sleep(0.3)
    return before


async def test_nobody_takes_more_than_the_viewer(
    tap: Tap, hass_client: ClientSessionGenerator, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await (await hass_client()).get(PATH)
    assert answer.headers["Content-Length"] == str(10**12)
    await answer.content.readexactly(1_000_000)
    in_between = await settled(tap) - 1_000_000
    assert in_between < SOCKETS_BYTES
    await answer.content.readexactly(20_000_000)
    assert await settled(tap) - 21_000_000 < SOCKETS_BYTES
    answer.close()
    await asyncio.wait_for(tap.left.wait(), 10)  # the viewer went, and nobody reads on
    assert not faults(caplog)


async def test_a_viewer_who_stops_reading_for_long(
    tap: Tap, hass_client: ClientSessionGenerator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(views, "STALL_S", 0.2)
    answer = await (await hass_client()).get(PATH)
    await answer.content.readexactly(1000)
    await asyncio.wait_for(tap.left.wait(), 10)
    assert not faults(caplog)
