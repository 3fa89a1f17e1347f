"""What happened while Home Assistant was not listening: its own log, completed from where clips are read.

What was heard from beginning to end is not asked for; of the rest, what the archive (or the node) tells is taken in by
the id of the visit. It is asked day by day, the newest first, for as many visits as are wanted and no longer than
`ASK_S`: never for all that it has.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from homeassistant.util import dt as dt_util

from .access import CONF_CLIPS, CONF_TYPE
from .clips import DAY, ClipsError, ClipsNotSetUpError, ClipStore, Facts, Hour, StoredVisit
from .history import KEPT, Crossing, Visit
from .stores import store_of

if TYPE_CHECKING:
    from .coordinator import PorchlightCoordinator

#: Somebody, or an automation, waits for the answer.
ASK_S: Final = 30.0
#: So long before a time somebody may have come who crossed a line then.
STAY: Final = timedelta(hours=1)
#: Where a visit is known from, unless it is a type of store (see `access.py`).
HEARD: Final = "home_assistant"


class Archive(StrEnum):
    """How much of what the store has is in an answer."""

    COMPLETE = "complete"
    #: It had no time for all, or does not have the documents of some visits yet.
    PARTIAL = "partial"
    UNREACHABLE = "unreachable"
    NOT_SET_UP = "not_set_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A visit, and where it is known from."""

    visit: Visit
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How often a line was crossed."""

    counts: Counter[Hour]
    #: Where the counts are known from.
    source: str = HEARD


async def visits(
    coordinator: PorchlightCoordinator, camera: str | None, start: datetime, end: datetime, limit: int
) -> tuple[list[Known], Archive]:
    """The newest visits of a camera, or of all of a node, that began in `start <= t < end`; newest first."""
    heard = coordinator.log.visits(camera=camera, start=start, end=end)
    found = {visit.id: Known(visit=visit, source=HEARD) for visit in heard}
    async with _asked(coordinator) as inquiry:
        for each in [camera] if camera else await inquiry.cameras():
            found |= await inquiry.visits(each, start, end, limit)
    newest = sorted(found.values(), key=lambda known: (known.visit.started_at, known.visit.id), reverse=True)
    return newest[:limit], inquiry.archive


async def traffic(
    coordinator: PorchlightCoordinator, cameras: list[str], start: datetime, end: datetime
) -> tuple[dict[tuple[str, str], Traffic], Archive]:
    """The crossings of each line of cameras in `start <= t < end`, by the hour; the keys are camera and line."""
    heard = list(coordinator.log.crossings(start=start, end=end))
    lines = [(camera, line.id) for camera in cameras for line in coordinator.cameras[camera].info.lines]
    found = {line: Traffic(counts=_counted(heard, *line)) for line in lines}
    async with _asked(coordinator) as inquiry:
        for line in lines:
            more = await inquiry.crossings(*line, heard, start, end)
            if more != found[line].counts:
                found[line] = Traffic(counts=more, source=inquiry.source)
    return found, inquiry.archive


def _counted(crossings: Iterable[Crossing], camera: str, line: str) -> Counter[Hour]:
    of_line = (each for each in crossings if (each.camera, each.line) == (camera, line))
    return Counter((each.direction, _hour(each.ts)) for each in of_line)


def _hour(moment: datetime) -> datetime:
    """The start of the local hour."""
    return dt_util.as_utc(dt_util.as_local(moment).replace(minute=0, second=0, microsecond=0))


class _Inquiry:
    """One question to where clips are read from."""

    def __init__(self, coordinator: PorchlightCoordinator) -> None:
        self.source: str = coordinator.entry.data[CONF_CLIPS][CONF_TYPE]
        self.archive = Archive.NOT_SET_UP if coordinator.clips is None else Archive.COMPLETE
        self._coordinator = coordinator
        self._missed: dict[str, list[Crossing]] = {}

    @property
    def _store(self) -> ClipStore:
        return store_of(self._coordinator)

    async def cameras(self) -> list[str]:
        """Those that the node has, and those that it had."""
        return sorted({*self._coordinator.cameras, *await self._store.cameras()})

    async def visits(self, camera: str, start: datetime, end: datetime, limit: int) -> dict[str, Known]:
        """The newest visits of a camera that the store has, each with all that is known of it."""
        found: dict[str, Known] = {}
        for span in self._days(start, end):
            stored, facts = await self._day(camera, *span)
            found |= {each.id: self._known(camera, each, facts.get(each.id)) for each in stored}
            if len(found) >= limit:
                break
        return found

    async def crossings(
        self, camera: str, line: str, heard: list[Crossing], start: datetime, end: datetime
    ) -> Counter[Hour]:
        """All of a line: a node counts by the hour, the documents of visits name each."""
        if (hours := await self._store.crossings(camera, line, start, end)) is not None:
            told: Counter[Hour] = Counter()
            for (direction, begin), number in hours.items():
                told[direction, _hour(begin)] += number  # the first one may begin with the time that was asked for
            return _counted(heard, camera, line) | told
        if camera not in self._missed:
            days = [await self._day(camera, *span) for span in self._days(start - STAY, end)]
            crossed = (each for _, facts in days for fact in facts.values() for each in fact.crossings)
            self._missed[camera] = [each for each in crossed if start <= each.ts < end]
        return _counted({*heard, *self._missed[camera]}, camera, line)

    def _days(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The newest days of a time, the newest first: as many as are remembered of what was heard."""
        last = min(end, dt_util.utcnow())
        oldest = max(start, last - KEPT)
        while last > oldest:
            first = max(oldest, last - DAY)
            yield first, last
            last = first
        if oldest > start:
            self.archive = Archive.PARTIAL

    async def _day(self, camera: str, start: datetime, end: datetime) -> tuple[list[StoredVisit], dict[str, Facts]]:
        """The visits that the store has, with the facts of those that were not heard whole."""
        stored = await self._store.visits(camera, start, end)
        facts = {each.id: each.facts for each in stored if each.facts}
        missing = {each.id for each in stored if not self._whole(each.id)} - facts.keys()
        facts |= await self._store.facts(camera, missing)
        if missing - facts.keys() - {self._present(camera)}:
            self.archive = Archive.PARTIAL
        return stored, facts

    def _present(self, camera: str) -> str | None:
        """The visit that goes on."""
        feed = self._coordinator.cameras.get(camera)
        return None if feed is None or feed.state is None else feed.state.visit_id

    def _whole(self, visit_id: str) -> bool:
        visit = self._coordinator.log.visit(visit_id)
        return visit is not None and visit.ended_at is not None

    def _known(self, camera: str, stored: StoredVisit, facts: Facts | None) -> Known:
        """What was heard of a visit and what the store tells of it, together."""
        heard = self._coordinator.log.visit(stored.id)
        visit = heard or Visit(id=stored.id, camera=camera, started_at=stored.started_at)
        if facts is not None and not self._whole(stored.id):
            visit = replace(
                visit,
                ended_at=visit.started_at + timedelta(seconds=facts.duration_s),
                duration_s=facts.duration_s,
                max_people=facts.people,
                max_confidence=facts.confidence,
                zones=facts.zones or visit.zones,
            )
        clips = tuple(dict.fromkeys((*visit.clips, *stored.uris)))
        visit = replace(visit, clips=clips, snapshot=visit.snapshot or stored.snapshot_uri)
        return Known(visit=visit, source=HEARD if visit == heard else self.source)


@asynccontextmanager
async def _asked(coordinator: PorchlightCoordinator) -> AsyncGenerator[_Inquiry]:
    """Ask where clips are read from, if that is known; what is not answered, or not in time, does no harm."""
    inquiry = _Inquiry(coordinator)
    try:
        async with asyncio.timeout(ASK_S):
            yield inquiry
    except ClipsNotSetUpError:
        inquiry.archive = Archive.NOT_SET_UP
    except ClipsError:
        inquiry.archive = Archive.UNREACHABLE
    except TimeoutError:
        inquiry.archive = Archive.PARTIAL
