"""The throttle: what waits, what does not, and how it ends."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from edge_detector.core.errors import RetryableStoreError
from edge_detector.core.evidence import Item, ItemKind
from edge_detector.runtime.pace import Throttle
from edge_detector.testing import FakeClock

CLIP = Item(
    key="clip",
    kind=ItemKind.CLIP,
    camera="door",
    visit_id="V",
    n=1,
    path=Path("/x"),
    bytes=10,
    sha256="00",
    content_type="video/mp4",
    created_utc=0.0,
)
SNAPSHOT = replace(CLIP, kind=ItemKind.SNAPSHOT)


class Waits(threading.Event):
    """Remembers how long it was waited for, without waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()


@pytest.mark.parametrize(
    ("bytes_per_s", "pieces", "waits"),
    [
        # a little goes at once, clips wait for more
        (10_000, [(CLIP, 2000), (CLIP, 1000), (CLIP, 1000)], [0.0, 0.1, 0.2]),
        # snapshots do not, and clips pay for them
        (10_000, [(SNAPSHOT, 3000), (SNAPSHOT, 1000), (CLIP, 1000)], [0.0, 0.0, 0.3]),
        # no debt makes a store wait for ever
        (10_000, [(SNAPSHOT, 10_000_000), (CLIP, 100)], [0.0, 0.1]),
        # without a limit nothing waits
        (None, [(CLIP, 10**12), (CLIP, 10**12)], [0.0, 0.0]),
    ],
)
def test_waits(bytes_per_s: float | None, pieces: list[tuple[Item, int]], waits: list[float]) -> None:
    stopped = Waits()
    throttle = Throttle(FakeClock(), bytes_per_s=bytes_per_s, stopped=stopped)
    for item, size in pieces:
        throttle(item, size)
    assert stopped.waits == pytest.approx(waits)


@pytest.mark.parametrize("bytes_per_s", [None, 1.0])
@pytest.mark.parametrize("item", [CLIP, SNAPSHOT])
def test_nothing_goes_after_the_end(item: Item, bytes_per_s: float | None) -> None:
    throttle = Throttle(FakeClock(), bytes_per_s=bytes_per_s)
    throttle.stop()
    with pytest.raises(RetryableStoreError, match="Porchlight ended"):
        throttle(item, 0)


def test_end_wakes_whoever_waits() -> None:
    throttle = Throttle(FakeClock(), bytes_per_s=1.0)
    ended = threading.Event()

    def upload() -> None:
        with pytest.raises(RetryableStoreError):
            throttle(CLIP, 1000)
        ended.set()

    thread = threading.Thread(target=upload)
    thread.start()
    throttle.stop()
    assert ended.wait(60)
    thread.join()
