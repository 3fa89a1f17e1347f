"""The power goes at random moments, again and again: nothing that was recorded is lost, nothing comes twice."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edge_detector.core import naming
from edge_detector.recorder.fragments import scan
from tests.broker import Broker, Heard
from tests.e2e.edge import Edge, decoded_frames
from tests.paths import media, model

KILLS = 50
#: A busy machine may take its time for anything.
PATIENCE_S = 90.0


#: Three seconds with a person, then three without, again and again.
BUSY = "[0]trim=12:15,setpts=PTS-STARTPTS[a];[0]trim=1:4,setpts=PTS-STARTPTS[b];[a][b]concat=n=2"


def busy_video(folder: Path) -> Path:
    """A video in which a kill meets every step in the life of visits and clips."""
    sample, video = media("one-by-one-person-detection.mp4"), folder / "busy.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(sample), "-filter_complex", BUSY, "-g", "5", str(video)], check=True
    )
    return video


def config(video: Path, port: int) -> dict[str, object]:
    """A camera with short visits and clips."""
    return {
        "cameras": {"door": {"source": str(video), "loop": True}},
        "detection": {"backend": "onnx", "precision": "fp32", "threads": 1, "model": str(model("yolov5n.onnx"))},
        "visits": {"hold_s": 1, "confirm_hits": 1},
        "recording": {"pre_roll_s": 0.5, "max_clip_s": 3, "min_clip_gap_s": 5},
        "mqtt": {"port": port},
    }


def recorded(edge: Edge) -> set[tuple[str, int]]:
    """Visit and number of every clip whose first packet is on the disk."""
    found = set()
    spool = edge.data / "spool" / "door"
    for path in spool.glob("*.part"):
        if scan(path).samples:
            part = naming.parse_part_name(path.name)
            found.add((part.visit_id, part.n))
    for path in spool.glob("*.mp4"):
        clip = naming.parse_clip_name(path.stem)
        found.add((clip.visit_id, clip.n))
    return found


@pytest.mark.timeout(400)
def test_fifty_kills(tmp_path: Path) -> None:
    """Two edges side by side, so that the test takes half the time."""
    video = busy_video(tmp_path)
    with ThreadPoolExecutor(2) as pool:
        for run in [pool.submit(kill_and_check, tmp_path / str(seed), video, seed) for seed in (1, 2)]:
            run.result()


def kill_and_check(folder: Path, video: Path, seed: int) -> None:
    """Start an edge and kill it, again and again; then see what is there."""
    folder.mkdir()
    chance = random.Random(seed)
    expected: set[tuple[str, int]] = set()
    with Broker(folder) as broker, broker.observer("porchlight/+/+/event") as observer:
        edge = Edge(folder, config(video, broker.port))
        for _ in range(KILLS // 2):
            edge.start()
            time.sleep(chance.uniform(1.0, 6.0))
            edge.kill()
            expected |= recorded(edge)
        edge.start()
        wait_for_clip(edge, but=expected)  # a slow machine may not have come so far in any of these moments
        edge.kill()
        expected |= recorded(edge)
        before = len(camera_ups(observer.heard))
        edge.start()
        observer.wait(lambda heard: len(camera_ups(heard)) > before, timeout_s=PATIENCE_S)
        edge.wait_delivered()
        assert edge.stop() == 0
        events = [json.loads(message.payload) for message in observer.heard]
    assert expected, "no kill met a clip: the test shows nothing"
    check_archive(edge, expected)
    check_visits(edge, events)


def wait_for_clip(edge: Edge, *, but: set[tuple[str, int]]) -> None:
    """Wait until the first packet of another clip is on the disk."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with contextlib.suppress(FileNotFoundError):  # a clip was finished just then
            if recorded(edge) - but:
                return
        assert time.monotonic() < deadline, f"nothing is recorded:\n{edge.log_text()[-4000:]}"
        time.sleep(0.02)


def camera_ups(heard: list[Heard]) -> list[Heard]:
    """The events that tell that the camera works."""
    return [message for message in heard if b'"camera_up"' in message.payload]


def check_archive(edge: Edge, expected: set[tuple[str, int]]) -> None:
    """Every recorded clip is there once, and plays from its first packet to its last."""
    keys = [naming.parse_archive_key(path.relative_to(edge.archive).as_posix()) for path in edge.clips()]
    there = Counter((key.visit_id, key.n) for key in keys)
    assert expected <= there.keys()
    assert set(there.values()) == {1}
    for path in edge.clips():
        packets, frames = decoded_frames(path)
        assert packets == frames > 0
    assert edge.rows("SELECT count(*) FROM items WHERE kind = 'clip'") == [(len(keys),)]
    assert not list((edge.data / "spool").rglob("*.mp4")) + list((edge.data / "spool").rglob("*.part"))


def check_visits(edge: Edge, events: list[dict[str, object]]) -> None:
    """Every visit that began has ended, once each by its id, and has its document."""
    ids: dict[str, set[tuple[object, object]]] = {"person_arrived": set(), "person_left": set()}
    for event in events:
        if event["event_type"] in ids:
            ids[str(event["event_type"])].add((event["visit_id"], event["id"]))
    arrived = Counter(visit for visit, _ in ids["person_arrived"])
    left = Counter(visit for visit, _ in ids["person_left"])
    assert arrived == left
    assert set(arrived.values()) == {1}
    assert edge.rows("SELECT count(*) FROM visits WHERE NOT ended") == [(0,)]
    assert {document["visit_id"] for document in edge.documents()} >= arrived.keys()
