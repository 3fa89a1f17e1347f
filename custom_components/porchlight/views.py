"""Clips and pictures over Home Assistant's own HTTP server, for those who are logged in or have a signed path.

`/api/porchlight/<node>/<camera>/<visit_id>/clip.mp4`, `snapshot.jpg` and `poster.jpg`; `?n=2` is the visit's second
clip or its poster. They stream through from the store, so that neither its key nor its token reaches a browser.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import ClientError, ClientResponse, hdrs, web
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .clips import ClipsError, ClipsUnreachableError, ClipUnknownError, Kind, Ref, is_visit_id, passed_on
from .const import DOMAIN
from .coordinator import PorchlightConfigEntry, PorchlightCoordinator
from .fields import SLUG
from .stores import opened

_LOGGER = logging.getLogger(__name__)

FILES: Final[Mapping[str, tuple[Kind, str]]] = {
    "clip.mp4": (Kind.CLIP, "video/mp4"),
    "poster.jpg": (Kind.POSTER, "image/jpeg"),
    "snapshot.jpg": (Kind.SNAPSHOT, "image/jpeg"),
}
_NAMES: Final = {kind: name for name, (kind, _) in FILES.items()}
_N: Final = re.compile("[1-9][0-9]{0,3}", re.ASCII)

#: What is in memory of a clip at once, beside what the sockets hold.
CHUNK_BYTES: Final = 64 * 1024
#: A player that is paused reads nothing; one that does so for longer asks again.
STALL_S: Final = 300.0
RETRY_AFTER_S: Final = 30
#: Of the store's headers, those that tell of the content.
_TOLD: Final = (hdrs.ACCEPT_RANGES, hdrs.CONTENT_LENGTH, hdrs.CONTENT_RANGE, hdrs.ETAG, hdrs.LAST_MODIFIED)


@callback
def async_setup_views(hass: HomeAssistant) -> None:
    """Register the view, which outlives every entry."""
    hass.http.register_view(EvidenceView)


def path_of(node: str, ref: Ref) -> str:
    """The path of a file, not signed."""
    number = f"?n={ref.n}" if ref.n > 1 else ""
    return f"/api/porchlight/{node}/{ref.camera}/{ref.visit_id}/{_NAMES[ref.kind]}{number}"


def media_id(node: str, camera: str, ref: Ref | None = None) -> str:
    """What the media browser calls a camera, or one of its clips."""
    clip = f"/{ref.visit_id}{f'-{ref.n}' if ref.n > 1 else ''}" if ref else ""
    return f"media-source://{DOMAIN}/{node}/{camera}{clip}"


def mime_type(kind: Kind) -> str:
    """What a file of this kind is."""
    return FILES[_NAMES[kind]][1]


@callback
def async_coordinator(hass: HomeAssistant, node: str) -> PorchlightCoordinator:
    """The coordinator of a node; raises ClipUnknownError, and ClipsUnreachableError while it is not set up."""
    entry: PorchlightConfigEntry | None = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, node)
    if entry is None:
        raise ClipUnknownError
    if entry.state is not ConfigEntryState.LOADED:
        raise ClipsUnreachableError(node=entry.title)
    return entry.runtime_data


class EvidenceView(HomeAssistantView):
    """The files of visits."""

    url = "/api/porchlight/{node}/{camera}/{visit_id}/{name}"
    name = "api:porchlight:evidence"

    async def get(self, request: web.Request, node: str, camera: str, visit_id: str, name: str) -> web.StreamResponse:
        """A file, or the part of it that was asked for."""
        try:
            ref = _ref(node, camera, visit_id, name, request.query.get("n", "1"))
            coordinator = async_coordinator(request.app[KEY_HASS], node)
            async with opened(coordinator, ref, request.method, passed_on(request.headers)) as answer:
                return await _pass_on(request, ref, answer)
        except ClipsError as error:
            away = error.status is HTTPStatus.SERVICE_UNAVAILABLE
            headers = {hdrs.RETRY_AFTER: str(RETRY_AFTER_S)} if away else None
            return self.json_message(str(error), error.status, error.key, headers)

    head = get


def _ref(node: str, camera: str, visit_id: str, name: str, n: str) -> Ref:
    """What a path names; raises ClipUnknownError for one that names nothing that can be."""
    kind = FILES[name][0] if name in FILES else None
    numbered = kind is not Kind.SNAPSHOT or n == "1"
    known = SLUG.fullmatch(node) and SLUG.fullmatch(camera) and is_visit_id(visit_id) and _N.fullmatch(n)
    if kind is None or not known or not numbered:
        raise ClipUnknownError
    return Ref(camera=camera, visit_id=visit_id, kind=kind, n=int(n))


async def _pass_on(request: web.Request, ref: Ref, answer: ClientResponse) -> web.StreamResponse:
    """Stream a store's answer to whom asked, no faster than they take it."""
    told: dict[str, str] = {name: answer.headers[name] for name in _TOLD if name in answer.headers}
    response = web.StreamResponse(
        status=answer.status,
        headers=told
        | {
            hdrs.CONTENT_TYPE: mime_type(ref.kind),
            hdrs.CONTENT_DISPOSITION: f'inline; filename="{ref.camera}-{ref.visit_id}-{_NAMES[ref.kind]}"',
            hdrs.CACHE_CONTROL: "private, no-cache",
            "X-Content-Type-Options": "nosniff",
        },
    )
    if answer.status not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        del response.headers[hdrs.CONTENT_TYPE]
        response.headers.pop(hdrs.CONTENT_LENGTH, None)
        await response.prepare(request)
        return response
    await response.prepare(request)
    if request.method == hdrs.METH_HEAD:
        return response
    try:
        async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
            async with asyncio.timeout(STALL_S):
                await response.write(chunk)
    except (ClientError, TimeoutError) as error:
        # The viewer went, or the store did in the middle: then the length that was promised must not be met.
        _LOGGER.debug("%s broke off: %s", request.path, error)
        if request.transport is not None:
            request.transport.abort()
    return response
