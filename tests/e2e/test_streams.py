"""Cameras of other kinds than the usual: motion JPEG that is cut, and detection on a stream of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge_detector.capture.jpeg import JpegEncoder
from edge_detector.capture.scene import parse_address
from edge_detector.core.picture import bgr
from tests.broker import Broker, Heard
from tests.e2e.edge import Edge, decoded_frames
from tests.http_camera import MULTIPART, HttpCamera, multipart
from tests.paths import model


def config(camera: dict[str, Any], port: int, *, gap_s: int = 5) -> dict[str, Any]:
    """One camera with short clips that may soon follow each other."""
    return {
        "cameras": {"door": camera},
        "detection": {"backend": "onnx", "precision": "fp32", "threads": 1, "model": str(model("yolov5n.onnx"))},
        "recording": {"min_clip_gap_s": gap_s, "max_clip_s": 8, "pre_roll_s": 2},
        "mqtt": {"port": port},
    }


def told(heard: list[Heard], event_type: str) -> list[dict[str, Any]]:
    """The events of one type."""
    events = [json.loads(message.payload) for message in heard]
    return [event for event in events if event["event_type"] == event_type]


@pytest.mark.timeout(300)
def test_motion_jpeg_is_encoded_once_and_comes_back_when_it_is_cut(tmp_path: Path) -> None:
    scene = parse_address("scene://standing").scene()
    jpegs = [JpegEncoder().encode(bgr(scene.frame(10 + n / 10))) for n in range(50)]
    with (
        Broker(tmp_path) as broker,
        broker.observer("porchlight/+/+/event") as observer,
        HttpCamera(multipart(jpegs), content_type=MULTIPART, interval_s=0.1) as camera,
    ):
        edge = Edge(tmp_path, config({"source": camera.url}, broker.port))
        with edge:
            observer.wait(lambda heard: len(told(heard, "person_arrived")) == 1, timeout_s=90)
            camera.cut()
            observer.wait(lambda heard: len(told(heard, "person_left")) == 1, timeout_s=90)
            observer.wait(lambda heard: len(told(heard, "person_arrived")) == 2, timeout_s=90)
            observer.wait(lambda heard: len(told(heard, "clip_stored")) == 2, timeout_s=90)
        heard = observer.heard
    assert len(told(heard, "camera_down")) == 1
    assert len(told(heard, "camera_up")) == 2
    first, second = told(heard, "person_arrived")
    assert first["visit_id"] != second["visit_id"]
    for path in edge.clips():
        packets, frames = decoded_frames(path)
        assert packets == frames > 0


@pytest.mark.timeout(300)
def test_detection_has_a_stream_of_its_own(tmp_path: Path) -> None:
    camera = {"source": "scene://door?size=1280x720", "detect_source": "scene://door?size=512x288"}
    with Broker(tmp_path) as broker, broker.observer("porchlight/+/+/event") as observer:
        edge = Edge(tmp_path, config(camera, broker.port, gap_s=60))  # one clip, however late it is ended
        with edge:
            observer.wait(lambda heard: len(told(heard, "clip_stored")) == 1, timeout_s=90)
        heard = observer.heard
    assert len(told(heard, "camera_up")) == 1, "two streams are one camera"
    (document,) = edge.documents()
    assert (document["width"], document["height"]) == (1280, 720), "the large stream is recorded"
    (clip,) = edge.clips()
    packets, frames = decoded_frames(clip)
    assert packets == frames > 0
