"""Measures how soon Home Assistant shows what the edge says: from the message at the broker to the changed state.

A real Home Assistant with the integration, a real broker, and a played node whose camera sees somebody come and go.
`python -m bench.ha_latency --visits 200 --json`
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.fleet import Fleet, percentile
from script.demo_home_assistant.api import Websocket, wait_until
from tests.broker import Broker
from tests.ha.e2e.hass import Hass
from tests.paths import ROOT

INTEGRATION = ROOT / "custom_components" / "porchlight"
PERSON = "binary_sensor.node_000_camera_0_person"
#: Between two changes, so that none waits for the one before.
PAUSE_S = 0.05


def measure(visits: int) -> dict[str, Any]:
    """Milliseconds from `person_arrived` and the state at the broker to the state's change, over so many visits."""
    with (
        tempfile.TemporaryDirectory() as name,
        Broker(Path(name)) as broker,
        Fleet(broker.port, 1, 1) as fleet,
        Hass(Path(name), integrations=(INTEGRATION,)) as hass,
    ):
        hass.add_mqtt(broker.port)
        fleet.announce()
        fleet.accept(hass.api)
        wait_until(lambda: hass.api.state(PERSON) == "off", PERSON)
        with hass.api.websocket() as websocket:
            websocket.call("subscribe_entities", entity_ids=[PERSON])
            websocket.event()
            spent = [one_visit(fleet, websocket) for _ in range(visits)]
    return {
        "visits": visits,
        "p50_ms": round(percentile(spent, 0.5) * 1000, 1),
        "p95_ms": round(percentile(spent, 0.95) * 1000, 1),
        "max_ms": round(max(spent) * 1000, 1),
    }


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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=200)
    parser.add_argument("--json", action="store_true", help="as one line of JSON")
    given = parser.parse_args()
    result = measure(given.visits)
    if given.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name:10}{value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
