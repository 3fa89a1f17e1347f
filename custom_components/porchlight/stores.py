"""Where the clips of an entry are read from, and whether a file that is not there once was."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import ClientResponse
from homeassistant.core import HomeAssistant

from .access import CONF_CLIPS, CONF_TYPE, TYPE_EDGE, TYPE_S3
from .clips import ClipGoneError, ClipsNotSetUpError, ClipStore, ClipUnknownError, Kind, Reach, Ref
from .clips_edge import EdgeStore
from .clips_s3 import S3Store
from .const import CONF_NODE

if TYPE_CHECKING:
    from .coordinator import PorchlightConfigEntry, PorchlightCoordinator


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


def _was_stored(coordinator: PorchlightCoordinator, ref: Ref) -> bool:
    visit = next((each for each in coordinator.log.visits(camera=ref.camera) if each.id == ref.visit_id), None)
    if visit is None:
        return False
    if ref.kind is Kind.SNAPSHOT:
        return visit.snapshot is not None
    name = f"/{ref.visit_id}{f'-{ref.n}' if ref.n > 1 else ''}.mp4"
    return any(uri.endswith(name) for uri in visit.clips)
