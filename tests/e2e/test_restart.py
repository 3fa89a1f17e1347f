"""After a restart of everything the broker knows again what there is to know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.broker import Broker
from tests.e2e.edge import Edge
from tests.e2e.test_streams import config, told


@pytest.mark.timeout(300)
def test_last_clip_is_retained_anew(tmp_path: Path) -> None:
    """The broker has no persistence: only the edge can tell."""
    with Broker(tmp_path) as broker:
        edge = Edge(tmp_path, config({"source": "scene://door"}, broker.port, gap_s=60))  # one clip is the last
        with edge, broker.observer("porchlight/+/+/event") as observer:
            observer.wait(lambda heard: len(told(heard, "clip_stored")) == 1, timeout_s=90)
            (stored,) = told(observer.heard, "clip_stored")
        broker.restart()
        with edge, broker.observer("porchlight/+/+/last_clip", "porchlight/+/+/state") as newcomer:
            heard = newcomer.wait(lambda heard: any(m.topic.endswith("last_clip") for m in heard), timeout_s=90)
    last = json.loads(next(message.payload for message in heard if message.topic.endswith("last_clip")))
    for key in ("visit_id", "uri", "url", "started_at", "duration_s", "sha256", "bytes", "max_people"):
        assert last[key] == stored[key]
    state = json.loads(next(message.payload for message in heard if message.topic.endswith("state")))
    assert state["person"] is False
