"""Finds out which way to run a model is the fastest here, of those that see what the reference sees."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from edge_detector.core.errors import DetectorError
from edge_detector.core.types import Bgr
from edge_detector.detectors.agreement import Agreement, Seen, compare
from edge_detector.detectors.engines import Engine
from edge_detector.ports import Detector

#: The best of so many looks is what a look costs when nothing disturbs it: of more, where they are short.
MIN_LOOKS, MIN_LOOKING_S = 5, 0.3
#: Whatever answers within this is fast enough: among those, the least work wins, else the shortest wait.
FAST_ENOUGH_MS = 60.0
#: The reference stays unless another one takes less than this share of what it takes.
WORTH_A_CHANGE = 0.9
#: What has not been measured by then is left out: somebody waits for the first start.
BUDGET_S = 20.0

Open = Callable[[Engine], Detector]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one look at a square crop takes, and how far its findings are the reference's."""

    engine: Engine
    wall_ms: float = 0.0
    #: Of all threads together.
    cpu_ms: float = 0.0
    agreement: Agreement | None = None
    #: Why it could not be measured.
    error: str | None = None

    def __str__(self) -> str:
        if self.agreement is None:
            return f"{self.engine}: {self.error}"
        says = "" if self.agreement.agrees else ", does not agree"
        return f"{self.engine}: {self.wall_ms:.1f} ms, {self.cpu_ms:.1f} ms of CPU time{says}"


def measure(
    engines: Iterable[Engine],
    *,
    threads: Sequence[int],
    open_engine: Open,
    pictures: Sequence[Bgr],
    budget_s: float = BUDGET_S,
) -> list[Measured]:
    """Measure each engine in the first number of `threads`, and in the others while that is too slow.

    The reference comes first in any case: it is what the others are compared with.
    """
    stop = time.monotonic() + budget_s
    reference = _seen(open_engine(Engine()), pictures)
    measured: list[Measured] = []
    for engine in engines:
        for count in threads:
            if measured and time.monotonic() > stop:
                break
            result = _measured(replace(engine, threads=count), open_engine, pictures, reference)
            measured.append(result)
            if result.error or result.wall_ms <= FAST_ENOUGH_MS:
                break
    return measured


def best(measured: Sequence[Measured]) -> Measured | None:
    """The fastest that agrees, None where none does."""
    fit = [one for one in measured if one.agreement and one.agreement.agrees]
    quick = [one for one in fit if one.wall_ms <= FAST_ENOUGH_MS]

    def cost(one: Measured) -> float:
        spent = one.cpu_ms if quick else one.wall_ms
        familiar = (one.engine.runtime, one.engine.precision) == (Engine().runtime, Engine().precision)
        return spent * WORTH_A_CHANGE if familiar else spent

    return min(quick or fit, key=cost, default=None)


def _measured(engine: Engine, open_engine: Open, pictures: Sequence[Bgr], reference: Sequence[Seen]) -> Measured:
    try:
        detector = open_engine(engine)
        agreement = compare(reference, _seen(detector, pictures))
        wall_ms, cpu_ms = spent_ms(detector, pictures[0])
    except DetectorError as error:
        return Measured(engine=engine, error=str(error))
    return Measured(engine=engine, wall_ms=wall_ms, cpu_ms=cpu_ms, agreement=agreement)


def _seen(detector: Detector, pictures: Sequence[Bgr]) -> list[Seen]:
    return [detector.detect(picture) for picture in pictures]


def spent_ms(detector: Detector, picture: Bgr) -> tuple[float, float]:
    """The least wall time and the least CPU time that one look takes, in milliseconds."""
    spent: list[tuple[float, float]] = []
    begun = time.perf_counter()
    while len(spent) < MIN_LOOKS or time.perf_counter() - begun < MIN_LOOKING_S:
        wall, cpu = time.perf_counter(), time.process_time()
        detector.detect(picture)
        spent.append((time.perf_counter() - wall, time.process_time() - cpu))
    return min(wall for wall, _ in spent) * 1000, min(cpu for _, cpu in spent) * 1000
