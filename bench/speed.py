"""Measures what Porchlight costs, side by side with the loop that it replaces and with the physical limits.

    python -m bench.speed [VIDEO] [--json] [--rounds N] [--only NAME] [--plot FOLDER]

Everything of a part is measured once a round, one after the other, pinned to two cores, so that what else the machine
does falls on all alike; ratios are of one round. What cannot be measured here is said.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2

from bench import speed_live, speed_parts, speed_sight
from bench.measure_runtime import film
from bench.speed_plot import draw
from bench.speed_table import CannotError, Part, Row, markdown, rows
from bench.speed_world import SAMPLE, World
from edge_detector.core.errors import PorchlightError
from edge_detector.detectors.choice import machine

SCHEMA = 1
ROUNDS, CORES = 7, 2
#: Exact parts come last: they take long, and one round does.
PARTS: dict[str, Callable[[World], Part]] = {
    "help": speed_parts.help_,
    "start": speed_parts.start,
    "look": speed_parts.look,
    "gate": speed_parts.gate,
    "idle": speed_parts.idle,
    "clip": speed_parts.clip,
    "whole": speed_parts.whole,
    "cameras": speed_live.cameras,
    "crowd": speed_live.crowd,
    "arrival": speed_live.arrival,
    "found": speed_parts.found,
    "sight": speed_sight.sight,
    "far": speed_sight.far,
    "agreement": speed_sight.agreement,
    "recall": speed_sight.recall,
}


def measure(world: World, names: Iterable[str]) -> list[Row]:
    """The rows of the parts; what cannot be measured is noted in the world."""
    table: list[Row] = []
    for name in names:
        try:
            part = PARTS[name](world)
            table += rows(name, part.rows, _numbers(name, part, 1 if part.exact else world.rounds))
        except (CannotError, PorchlightError) as error:
            world.missing.append(f"{name}: {error}")
        except subprocess.CalledProcessError as error:
            said = str(error.stderr or "").strip().splitlines()[-1:]
            world.missing.append(f"{name}: {Path(error.cmd[0]).name} ended with status {error.returncode} {said}")
    return table


def _numbers(name: str, part: Part, rounds: int) -> dict[str, list[float]]:
    numbers: dict[str, list[float]] = {}
    for done in range(rounds):
        print(f"{name}, round {done + 1} of {rounds}", file=sys.stderr, flush=True)
        for step in part.steps:
            for key, value in step().items():
                numbers.setdefault(key, []).append(value)
    return numbers


def pin() -> None:
    """Stay on two cores, as do all programs that are started from here."""
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:CORES]))


def report(world: World, table: Iterable[Row]) -> dict[str, Any]:
    """All of it, as JSON has it."""
    return {
        "schema": SCHEMA,
        "machine": machine(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "video": world.video.name,
        "rows": [row.body() for row in table],
        "missing": world.missing,
    }


def main() -> None:
    """Measure, and print the table or the JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed", description=__doc__.partition("\n")[0])
    parser.add_argument("video", nargs="?", type=Path, help="with people; else the sample, else a generated scene")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often all is measured ({ROUNDS})")
    parser.add_argument("--only", choices=PARTS, action="append", metavar="NAME", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--whole", action="store_true", help="let torch look at every picture: hours")
    parser.add_argument("--plot", type=Path, metavar="FOLDER", help="draw speed.png and speed.svg there")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    pin()
    cv2.setNumThreads(1)
    with World(video=asked.video or SAMPLE, rounds=asked.rounds, whole=asked.whole) as world:
        if not world.video.exists():
            world.missing.append(f"{world.video.name} is absent: a generated scene is there instead")
            world.video = film(world.folder / "scene.mp4", size=(768, 432), fps=10, seconds=60.0, people=2)
        table = measure(world, asked.only or PARTS)
        body = report(world, table)
    print(json.dumps(body) if asked.json else "\n".join(markdown(table)))
    for missing in [] if asked.json else world.missing:
        print(f"\nNot measured: {missing}")
    if asked.plot:
        draw(table, asked.plot)


if __name__ == "__main__":
    main()
