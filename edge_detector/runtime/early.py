"""Early copies: what a clip holds so far goes to the archive while it is still being recorded."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from edge_detector.core import naming
from edge_detector.core.documents import Origin, partial_metadata
from edge_detector.core.errors import LedgerError
from edge_detector.core.evidence import Item, ItemKind
from edge_detector.core.facts import ClipLost, ClipOpened, ClipSaved, Fact
from edge_detector.ports import Clock, Ledger, Upkeep
from edge_detector.runtime.bookkeeper import Place
from edge_detector.runtime.supervisor import guarded

_LOG = logging.getLogger(__name__)

#: Each copy holds all of the clip so far: with copies at 4 s and 12 s, a clip of 20 s costs about twice its bytes.
_GROWTH = 3
#: No clip is as long; one that is not closed then was left by a recorder that failed.
_LAST_S = 60.0

#: Copies what is whole of an unfinished clip to a file; its SHA-256, None when there is nothing. Raises OSError.
Cut = Callable[[Path, Path], str | None]
_Clip = tuple[str, str, int]


class EarlyCopies:
    """Follows each clip from its first packet to its end; the whole clip then takes the place of the copies."""

    def __init__(  # noqa: PLR0913 - the parts of the pipeline, by name
        self,
        *,
        places: Mapping[str, Place],
        ledger: Ledger,
        upkeep: Upkeep,
        clock: Clock,
        cut: Cut,
        wanted: Callable[[str], bool],
        wake: Callable[[], None],
        after_s: float,
    ) -> None:
        """`wanted` says of a camera whether a copy would go now, `wake` tells delivery; `after_s` of 0 is never."""
        self._places = places
        self._ledger = ledger
        self._upkeep = upkeep
        self._clock = clock
        self._cut = cut
        self._wanted = wanted
        self._wake = wake
        self._after_s = after_s
        self._closed: dict[_Clip, asyncio.Event] = {}
        self._tasks: set[asyncio.Task[bool]] = set()

    def clean(self) -> None:
        """At start: remove what a crash left; the clips themselves are recovered whole."""
        for item in self._upkeep.waiting():
            if item.kind is ItemKind.PARTIAL:
                self._upkeep.forget(item)
        for place in self._places.values():
            for path in place.spool.glob("*.partial"):
                path.unlink(missing_ok=True)

    async def handle(self, fact: Fact) -> None:
        """Begin to follow a clip, or end it."""
        if isinstance(fact, ClipOpened) and self._after_s > 0:
            closed = self._closed[fact.camera, fact.visit_id, fact.n] = asyncio.Event()
            name = f"early copies of {fact.visit_id}-{fact.n}"
            task = asyncio.create_task(guarded(name, self._follow(fact, closed)), name=name)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif isinstance(fact, ClipSaved):
            self._close((fact.clip.camera, fact.clip.visit_id, fact.clip.n))
        elif isinstance(fact, ClipLost):
            self._close((fact.camera, fact.visit_id, fact.n))

    async def stop(self) -> None:
        """End what goes on; the clips are closed by now."""
        for clip in tuple(self._closed):
            self._close(clip)
        await asyncio.gather(*self._tasks)

    def _close(self, clip: _Clip) -> None:
        closed = self._closed.pop(clip, None)
        if closed is not None:
            closed.set()

    async def _follow(self, clip: ClipOpened, closed: asyncio.Event) -> None:
        """Make copies until the clip is closed, then take back what was not delivered of them."""
        copies: list[Path] = []
        for after_s in self._moments():
            if await _is_set_within(closed, clip.t + after_s - self._clock.now()):
                break
            if self._wanted(clip.camera):
                await asyncio.to_thread(self._copy, clip, copies)
                self._wake()
        await closed.wait()
        await asyncio.to_thread(self._discard, clip, copies)

    def _moments(self) -> Iterator[float]:
        after_s = self._after_s
        while after_s < _LAST_S:
            yield after_s
            after_s *= _GROWTH

    def _copy(self, clip: ClipOpened, copies: list[Path]) -> None:
        """Make one copy more; it takes the place of the one before under the same key."""
        place = self._places[clip.camera]
        name = naming.part_name(start_ms=round(clip.start_utc * 1000), visit_id=clip.visit_id, n=clip.n)
        path = place.spool / naming.partial_name(name, len(copies) + 1)
        copies.append(path)
        try:
            sha256 = self._cut(place.spool / name, path)
            if sha256 is None:
                return
            self._ledger.add(self._item(clip, path, sha256, place.origin))
        except (OSError, LedgerError) as error:
            _LOG.warning("No early copy of %s: %s", name, error)
            return
        for older in copies[:-1]:
            older.unlink(missing_ok=True)

    def _discard(self, clip: ClipOpened, copies: list[Path]) -> None:
        for item in self._ledger.items(visit_id=clip.visit_id):
            if (item.kind, item.n) == (ItemKind.PARTIAL, clip.n):
                self._upkeep.forget(item)
        for path in copies:
            path.unlink(missing_ok=True)

    def _item(self, clip: ClipOpened, path: Path, sha256: str, origin: Origin) -> Item:
        return Item(
            key=naming.archive_key(
                ItemKind.PARTIAL, node=origin.node, camera=clip.camera, visit_id=clip.visit_id, n=clip.n
            ),
            kind=ItemKind.PARTIAL,
            camera=clip.camera,
            visit_id=clip.visit_id,
            n=clip.n,
            path=path,
            bytes=path.stat().st_size,
            sha256=sha256,
            content_type="video/mp4",
            metadata=partial_metadata(origin, visit_id=clip.visit_id, start_utc=clip.start_utc, sha256=sha256),
            created_utc=self._clock.utc(self._clock.now()),
        )


async def _is_set_within(event: asyncio.Event, limit_s: float) -> bool:
    """Wait for an event, `limit_s` at most."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, limit_s)):
            await event.wait()
    return event.is_set()
