"""Typed access to JSON that may hold anything: what it must look like, and why it does not."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

SLUG: Final = re.compile(r"[a-z0-9_]{1,40}")
ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
DIRECTION: Final = re.compile("in|out")
SHA256: Final = re.compile(r"[0-9a-f]{64}")
MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?Z", re.ASCII)
API_URL: Final = re.compile(r"https?://[^\s?#@]{1,2000}")
URI: Final = re.compile(r"(?:s3://|file:|https?://)[^\s?#]{1,2000}")

#: An announcement of 64 cameras with 16 zones each stays below this.
MAX_JSON_BYTES: Final = 262_144
#: Phones refuse larger pictures in a notification.
MAX_IMAGE_BYTES: Final = 10_000_000
#: More of them are no porch; entities are made for each.
MAX_CAMERAS: Final = 64
MAX_PLACES: Final = 32
MAX_NAME: Final = 100
MAX_TEXT: Final = 1000
#: Counts that only grow stay exact in JSON up to here.
MAX_WHOLE: Final = 2**53
MAX_PEOPLE: Final = 10_000
#: Ten years: what is counted in seconds or milliseconds never lasts longer, and a date stays a date.
MAX_SECONDS: Final = 3.2e8
#: Dates outside would overflow in some time zone or database.
YEARS: Final = range(2000, 2200)

JPEG_START: Final = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a message was not understood."""

    #: The same word for all messages with this fault: `size`, `json`, `schema`, `field`, `image` or `unknown`.
    kind: str
    detail: str


class FaultError(Exception):
    """A fault of one message; never leaves this module."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.refusal = Refusal(kind=kind, detail=detail)


class Fields:
    """The keys of one JSON object, each read as the type that it must have."""

    __slots__ = ("_data",)

    def __init__(self, data: object) -> None:
        if not isinstance(data, dict):
            raise FaultError("field", f"an object was expected, not {_shown(data)}")
        self._data: dict[str, Any] = data

    def text(self, key: str, pattern: re.Pattern[str]) -> str:
        """A text that matches the whole pattern."""
        value = self._get(key)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self._fault(key)
        return value

    def prose(self, key: str, limit: int = MAX_TEXT, *, empty: bool = False) -> str:
        """A text for people, cut at `limit` characters, with a space for what cannot be printed."""
        value = self._get(key)
        if not isinstance(value, str):
            raise self._fault(key)
        shown = "".join(each if each.isprintable() else " " for each in value[:limit]).strip()
        if not (shown or empty):
            raise self._fault(key)
        return shown

    def flag(self, key: str) -> bool:
        """True or false, nothing that merely counts as such."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._fault(key)
        return value

    def whole(self, key: str, high: int) -> int:
        """A whole number from 0 to `high`."""
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= high:
            raise self._fault(key)
        return value

    def number(self, key: str, high: float, *, low: float = 0.0) -> float:
        """A number from `low` to `high`."""
        value = self._get(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise self._fault(key)
        return float(value)

    def moment(self, key: str) -> datetime:
        """A point in time, as UTC."""
        text = self.text(key, MOMENT)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise self._fault(key) from None
        if value.year not in YEARS:
            raise self._fault(key)
        return value

    def or_none[T](self, key: str, read: Callable[[Fields, str], T]) -> T | None:
        """None where the message says null, else what `read` makes of it."""
        return None if self._get(key) is None else read(self, key)

    def if_there[T](self, key: str, read: Callable[[Fields, str], T]) -> T | None:
        """The same, and None where an older edge says nothing."""
        return self.or_none(key, read) if key in self._data else None

    def inner(self, key: str) -> Fields:
        """An object within this one."""
        return Fields(self._get(key))

    def inner_or_none(self, key: str) -> Fields | None:
        """The same, or None where the message says null."""
        return None if self._get(key) is None else self.inner(key)

    def objects(self, key: str, limit: int) -> list[Fields]:
        """A list of at most `limit` objects."""
        value = self._get(key)
        if not isinstance(value, list) or len(value) > limit:
            raise self._fault(key)
        return [Fields(each) for each in value]

    def mapping(self, key: str) -> list[tuple[str, Fields]]:
        """An object whose keys are slugs and whose values are objects."""
        value = self._get(key)
        if not isinstance(value, dict) or len(value) > MAX_PLACES or not all(map(SLUG.fullmatch, value)):
            raise self._fault(key)
        return [(name, Fields(each)) for name, each in value.items()]

    def slugs(self, key: str) -> list[str]:
        """A list of slugs."""
        value = self._get(key)
        if not isinstance(value, list) or len(value) > MAX_PLACES:
            raise self._fault(key)
        if not all(isinstance(each, str) and SLUG.fullmatch(each) for each in value):
            raise self._fault(key)
        return list(value)

    def names(self, key: str) -> list[str]:
        """The strings of a list, of what may be anything: a later version may have more to say."""
        value = self._data.get(key)
        return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

    def uri(self, key: str) -> str:
        """An address without its query, in which a signature would stand."""
        value = self._get(key)
        if not isinstance(value, str) or not (match := URI.match(value)):
            raise self._fault(key)
        if len(value) > match.end() and value[match.end()] not in "?#":
            raise self._fault(key)
        return match[0]

    def _get(self, key: str) -> object:
        try:
            return self._data[key]
        except KeyError:
            raise FaultError("field", f"{key} is missing") from None

    def _fault(self, key: str) -> FaultError:
        return FaultError("field", f"{key} is {_shown(self._data[key])}")


def _shown(value: object) -> str:
    """A value of any kind as a few characters for the log."""
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    return ascii(value)[:MAX_NAME]
