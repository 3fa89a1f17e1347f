"""What the edge depends on goes away in the middle of a visit and comes back: the camera, the broker."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.broker import Broker, Heard, Observer
from tests.e2e.edge import Edge, decoded_frames
from tests.paths import media, model
from tests.rtsp_server import RtspServer, missing

#: How long the camera is away.
AWAY_S = 10.0
#: A busy machine may take its time for anything.
PATIENCE_S = 90.0
#: How much longer than its last packet a clip may be.
A_PICTURE = timedelta(seconds=0.5)


def events(heard: list[Heard]) -> list[dict[str, Any]]:
    """The camera's events in the order in which they came."""
    return [json.loads(message.payload) for message in heard if message.topic.endswith("/event")]


def types(heard: list[Heard]) -> list[str]:
    """What happened, in order."""
    return [event["event_type"] for event in events(heard)]


def wait_for(observer: Observer, event_type: str, times: int = 1, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
    """Wait until an event has come so many times; the last of them."""
    observer.wait(lambda heard: types(heard).count(event_type) >= times, timeout_s=timeout_s)
    return [event for event in events(observer.heard) if event["event_type"] == event_type][times - 1]


def config(source: str, port: int) -> dict[str, Any]:
    """One camera that may record soon again."""
    return {
        "cameras": {"door": {"source": source}},
        "detection": {"backend": "onnx", "precision": "fp32", "threads": 1, "model": str(model("yolov5n.onnx"))},
        "recording": {"min_clip_gap_s": 5},
        "mqtt": {"port": port},
    }


@pytest.mark.timeout(300)
@pytest.mark.skipif(missing() is not None, reason=f"no RTSP server: {missing()}")
def test_camera_vanishes_for_ten_seconds(tmp_path: Path) -> None:
    server = RtspServer(media("one-by-one-person-detection.mp4"))
    server.start()
    with Broker(tmp_path) as broker, broker.observer("porchlight/#") as observer:
        edge = Edge(tmp_path, config(server.url, broker.port))
        with edge:
            first = wait_for(observer, "person_arrived")
            time.sleep(2.0)
            server.stop()
            away = time.monotonic()
            lost = wait_for(observer, "camera_down")
            left = wait_for(observer, "person_left")  # while the camera is away
            assert left["visit_id"] == first["visit_id"]
            wait_for(observer, "clip_stored")
            time.sleep(max(0.0, AWAY_S - (time.monotonic() - away)))
            server.start()
            try:
                wait_for(observer, "camera_up", times=2)
                second = wait_for(observer, "person_arrived", times=2)
            finally:
                edge.stop()
                server.stop()
        assert second["visit_id"] != first["visit_id"]
    order = [name for name in types(observer.heard) if name in {"camera_up", "camera_down", "person_arrived"}]
    assert order == ["camera_up", "person_arrived", "camera_down", "camera_up", "person_arrived"]
    clips = [event for event in events(observer.heard) if event["event_type"] == "clip_stored"]
    assert clips[0]["visit_id"] == first["visit_id"]
    end = datetime.fromisoformat(clips[0]["started_at"]) + timedelta(seconds=clips[0]["duration_s"])
    assert end < datetime.fromisoformat(lost["ts"]) + A_PICTURE, "the first clip ends where the stream was lost"
    for path in edge.clips():
        packets, frames = decoded_frames(path)
        assert packets == frames > 0


@pytest.mark.timeout(300)
def test_broker_is_away_in_the_middle_of_a_visit(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker:
        edge = Edge(tmp_path, config("scene://door", broker.port))
        with broker.observer("porchlight/#") as observer, edge:
            arrived = wait_for(observer, "person_arrived")
            broker.stop(kill=True)
            time.sleep(30.0)
            broker.start()
            left = wait_for(observer, "person_left")
            wait_for(observer, "clip_stored")
            retained = retained_state(broker)
            wait_until_all_is_sent(edge)
        told = events(observer.heard)
    assert left["visit_id"] == arrived["visit_id"]
    assert retained["online"] is True
    assert retained["visit_id"] != arrived["visit_id"], "the visit ended while the broker was away"
    assert retained["person"] is (retained["visit_id"] is not None)
    seen: dict[str, dict[str, Any]] = {}
    for event in told:
        assert seen.setdefault(event["id"], event) == event, "an event that comes again is the same"
    order = [event["ts"] for event in seen.values() if event["event_type"].startswith("person")]
    assert order == sorted(order)


def wait_until_all_is_sent(edge: Edge) -> None:
    """Wait until the broker has acknowledged every event, which takes it a moment after it passed it on."""
    deadline = time.monotonic() + PATIENCE_S
    while edge.rows("SELECT id FROM events WHERE payload IS NOT NULL"):
        assert time.monotonic() < deadline, f"events were not sent:\n{edge.log_text()[-4000:]}"
        time.sleep(0.05)


def retained_state(broker: Broker) -> dict[str, Any]:
    """The camera's state as a newcomer sees it."""
    with broker.observer("porchlight/+/door/state") as newcomer:
        heard = newcomer.wait(lambda messages: len(messages) > 0)
    state: dict[str, Any] = json.loads(heard[0].payload)
    return state
