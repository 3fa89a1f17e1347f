"""Names: slugs, ULIDs, event ids, times, the archive's keys and the local files, each made and read back exactly."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from edge_detector.core.evidence import ItemKind

#: What a node's, camera's, zone's or line's id looks like.
SLUG = re.compile(r"[a-z0-9_]{1,40}")

#: Crockford's alphabet: no I, L, O, U, and its order is the order of the values.
_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID_CHARS = 26
_ULID_TIME_CHARS = 10
_ULID_TIME_BITS = 48
_ULID_RANDOM_BITS = 80
#: 26 characters hold 130 bits and a ULID has 128, so the first is at most 7.
_ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: A number as these names write it: no sign, no leading zero, so that reading and writing are exact inverses.
_NUMBER = "(?:0|[1-9][0-9]*)"
_PERMILLE = 1000

#: Top folder and file ending of each kind in the archive; a poster lies beside its clip. Early copies have a folder of
#: their own, for a bucket's lifecycle rule knows objects by the beginning of their keys alone.
_PLACES = {
    ItemKind.SNAPSHOT: ("snapshots", "jpg"),
    ItemKind.PARTIAL: ("partials", "partial.mp4"),
    ItemKind.CLIP: ("clips", "mp4"),
    ItemKind.POSTER: ("clips", "jpg"),
    ItemKind.DOCUMENT: ("visits", "json"),
}
_KINDS = {place: kind for kind, place in _PLACES.items()}
#: Kinds of which a visit has several: from the second on, their names carry `-n`.
_NUMBERED = frozenset({ItemKind.PARTIAL, ItemKind.CLIP, ItemKind.POSTER})

_KEY = re.compile(
    rf"(?P<folder>[a-z]+)/node=(?P<node>{SLUG.pattern})/camera=(?P<camera>{SLUG.pattern})"
    rf"/date=(?P<date>[0-9-]{{10}})/(?P<visit_id>{_ULID})(?:-(?P<n>{_NUMBER}))?\.(?P<ending>[a-z0-9]+(?:\.[a-z0-9]+)?)"
)
_CLIP = re.compile(
    rf"(?P<start_ms>{_NUMBER})-(?P<duration_ms>{_NUMBER})-(?P<max_people>{_NUMBER})"
    rf"-(?P<confidence_permille>{_NUMBER})-(?P<inference_ms>{_NUMBER})-(?P<width>{_NUMBER})x(?P<height>{_NUMBER})"
    rf"-(?P<visit_id>{_ULID})-(?P<n>{_NUMBER})"
)
_PART = re.compile(rf"(?P<start_ms>{_NUMBER})-(?P<visit_id>{_ULID})-(?P<n>{_NUMBER})\.part")
_SIDECAR = re.compile(rf"(?P<visit_id>{_ULID})(?P<ending>-{_NUMBER}\.snapshot\.jpg|\.json)")


# --- slugs, ids and times -------------------------------------------------------------------------------------------


def check_slug(text: str) -> str:
    """The text itself; raises ValueError when it is no slug."""
    if not SLUG.fullmatch(text):
        raise ValueError(f"{text!r} is no slug: 1 to 40 of the characters a-z, 0-9 and _")
    return text


def ulid(ms: int, random80: int) -> str:
    """The ULID of a moment in milliseconds since the Unix epoch and 80 bits; raises ValueError out of range."""
    if not 0 <= ms < 1 << _ULID_TIME_BITS:
        raise ValueError(f"{ms} ms since 1970 does not fit into a ULID")
    if not 0 <= random80 < 1 << _ULID_RANDOM_BITS:
        raise ValueError(f"{random80} does not fit into the 80 bits of a ULID")
    value = ms << _ULID_RANDOM_BITS | random80
    return "".join(_BASE32[value >> 5 * place & 31] for place in reversed(range(_ULID_CHARS)))


def ulid_ms(text: str) -> int:
    """The moment of a ULID in milliseconds since the Unix epoch; raises ValueError when it is no ULID."""
    _check_ulid(text)
    ms = 0
    for char in text[:_ULID_TIME_CHARS]:
        ms = ms << 5 | _BASE32.index(char)
    return ms


def digest80(*parts: object) -> int:
    """80 bits that stand for the parts, the same at each call, in each process and on each machine."""
    text = "".join(f"{len(str(part))}:{part}," for part in parts)  # lengths, so that ("ab", "c") is not ("a", "bc")
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[: _ULID_RANDOM_BITS // 8], "big")


def event_id(*, ms: int, camera: str, visit_id: str, event_type: str, n: int | str = 0) -> str:
    """The id of an event: a ULID of `ms` that is the same whenever the same event is made again.

    `ms` is the visit's start, or the event's own moment when it belongs to no visit (then `visit_id` is empty). `n`
    tells it from the visit's other events of this type.
    """
    return ulid(ms, digest80(camera, visit_id, event_type, n))


def iso8601(utc: float) -> str:
    """Seconds since the Unix epoch as `YYYY-MM-DDTHH:MM:SS.mmmZ`; raises ValueError beyond the years 1 to 9999."""
    return _moment(round(utc * 1000)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def visit_date(visit_id: str) -> str:
    """The UTC date on which a visit began, `YYYY-MM-DD`, as its id tells it."""
    return _moment(ulid_ms(visit_id)).date().isoformat()


# --- the archive ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveKey:
    """What an object's key tells."""

    kind: ItemKind
    node: str
    camera: str
    visit_id: str
    #: Counts the clips of a visit from 1; 1 for snapshots and documents.
    n: int = 1


def archive_key(kind: ItemKind, *, node: str, camera: str, visit_id: str, n: int = 1, prefix: str = "") -> str:
    """The key of one object, Hive-partitioned; the date comes from the visit's id; raises ValueError for nonsense."""
    check_slug(node)
    check_slug(camera)
    if n < 1 or (n > 1 and kind not in _NUMBERED):
        raise ValueError(f"a {kind} cannot be number {n} of its visit")
    folder, ending = _PLACES[kind]
    number = f"-{n}" if n > 1 else ""
    path = f"{folder}/node={node}/camera={camera}/date={visit_date(visit_id)}/{visit_id}{number}.{ending}"
    return below(prefix) + path


def parse_archive_key(text: str, *, prefix: str = "") -> ArchiveKey:
    """What a key tells; raises ValueError when `archive_key` would never make it."""
    found = _KEY.fullmatch(text.removeprefix(below(prefix)))
    kind = _KINDS.get((found["folder"], found["ending"])) if found else None
    if found and kind:
        node, camera, visit_id, n = found["node"], found["camera"], found["visit_id"], int(found["n"] or 1)
        with suppress(ValueError):
            if text == archive_key(kind, node=node, camera=camera, visit_id=visit_id, n=n, prefix=prefix):
                return ArchiveKey(kind=kind, node=node, camera=camera, visit_id=visit_id, n=n)
    raise ValueError(f"{text!r} is no key of the archive below {prefix!r}")


def partial_key(clip_key: str) -> str:
    """The key of a clip's early copies, below the same prefix."""
    before, _, after = clip_key.rpartition("clips/node=")
    return f"{before}partials/node={after.removesuffix('.mp4')}.partial.mp4"


def whole_key(partial_key: str) -> str:
    """The key of the clip whose early copies have this key."""
    before, _, after = partial_key.rpartition("partials/node=")
    return f"{before}clips/node={after.removesuffix('.partial.mp4')}.mp4"


def below(prefix: str) -> str:
    """The prefix as keys begin with it: no slash before, one behind."""
    inner = prefix.strip("/")
    return f"{inner}/" if inner else ""


# --- local files ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipName:
    """What the name of a finished clip and of its poster tells."""

    start_ms: int
    duration_ms: int
    max_people: int
    confidence_permille: int
    inference_ms: int
    width: int
    height: int
    visit_id: str
    #: Counts the clips of a visit from 1.
    n: int

    def __post_init__(self) -> None:
        """Check what no clip can have."""
        figures = (self.start_ms, self.duration_ms, self.max_people, self.inference_ms)
        if min(figures) < 0 or min(self.width, self.height, self.n) < 1:
            raise ValueError(f"{self.stem!r} holds a figure that no clip has")
        if not 0 <= self.confidence_permille <= _PERMILLE:
            raise ValueError(f"{self.confidence_permille} is no confidence in thousandths")
        _check_ulid(self.visit_id)

    @property
    def stem(self) -> str:
        """The name without its ending: `.mp4` for the clip, `.jpg` for the poster."""
        figures = f"{self.start_ms}-{self.duration_ms}-{self.max_people}-{self.confidence_permille}-{self.inference_ms}"
        return f"{figures}-{self.width}x{self.height}-{self.visit_id}-{self.n}"


def parse_clip_name(stem: str) -> ClipName:
    """What the name of a clip or poster, without its ending, tells; raises ValueError when it is none."""
    found = _CLIP.fullmatch(stem)
    if not found:
        raise ValueError(f"{stem!r} is no name of a clip")
    return ClipName(
        start_ms=int(found["start_ms"]),
        duration_ms=int(found["duration_ms"]),
        max_people=int(found["max_people"]),
        confidence_permille=int(found["confidence_permille"]),
        inference_ms=int(found["inference_ms"]),
        width=int(found["width"]),
        height=int(found["height"]),
        visit_id=found["visit_id"],
        n=int(found["n"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartName:
    """What the name of a clip that is still being written tells."""

    start_ms: int
    visit_id: str
    n: int


def part_name(*, start_ms: int, visit_id: str, n: int) -> str:
    """The name of a clip while it is written; raises ValueError for nonsense."""
    _check_ulid(visit_id)
    if start_ms < 0 or n < 1:
        raise ValueError(f"no clip is number {n} of its visit and starts at {start_ms} ms")
    return f"{start_ms}-{visit_id}-{n}.part"


def partial_name(part: str, copy: int) -> str:
    """The local name of the early copy number `copy` of an unfinished clip; raises ValueError when it is none."""
    parse_part_name(part)
    return f"{part.removesuffix('.part')}-{copy}.partial"


def parse_part_name(name: str) -> PartName:
    """What the name of an unfinished clip tells; raises ValueError when it is none."""
    found = _PART.fullmatch(name)
    if not found or found["n"] == "0":
        raise ValueError(f"{name!r} is no name of an unfinished clip")
    return PartName(start_ms=int(found["start_ms"]), visit_id=found["visit_id"], n=int(found["n"]))


def snapshot_name(visit_id: str, ms: int) -> str:
    """The local name of a visit's snapshot, taken at `ms`: a better one gets a name of its own."""
    if ms < 0:
        raise ValueError(f"no snapshot was taken at {ms} ms")
    return f"{_check_ulid(visit_id)}-{ms}.snapshot.jpg"


def document_name(visit_id: str) -> str:
    """The local name of a visit's document."""
    return f"{_check_ulid(visit_id)}.json"


def parse_sidecar_name(name: str) -> tuple[ItemKind, str]:
    """Kind and visit id of a local snapshot or document; raises ValueError when it is neither."""
    found = _SIDECAR.fullmatch(name)
    if not found:
        raise ValueError(f"{name!r} is no name of a snapshot or visit document")
    return ItemKind.DOCUMENT if found["ending"] == ".json" else ItemKind.SNAPSHOT, found["visit_id"]


def _check_ulid(text: str) -> str:
    if not re.fullmatch(_ULID, text):
        raise ValueError(f"{text!r} is no ULID")
    return text


def _moment(ms: int) -> datetime:
    """Milliseconds since the Unix epoch as a date and time; raises ValueError beyond the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=ms)
    except OverflowError as error:
        raise ValueError(f"{ms} ms since 1970 is beyond the years 1 to 9999") from error
