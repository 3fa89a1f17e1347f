"""What a store of clips can be asked, whatever it is, and what is raised when it cannot answer."""

import logging
import re
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final, Protocol

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, hdrs
from homeassistant.exceptions import HomeAssistantError
from yarl import URL

from .const import DOMAIN
from .fields import ULID
from .history import Crossing

_LOGGER = logging.getLogger(__name__)

#: Somebody waits for a list.
LIST_TIMEOUT: Final = ClientTimeout(total=20)
#: A clip lasts as long as it lasts, but its bytes must keep coming.
STREAM_TIMEOUT: Final = ClientTimeout(total=None, sock_connect=10, sock_read=30)
#: A list of a thousand names takes half of it.
MAX_LIST_BYTES: Final = 2_000_000
#: Details of so many visits are kept: a few weeks of a busy porch.
MAX_KNOWN: Final = 5000

_BASE32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ULID_CHARS: Final = 26
_ULID_TIME_CHARS: Final = 10
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

DAY: Final = timedelta(days=1)
#: Days between these are days in every time zone; nothing was recorded outside.
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
_END_MS: Final = (datetime(2199, 12, 30, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
#: One range: that several are asked for may be answered with the whole.
_RANGE: Final = re.compile(r"bytes=(?:[0-9]{1,18}-[0-9]{0,18}|-[0-9]{1,18})", re.ASCII)
_ETAG: Final = re.compile(r'"[\x21\x23-\x7e]{1,200}"')


#: What gives a file, or says truly that there is no such part of it or that it has not changed.
GIVEN: Final = frozenset(
    {
        HTTPStatus.OK,
        HTTPStatus.PARTIAL_CONTENT,
        HTTPStatus.NOT_MODIFIED,
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    }
)


#: A direction, `in` or `out`, and the start of a local hour.
type Hour = tuple[str, datetime]


class Kind(StrEnum):
    """A file of a visit."""

    CLIP = "clip"
    #: The moment that started the clip.
    POSTER = "poster"
    #: The best picture of the visit.
    SNAPSHOT = "snapshot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """One file of a visit of a node; all ids have been checked."""

    camera: str
    visit_id: str
    kind: Kind
    #: Which of the visit's clips, from 1.
    n: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is said of a visit."""

    people: int
    #: 0..1
    confidence: float
    duration_s: float
    #: How many clips were made of it.
    clips: int
    zones: tuple[str, ...] = ()
    crossings: tuple[Crossing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVisit:
    """The files of a visit that a store has."""

    id: str
    started_at: datetime
    clips: tuple[int, ...]
    #: Clips that have a poster.
    posters: frozenset[int]
    snapshot: bool
    #: None where they must be asked for.
    facts: Facts | None = None
    #: Where its clips and its snapshot lie in the archive, as far as that is known.
    uris: tuple[str, ...] = ()
    snapshot_uri: str | None = None


class ClipStore(Protocol):
    """Reads the files of one node; every method raises ClipsError."""

    async def cameras(self) -> frozenset[str]:
        """Cameras that it has something of, or none where it cannot tell."""
        ...

    async def days(self, camera: str) -> list[date]:
        """Local days with a visit, newest first."""
        ...

    async def visits(self, camera: str, start: datetime, end: datetime) -> list[StoredVisit]:
        """Visits that began in `start <= t < end` and have a file, newest first."""
        ...

    async def facts(self, camera: str, visits: Iterable[str]) -> dict[str, Facts]:
        """What is said of these visits, as far as it can be had soon."""
        ...

    async def crossings(self, camera: str, line: str, start: datetime, end: datetime) -> Counter[Hour] | None:
        """How often a line was crossed in each hour; None where only the facts of visits tell of crossings."""
        ...

    def open(self, ref: Ref, method: str, headers: Mapping[str, str]) -> AbstractAsyncContextManager[ClientResponse]:
        """The answer 200, 206, 304 or 416 to a GET or HEAD with those headers of a request, its body not read yet."""
        ...


# --- what goes wrong --------------------------------------------------------------------------------------------------


class ClipsError(HomeAssistantError):
    """A clip cannot be shown; `status` is what HTTP calls it."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR
    key = ""

    def __init__(self, **placeholders: str) -> None:
        super().__init__(
            translation_domain=DOMAIN, translation_key=self.key, translation_placeholders=placeholders or None
        )


class ClipUnknownError(ClipsError):
    """Nobody knows it."""

    status = HTTPStatus.NOT_FOUND
    key = "clip_unknown"


class ClipsNotSetUpError(ClipsError):
    """The owner chose not to read clips."""

    status = HTTPStatus.NOT_FOUND
    key = "clips_not_set_up"


class ClipsRefusedError(ClipsError):
    """The store refuses the key or the token."""

    status = HTTPStatus.FORBIDDEN
    key = "clips_refused"


class ClipGoneError(ClipsError):
    """It was there once."""

    status = HTTPStatus.GONE
    key = "clip_gone"


class ClipsUnreachableError(ClipsError):
    """The store does not answer, or not as it should."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    key = "clips_unreachable"


class Reach:
    """Says in the log, and to the owner, once that a store refuses or is away, and once that it is back."""

    def __init__(self, name: str, on_refusal: Callable[[str | None, str], None]) -> None:
        """`on_refusal` is called with a reason of `access.py` and a detail, and with None when access is granted."""
        self._name = name
        self._on_refusal = on_refusal
        self._away = False

    def fine(self) -> None:
        """It answered."""
        self._on_refusal(None, "")
        if self._away:
            self._away = False
            _LOGGER.info("Clips of %s can be read again", self._name)

    def refused(self, reason: str, detail: str) -> ClipsRefusedError:
        """It refused; what to raise."""
        self._on_refusal(reason, detail)
        return ClipsRefusedError(node=self._name, detail=detail or reason)

    def unreachable(self, why: object) -> ClipsUnreachableError:
        """It is away; what to raise."""
        level = logging.DEBUG if self._away else logging.WARNING
        _LOGGER.log(level, "Clips of %s cannot be read now: %s", self._name, why)
        self._away = True
        return ClipsUnreachableError(node=self._name)


# --- what stores have in common ---------------------------------------------------------------------------------------


@asynccontextmanager
async def asked(
    session: ClientSession, reach: Reach, method: str, url: URL, headers: Mapping[str, str], limits: ClientTimeout
) -> AsyncGenerator[ClientResponse]:
    """The answer of a server, whatever its status; raises ClipsUnreachableError when there is none."""
    try:
        response = await session.request(
            method,
            url,
            headers={**headers, hdrs.ACCEPT_ENCODING: "identity"},  # lengths and ranges are those of the file
            timeout=limits,
            allow_redirects=False,
        )
    except TimeoutError as error:
        raise reach.unreachable("no answer in time") from error
    except ClientError as error:
        raise reach.unreachable(error) from error
    async with response:
        yield response


async def whole(response: ClientResponse, reach: Reach, limit: int = MAX_LIST_BYTES) -> bytes:
    """The body of an answer that is small; raises ClipsUnreachableError when it is not, or breaks off."""
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > limit:
                raise reach.unreachable(f"an answer of more than {limit} bytes")
    except (ClientError, TimeoutError) as error:
        raise reach.unreachable(f"the answer broke off {error}".rstrip()) from error
    return bytes(body)


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Of the headers of a request, those that a store is told: the part that is wanted, and what is there already."""
    given = {
        hdrs.RANGE: _RANGE.fullmatch(headers.get(hdrs.RANGE, "").strip()),
        hdrs.IF_RANGE: _ETAG.fullmatch(headers.get(hdrs.IF_RANGE, "").strip()),
        hdrs.IF_NONE_MATCH: _ETAG.fullmatch(headers.get(hdrs.IF_NONE_MATCH, "").strip().removeprefix("W/")),
    }
    if hdrs.IF_RANGE in headers and given[hdrs.IF_RANGE] is None:
        given[hdrs.RANGE] = None  # on a condition that cannot be passed on, the whole is right in any case
    return {name: match[0] for name, match in given.items() if match}


class Bounded[K, V](OrderedDict[K, V]):
    """Forgets what was put first."""

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        if len(self) > MAX_KNOWN:
            self.popitem(last=False)


class ShortMemory[V]:
    """Remembers answers for some seconds: going back in a browser asks nothing anew."""

    _MAX = 64

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` tells seconds."""
        self._clock = clock
        self._answers: OrderedDict[object, tuple[float, V]] = OrderedDict()

    async def get(self, key: object, life_s: float, ask: Callable[[], Awaitable[V]]) -> V:
        """What was answered less than `life_s` ago, else what is answered now."""
        known = self._answers.get(key)
        if known is not None and self._clock() < known[0] + life_s:
            return known[1]
        asked_at, answer = self._clock(), await ask()
        self._answers[key] = asked_at, answer
        while len(self._answers) > self._MAX:
            self._answers.popitem(last=False)
        return answer


def began(visit_id: str) -> datetime:
    """When a visit began, in UTC, as its id tells."""
    return _EPOCH + timedelta(milliseconds=_ms(visit_id))


def first_id(moment: datetime) -> str:
    """The least id of a visit that begins then."""
    ms = max(0, (moment - _EPOCH) // timedelta(milliseconds=1))
    time = "".join(_BASE32[ms >> 5 * place & 31] for place in reversed(range(_ULID_TIME_CHARS)))
    return time.ljust(ULID_CHARS, "0")


def is_visit_id(text: str) -> bool:
    """Whether it can be the id of a visit, with a date that is one in every time zone."""
    return ULID.fullmatch(text) is not None and _ms(text) < _END_MS


def _ms(visit_id: str) -> int:
    ms = 0
    for char in visit_id[:_ULID_TIME_CHARS]:
        ms = ms << 5 | _BASE32.index(char)
    return ms
