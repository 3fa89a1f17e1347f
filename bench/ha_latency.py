"""Measures how soon Home Assistant shows who comes: from the message at the broker, and from the scene's first picture.

    python -m bench.ha_latency --visits 200 --arrivals 24 --json

A real Home Assistant with the integration and a real broker. First a played node says that somebody comes and goes.
Then the edge runs in this process with its defaults (YOLOv5n, 5 analysed pictures a second) on generated scenes, whose
truth says when somebody appears; one node after the other meets one person a camera, and nobody is like another.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.fleet import Fleet, percentile
from bench.latency import ENTRANCE_S, MISSED_S, SCENE, appearances, scene_start
from edge_detector.app.node import Node
from edge_detector.app.parts import build_detector
from edge_detector.config import Config
from edge_detector.ports import Detector
from script.demo_home_assistant.api import Api, Websocket, wait_until
from tests.broker import Broker
from tests.ha.e2e.hass import Hass
from tests.paths import ROOT, model

INTEGRATION = ROOT / "custom_components" / "porchlight"
PERSON = "binary_sensor.node_000_camera_0_person"
#: Between two changes, so that none waits for the one before.
PAUSE_S = 0.05
#: How soon it has to be.
MESSAGE_GOAL_MS, PICTURE_GOAL_MS = 100.0, 1000.0
NODE = "bench"


@contextmanager
def household() -> Iterator[tuple[Path, Broker, Hass]]:
    """A folder, a broker, and a Home Assistant that is connected to it."""
    with (
        tempfile.TemporaryDirectory(prefix="porchlight-ha-latency-") as name,
        Broker(Path(name)) as broker,
        Hass(Path(name), integrations=(INTEGRATION,)) as hass,
    ):
        hass.add_mqtt(broker.port)
        yield Path(name), broker, hass


def spread(spent_s: Sequence[float], goal_ms: float) -> dict[str, Any]:
    """What the table shows of some durations."""
    return {
        "p50_ms": round(percentile(spent_s, 0.5) * 1000, 1),
        "p95_ms": round(percentile(spent_s, 0.95) * 1000, 1),
        "max_ms": round(max(spent_s) * 1000, 1),
        "goal_met": percentile(spent_s, 0.95) * 1000 < goal_ms,
    }


# --- from the message -----------------------------------------------------------------------------------------------


def from_message(visits: int) -> dict[str, Any]:
    """From `person_arrived` and the state at the broker to the state's change, over so many visits."""
    with household() as (_, broker, hass), Fleet(broker.port, 1, 1) as fleet:
        fleet.announce()
        fleet.accept(hass.api)
        wait_until(lambda: hass.api.state(PERSON) == "off", PERSON)
        with hass.api.websocket() as websocket:
            websocket.call("subscribe_entities", entity_ids=[PERSON])
            websocket.event()
            spent = [one_visit(fleet, websocket) for _ in range(visits)]
    return {"visits": visits, **spread(spent, MESSAGE_GOAL_MS)}


def one_visit(fleet: Fleet, websocket: Websocket) -> float:
    """Seconds until the websocket told that somebody is there; then nobody is again."""
    began = time.monotonic()
    fleet.arrive(0, 0)
    websocket.event()
    spent = time.monotonic() - began
    fleet.leave(0, 0)
    websocket.event()
    time.sleep(PAUSE_S)
    return spent


# --- from the picture -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One person; host monotonic seconds."""

    #: The first picture that shows half of the figure, and the first that shows anything of it.
    half_t: float
    any_t: float
    #: When the websocket told that somebody is there.
    shown_t: float


class Screen:
    """Somebody who watches entities over the websocket, and notes when each of them turns on; a context manager."""

    def __init__(self, api: Api, entities: Sequence[str]) -> None:
        """It watches in a thread of its own, from `with` on."""
        self._api, self._entities = api, entities
        self._on: dict[str, float] = {}
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="screen")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def clear(self) -> None:
        """Forget who was seen."""
        with self._changed:
            self._on.clear()

    def wait(self, timeout_s: float) -> dict[str, float]:
        """When each entity turned on, once all have or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._on) == len(self._entities), timeout_s)
            return dict(self._on)

    def _watch(self) -> None:
        with self._api.websocket() as websocket:
            websocket.call("subscribe_entities", entity_ids=list(self._entities))
            while not self._stop.is_set():
                try:
                    event = websocket.event(timeout_s=0.5)
                except TimeoutError:
                    continue
                self._take(event, time.monotonic())

    def _take(self, event: dict[str, Any], now: float) -> None:
        with self._changed:
            for entity, change in event.get("c", {}).items():
                if change.get("+", {}).get("s") == "on":
                    self._on.setdefault(entity, now)
            self._changed.notify_all()


def configuration(folder: Path, addresses: Sequence[str], broker: Broker) -> Config:
    """The defaults, with what has to be said."""
    return Config.model_validate(
        {
            "node": {"id": NODE, "name": "Bench", "data_dir": folder},
            "cameras": {f"door_{n}": {"source": address} for n, address in enumerate(addresses)},
            "detection": {"backend": "onnx", "model": str(model("yolov5n.onnx"))},
            "mqtt": {"port": broker.port},
            "web": {"enabled": False},
        }
    )


async def set_up(config: Config, detector: Detector, api: Api) -> None:
    """Let Home Assistant discover the node while nobody is there."""
    node = Node(config, detector=detector)
    await node.start()
    await asyncio.to_thread(lambda: api.finish(api.discovered("porchlight"), [{}, {"next_step_id": "none"}]))
    await asyncio.to_thread(wait_until, lambda: api.state(person(0)) == "off", "the node in Home Assistant")
    await node.stop()


async def sitting(config: Config, detector: Detector, screen: Screen) -> list[Arrival]:
    """Run a node until Home Assistant has shown everybody; whoever was missed is not among them."""
    truths = {name: appearances(camera.source) for name, camera in config.cameras.items()}
    node = Node(config, detector=detector)
    await node.start()
    shown = await asyncio.to_thread(screen.wait, ENTRANCE_S + MISSED_S)
    starts = {name: scene_start(node, name) for name in truths}
    await node.stop()
    screen.clear()
    return [
        Arrival(half_t=starts[name] + half, any_t=starts[name] + anything, shown_t=shown[person(n)])
        for n, (name, (half, anything)) in enumerate(truths.items())
        if person(n) in shown
    ]


def person(camera: int) -> str:
    """The entity that tells of somebody at this camera."""
    return f"binary_sensor.{NODE}_door_{camera}_person"


def from_picture(arrivals: int, cameras: int, seed: int) -> dict[str, Any]:
    """From the scene's first picture of a person to the state's change, over so many people."""
    found: list[Arrival] = []
    met = 0
    with household() as (folder, broker, hass):
        empty = configuration(folder / "empty", ["scene://empty"] * cameras, broker)
        detector = build_detector(empty, folder)
        asyncio.run(set_up(empty, detector, hass.api))
        with Screen(hass.api, [person(n) for n in range(cameras)]) as screen:
            while met < arrivals:
                addresses = [SCENE.format(seed=seed + met + n) for n in range(cameras)]
                made = configuration(folder / f"data-{met}", addresses, broker)
                found += asyncio.run(sitting(made, detector, screen))
                met += cameras
    return {
        "arrivals": len(found),
        "missed": met - len(found),
        "half_of_the_figure": spread([each.shown_t - each.half_t for each in found], PICTURE_GOAL_MS),
        "anything_of_it": spread([each.shown_t - each.any_t for each in found], PICTURE_GOAL_MS),
    }


# --- the report -----------------------------------------------------------------------------------------------------


def measure(visits: int, arrivals: int, *, cameras: int = 2, seed: int = 1) -> dict[str, Any]:
    """Both halves; one of no visits or no arrivals is left out."""
    result: dict[str, Any] = {}
    if visits:
        result["from_message"] = from_message(visits)
    if arrivals:
        result["from_picture"] = from_picture(arrivals, cameras, seed)
    return result


def table(result: dict[str, Any]) -> Iterator[str]:
    """The result as lines for people."""
    yield f"{'to the changed state, from':36}{'n':>5}{'p50 ms':>10}{'p95 ms':>10}{'max ms':>10}  goal"
    rows = {}
    if message := result.get("from_message"):
        rows["person_arrived at the broker"] = (message["visits"], message)
    if picture := result.get("from_picture"):
        rows["half of the figure in the picture"] = (picture["arrivals"], picture["half_of_the_figure"])
        rows["anything of it in the picture"] = (picture["arrivals"], picture["anything_of_it"])
    for name, (count, row) in rows.items():
        goal = "met" if row["goal_met"] else "missed"
        yield f"{name:36}{count:>5}{row['p50_ms']:>10}{row['p95_ms']:>10}{row['max_ms']:>10}  {goal}"
    if picture and picture["missed"]:
        yield f"{picture['missed']} people were missed"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.ha_latency", description=__doc__.partition("\n")[0])
    parser.add_argument("--visits", type=int, default=200, help="of the played node; 0 leaves that half out")
    parser.add_argument("--arrivals", type=int, default=24, help="in front of the real edge; 0 leaves that half out")
    parser.add_argument("--cameras", type=int, default=2, help="of the real edge; somebody comes to all of them")
    parser.add_argument("--seed", type=int, default=1, help="of the first scene; each scene has another one")
    parser.add_argument("--json", action="store_true", help="as one line of JSON")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    result = measure(given.visits, given.arrivals, cameras=given.cameras, seed=given.seed)
    print(json.dumps(result) if given.json else "\n".join(table(result)))


if __name__ == "__main__":
    main()
