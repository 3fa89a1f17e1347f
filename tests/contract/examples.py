"""Fixed facts, and every message that the edge makes of them: the source of the golden files.

`python -m tests.contract.examples` writes the files anew after a wanted change; look at the difference, it is what
every Home Assistant out there will get.
"""

from __future__ import annotations

import json
from pathlib import Path

from edge_detector.config.root import SETTINGS_BOUNDS
from edge_detector.core.evidence import ClipFile, ItemKind
from edge_detector.core.facts import (
    Backlog,
    CameraDown,
    CameraUp,
    ClipLost,
    DetectorInfo,
    Fact,
    FileStored,
    Health,
    LineCrossed,
    Rejected,
    VisitEnded,
    VisitStarted,
)
from edge_detector.core.status import CameraStatus, initial
from edge_detector.core.types import Settings, VisitStats
from edge_detector.mqtt import messages
from edge_detector.mqtt.discovery import Discovery
from edge_detector.mqtt.events import event_of
from edge_detector.mqtt.messages import CameraInfo, NodeInfo, to_json
from edge_detector.mqtt.topics import Topics

FOLDER = Path(__file__).parent / "messages"

#: 2026-11-21T07:30:00.250Z, when the visit of all examples began.
UTC = 1795246200.25
VISIT = "01M7YG65DT3MP3PJJSD1VPCNAE"
CAMERA = "front_door"
NODE = "hallway_pi"

INFO = NodeInfo(
    node=NODE,
    name="Hallway",
    version="0.1.0",
    model="Raspberry Pi 5 Model B Rev 1.0",
    cameras=(
        CameraInfo(
            id=CAMERA,
            name="Front door",
            width=1920,
            height=1080,
            zones=(("steps", "Steps"), ("street", "Street")),
            lines=(("threshold", "Threshold"),),
        ),
        CameraInfo(id="garden", name="Garden", width=1280, height=720),
    ),
    api_url="http://192.0.2.7:8480",
)
STATS = VisitStats(max_people=2, max_confidence=0.91237, mean_inference_ms=11.94)
SETTINGS = Settings(armed=True, record=True, upload=False, confidence=0.45, max_clip_s=15.0, min_clip_gap_s=90.0)

STORED_CLIP = FileStored(
    camera=CAMERA,
    visit_id=VISIT,
    n=1,
    kind=ItemKind.CLIP,
    utc=UTC + 21.5,
    uri=f"s3://evidence/home/clips/node={NODE}/camera={CAMERA}/date=2026-11-21/{VISIT}.mp4",
    url=f"https://evidence.s3.eu-central-1.amazonaws.com/home/clips/node%3D{NODE}/camera%3D{CAMERA}/date%3D2026-11-21/{VISIT}.mp4",
    sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    bytes=2_413_568,
    clip=ClipFile(
        camera=CAMERA,
        visit_id=VISIT,
        n=1,
        path=Path("clip.mp4"),
        poster=None,
        start_utc=UTC - 4.0,
        duration_s=14.9666,
        bytes=2_413_568,
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        width=1920,
        height=1080,
        stats=STATS,
    ),
)
STORED_SNAPSHOT = FileStored(
    camera=CAMERA,
    visit_id=VISIT,
    n=1,
    kind=ItemKind.SNAPSHOT,
    utc=UTC + 2.125,
    uri=f"s3://evidence/home/snapshots/node={NODE}/camera={CAMERA}/date=2026-11-21/{VISIT}.jpg",
    url=f"https://evidence.s3.eu-central-1.amazonaws.com/home/snapshots/node%3D{NODE}/camera%3D{CAMERA}/date%3D2026-11-21/{VISIT}.jpg",
    sha256="2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    bytes=84_211,
)
HEALTH = Health(
    t=3600.0,
    utc=UTC,
    backlog=Backlog(
        pending=2, oldest_s=41.27, stored=118, failed=1, last_error="the bucket evidence denies PutObject for this key"
    ),
    disk_free_bytes=21_474_836_480,
    cpu_percent=37.44,
    memory_bytes=188_743_680,
    temperature_c=54.31,
    uptime_s=3600.4,
    detector=DetectorInfo(backend="onnx", model="yolov5n", inference_ms=11.96),
    throttled="the board is hot",
)
STATUS = CameraStatus(
    camera=CAMERA,
    online=True,
    person=True,
    count=2,
    confidence=0.87654,
    zones=(("steps", 2), ("street", 0)),
    lines=(("threshold", 3, 1),),
    occupancy=2,
    visit_id=VISIT,
    since_utc=UTC,
    utc=UTC + 1.5,
    fps=4.96,
    inference_ms=11.96,
)

#: One fact for each event.
FACTS: dict[str, Fact] = {
    "person_arrived": VisitStarted(
        camera=CAMERA,
        visit_id=VISIT,
        t=100.0,
        utc=UTC,
        count=1,
        confidence=0.83149,
        zones=(("steps", 1), ("street", 0)),
    ),
    "person_left": VisitEnded(
        camera=CAMERA,
        visit_id=VISIT,
        t=118.75,
        utc=UTC + 18.75,
        duration_s=18.75,
        stats=STATS,
        clips=1,
        zones=("steps",),
    ),
    "snapshot_stored": STORED_SNAPSHOT,
    "clip_stored": STORED_CLIP,
    "clip_lost": ClipLost(
        camera=CAMERA, visit_id=VISIT, n=2, t=170.0, utc=UTC + 70.0, reason="the disk of the spool folder is full"
    ),
    "line_crossed": LineCrossed(
        camera=CAMERA, visit_id=VISIT, t=104.0, utc=UTC + 4.0, line="threshold", direction="in"
    ),
    "line_crossed.alone": LineCrossed(
        camera=CAMERA, visit_id="", t=104.0, utc=UTC + 4.0, line="threshold", direction="out", track=7
    ),
    "camera_down": CameraDown(
        camera=CAMERA, t=200.0, utc=UTC + 100.0, reason="rtsp://192.0.2.9/stream1 sends nothing for 10 s"
    ),
    "camera_up": CameraUp(camera=CAMERA, t=212.0, utc=UTC + 112.0, width=1920, height=1080),
    "rejected": Rejected(
        camera=CAMERA, t=300.0, utc=UTC + 200.0, reason="confidence is 7: allowed are numbers from 0.05 to 0.99"
    ),
}

#: What others send to the edge.
COMMANDS: dict[str, messages.Body] = {
    "set": {"armed": False, "confidence": 0.6},
    "do.snapshot": {"action": "snapshot"},
    "do.test_clip": {"action": "test_clip"},
    "do.reset_occupancy": {"action": "reset_occupancy"},
    "claim": {"by": "home_assistant"},
}


def emitted() -> dict[str, str]:
    """Every message of the edge by its name, as the bytes on the wire."""
    bodies = {
        "announce": messages.announce(INFO),
        "announce.bare": messages.announce(NodeInfo(node="demo", name="Demo", version="0.1.0", model="", cameras=())),
        "health": messages.health(HEALTH),
        "health.fresh": messages.health(
            Health(
                t=1.0,
                utc=UTC,
                backlog=Backlog(),
                disk_free_bytes=0,
                cpu_percent=0.0,
                memory_bytes=0,
                temperature_c=None,
                uptime_s=0.0,
                detector=DetectorInfo(backend="hog", model="hog"),
            )
        ),
        "state": messages.state(STATUS),
        "state.nobody": messages.state(initial(CAMERA, zones=("steps", "street"), lines=("threshold",), utc=UTC)),
        "last_clip": messages.last_clip(STORED_CLIP),
        "settings": messages.settings(SETTINGS),
    }
    events = {f"event_{name}": event for name, fact in FACTS.items() if (event := event_of(fact))}
    discovery = Discovery(info=INFO, topics=Topics(node=NODE), bounds=SETTINGS_BOUNDS).messages()
    names = ("discovery_node", "discovery_camera", "discovery_camera.bare")
    return (
        {name: to_json(body) for name, body in bodies.items() if body is not None}
        | {name: event.stored().payload for name, event in events.items()}
        | {name: str(message.payload) for name, message in zip(names, discovery, strict=True)}
    )


def main() -> None:
    """Write the golden files."""
    for name, text in (emitted() | {name: to_json(body) for name, body in COMMANDS.items()}).items():
        (FOLDER / f"{name}.json").write_text(json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
