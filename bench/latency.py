"""Measures how soon after somebody appears the snapshot is in the store, and Home Assistant's broker is told.

    python -m bench.latency --seconds 180 --cameras 2 --json

A node runs in this process with its defaults on generated scenes, whose truth says when somebody appears; it delivers
to a real S3 store and a real mosquitto on this machine. Each node meets one person a camera, so that every visit is
the first after a start and nobody is like another; then the next node starts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_detector.app.node import Node
from edge_detector.app.parts import build_detector
from edge_detector.capture.scene import SceneSource, parse_address
from edge_detector.config import Config
from edge_detector.core.evidence import ItemKind
from edge_detector.core.facts import Fact, FileStored, SnapshotReady, VisitStarted
from edge_detector.ports import Detector
from tests.broker import Broker, Observer
from tests.paths import model
from tests.s3_server import S3Server, SeaweedServer

SCENE = "scene://walk?people=1&seed={seed}"
SCENE_FPS = 10
#: A person that was not reported so long after it appeared was missed.
MISSED_S = 10.0
#: Nobody takes longer to come into the picture.
ENTRANCE_S = 12.0
#: Shares of the figure that are in the picture when it counts as there: the report's own definition, and a strict one.
HALF, ANY = 0.5, 0.001
GOAL_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One person's arrival; all times are host monotonic seconds."""

    #: The first picture that shows half of the figure, and the first that shows anything of it.
    half_t: float
    any_t: float
    #: The pictures of the first detection and of the snapshot.
    detected_t: float
    snapshot_t: float
    #: When the node's consumers had dealt with the snapshot, and with the store's confirmation.
    written_t: float
    stored_t: float
    #: When the subscriber heard person_arrived.
    heard_t: float


class Watch:
    """Remembers when the first fact of each kind came, by visit."""

    def __init__(self, visits: int) -> None:
        """Nothing yet; `complete` is set when the snapshots of so many visits are stored."""
        self._visits = visits
        self.complete = asyncio.Event()
        self.started: dict[str, VisitStarted] = {}
        self.pictures: dict[str, tuple[SnapshotReady, float]] = {}
        self.stored: dict[str, float] = {}

    async def __call__(self, fact: Fact) -> None:
        """See one fact, after it was kept and published."""
        now = time.monotonic()
        if isinstance(fact, VisitStarted):
            self.started.setdefault(fact.camera, fact)
        elif isinstance(fact, SnapshotReady):
            self.pictures.setdefault(fact.visit_id, (fact, now))
        elif isinstance(fact, FileStored) and fact.kind is ItemKind.SNAPSHOT:
            self.stored.setdefault(fact.visit_id, now)
            if len(self.stored) == self._visits:
                self.complete.set()


def appearances(address: str) -> tuple[float, float]:
    """When half of the first person, and anything of it, is to be seen first; seconds of the scene, on its pictures."""
    scene = parse_address(address).scene()
    moments = [n / SCENE_FPS for n in range(round(ENTRANCE_S * SCENE_FPS))]
    half, anything = (next(t for t in moments if scene.people(t, visible=share)) for share in (HALF, ANY))
    return half, anything


def configuration(folder: Path, addresses: Sequence[str], *, store: S3Server, broker: Broker) -> Config:
    """The defaults, with what has to be said."""
    return Config.model_validate(
        {
            "node": {"id": "bench", "data_dir": folder},
            "cameras": {f"door_{n}": {"source": address} for n, address in enumerate(addresses)},
            "detection": {"backend": "onnx", "model": str(model("yolov5n.onnx"))},
            "archive": store.config(),
            "mqtt": {"port": broker.port},
            "web": {"enabled": False},
        }
    )


async def sitting(config: Config, detector: Detector, observer: Observer) -> Iterator[Visit | None]:
    """Run a node until everybody was reported; a visit a camera, None for one that was missed."""
    truths = {name: appearances(camera.source) for name, camera in config.cameras.items()}
    watch = Watch(len(truths))
    node = Node(config, detector=detector, watch=watch)
    await node.start()
    with suppress(TimeoutError):
        async with asyncio.timeout(max(half for half, _ in truths.values()) + MISSED_S):
            await watch.complete.wait()
    origins = {name: scene_start(node, name) for name in truths}
    await node.stop()
    heard = {
        str(event["visit_id"]): message.at
        for message in observer.heard
        if (event := json.loads(message.payload))["event_type"] == "person_arrived"
    }
    return (visit(watch, heard, name, origins[name], truths[name]) for name in truths)


def visit(
    watch: Watch, heard: dict[str, float], camera: str, origin_t: float, truth: tuple[float, float]
) -> Visit | None:
    """Put one camera's times together."""
    started = watch.started.get(camera)
    if started is None or started.visit_id not in watch.stored:
        return None
    picture, written_t = watch.pictures[started.visit_id]
    half, anything = truth
    return Visit(
        half_t=origin_t + half,
        any_t=origin_t + anything,
        detected_t=started.t,
        snapshot_t=picture.t,
        written_t=written_t,
        stored_t=watch.stored[started.visit_id],
        heard_t=heard[started.visit_id],
    )


def scene_start(node: Node, camera: str) -> float:
    """When the camera's scene began; nobody but a benchmark has to know."""
    source = node._cameras[camera]._captures[0]._source  # noqa: SLF001
    if not isinstance(source, SceneSource) or source.t0 is None:
        raise TypeError(f"{camera} shows no scene")
    return source.t0


def run(folder: Path, *, seconds: float, cameras: int, seed: int) -> tuple[list[Visit], int]:
    """Let one node after the other meet somebody; the visits, and how many people were missed."""
    config = Config.model_validate({"cameras": {"none": {"source": SCENE.format(seed=seed)}}})
    config = config.model_copy(
        update={"detection": config.detection.model_copy(update={"model": str(model("yolov5n.onnx"))})}
    )
    detector = build_detector(config, folder)
    found: list[Visit | None] = []
    end = time.monotonic() + seconds
    (folder / "broker").mkdir()
    with SeaweedServer(folder / "store") as store, Broker(folder / "broker") as broker:
        while time.monotonic() < end:
            addresses = [SCENE.format(seed=seed + len(found) + n) for n in range(cameras)]
            data = folder / f"data-{len(found)}"
            with broker.observer("porchlight/+/+/event") as observer:
                made = configuration(data, addresses, store=store, broker=broker)
                found += asyncio.run(sitting(made, detector, observer))
    visits = [each for each in found if each is not None]
    return visits, len(found) - len(visits)


def report(visits: Sequence[Visit], missed: int) -> dict[str, object]:
    """The figures: medians and 95th percentiles in seconds."""
    half = [each.stored_t - each.half_t for each in visits]
    return {
        "visits": len(visits),
        "missed": missed,
        "snapshot_stored_s": spread(half),
        "snapshot_stored_strict_s": spread(each.stored_t - each.any_t for each in visits),
        "person_arrived_s": spread(each.heard_t - each.half_t for each in visits),
        "person_arrived_strict_s": spread(each.heard_t - each.any_t for each in visits),
        "steps": {
            "half in the picture to first detection": spread(each.detected_t - each.half_t for each in visits),
            "first detection to the picture that confirms it": spread(
                each.snapshot_t - each.detected_t for each in visits
            ),
            "that picture to the snapshot on the disk": spread(each.written_t - each.snapshot_t for each in visits),
            "on the disk to confirmed by the store": spread(each.stored_t - each.written_t for each in visits),
        },
        "goal_met": bool(np.quantile(half, 0.95) < GOAL_S) and not missed,
    }


def spread(values: Iterable[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    found = np.array(list(values))
    return {"p50": round(float(np.median(found)), 3), "p95": round(float(np.quantile(found, 0.95)), 3)}


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.latency", description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=180.0, help="how long to go on")
    parser.add_argument("--cameras", type=int, default=2, help="cameras of one node; somebody comes to all of them")
    parser.add_argument("--seed", type=int, default=1, help="of the first scene; each scene has another one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="porchlight-latency-") as folder:
        visits, missed = run(Path(folder), seconds=options.seconds, cameras=options.cameras, seed=options.seed)
    figures = report(visits, missed)
    print(json.dumps(figures, indent=None if options.json else 2))
    sys.exit(not figures["goal_met"])


if __name__ == "__main__":
    main()
