from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detector.core.evidence import Item, ItemKind
from edge_detector.core.quota import Load, QuotaPolicy, choose, is_exceeded

NOW = 1_800_000_000.0
DAY_S = 86_400.0
ROOM = 10**12
MB = 1_000_000


def item(kind: ItemKind = ItemKind.CLIP, *, age_s: float = 0.0, size: int = 10 * MB, utc: float | None = None) -> Item:
    created = NOW - age_s if utc is None else utc
    return Item(
        key=f"{kind}-{created}",
        kind=kind,
        camera="door",
        visit_id="V",
        n=1,
        path=Path("/spool/x"),
        bytes=size,
        sha256="00",
        content_type="video/mp4",
        created_utc=created,
    )


def load(*items: Item) -> Load:
    oldest = min((each.created_utc for each in items), default=None)
    return Load(bytes=sum(each.bytes for each in items), oldest_utc=oldest)


def gone(*items: Item, policy: QuotaPolicy, free_bytes: int = ROOM) -> list[tuple[ItemKind, float, str]]:
    dropped = choose(items, load(*items), free_bytes=free_bytes, now_utc=NOW, policy=policy)
    return [(drop.item.kind, NOW - drop.item.created_utc, drop.reason) for drop in dropped]


CLIPS = tuple(item(age_s=age) for age in (10.0, 30.0, 20.0))
OVER = "more than 25 MB waited for the archive"
SHORT = "less than 100 MB of the disk were free"
OLD = "it waited longer than 2 days"


def test_oldest_clips_go_until_it_fits() -> None:
    assert gone(*CLIPS, policy=QuotaPolicy(max_bytes=25 * MB)) == [(ItemKind.CLIP, 30.0, OVER)]
    assert gone(*CLIPS, policy=QuotaPolicy(max_bytes=30 * MB)) == []


def test_pictures_and_facts_outlive_every_clip() -> None:
    small = [item(kind, age_s=99.0 - n, size=MB) for n, kind in enumerate(ItemKind) if kind is not ItemKind.CLIP]
    policy = QuotaPolicy(max_bytes=0)
    order = [kind for kind, _, _ in gone(*small, *CLIPS, policy=policy)]
    assert order == ["partial", "clip", "clip", "clip", "poster", "snapshot", "document"]
    assert {kind for kind, _, _ in gone(*small, *CLIPS, policy=QuotaPolicy(max_bytes=5 * MB))} == {"partial", "clip"}


@pytest.mark.parametrize(
    ("free_mb", "expected"),
    [
        (100, 0),
        (99, 1),
        (90, 1),
        (89, 2),
        (70, 3),
        (69, 0),  # all of it would not be enough: something else fills the disk, and costs no evidence
        (0, 0),
    ],
)
def test_disk_keeps_some_room(free_mb: int, expected: int) -> None:
    policy = QuotaPolicy(min_free_bytes=100 * MB)
    assert gone(*CLIPS, policy=policy, free_bytes=free_mb * MB) == [
        (ItemKind.CLIP, age, SHORT) for age in (30.0, 20.0, 10.0)[:expected]
    ]


def test_quota_holds_also_where_the_disk_cannot_be_helped() -> None:
    policy = QuotaPolicy(max_bytes=25 * MB, min_free_bytes=100 * MB)
    assert gone(*CLIPS, policy=policy, free_bytes=0) == [(ItemKind.CLIP, 30.0, OVER)]


def test_what_is_too_old_goes_whatever_it_is() -> None:
    young, old = item(ItemKind.SNAPSHOT, age_s=DAY_S), item(ItemKind.SNAPSHOT, age_s=3 * DAY_S)
    assert gone(young, old, policy=QuotaPolicy(max_age_s=2 * DAY_S)) == [(ItemKind.SNAPSHOT, 3 * DAY_S, OLD)]
    assert gone(young, old, policy=QuotaPolicy()) == []


def test_what_was_made_before_the_clock_was_set_is_not_old() -> None:
    assert gone(item(utc=60.0), policy=QuotaPolicy(max_age_s=DAY_S)) == []


def test_what_is_too_old_makes_room_for_the_rest() -> None:
    old = item(age_s=3 * DAY_S)
    policy = QuotaPolicy(max_bytes=30 * MB, max_age_s=2 * DAY_S, min_free_bytes=100 * MB)
    assert gone(*CLIPS, old, policy=policy, free_bytes=90 * MB) == [(ItemKind.CLIP, 3 * DAY_S, OLD)]


@pytest.mark.parametrize(
    ("what", "free_bytes", "policy", "expected"),
    [
        (Load(), 0, QuotaPolicy(max_bytes=0, max_age_s=0.0, min_free_bytes=1), False),  # nothing waits
        (Load(bytes=11, oldest_utc=NOW), ROOM, QuotaPolicy(max_bytes=10), True),
        (Load(bytes=10, oldest_utc=NOW), ROOM, QuotaPolicy(max_bytes=10), False),
        (Load(bytes=10, oldest_utc=NOW), ROOM, QuotaPolicy(), False),
        (Load(bytes=10, oldest_utc=NOW), 4, QuotaPolicy(min_free_bytes=5), True),
        (Load(bytes=10, oldest_utc=NOW - 2), ROOM, QuotaPolicy(max_age_s=1), True),
        (Load(bytes=10, oldest_utc=NOW - 1), ROOM, QuotaPolicy(max_age_s=1), False),
    ],
)
def test_look_is_only_worth_it_when_something_is_exceeded(
    what: Load, free_bytes: int, policy: QuotaPolicy, *, expected: bool
) -> None:
    assert is_exceeded(what, free_bytes=free_bytes, now_utc=NOW, policy=policy) is expected


items = st.builds(
    item, st.sampled_from(ItemKind), age_s=st.floats(0, 10 * DAY_S), size=st.integers(0, 50 * MB), utc=st.none()
)


@given(
    st.lists(items, max_size=20),
    st.integers(0, 200 * MB),
    st.none() | st.integers(0, 200 * MB),
    st.integers(0, 200 * MB),
)
def test_no_more_goes_than_must(waiting: list[Item], free: int, max_bytes: int | None, floor: int) -> None:
    policy = QuotaPolicy(max_bytes=max_bytes, max_age_s=5 * DAY_S, min_free_bytes=floor)
    state = load(*waiting)
    dropped = choose(waiting, state, free_bytes=free, now_utc=NOW, policy=policy)
    freed = sum(drop.item.bytes for drop in dropped)
    left = state.bytes - freed
    assert max_bytes is None or left <= max_bytes
    assert free + freed >= floor or free + state.bytes < floor or not waiting
    if not is_exceeded(state, free_bytes=free, now_utc=NOW, policy=policy):
        assert dropped == ()
