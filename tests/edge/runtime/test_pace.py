"""The throttle: what waits, what does not, and how it ends."""

import threading
import time
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


def seconds(throttle: Throttle, item: Item, size: int) -> float:
    begun = time.monotonic()
    throttle(item, size)
    return time.monotonic() - begun


@pytest.mark.serial
def test_clips_wait_for_the_bandwidth() -> None:
    throttle = Throttle(FakeClock(), bytes_per_s=1000)
    assert seconds(throttle, CLIP, 1000) < 0.1
    assert 0.1 <= seconds(throttle, CLIP, 100) < 1.0


@pytest.mark.serial
def test_snapshots_do_not_and_clips_pay_for_them() -> None:
    throttle = Throttle(FakeClock(), bytes_per_s=1000)
    assert seconds(throttle, SNAPSHOT, 1100) < 0.1
    assert seconds(throttle, SNAPSHOT, 0) < 0.1
    assert 0.1 <= seconds(throttle, CLIP, 0) < 1.0


@pytest.mark.serial
def test_without_a_limit_nothing_waits() -> None:
    assert seconds(Throttle(FakeClock(), bytes_per_s=None), CLIP, 10**12) < 0.1


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
    assert ended.wait(5)
    thread.join()
