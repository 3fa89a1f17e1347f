"""The fair slot: one inference at a time, first come first served."""

import threading
import time

import numpy as np
import pytest

from edge_detector.core.types import Bgr, Detection
from edge_detector.runtime.slot import FairSlot
from edge_detector.testing import FakeDetector
from tests.edge.runtime.values import SOMEBODY

IMAGE = np.zeros((4, 4, 3), np.uint8)
#: Far more than anything here takes, on however busy a machine.
LIMIT_S = 60.0


def until_waiting(slot: FairSlot, callers: int) -> None:
    over = time.monotonic() + LIMIT_S
    while slot.waiting < callers:
        assert time.monotonic() < over
        time.sleep(0.001)


def test_it_is_the_detector() -> None:
    slot = FairSlot(FakeDetector(lambda _: (SOMEBODY,), side=256))
    assert slot.detect(IMAGE) == (SOMEBODY,)
    assert slot.side == 256
    assert slot.info.backend == "fake"


def test_callers_are_served_in_the_order_in_which_they_came() -> None:
    busy, release = threading.Event(), threading.Event()
    served: list[int] = []

    def answer(image: Bgr) -> tuple[Detection, ...]:
        if image[0, 0, 0] == 0:
            busy.set()
            release.wait(LIMIT_S)
        served.append(int(image[0, 0, 0]))
        return ()

    slot = FairSlot(FakeDetector(answer))
    threads = []
    for n in range(5):
        threads.append(threading.Thread(target=slot.detect, args=(np.full_like(IMAGE, n),)))
        threads[-1].start()
        busy.wait(LIMIT_S)
        until_waiting(slot, n)
    release.set()
    for thread in threads:
        thread.join(LIMIT_S)
    assert served == list(range(5))


def test_failed_inference_gives_the_turn_on() -> None:
    def answer(_: Bgr) -> tuple[Detection, ...]:
        raise ValueError("broken")

    slot = FairSlot(FakeDetector(answer))
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            slot.detect(IMAGE)


def test_of_those_who_wait_the_one_that_used_it_least_goes_first() -> None:
    busy, release = threading.Event(), threading.Event()
    served: list[int] = []
    clock = iter(range(1000))

    def answer(image: Bgr) -> tuple[Detection, ...]:
        if not served:
            served.append(-1)
            busy.set()
            release.wait(LIMIT_S)
        else:
            served.append(int(image[0, 0, 0]))
        return ()

    slot = FairSlot(FakeDetector(answer), stopwatch=lambda: float(next(clock)))
    shares = {name: slot.share(name) for name in ("street", "door")}
    assert shares["door"].info == slot.info
    assert shares["door"].side == slot.side
    served.append(0)
    for _ in range(5):
        shares["street"].detect(IMAGE)
    served.clear()
    threads = [threading.Thread(target=slot.detect, args=(IMAGE, "garden"))]
    threads[0].start()
    busy.wait(LIMIT_S)
    for n, name in enumerate(("street", "street", "door"), start=1):
        threads.append(threading.Thread(target=shares[name].detect, args=(np.full_like(IMAGE, n),)))
        threads[-1].start()
        until_waiting(slot, n)
    release.set()
    for thread in threads:
        thread.join(LIMIT_S)
    assert served == [-1, 3, 1, 2], "the door, which has used it least, and then the street in order"
    assert slot.used_s == {"street": 7.0, "garden": 1.0, "door": 1.0}
