"""Measures how Home Assistant bears many nodes: its answers, its CPU and its memory while every camera changes.

Played nodes on a real broker, every state changing once a second; a real Home Assistant with the integration.
`python -m bench.fleet --nodes 200 --cameras 4 --seconds 60 --json`
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from script.demo_home_assistant.api import Api, wait_until
from tests.broker import HOST, Broker
from tests.ha.e2e.hass import Hass
from tests.paths import ROOT

INTEGRATION = ROOT / "custom_components" / "porchlight"
#: How often a camera's state changes.
CHANGE_S = 1.0
#: How often Home Assistant is asked whether it is there.
PING_S = 0.1
#: How often is looked whether all of them are set up.
LOOK_S = 2.0
#: The recorder has written what was new by then.
SETTLE_S = 20.0
#: Setting up so many nodes takes its time.
SET_UP_S = 600.0
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def ulid(number: int) -> str:
    """An id of its own for each number."""
    digits = "".join(ALPHABET[(number >> 5 * place) & 31] for place in reversed(range(16)))
    return f"01M7YG65DT{digits}"


def utc() -> str:
    """Now, as messages tell it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


class Fleet:
    """So many played nodes with so many cameras each, through one connection; a context manager."""

    def __init__(self, port: int, nodes: int, cameras: int) -> None:
        """Nothing is connected before `with`."""
        self.nodes = [f"node_{n:03}" for n in range(nodes)]
        self.cameras = [f"camera_{n}" for n in range(cameras)]
        self.published = 0
        self._port = port
        self._number = 0
        self._present: dict[tuple[int, int], str] = {}
        self._stop = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.max_inflight_messages_set(1000)

    def __enter__(self) -> Self:
        self._client.connect(HOST, self._port)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._client.disconnect()
        self._client.loop_stop()

    def announce(self) -> None:
        """Tell all that a node tells when it connects; the broker has it when this returns."""
        cameras = [
            {"id": name, "name": name.replace("_", " ").title(), "width": 1280, "height": 720, "zones": [], "lines": []}
            for name in self.cameras
        ]
        settings: dict[str, object] = {"armed": True, "record": True, "upload": True}
        settings |= {"confidence": 0.4, "max_clip_s": 20.0, "min_clip_gap_s": 60.0}
        for n, node in enumerate(self.nodes):
            told = {"schema": 1, "node": node, "name": f"Node {n:03}", "version": "0.1.0", "model": "Raspberry Pi 5"}
            self._say(f"announce/{node}", {**told, "cameras": cameras, "features": [], "api": None})
            for c, camera in enumerate(self.cameras):
                self._say(f"{node}/{camera}/settings", settings)
                self.leave(n, c)
            self._say(f"{node}/health", HEALTH)
            self._say(f"{node}/status", "online").wait_for_publish(SET_UP_S)

    def accept(self, api: Api) -> float:
        """Add every node that Home Assistant has discovered; seconds until all of them and their states are there."""
        began = time.monotonic()

        def waiting() -> list[str]:
            flows = api.call("config_entries/flow/progress")
            return [flow["flow_id"] for flow in flows if flow["handler"] == "porchlight"]

        wait_until(lambda: len(waiting()) == len(self.nodes), "every node discovered", SET_UP_S)
        for flow in waiting():
            step = api.get(f"/api/config/config_entries/flow/{flow}")
            api.finish(step, [{}, {"next_step_id": "none"}])
        # Each look is work for Home Assistant, too.
        wait_until(lambda: self._shown(api), "every node", SET_UP_S, look_s=LOOK_S)
        return time.monotonic() - began

    def _shown(self, api: Api) -> bool:
        """Whether every node has as many entities as the others, and each of them a state."""
        found = api.registry("porchlight")
        enabled = {entry["entity_id"] for entry in found if entry["disabled_by"] is None}
        nodes = Counter(entry["config_entry_id"] for entry in found)
        return len(nodes) == len(self.nodes) and len(set(nodes.values())) == 1 and enabled <= set(api.states())

    def arrive(self, n: int, c: int) -> None:
        """Somebody comes: the event, then the state."""
        self._number += 1
        visit = self._present[n, c] = ulid(self._number)
        about = {"count": 1, "confidence": 0.8, "zones": []}
        event = {"id": ulid(2**60 + self._number), "event_type": "person_arrived", "visit_id": visit, "ts": utc()}
        self._say(f"{self.nodes[n]}/{self.cameras[c]}/event", {**event, **about}, retain=False)
        self._state(n, c)

    def leave(self, n: int, c: int) -> None:
        """Nobody is there any more."""
        self._present.pop((n, c), None)
        self._state(n, c)

    def live(self) -> threading.Thread:
        """Change every state once a second, evenly over it, until the end."""
        thread = threading.Thread(target=self._change, name="fleet", daemon=True)
        thread.start()
        return thread

    def _change(self) -> None:
        places = [(n, c) for n in range(len(self.nodes)) for c in range(len(self.cameras))]
        due = time.monotonic()
        while not self._stop.is_set():
            for n, c in places:
                if (n, c) in self._present:
                    self.leave(n, c)
                else:
                    self.arrive(n, c)
                due += CHANGE_S / len(places)
                self._stop.wait(max(0.0, due - time.monotonic()))

    def _state(self, n: int, c: int) -> None:
        visit, now = self._present.get((n, c)), utc()
        there = visit is not None
        body = {
            "online": True,
            "person": there,
            "count": int(there),
            "confidence": 0.8 if there else 0.0,
            "zones": {},
            "lines": {},
            "visit_id": visit,
            "since": now if there else None,
            "ts": now,
            "fps": 5.0,
            "inference_ms": 12.0,
        }
        self._say(f"{self.nodes[n]}/{self.cameras[c]}/state", body)

    def _say(self, topic: str, body: dict[str, Any] | str, *, retain: bool = True) -> paho.MQTTMessageInfo:
        payload = body if isinstance(body, str) else json.dumps(body)
        self.published += 1
        return self._client.publish(f"porchlight/{topic}", payload, 1, retain)


HEALTH = {
    "outbox": {"pending": 0, "oldest_s": 0.0, "stored": 0, "failed": 0, "last_error": None},
    "disk_free_bytes": 20_000_000_000,
    "cpu_percent": 20.0,
    "memory_bytes": 150_000_000,
    "temperature_c": 50.0,
    "uptime_s": 60,
    "detector": {"backend": "onnx", "model": "yolov5n", "inference_ms": 12.0},
}


class Pings:
    """Asks Home Assistant all the time whether it is there, from a thread of its own; a context manager."""

    def __init__(self, api: Api) -> None:
        """It asks from `with` on."""
        self._api = api
        self._spent: list[tuple[float, float]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="pings")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def report(self, since: float, until: float, prefix: str = "") -> dict[str, float]:
        """How long the answers took that were asked for in this time."""
        spent = [each for began, each in self._spent if since <= began < until]
        return {
            f"{prefix}ping_p50_ms": round(percentile(spent, 0.5) * 1000, 1),
            f"{prefix}ping_p95_ms": round(percentile(spent, 0.95) * 1000, 1),
            f"{prefix}ping_max_ms": round(max(spent) * 1000, 1),
        }

    def _ask(self) -> None:
        with self._api.websocket() as websocket:
            while not self._stop.wait(PING_S):
                began = time.monotonic()
                self._spent.append((began, websocket.ping_s()))


def measure(nodes: int, cameras: int, seconds: float, settle_s: float = SETTLE_S) -> dict[str, Any]:
    """Websocket pings, CPU and memory of Home Assistant: while the nodes are added, and while they live for so long."""
    with (
        tempfile.TemporaryDirectory() as name,
        Broker(Path(name)) as broker,
        Fleet(broker.port, nodes, cameras) as fleet,
    ):
        with Hass(Path(name), integrations=(INTEGRATION,)) as hass:
            hass.add_mqtt(broker.port)
            process = psutil.Process(hass.pid)
            empty_bytes = process.memory_info().rss
            with Pings(hass.api) as pings:
                began = time.monotonic()
                fleet.announce()
                set_up_s = fleet.accept(hass.api)
                set_up = time.monotonic()
                fleet.live()
                time.sleep(settle_s)
                spent, published, settled = process.cpu_times(), fleet.published, time.monotonic()
                time.sleep(seconds)
                now, end = process.cpu_times(), time.monotonic()
            lived_s = end - settled
            result = {
                "nodes": nodes,
                "cameras": nodes * cameras,
                "entities": len(hass.api.registry("porchlight")),
                "seconds": round(lived_s, 1),
                "messages_per_s": round((fleet.published - published) / lived_s, 1),
                **pings.report(settled, end),
                "cpu_percent": round(100 * (now.user + now.system - spent.user - spent.system) / lived_s, 1),
                "memory_empty_bytes": empty_bytes,
                "memory_bytes": process.memory_info().rss,
                "set_up_s": round(set_up_s, 1),
                **pings.report(began, set_up, "set_up_"),
            }
        problems = hass.problems()
    return {**result, "problems": len(problems), "first_problem": problems[0][:300] if problems else None}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--cameras", type=int, default=4, help="of each node")
    parser.add_argument("--seconds", type=float, default=60.0, help="to measure for")
    parser.add_argument("--json", action="store_true", help="as one line of JSON")
    given = parser.parse_args()
    result = measure(given.nodes, given.cameras, given.seconds)
    if given.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name:20}{value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
