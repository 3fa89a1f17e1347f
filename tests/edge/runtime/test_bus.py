"""The bus: every consumer sees every fact, in order, whatever the others do."""

import asyncio
import logging
import threading

import pytest

from edge_detector.core.errors import LedgerError
from edge_detector.core.facts import CameraDown, CameraStats, Fact
from edge_detector.runtime.bus import QUEUE_LIMIT, FactBus


def down(n: int) -> CameraDown:
    return CameraDown(camera="door", t=float(n), utc=float(n), reason=str(n))


async def test_consumers_get_each_fact_one_after_the_other() -> None:
    bus = FactBus()
    seen: list[tuple[str, float]] = []

    async def slow(fact: Fact) -> None:
        await asyncio.sleep(0)
        seen.append(("slow", fact.t if isinstance(fact, CameraDown) else -1))

    async def quick(fact: Fact) -> None:
        seen.append(("quick", fact.t if isinstance(fact, CameraDown) else -1))

    bus.subscribe("slow", slow)
    bus.subscribe("quick", quick)
    await bus.tell(down(1))
    await bus.tell(down(2))
    await bus.stop()
    assert seen == [("slow", 1), ("quick", 1), ("slow", 2), ("quick", 2)]


async def test_facts_from_threads_arrive() -> None:
    bus = FactBus()
    seen: list[Fact] = []

    async def keep(fact: Fact) -> None:
        seen.append(fact)

    bus.subscribe("keep", keep)

    def post_five() -> None:
        for n in range(5):
            bus.post(down(n))

    thread = threading.Thread(target=post_five)
    thread.start()
    await asyncio.to_thread(thread.join)
    await bus.settled()
    await bus.stop()
    assert seen == [down(n) for n in range(5)]


async def test_one_bad_consumer_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    bus = FactBus()
    seen: list[Fact] = []

    async def bad(_: Fact) -> None:
        raise ValueError("broken")

    async def good(fact: Fact) -> None:
        seen.append(fact)

    bus.subscribe("bad one", bad)
    bus.subscribe("good one", good)
    with caplog.at_level(logging.ERROR):
        await bus.tell(down(1))
    await bus.stop()
    assert seen == [down(1)]
    assert "bad one failed" in caplog.text


async def test_who_tells_learns_that_a_fact_was_not_kept() -> None:
    bus = FactBus()
    refusals = [LedgerError("the disk is full")]
    seen: list[Fact] = []

    async def keep(_: Fact) -> None:
        if refusals:
            raise refusals.pop()

    async def see(fact: Fact) -> None:
        seen.append(fact)

    bus.subscribe("keep", keep)
    bus.subscribe("see", see)
    with pytest.raises(LedgerError, match="the disk is full"):
        await bus.tell(down(1))
    await bus.tell(down(1))
    await bus.stop()
    assert seen == [down(1), down(1)], "the others are told all the same"


async def test_repeated_facts_are_left_out_when_consumers_are_behind_and_others_never() -> None:
    bus = FactBus()
    gate = asyncio.Event()
    seen: list[Fact] = []

    async def stuck(fact: Fact) -> None:
        await gate.wait()
        seen.append(fact)

    bus.subscribe("stuck", stuck)
    stats = CameraStats(camera="door", t=0.0, fps=5.0, inference_ms=10.0)
    for n in range(QUEUE_LIMIT + 1):
        bus.post(down(n))
    await asyncio.sleep(0.01)
    bus.post(stats)
    bus.post(down(-1))
    await asyncio.sleep(0.01)
    gate.set()
    await bus.stop()
    assert bus.dropped == 1
    assert stats not in seen
    assert len(seen) == QUEUE_LIMIT + 2


def test_facts_after_the_end_are_ignored() -> None:
    async def make() -> FactBus:
        bus = FactBus()
        await bus.stop()
        return bus

    asyncio.run(make()).post(down(1))
