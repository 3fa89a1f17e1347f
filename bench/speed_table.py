"""Rows of the speed benchmark: what was measured, beside what, and whether it is good enough."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

#: One measurement, done once: numbers by name.
Step = Callable[[], Mapping[str, float]]
#: Numbers by name, one a round.
Numbers = Mapping[str, Sequence[float]]


class CannotError(Exception):
    """Something cannot be measured here; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound: on the ratio, where there is one and nothing else is said, else on the value."""

    at_least: float | None = None
    at_most: float | None = None
    of_value: bool = False

    def __str__(self) -> str:
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"

    def met(self, number: float) -> bool:
        """Whether a number is good enough."""
        return number >= self.at_least if self.at_least is not None else number <= (self.at_most or 0.0)

    def margin(self, number: float) -> float | None:
        """How many times better than it has to be; None where there is nothing left to be better at."""
        if self.at_least is not None:
            return number / self.at_least
        return (self.at_most or 0.0) / number if number else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A row to be made of the numbers of a part."""

    name: str
    #: The number, and what it is beside.
    of: str
    unit: str
    beside: str | None = None
    #: The ratio is how many times less the number is, instead of how many times more.
    times_less: bool = False
    goal: Goal | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is measured side by side: each step once a round, one after the other, and again."""

    steps: Sequence[Step]
    rows: Sequence[Wanted]
    #: Gives the same each time, so that one round is enough.
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the result. Median over the rounds; `low` and `high` are the least and the most of them."""

    part: str
    name: str
    value: float
    unit: str
    #: The other number, in the same unit, and what it is.
    baseline: float | None
    beside: str | None
    ratio: float | None
    low: float
    high: float
    goal: str | None
    met: bool | None
    #: How many times better than it has to be.
    margin: float | None
    rounds: int
    note: str

    def body(self) -> dict[str, object]:
        """As JSON has it, numbers to five digits."""
        return {
            name: float(f"{value:.5g}") if isinstance(value, float) else value for name, value in asdict(self).items()
        }


def rows(part: str, wanted: Sequence[Wanted], numbers: Numbers) -> Iterator[Row]:
    """The rows of what was measured; a row whose own number is missing is left out."""
    for want in wanted:
        if want.of in numbers:
            yield _row(part, want, numbers)


def _row(part: str, want: Wanted, numbers: Numbers) -> Row:
    values, others = numbers[want.of], numbers.get(want.beside or "")
    ratios = [_ratio(ours, theirs, want) for ours, theirs in zip(values, others, strict=True)] if others else []
    shown = ratios or values
    # A goal for the ratio says nothing where there is nothing beside.
    goal = want.goal if want.goal and (want.goal.of_value or bool(want.beside) == bool(ratios)) else None
    judged = statistics.median(values if goal and goal.of_value else shown)
    return Row(
        part=part,
        name=want.name,
        value=statistics.median(values),
        unit=want.unit,
        baseline=statistics.median(others) if others else None,
        beside=want.beside,
        ratio=statistics.median(ratios) if ratios else None,
        low=min(shown),
        high=max(shown),
        goal=str(want.goal) if want.goal else None,
        met=goal.met(judged) if goal else None,
        margin=goal.margin(judged) if goal else None,
        rounds=len(values),
        note=want.note,
    )


def _ratio(ours: float, theirs: float, want: Wanted) -> float:
    return theirs / ours if want.times_less else ours / theirs


def markdown(table: Sequence[Row]) -> Iterator[str]:
    """The rows as a table to read."""
    yield "| what | measured | beside | ratio (least to most) | goal | met |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in table:
        beside = f"{row.baseline:.3g} {row.unit}, {row.beside}" if row.baseline is not None else ""
        spread = f" ({row.low:.3g} to {row.high:.3g})" if row.low != row.high else ""
        ratio = f"{row.ratio:.3g}{spread}" if row.ratio is not None else spread.strip(" ()")
        met = {None: "", True: "yes", False: "**no**"}[row.met]
        yield f"| {row.name} | {row.value:.3g} {row.unit} | {beside} | {ratio} | {row.goal or ''} | {met} |"
