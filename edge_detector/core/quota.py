"""What goes when more waits than the local disk may hold: a decision, which others carry out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_detector.core.evidence import Item, ItemKind

#: What goes first. A clip is a hundred times as large as all else of its visit together, so the pictures and the facts
#: of a hundred visits outlive the video of one.
_ORDER = (ItemKind.PARTIAL, ItemKind.CLIP, ItemKind.POSTER, ItemKind.SNAPSHOT, ItemKind.DOCUMENT)
#: 2020: a file from before was made while the clock was not set, so nobody knows how old it is.
_PLAUSIBLE_UTC = 1_577_836_800.0
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaPolicy:
    """The bounds of what waits on the local disk; None is no bound."""

    max_bytes: int | None = None
    max_age_s: float | None = None
    #: Kept free of the disk, where giving up all that waits would reach it.
    min_free_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What waits on the local disk; not what is under way, which is gone soon or waits again."""

    bytes: int = 0
    #: When the oldest of it was made; None when nothing waits.
    oldest_utc: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Give this file up."""

    item: Item
    reason: str


def is_exceeded(load: Load, *, free_bytes: int, now_utc: float, policy: QuotaPolicy) -> bool:
    """Whether it is worth looking at every file that waits."""
    if load.oldest_utc is None:
        return False
    too_much = _over(load.bytes, policy) + _short(free_bytes, policy) > 0
    return too_much or _is_old(load.oldest_utc, now_utc, policy)


def choose(
    waiting: Sequence[Item], load: Load, *, free_bytes: int, now_utc: float, policy: QuotaPolicy
) -> tuple[Drop, ...]:
    """The files to give up, `waiting` being those that may be: what is too old, then clips before all else, by age.

    A disk that something else fills costs no evidence: where giving up everything would not free enough, nothing goes
    for that.
    """
    old = [item for item in waiting if _is_old(item.created_utc, now_utc, policy)]
    kept = [item for item in waiting if not _is_old(item.created_utc, now_utc, policy)]
    freed = sum(item.bytes for item in old)
    over = _over(load.bytes - freed, policy)
    short = _short(free_bytes + freed, policy)
    if short > sum(item.bytes for item in kept):
        short = 0
    if over >= short:
        reason = f"more than {_megabytes(policy.max_bytes or 0)} MB waited for the archive"
    else:
        reason = f"less than {_megabytes(policy.min_free_bytes)} MB of the disk were free"
    return (
        *(Drop(item=item, reason=f"it waited longer than {(policy.max_age_s or 0) / _DAY_S:g} days") for item in old),
        *(Drop(item=item, reason=reason) for item in _first(kept, max(over, short))),
    )


def _first(items: Sequence[Item], surplus: int) -> Iterator[Item]:
    """The files that go before others, until so many bytes are gone."""
    for item in sorted(items, key=lambda item: (_ORDER.index(item.kind), item.created_utc)):
        if surplus <= 0:
            return
        surplus -= item.bytes
        yield item


def _over(size: int, policy: QuotaPolicy) -> int:
    return 0 if policy.max_bytes is None else max(0, size - policy.max_bytes)


def _short(free_bytes: int, policy: QuotaPolicy) -> int:
    return max(0, policy.min_free_bytes - free_bytes)


def _is_old(created_utc: float, now_utc: float, policy: QuotaPolicy) -> bool:
    return policy.max_age_s is not None and created_utc > _PLAUSIBLE_UTC and now_utc - created_utc > policy.max_age_s


def _megabytes(size: int) -> int:
    return size // 1_000_000
