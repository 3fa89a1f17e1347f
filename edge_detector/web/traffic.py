"""How much happened, in buckets of local time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, tzinfo
from http import HTTPStatus
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field

from edge_detector.core import naming
from edge_detector.core.calendar import MAX_BUCKETS, Bucket, Span, spans, starts
from edge_detector.core.places import CAMERA, LINE, NOTHING, ZONE, Place
from edge_detector.ports import HistoryReader
from edge_detector.web.problems import Problem, unknown

DEFAULT_S = 86_400
#: Dates end soon after, in some time zones sooner.
LAST_UTC = 250_000_000_000.0
BUCKETS = {"minute": Bucket.MINUTE, "hour": Bucket.HOUR, "day": Bucket.DAY}
BucketName = Literal["minute", "hour", "day"]


class CountsBody(BaseModel):
    """How much happened."""

    visits: int
    #: Over lines, to their inside.
    inward: int = Field(alias="in")
    #: And back.
    out: int


class BucketBody(CountsBody):
    """How much happened in a minute, an hour or a day."""

    #: Local time, with its offset from UTC.
    start: str


class TrafficBody(BaseModel):
    """How much happened, bucket by bucket."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "from": "2026-11-20T23:00:00.000Z",
                "to": "2026-11-21T00:00:00.000Z",
                "bucket": "hour",
                "tz": "Europe/Berlin",
                "total": {"visits": 1, "in": 1, "out": 0},
                "buckets": [{"start": "2026-11-21T00:00:00+01:00", "visits": 1, "in": 1, "out": 0}],
            }
        }
    )

    since: str = Field(alias="from")
    to: str
    bucket: BucketName
    tz: str
    total: CountsBody
    buckets: list[BucketBody]


class Traffic:
    """Reads the history."""

    def __init__(self, history: HistoryReader) -> None:
        self._history = history

    def answer(
        self, *, places: tuple[Place, ...], first: datetime, last: datetime, bucket: BucketName, zone: tzinfo
    ) -> str:
        """The counts of these places together, as JSON; raises Problem for an interval that is none or too long."""
        size = BUCKETS[bucket]
        first_utc, last_utc = first.timestamp(), last.timestamp()
        parts = _spans(first_utc, last_utc, size, zone)
        counts = self._history.traffic(places, parts, size)
        begun = {key: start for span in parts for key, start in starts(span, size, zone)}
        visits, inward, outward = (sum(column) for column in zip(NOTHING, *counts.values(), strict=True))
        head = {
            "from": naming.iso8601(first_utc),
            "to": naming.iso8601(last_utc),
            "bucket": bucket,
            "tz": str(zone),
            "total": {"visits": visits, "in": inward, "out": outward},
        }
        # Put together by hand: a year of hours would take the encoder longer than all the rest.
        buckets = ",".join(
            f'{{"start":"{start}","visits":{found[0]},"in":{found[1]},"out":{found[2]}}}'
            for key, start in begun.items()
            for found in (counts.get(key, NOTHING),)
        )
        return f'{json.dumps(head, separators=(",", ":"))[:-1]},"buckets":[{buckets}]}}'

    def places(self, *, camera: str | None, zone: str | None, line: str | None) -> tuple[Place, ...]:
        """What is asked for; raises Problem when nobody knows it."""
        if camera is None and (zone or line):
            raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", "zone and line need camera beside them")
        wanted = {(ZONE, zone), (LINE, line)} if zone or line else None
        found = tuple(
            place
            for place in self._history.places()
            if camera in {None, place.camera}
            and (place.kind == CAMERA if wanted is None else (place.kind, place.id) in wanted)
        )
        if len({place.kind for place in found} & {ZONE, LINE}) < bool(zone) + bool(line):
            raise unknown(f"{' or '.join(name for name in (zone, line) if name)} at camera {camera}")
        return found


def zone_of(name: str | None, default: tzinfo) -> tzinfo:
    """A time zone by its name; raises Problem when there is none."""
    if name is None:
        return default
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", f"tz: there is no time zone {name:.60}") from error


def interval(since: datetime | None, until: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """The interval that is asked for: up to now when nothing else is said, a day long."""
    last = until or now
    return since or last - timedelta(seconds=DEFAULT_S), last


def _spans(first_utc: float, last_utc: float, size: Bucket, zone: tzinfo) -> tuple[Span, ...]:
    if not 0 <= first_utc < last_utc <= LAST_UTC:
        message = "from must be after 1970 and before to, and to within the next centuries"
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", message)
    if (last_utc - first_utc) / size.value > MAX_BUCKETS:
        message = f"from and to are more than {MAX_BUCKETS} buckets apart: ask for larger ones"
        raise Problem(HTTPStatus.BAD_REQUEST, "bad_request", message)
    return tuple(spans(first_utc, last_utc, zone))
