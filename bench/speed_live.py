"""Parts of the speed benchmark that run the whole program at the cameras' pace: memory, many cameras, latency."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from bench import latency
from bench.measure_runtime import live, paced_decode_share
from bench.speed_table import CannotError, Goal, Part, Wanted
from bench.speed_world import World

#: So many 720p cameras, one count after the other; how long each is watched.
COUNTS = (1, 2, 4, 8, 12)
WATCHED_S = 8.0
CORES = 2
MEGABYTE = 1e6
#: How long latencies are gathered for each round that was asked for.
LATENCY_S = 25.0


def cameras(world: World) -> Part:
    """Memory and CPU of 1 to 12 cameras to which nobody comes."""
    video = world.film("720p")
    world.choose()

    def lines() -> Mapping[str, float]:
        seen = {count: live([str(video)] * count, seconds=WATCHED_S) for count in COUNTS}
        cpu = [seen[count]["cpu_share"] for count in COUNTS]
        memory = [seen[count]["rss_bytes"] / MEGABYTE for count in COUNTS]
        shares = {f"cpu {count}": share for count, share in zip(COUNTS, cpu, strict=True)}
        return {**shares, "rss": memory[0], "each": slope(memory), "r2": straightness(cpu), "one": cpu[0]}

    rows = [
        Wanted(name="memory of one 720p camera", of="rss", unit="MB", goal=Goal(at_most=220)),
        Wanted(name="memory of each more", of="each", unit="MB", goal=Goal(at_most=35), note="slope from 1 to 12"),
        Wanted(name="straightness of CPU from 1 to 12 cameras", of="r2", unit="R²", goal=Goal(at_least=0.98)),
        *(
            Wanted(name=f"{count} idle 720p cameras", of=f"cpu {count}", unit="cores", note="15 pictures a second")
            for count in COUNTS
        ),
        Wanted(name="one idle 720p camera, beside decoding at its pace", of="one", unit="cores", beside="decoding"),
    ]
    steps = [lines, lambda: {"decoding": paced_decode_share(video, seconds=WATCHED_S)}]
    return Part(steps=steps, rows=rows)


def slope(values: Sequence[float]) -> float:
    """How much each camera adds."""
    return float(np.polyfit(COUNTS, values, 1)[0])


def straightness(values: Sequence[float]) -> float:
    """R² of the straight line through the values."""
    return float(np.corrcoef(COUNTS, values)[0, 1] ** 2)


def crowd(world: World) -> Part:
    """Eight cameras, two of them with people all the time."""
    world.choose()
    quiet, busy = world.film("720p"), world.film("720p", people=2, seconds=30.0)
    addresses = [str(quiet)] * 6 + [str(busy)] * 2

    def seen() -> Mapping[str, float]:
        numbers = live(addresses, seconds=WATCHED_S * 2)
        return {
            "cpu": numbers["cpu_share"] / CORES,
            "oldest": numbers["oldest_s"] * 1000,
            "p95": numbers["old_p95_s"] * 1000,
            "fps": min(numbers["fps"]),
        }

    return Part(
        steps=[seen],
        rows=[
            Wanted(name="eight 720p cameras, two with people", of="cpu", unit="of 2 cores", goal=Goal(at_most=0.8)),
            Wanted(name="their oldest analysed picture", of="oldest", unit="ms", goal=Goal(at_most=400)),
            Wanted(name="their 95th percentile", of="p95", unit="ms"),
            Wanted(
                name="pictures analysed a second, of the slowest camera",
                of="fps",
                unit="1/s",
                goal=Goal(at_least=4.5),
                note="5 are wanted; a busy machine is spared by looking less often",
            ),
        ],
    )


def arrival(world: World) -> Part:
    """From half of somebody in the picture to the message at the broker."""
    world.choose()

    def told() -> Mapping[str, float]:
        folder = Path(world.folder / "latency")
        folder.mkdir()
        try:
            visits, missed = latency.run(folder, seconds=LATENCY_S * world.rounds, cameras=2, seed=1)
        except pytest.skip.Exception as error:
            raise CannotError(str(error)) from error
        body = json.loads(json.dumps(latency.report(visits, missed)))
        spread = body["person_arrived_s"]
        return {"p50": spread["p50"] * 1000, "p95": spread["p95"] * 1000, "missed": float(missed)}

    return Part(
        steps=[told],
        rows=[
            Wanted(name="somebody there to the message, median", of="p50", unit="ms", goal=Goal(at_most=350)),
            Wanted(name="somebody there to the message, 95 %", of="p95", unit="ms", goal=Goal(at_most=600)),
            Wanted(name="people who were missed", of="missed", unit="", goal=Goal(at_most=0)),
        ],
        exact=True,
    )
