"""The benchmarks of Home Assistant, run small: they measure what they say; goals are for a machine that is free."""

from __future__ import annotations

import pytest

from bench import fleet, ha_latency

pytestmark = [pytest.mark.serial, pytest.mark.timeout(180)]


def test_latency() -> None:
    result = ha_latency.measure(visits=50, arrivals=2)
    message, picture = result["from_message"], result["from_picture"]
    assert message["visits"] == 50
    assert 0 < message["p50_ms"] <= message["p95_ms"] <= message["max_ms"]
    assert isinstance(message["goal_met"], bool)
    assert (picture["arrivals"], picture["missed"]) == (2, 0)
    # Nobody is shown before they are there.
    assert picture["anything_of_it"]["p50_ms"] > 0
    assert picture["half_of_the_figure"]["p50_ms"] < picture["anything_of_it"]["p50_ms"]
    assert len(list(ha_latency.table(result))) == 4


def test_fleet() -> None:
    result = fleet.measure(nodes=4, cameras=2, seconds=5.0, settle_s=1.0)
    assert (result["nodes"], result["cameras"]) == (4, 8)
    assert result["entities"] > 100
    assert result["messages_per_s"] > 0
    assert 0 < result["ping_p50_ms"] <= result["ping_p95_ms"] <= result["ping_max_ms"]
    assert min(result["memory_bytes"], result["memory_empty_bytes"]) > 0
