"""Clips read from a bucket, by signed requests of a key that may only read and list."""

import asyncio
import html
import re
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Final

from aiohttp import ClientResponse, ClientTimeout, hdrs
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util
from yarl import URL

from .access import (
    CONF_ACCESS_KEY_ID,
    CONF_BUCKET,
    CONF_ENDPOINT,
    CONF_PREFIX,
    CONF_REGION,
    CONF_SECRET_ACCESS_KEY,
    S3_CODES,
)
from .clips import (
    DAY,
    FIRST_DAY,
    GIVEN,
    LAST_DAY,
    LIST_TIMEOUT,
    STREAM_TIMEOUT,
    ULID_CHARS,
    Bounded,
    ClipGoneError,
    ClipsError,
    ClipUnknownError,
    Facts,
    Kind,
    Reach,
    Ref,
    ShortMemory,
    StoredVisit,
    asked,
    began,
    first_id,
    is_visit_id,
    whole,
)
from .documents import facts_of
from .fields import SLUG, ULID
from .sigv4 import Key, object_url, signed_headers

#: Where the files of a kind lie below the prefix, and how they end.
PLACES: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.CLIP: ("clips", "mp4"),
    Kind.POSTER: ("clips", "jpg"),
    Kind.SNAPSHOT: ("snapshots", "jpg"),
}
KINDS: Final = {where: kind for kind, where in PLACES.items()}
#: Going to and fro asks once; a day that is over changes no more, but for late uploads.
LIVE_S: Final = 15.0
OVER_S: Final = 300.0
#: S3 gives at most a thousand names at once; more pages than this are no day of a porch.
PAGE_KEYS: Final = 1000
MAX_PAGES: Final = 50
#: Documents are fetched side by side, and nobody waits longer for the words beside a clip.
FETCHES: Final = 8
FACTS_S: Final = 5.0
MAX_DOCUMENT_BYTES: Final = 262_144

#: A local day spans two dates of UTC; beyond these days one of them is believed to have a visit in it.
EXACT_DAYS: Final = 90

_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")
_KEYS: Final = re.compile(r"<Key>([^<]+)</Key>")
_FOLDERS: Final = re.compile(r"<CommonPrefixes>\s*<Prefix>([^<]+)</Prefix>")
_MORE: Final = re.compile(r"<NextContinuationToken>([^<]+)</NextContinuationToken>")
_FILE: Final = re.compile(rf"(?P<visit_id>{ULID.pattern})(?:-(?P<n>[1-9][0-9]{{0,3}}))?\.(?P<ending>mp4|jpg)", re.ASCII)
_DATE: Final = re.compile(r"date=(\d{4}-\d\d-\d\d)/", re.ASCII)
_CAMERA: Final = re.compile(rf"camera=({SLUG.pattern})/")


class S3Store:
    """The part of a bucket that a node writes to."""

    def __init__(self, hass: HomeAssistant, config: Mapping[str, str], node: str, reach: Reach) -> None:
        """`config` is the entry's `clips`, see `access.py`."""
        self._session = async_get_clientsession(hass)
        self._reach = reach
        self._endpoint, self._bucket = config[CONF_ENDPOINT], config[CONF_BUCKET]
        self._below = f"{config[CONF_PREFIX]}/" if config[CONF_PREFIX] else ""
        self._node = node
        self._key = Key(
            access_key_id=config[CONF_ACCESS_KEY_ID],
            secret_access_key=config[CONF_SECRET_ACCESS_KEY],
            region=config[CONF_REGION],
        )
        self._lists: ShortMemory[list[str]] = ShortMemory(hass.loop.time)
        self._days: ShortMemory[list[date]] = ShortMemory(hass.loop.time)
        self._facts: Bounded[str, Facts] = Bounded()
        self._turn = asyncio.Semaphore(FETCHES)

    # --- lists -------------------------------------------------------------------------------------------------------

    async def cameras(self) -> frozenset[str]:
        """Cameras that there are clips of."""
        folder = f"{self._below}clips/node={self._node}/"
        found = (_CAMERA.fullmatch(name) for name in await self._folders(folder))
        return frozenset(match[1] for match in found if match)

    async def days(self, camera: str) -> list[date]:
        """Local days with a visit, newest first; the dates in the archive are those of UTC."""
        lists = [await self._folders(self._folder(camera, place)) for place in ("clips", "snapshots")]
        matches = (_DATE.fullmatch(name) for name in {name for names in lists for name in names})
        dates = {found for match in matches if match and (found := _date(match[1]))}
        wanted = sorted({day for each in dates for day in _local_days(each)}, reverse=True)
        shown = await self._days.get((camera, *wanted[:EXACT_DAYS]), LIVE_S, lambda: self._exact(camera, wanted, dates))
        return shown + wanted[EXACT_DAYS:]

    async def _exact(self, camera: str, wanted: list[date], dates: set[date]) -> list[date]:
        """Of the latest of these days, those with a visit."""
        seen = await asyncio.gather(*(self._any(camera, day, dates) for day in wanted[:EXACT_DAYS]))
        return [day for day, is_one in zip(wanted, seen, strict=False) if is_one]

    async def visits(self, camera: str, start: datetime, end: datetime) -> list[StoredVisit]:
        """Visits that began in `start <= t < end` and have a file, newest first."""
        files: dict[str, set[tuple[Kind, int]]] = {}
        for place in ("clips", "snapshots"):
            for day in _utc_dates(start, end):
                for name in await self._files(f"{self._folder(camera, place)}date={day}/", day):
                    match = _FILE.fullmatch(name)
                    kind = KINDS.get((place, match["ending"])) if match else None
                    if match and kind and is_visit_id(match["visit_id"]):
                        files.setdefault(match["visit_id"], set()).add((kind, int(match["n"] or 1)))
        found = [self._visit(camera, visit_id, files[visit_id]) for visit_id in sorted(files, reverse=True)]
        return [visit for visit in found if start <= visit.started_at < end]

    async def facts(self, camera: str, visits: Iterable[str]) -> dict[str, Facts]:
        """What the documents of visits say, as far as they are there and come soon."""
        wanted = [visit_id for visit_id in visits if visit_id not in self._facts]
        tasks = [asyncio.ensure_future(self._learn(camera, visit_id)) for visit_id in wanted]
        if tasks:
            try:
                await asyncio.wait(tasks, timeout=FACTS_S)
            finally:
                for task in tasks:
                    task.cancel()
        return {visit_id: self._facts[visit_id] for visit_id in visits if visit_id in self._facts}

    async def crossings(self, camera: str, line: str, start: datetime, end: datetime) -> None:
        """Nothing: the documents of visits tell of them."""

    def _visit(self, camera: str, visit_id: str, files: set[tuple[Kind, int]]) -> StoredVisit:
        clips = tuple(sorted(n for kind, n in files if kind is Kind.CLIP))
        snapshot = self._uri(Ref(camera=camera, visit_id=visit_id, kind=Kind.SNAPSHOT))
        return StoredVisit(
            id=visit_id,
            started_at=began(visit_id),
            clips=clips,
            posters=frozenset(n for kind, n in files if kind is Kind.POSTER),
            snapshot=(Kind.SNAPSHOT, 1) in files,
            uris=tuple(self._uri(Ref(camera=camera, visit_id=visit_id, kind=Kind.CLIP, n=n)) for n in clips),
            snapshot_uri=snapshot if (Kind.SNAPSHOT, 1) in files else None,
        )

    # --- files -------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def open(self, ref: Ref, method: str, headers: Mapping[str, str]) -> AsyncGenerator[ClientResponse]:
        """The answer to a request for a file."""
        conditions = dict(headers)
        # S3 does not know If-Range: a part of the content that is there already, else the whole.
        if (etag := conditions.pop(hdrs.IF_RANGE, None)) and hdrs.RANGE in conditions:
            conditions[hdrs.IF_MATCH] = etag
        key = self._key_of(ref)
        async with self._ask(method, key=key, headers=conditions, limits=STREAM_TIMEOUT) as response:
            if response.status != HTTPStatus.PRECONDITION_FAILED:
                await self._check(ref, response)
                yield response
                return
        async with self._ask(method, key=key, limits=STREAM_TIMEOUT) as response:
            await self._check(ref, response)
            yield response

    async def _check(self, ref: Ref, response: ClientResponse) -> None:
        """Raise what a refusal means."""
        if response.status in GIVEN:
            self._reach.fine()
            return
        code = _code(await whole(response, self._reach))
        if code == "InvalidObjectState":  # moved to a storage class that has to be asked hours before
            raise ClipGoneError
        if response.status != HTTPStatus.NOT_FOUND or code in S3_CODES:
            raise self._error(response, code, denied="get_denied")
        self._reach.fine()
        if response.headers.get("x-amz-delete-marker") == "true" or await self._was_there(ref):
            raise ClipGoneError
        raise ClipUnknownError

    async def _was_there(self, ref: Ref) -> bool:
        """Whether the document of the visit tells of the file."""
        await self._learn(ref.camera, ref.visit_id)
        facts = self._facts.get(ref.visit_id)
        return facts is not None and (ref.kind is Kind.SNAPSHOT or ref.n <= facts.clips)

    async def _learn(self, camera: str, visit_id: str) -> None:
        """Read the document of a visit, if it is there."""
        key = f"{self._folder(camera, 'visits')}date={began(visit_id).date()}/{visit_id}.json"
        try:
            async with self._turn, self._ask("GET", key=key) as response:
                if response.status != HTTPStatus.OK:
                    return
                facts = facts_of(await whole(response, self._reach, MAX_DOCUMENT_BYTES), camera)
        except ClipsError:
            return  # there are only fewer words
        if facts is not None:
            self._facts[visit_id] = facts

    def _key_of(self, ref: Ref) -> str:
        place, ending = PLACES[ref.kind]
        number = f"-{ref.n}" if ref.n > 1 else ""
        return f"{self._folder(ref.camera, place)}date={began(ref.visit_id).date()}/{ref.visit_id}{number}.{ending}"

    def _uri(self, ref: Ref) -> str:
        return f"s3://{self._bucket}/{self._key_of(ref)}"

    def _folder(self, camera: str, place: str) -> str:
        return f"{self._below}{place}/node={self._node}/camera={camera}/"

    # --- requests ----------------------------------------------------------------------------------------------------

    async def _folders(self, prefix: str) -> list[str]:
        """Names of the folders in a folder, each with its slash."""
        return await self._lists.get(prefix, LIVE_S, lambda: self._list(prefix, _FOLDERS, delimiter="/"))

    async def _files(self, prefix: str, day: date) -> list[str]:
        """Names of the files in a folder of one date."""
        life_s = OVER_S if dt_util.utcnow().date() - day > DAY else LIVE_S
        return await self._lists.get(prefix, life_s, lambda: self._list(prefix, _KEYS))

    async def _any(self, camera: str, day: date, dates: set[date]) -> bool:
        """Whether a visit began on a local day; one that is a date of UTC is in the archive because of a visit."""
        start, end = _utc(day), _utc(day + DAY)
        days = _utc_dates(start, end)
        if len(days) == 1:
            return True
        for place in ("clips", "snapshots"):
            for each in dates.intersection(days):
                prefix = f"{self._folder(camera, place)}date={each}/"
                names = await self._list(prefix, _KEYS, start_after=prefix + first_id(start), limit=1)
                if any(name[:ULID_CHARS] < first_id(end) for name in names):
                    return True
        return False

    async def _list(
        self, prefix: str, names: re.Pattern[str], *, delimiter: str = "", start_after: str = "", limit: int = 0
    ) -> list[str]:
        """Names below a prefix, without it, in the order of their bytes: all, or the first `limit`."""
        query = {"list-type": "2", "prefix": prefix, "max-keys": str(limit or PAGE_KEYS)}
        query |= {"delimiter": delimiter} if delimiter else {}
        query |= {"start-after": start_after} if start_after else {}
        found: list[str] = []
        for _ in range(MAX_PAGES):
            async with self._turn, self._ask("GET", query=query) as response:
                body = await whole(response, self._reach)
                if response.status != HTTPStatus.OK:
                    raise self._error(response, _code(body), denied="list_denied")
            self._reach.fine()
            text = body.decode(errors="replace")
            found += [html.unescape(name).removeprefix(prefix) for name in names.findall(text)]
            more = _MORE.search(text)
            if more is None or limit:
                return found
            query["continuation-token"] = html.unescape(more[1])
        raise self._reach.unreachable(f"more than {MAX_PAGES * PAGE_KEYS} objects below {prefix}")

    @asynccontextmanager
    async def _ask(
        self,
        method: str,
        *,
        key: str = "",
        query: dict[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        limits: ClientTimeout = LIST_TIMEOUT,
    ) -> AsyncGenerator[ClientResponse]:
        url: URL = object_url(self._endpoint, self._bucket, key, query)
        signed = signed_headers(self._key, method, url, now=dt_util.utcnow(), headers=dict(headers or {}))
        async with asked(self._session, self._reach, method, url, signed, limits) as response:
            yield response

    def _error(self, response: ClientResponse, code: str, *, denied: str) -> ClipsError:
        """What an answer means that is none of a file."""
        status = response.status
        if (reason := S3_CODES.get(code)) is not None:
            return self._reach.refused(reason, code)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return self._reach.refused(denied, code)
        if hdrs.LOCATION in response.headers:
            return self._reach.refused("wrong_region", code)
        return self._reach.unreachable(code or f"HTTP {status}")


def _code(body: bytes) -> str:
    """The error code in an answer of S3, empty when it has none."""
    found = _CODE.search(body)
    return found[1].decode() if found else ""


# --- UTC and local ----------------------------------------------------------------------------------------------------


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST_DAY < day < LAST_DAY else None


def _utc(day: date) -> datetime:
    """The start of a local day in UTC."""
    return dt_util.start_of_local_day(day).astimezone(UTC)


def _local_days(day: date) -> set[date]:
    """The local days that a date of UTC reaches into."""
    begin = datetime.combine(day, time.min, UTC)
    return {dt_util.as_local(moment).date() for moment in (begin, begin + DAY - timedelta(milliseconds=1))}


def _utc_dates(start: datetime, end: datetime) -> list[date]:
    """The dates of UTC in `start <= t < end`."""
    first, last = start.astimezone(UTC).date(), (end - timedelta(milliseconds=1)).astimezone(UTC).date()
    return [first + n * DAY for n in range((last - first).days + 1)]
