from collections.abc import Callable

import numpy as np
import pytest

from edge_detector.core.errors import ModelError
from edge_detector.core.facts import DetectorInfo
from edge_detector.core.types import Bgr, Box, Detection
from edge_detector.detectors import measure as module
from edge_detector.detectors.agreement import Agreement
from edge_detector.detectors.engines import Engine
from edge_detector.detectors.measure import FAST_ENOUGH_MS, Measured, best, measure
from edge_detector.ports import Detector

PICTURES = [np.zeros((8, 8, 3), np.uint8)] * 4
AGREES = Agreement(recall=1, precision=1, iou=1)
DIFFERS = Agreement(recall=0.5, precision=1, iou=1)
FP32, INT8 = Engine(), Engine(precision="int8")
OTHER = Engine(runtime="openvino")


class Sees:
    """Somebody, in every picture, with one score."""

    info = DetectorInfo(backend="test", model="test")
    side = 8

    def __init__(self, score: float) -> None:
        self._score = score

    def detect(self, image: Bgr) -> tuple[Detection, ...]:
        return (Detection(box=Box(0, 0, 1, 1), score=self._score),)


def opener(**scores: float) -> Callable[[Engine], Detector]:
    def open_engine(engine: Engine) -> Detector:
        if engine.runtime == "openvino":
            raise ModelError("it is broken")
        return Sees(scores[engine.precision])

    return open_engine


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MIN_LOOKING_S", 0.0)


def test_every_engine_is_compared_with_the_reference() -> None:
    found = measure([FP32, INT8], threads=(1,), open_engine=opener(fp32=0.9, int8=0.2), pictures=PICTURES)
    assert [one.engine for one in found] == [FP32, INT8]
    assert [one.agreement and one.agreement.agrees for one in found] == [True, False]
    assert all(one.wall_ms > 0 for one in found)
    assert "does not agree" in str(found[1])


def test_one_that_does_not_run_is_told_and_passed_over() -> None:
    found = measure([OTHER, FP32], threads=(1, 2), open_engine=opener(fp32=0.9), pictures=PICTURES)
    assert [one.error for one in found] == ["it is broken", None]
    assert str(found[0]) == "openvino fp32 in 1 thread: it is broken"
    chosen = best(found)
    assert chosen is not None
    assert chosen.engine == FP32


@pytest.mark.parametrize(("enough_ms", "threads"), [(1000.0, [1]), (0.0, [1, 2])])
def test_more_threads_are_tried_only_where_one_is_too_slow(
    enough_ms: float, threads: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FAST_ENOUGH_MS", enough_ms)
    found = measure([FP32], threads=(1, 2), open_engine=opener(fp32=0.9), pictures=PICTURES)
    assert [one.engine.threads for one in found] == threads


def test_what_would_take_too_long_is_left_out_but_never_the_first() -> None:
    found = measure([FP32, INT8], threads=(1,), open_engine=opener(fp32=0.9), pictures=PICTURES, budget_s=0)
    assert [one.engine for one in found] == [FP32]


def took(engine: Engine, wall_ms: float, cpu_ms: float, agreement: Agreement = AGREES) -> Measured:
    return Measured(engine=engine, wall_ms=wall_ms, cpu_ms=cpu_ms, agreement=agreement)


@pytest.mark.parametrize(
    ("measured", "chosen"),
    [
        ([took(FP32, 10, 10), took(INT8, 5, 5)], INT8),
        ([took(FP32, 10, 10), took(INT8, 5, 5, DIFFERS)], FP32),  # fast and wrong
        ([took(FP32, 10, 10), took(INT8, 9.5, 9.5)], FP32),  # not worth a change
        ([took(FP32, 10, 10), took(OTHER, 4, 16)], FP32),  # both fast enough: less work
        ([took(FP32, 100, 100), took(OTHER, 80, 160)], OTHER),  # both slow: the shorter wait
        ([took(FP32, 100, 100), took(OTHER, FAST_ENOUGH_MS, 160)], OTHER),  # one is fast enough
        ([took(INT8, 5, 5, DIFFERS)], None),
        ([], None),
    ],
)
def test_the_best_is_the_cheapest_that_agrees_and_is_fast_enough(
    measured: list[Measured], chosen: Engine | None
) -> None:
    found = best(measured)
    assert (found and found.engine) == chosen
