import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core import naming
from edge_detector.core.evidence import ItemKind
from edge_detector.core.naming import ArchiveKey, ClipName, PartName

#: 2027-01-15T08:00:00.123Z
MS = 1_800_000_000_123
VISIT = "01MCC5RM3V0000000000000001"

MILLISECONDS = st.integers(0, 2**48 - 1)
#: Moments that Python's own dates reach.
MOMENTS = st.integers(0, 253_402_300_799_999)
RANDOM80 = st.integers(0, 2**80 - 1)
SLUGS = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=40)
COUNTS = st.integers(0, 10**15)
VISITS = st.builds(naming.ulid, MOMENTS, RANDOM80)


# --- ids and times --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["door", "front_door_2", "_", "0", "a" * 40])
def test_slug(text: str) -> None:
    assert naming.check_slug(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        # one too long
        "a" * 41,
        "Door",
        "front-door",
        "front door",
        # what is a letter elsewhere, and what a `$` would let pass
        "tür",
        "door\n",
        "../door",
    ],
)
def test_no_slug(text: str) -> None:
    with pytest.raises(ValueError, match="is no slug"):
        naming.check_slug(text)


@pytest.mark.parametrize(
    ("ms", "random80", "text"),
    [
        (0, 0, "0" * 26),
        (2**48 - 1, 2**80 - 1, "7" + "Z" * 25),
        # the time of the specification's own example
        (1_469_918_176_385, 0, "01ARYZ6S410000000000000000"),
        (MS, 1, VISIT),
    ],
)
def test_ulid(ms: int, random80: int, text: str) -> None:
    assert naming.ulid(ms, random80) == text
    assert naming.ulid_ms(text) == ms


@pytest.mark.parametrize(("ms", "random80"), [(-1, 0), (2**48, 0), (0, -1), (0, 2**80)])
def test_ulid_out_of_range(ms: int, random80: int) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        naming.ulid(ms, random80)


@given(MILLISECONDS, RANDOM80)
def test_ulid_keeps_its_time(ms: int, random80: int) -> None:
    assert naming.ulid_ms(naming.ulid(ms, random80)) == ms


@given(st.tuples(MILLISECONDS, RANDOM80), st.tuples(MILLISECONDS, RANDOM80))
def test_ulids_sort_as_their_times(a: tuple[int, int], b: tuple[int, int]) -> None:
    assert (a < b) == (naming.ulid(*a) < naming.ulid(*b))


@pytest.mark.parametrize(
    "text",
    [
        "",
        VISIT[:-1],
        VISIT + "0",
        VISIT.lower(),
        # no letter of the alphabet
        VISIT[:-1] + "U",
        # 130 bits
        "8" + "0" * 25,
        VISIT + "\n",
    ],
)
def test_no_ulid(text: str) -> None:
    with pytest.raises(ValueError, match="is no ULID"):
        naming.ulid_ms(text)


def test_event_id_is_the_same_for_the_same_event() -> None:
    args = {"ms": MS, "camera": "door", "visit_id": VISIT, "event_type": "person_left"}
    first = naming.event_id(**args)  # type: ignore[arg-type]
    assert naming.event_id(**args) == first  # type: ignore[arg-type]
    assert naming.ulid_ms(first) == MS
    # it must not change between versions either, or an event would be told twice after an update
    assert first == "01MCC5RM3VTE13HNNEZ4ZZ074M"


@pytest.mark.parametrize(
    "change",
    [
        {"camera": "gate"},
        {"visit_id": ""},
        {"event_type": "person_arrived"},
        {"n": 2},
        {"ms": MS + 1},
        # parts that would read the same one after the other
        {"visit_id": VISIT + "p", "event_type": "erson_left"},
    ],
)
def test_event_id_is_another_for_another_event(change: dict[str, str | int]) -> None:
    args: dict[str, str | int] = {"ms": MS, "camera": "door", "visit_id": VISIT, "event_type": "person_left"}
    assert naming.event_id(**args | change) != naming.event_id(**args)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("utc", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_800_000_000.123, "2027-01-15T08:00:00.123Z"),
        # rounded, and carried
        (1_799_999_999.9996, "2027-01-15T08:00:00.000Z"),
        (1_800_000_000.1234, "2027-01-15T08:00:00.123Z"),
        # a leap day's last millisecond
        (1_835_481_599.999, "2028-02-29T23:59:59.999Z"),
    ],
)
def test_iso8601(utc: float, text: str) -> None:
    assert naming.iso8601(utc) == text


@given(st.floats(0, 4e9))
def test_iso8601_is_read_back_within_half_a_millisecond(utc: float) -> None:
    assert abs(datetime.fromisoformat(naming.iso8601(utc)).timestamp() - utc) <= 0.000_501


@pytest.mark.parametrize("utc", [1e15, -1e15])
def test_iso8601_beyond_the_calendar(utc: float) -> None:
    with pytest.raises(ValueError, match="beyond the years"):
        naming.iso8601(utc)


@given(MOMENTS, RANDOM80)
def test_date_of_a_visit_is_that_of_its_id(ms: int, random80: int) -> None:
    expected = datetime.fromtimestamp(ms // 1000, UTC).date().isoformat()
    assert naming.visit_date(naming.ulid(ms, random80)) == expected


# --- the archive ----------------------------------------------------------------------------------------------------

BASE = "node=pi/camera=door/date=2027-01-15"


@pytest.mark.parametrize(
    ("kind", "n", "prefix", "key"),
    [
        (ItemKind.SNAPSHOT, 1, "", f"snapshots/{BASE}/{VISIT}.jpg"),
        (ItemKind.CLIP, 1, "", f"clips/{BASE}/{VISIT}.mp4"),
        # only from the second clip on has it a number
        (ItemKind.CLIP, 2, "", f"clips/{BASE}/{VISIT}-2.mp4"),
        (ItemKind.CLIP, 12, "home", f"home/clips/{BASE}/{VISIT}-12.mp4"),
        (ItemKind.POSTER, 2, "", f"clips/{BASE}/{VISIT}-2.jpg"),
        # early copies are thrown away by the beginning of their keys
        (ItemKind.PARTIAL, 1, "", f"partials/{BASE}/{VISIT}.partial.mp4"),
        (ItemKind.PARTIAL, 2, "home", f"home/partials/{BASE}/{VISIT}-2.partial.mp4"),
        # a prefix may hold slashes, and those at its ends make no empty folder
        (ItemKind.DOCUMENT, 1, "/our/home/", f"our/home/visits/{BASE}/{VISIT}.json"),
    ],
)
def test_archive_key(kind: ItemKind, n: int, prefix: str, key: str) -> None:
    assert naming.archive_key(kind, node="pi", camera="door", visit_id=VISIT, n=n, prefix=prefix) == key
    assert naming.parse_archive_key(key, prefix=prefix) == ArchiveKey(
        kind=kind, node="pi", camera="door", visit_id=VISIT, n=n
    )


@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize("prefix", ["", "home", "clips/node=x"])
def test_early_copies_and_their_clip_know_each_other(n: int, prefix: str) -> None:
    whole, early = (
        naming.archive_key(kind, node="pi", camera="clips", visit_id=VISIT, n=n, prefix=prefix)
        for kind in (ItemKind.CLIP, ItemKind.PARTIAL)
    )
    assert (naming.partial_key(whole), naming.whole_key(early)) == (early, whole)


@pytest.mark.parametrize(
    ("kind", "node", "camera", "visit_id", "n"),
    [
        (ItemKind.CLIP, "Pi", "door", VISIT, 1),
        (ItemKind.CLIP, "pi", "../door", VISIT, 1),
        (ItemKind.CLIP, "pi", "door", "visit", 1),
        (ItemKind.CLIP, "pi", "door", VISIT, 0),
        # a visit has one snapshot and one document
        (ItemKind.SNAPSHOT, "pi", "door", VISIT, 2),
        (ItemKind.DOCUMENT, "pi", "door", VISIT, 2),
        # a time that no calendar has
        (ItemKind.CLIP, "pi", "door", "7" + "Z" * 25, 1),
    ],
)
def test_no_archive_key(kind: ItemKind, node: str, camera: str, visit_id: str, n: int) -> None:
    with pytest.raises(ValueError, match=r"no slug|no ULID|cannot be number|beyond the years"):
        naming.archive_key(kind, node=node, camera=camera, visit_id=visit_id, n=n)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "clips",
        # the first clip has no number, and no number begins with 0
        f"clips/{BASE}/{VISIT}-1.mp4",
        f"clips/{BASE}/{VISIT}-02.mp4",
        f"snapshots/{BASE}/{VISIT}-2.jpg",
        # kinds mixed up
        f"clips/{BASE}/{VISIT}.json",
        f"visits/{BASE}/{VISIT}.jpg",
        # a date that is not the visit's
        f"clips/node=pi/camera=door/date=2027-01-16/{VISIT}.mp4",
        # something before or behind
        f"/clips/{BASE}/{VISIT}.mp4",
        f"home/clips/{BASE}/{VISIT}.mp4",
        f"clips/{BASE}/{VISIT}.mp4\n",
    ],
)
def test_parse_no_archive_key(key: str) -> None:
    with pytest.raises(ValueError, match="is no key of the archive"):
        naming.parse_archive_key(key)


def test_parse_archive_key_below_another_prefix() -> None:
    with pytest.raises(ValueError, match="is no key of the archive below 'home'"):
        naming.parse_archive_key(f"clips/{BASE}/{VISIT}.mp4", prefix="home")


@given(
    kind=st.sampled_from([ItemKind.PARTIAL, ItemKind.CLIP, ItemKind.POSTER]),
    node=SLUGS,
    camera=SLUGS,
    visit_id=VISITS,
    n=st.integers(1, 10**6),
    prefix=st.sampled_from(["", "a", "a/b"]),
)
def test_archive_keys_are_read_back(kind: ItemKind, node: str, camera: str, visit_id: str, n: int, prefix: str) -> None:
    key = naming.archive_key(kind, node=node, camera=camera, visit_id=visit_id, n=n, prefix=prefix)
    expected = ArchiveKey(kind=kind, node=node, camera=camera, visit_id=visit_id, n=n)
    assert naming.parse_archive_key(key, prefix=prefix) == expected


# --- local files ----------------------------------------------------------------------------------------------------

STEM = f"{MS}-19960-2-873-31-1280x720-{VISIT}-1"


def clip_name(**change: int | str) -> ClipName:
    fields: dict[str, int | str] = {
        "start_ms": MS,
        "duration_ms": 19960,
        "max_people": 2,
        "confidence_permille": 873,
        "inference_ms": 31,
        "width": 1280,
        "height": 720,
        "visit_id": VISIT,
        "n": 1,
    }
    return ClipName(**fields | change)  # type: ignore[arg-type]


def test_clip_name() -> None:
    assert clip_name().stem == STEM
    assert naming.parse_clip_name(STEM) == clip_name()


@pytest.mark.parametrize(
    "change",
    [
        {"start_ms": -1},
        {"duration_ms": -1},
        {"max_people": -1},
        {"inference_ms": -1},
        {"confidence_permille": -1},
        {"confidence_permille": 1001},
        {"width": 0},
        {"height": 0},
        {"n": 0},
        {"visit_id": "visit"},
    ],
)
def test_no_clip_name(change: dict[str, int | str]) -> None:
    with pytest.raises(ValueError, match=r"figure that no clip has|no confidence|no ULID"):
        clip_name(**change)


@pytest.mark.parametrize(
    "stem",
    [
        "",
        # with its ending
        f"{STEM}.mp4",
        # a sign, a leading zero, a figure too few
        f"-{STEM}",
        f"0{STEM}",
        STEM.removeprefix(f"{MS}-"),
        # impossible figures
        STEM.replace("-873-", "-1873-"),
        STEM.replace("1280x720", "0x720"),
        STEM.removesuffix("1") + "0",
        # digits, but not ours
        STEM.replace("-2-", "-٢-"),
    ],
)
def test_parse_no_clip_name(stem: str) -> None:
    with pytest.raises(ValueError, match=r"is no name of a clip|figure that no clip has|no confidence"):
        naming.parse_clip_name(stem)


@given(
    st.builds(
        ClipName,
        start_ms=COUNTS,
        duration_ms=COUNTS,
        max_people=COUNTS,
        confidence_permille=st.integers(0, 1000),
        inference_ms=COUNTS,
        width=st.integers(1, 10**5),
        height=st.integers(1, 10**5),
        visit_id=VISITS,
        n=st.integers(1, 10**6),
    )
)
def test_clip_names_are_read_back(name: ClipName) -> None:
    assert naming.parse_clip_name(name.stem) == name


@given(COUNTS, VISITS, st.integers(1, 10**6))
def test_part_names_are_read_back(start_ms: int, visit_id: str, n: int) -> None:
    name = naming.part_name(start_ms=start_ms, visit_id=visit_id, n=n)
    assert name.endswith(".part")
    assert naming.parse_part_name(name) == PartName(start_ms=start_ms, visit_id=visit_id, n=n)


@pytest.mark.parametrize(
    ("start_ms", "visit_id", "n"), [(-1, VISIT, 1), (MS, VISIT, 0), (MS, "visit", 1), (MS, f"{VISIT}/..", 1)]
)
def test_no_part_name(start_ms: int, visit_id: str, n: int) -> None:
    with pytest.raises(ValueError, match=r"no clip is number|is no ULID"):
        naming.part_name(start_ms=start_ms, visit_id=visit_id, n=n)


def test_early_copies_of_a_clip_have_names_of_their_own() -> None:
    assert naming.partial_name(f"1700000000000-{VISIT}-2.part", 3) == f"1700000000000-{VISIT}-2-3.partial"
    with pytest.raises(ValueError, match="is no name of an unfinished clip"):
        naming.partial_name("clip.mp4", 1)


@pytest.mark.parametrize(
    "name", ["", f"{MS}-{VISIT}-1", f"{MS}-{VISIT}-0.part", f"0{MS}-{VISIT}-1.part", f"{STEM}.part"]
)
def test_parse_no_part_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of an unfinished clip"):
        naming.parse_part_name(name)


def test_sidecar_names() -> None:
    # a better snapshot has a name of its own, so that the one before may still be under way
    assert naming.snapshot_name(VISIT, MS) == f"{VISIT}-{MS}.snapshot.jpg"
    assert naming.document_name(VISIT) == f"{VISIT}.json"
    assert naming.parse_sidecar_name(naming.snapshot_name(VISIT, 0)) == (ItemKind.SNAPSHOT, VISIT)
    assert naming.parse_sidecar_name(naming.document_name(VISIT)) == (ItemKind.DOCUMENT, VISIT)


@pytest.mark.parametrize("name", ["", f"{VISIT}.jpg", f"{VISIT}-01.snapshot.jpg", "visit.json", f"{STEM}.jpg"])
def test_parse_no_sidecar_name(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a snapshot or visit document"):
        naming.parse_sidecar_name(name)


def test_sidecar_of_no_visit() -> None:
    with pytest.raises(ValueError, match="is no ULID"):
        naming.snapshot_name("../../etc/passwd", MS)
    with pytest.raises(ValueError, match="is no ULID"):
        naming.document_name("../../etc/passwd")


def test_snapshot_of_no_time() -> None:
    with pytest.raises(ValueError, match="no snapshot was taken at -1 ms"):
        naming.snapshot_name(VISIT, -1)
