"""Where the clips of an entry are read from, and whether a file that is not there once was."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiohttp import ClientResponse, hdrs
from homeassistant.core import HomeAssistant

from .access import CONF_CLIPS, CONF_TYPE, TYPE_EDGE, TYPE_S3
from .clips import ClipGoneError, ClipsError, ClipsNotSetUpError, ClipStore, ClipUnknownError, Kind, Reach, Ref
from .clips_edge import EdgeStore
from .clips_s3 import S3Store
from .const import CONF_NODE

if TYPE_CHECKING:
    from .coordinator import PorchlightConfigEntry, PorchlightCoordinator

#: A phone is told of a clip no later than this after it was stored, even when nobody can say whether it can be read.
PROBE_S: Final = 5.0


def make_store(
    hass: HomeAssistant, entry: PorchlightConfigEntry, on_refusal: Callable[[str | None, str], None]
) -> ClipStore | None:
    """The store that the entry names; None where clips are not read."""
    config = entry.data[CONF_CLIPS]
    reach = Reach(entry.title, on_refusal)
    if config[CONF_TYPE] == TYPE_S3:
        return S3Store(hass, config, entry.data[CONF_NODE], reach)
    if config[CONF_TYPE] == TYPE_EDGE:
        return EdgeStore(hass, config, reach)
    return None


def store_of(coordinator: PorchlightCoordinator) -> ClipStore:
    """The store of a node; raises ClipsNotSetUpError."""
    if coordinator.clips is None:
        raise ClipsNotSetUpError(node=coordinator.entry.title)
    return coordinator.clips


@asynccontextmanager
async def opened(
    coordinator: PorchlightCoordinator, ref: Ref, method: str, headers: Mapping[str, str]
) -> AsyncGenerator[ClientResponse]:
    """A file of a visit; raises ClipsError, and ClipGoneError for one that was heard to be stored."""
    async with AsyncExitStack() as stack:
        try:
            response = await stack.enter_async_context(store_of(coordinator).open(ref, method, headers))
        except ClipUnknownError:
            if _was_stored(coordinator, ref):
                raise ClipGoneError from None
            raise
        yield response


async def readable(coordinator: PorchlightCoordinator, ref: Ref) -> bool:
    """Whether a file of a visit can be read now: its first byte was."""
    try:
        async with asyncio.timeout(PROBE_S), opened(coordinator, ref, hdrs.METH_GET, {hdrs.RANGE: "bytes=0-0"}):
            return True
    except ClipsError, TimeoutError:
        return False


def _was_stored(coordinator: PorchlightCoordinator, ref: Ref) -> bool:
    visit = coordinator.log.visit(ref.visit_id)
    if visit is None or visit.camera != ref.camera:
        return False
    if ref.kind is Kind.SNAPSHOT:
        return visit.snapshot is not None
    name = f"/{ref.visit_id}{f'-{ref.n}' if ref.n > 1 else ''}.mp4"
    return any(uri.endswith(name) for uri in visit.clips)
