"""The benchmarks of Home Assistant, run small: they measure what they say, and the bounds hold."""

from __future__ import annotations

import pytest

from bench import fleet, ha_latency

pytestmark = [pytest.mark.serial, pytest.mark.timeout(180)]


def test_latency() -> None:
    result = ha_latency.measure(visits=50)
    assert result["visits"] == 50
    assert 0 < result["p50_ms"] <= result["p95_ms"] <= result["max_ms"]
    assert result["p95_ms"] < 100


def test_fleet() -> None:
    result = fleet.measure(nodes=4, cameras=2, seconds=5.0, settle_s=1.0)
    assert (result["nodes"], result["cameras"]) == (4, 8)
    assert result["entities"] > 100
    assert result["messages_per_s"] == pytest.approx(12, rel=0.3)  # a state each, and an event every other time
    assert result["ping_p95_ms"] < 200
    assert result["memory_bytes"] >= result["memory_empty_bytes"] > 0
