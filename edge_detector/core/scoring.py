"""Scores what a detector's pipeline saw of a video against a reference that looked at every picture."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_detector.core.boxes import iou
from edge_detector.core.types import Box, Detection

#: From this score on the reference is sure of somebody…
SURE = 0.5
#: …and below this one of nobody; what lies between is counted neither way.
DOUBT = 0.25
#: Boxes that overlap so much, as a share of their union, show the same person.
SAME = 0.5
#: A pipeline that has not looked for so long says that nobody is there.
STALE_S = 1.0
#: Heights of people in pixels, each bucket up to and without the next one's.
HEIGHTS_PX = (0, 40, 80, 160, 320)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Who was seen in one picture."""

    #: Seconds of the video.
    t: float
    people: tuple[Detection, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when somebody was there, in seconds of the video."""

    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeScore:
    """How many of the people of one size were found."""

    from_px: int
    people: int
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Shares are 1 where there is nothing to find, or nothing was claimed."""

    #: Pictures compared, and those in which the reference is sure of somebody.
    frames: int
    person_frames: int
    recall: float
    precision: float
    #: Visits of the reference, and the shares of them found and of the claimed ones that are any.
    visits: int
    visit_recall: float
    visit_precision: float
    #: Seconds from a visit's first picture to its first detection, visit by visit; negative when earlier.
    delays_s: tuple[float, ...]
    #: Mean overlap of the boxes that show the same person; 0 when there is none.
    overlap: float
    sizes: tuple[SizeScore, ...]


def spans(looks: Iterable[Look], *, hold_s: float = 5.0, hits: int = 2, within_s: float = 1.0) -> tuple[Span, ...]:
    """The visits that sure looks make: `hits` of them within `within_s` begin one, `hold_s` without any ends it."""
    found: list[Span] = []
    run: list[float] = []
    for t in [look.t for look in looks if _best(look.people) >= SURE] + [float("inf")]:
        if run and t - run[-1] > hold_s:
            start = next((a for a, b in zip(run, run[hits - 1 :], strict=False) if b - a <= within_s), None)
            if start is not None:
                found.append(Span(start=start, end=run[-1]))
            run = []
        run.append(t)
    return tuple(found)


def score(reference: Sequence[Look], seen: Sequence[Look], visits: Sequence[Span], *, height_px: int) -> Score:
    """Compare; both in the order of time, `visits` as the pipeline told them, `height_px` of the picture."""
    pairs = list(_paired(reference, seen))
    sure = [bool(ours) for truth, ours in pairs if _best(truth) >= SURE]
    claimed = [_best(truth) for truth, ours in pairs if ours]
    wrong = sum(best < DOUBT for best in claimed)
    overlaps, sizes = _boxes(pairs, height_px)
    true_spans = spans(reference)
    delays = [found.start - span.start for span in true_spans if (found := _meeting(span, visits)) is not None]
    real = sum(_meeting(visit, true_spans) is not None for visit in visits)
    return Score(
        frames=len(pairs),
        person_frames=len(sure),
        recall=_share(sum(sure), len(sure)),
        precision=_share(len(claimed) - wrong, len(claimed)),
        visits=len(true_spans),
        visit_recall=_share(len(delays), len(true_spans)),
        visit_precision=_share(real, len(visits)),
        delays_s=tuple(delays),
        overlap=sum(overlaps) / len(overlaps) if overlaps else 0.0,
        sizes=sizes,
    )


def _paired(
    reference: Sequence[Look], seen: Sequence[Look]
) -> Iterable[tuple[Sequence[Detection], Sequence[Detection]]]:
    """Each look with the reference's of the same moment, and the reference's alone where the pipeline slept."""
    times = [look.t for look in reference]
    last = times[0] if times else 0.0
    for look in seen:
        at = _nearest(times, look.t)
        for slept in reference[bisect_left(times, last + STALE_S) : at]:
            yield slept.people, ()
        yield reference[at].people, look.people
        last = look.t
    for slept in reference[bisect_left(times, last + STALE_S) :]:
        yield slept.people, ()


def _nearest(times: Sequence[float], t: float) -> int:
    at = bisect_left(times, t)
    around = [index for index in (at - 1, at) if 0 <= index < len(times)]
    return min(around, key=lambda index: abs(times[index] - t))


def _boxes(
    pairs: Sequence[tuple[Sequence[Detection], Sequence[Detection]]], height_px: int
) -> tuple[list[float], tuple[SizeScore, ...]]:
    """The overlaps of the same people, and how many of each size were found."""
    overlaps: list[float] = []
    people, found = [0] * len(HEIGHTS_PX), [0] * len(HEIGHTS_PX)
    for truth, ours in pairs:
        for person in truth:
            if person.score < SURE:
                continue
            bucket = sum(_height(person.box) * height_px >= edge for edge in HEIGHTS_PX) - 1
            best = max((iou(person.box, other.box) for other in ours), default=0.0)
            people[bucket] += 1
            if best >= SAME:
                found[bucket] += 1
                overlaps.append(best)
    sizes = zip(HEIGHTS_PX, people, found, strict=True)
    return overlaps, tuple(SizeScore(from_px=edge, people=all_, found=some) for edge, all_, some in sizes)


def _height(box: Box) -> float:
    return box.y2 - box.y1


def _best(people: Sequence[Detection]) -> float:
    return max((person.score for person in people), default=0.0)


def _meeting(span: Span, others: Sequence[Span]) -> Span | None:
    """The first of the others that overlaps."""
    return next((other for other in others if other.start <= span.end and span.start <= other.end), None)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
