"""The plot of the speed benchmark: how far each row is from its goal, and what more cameras cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from bench.speed_table import Row

GOOD, BAD, INK = "#2f7d4f", "#b3382c", "#444444"
TICKS = (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100)


def draw(table: Sequence[Row], folder: Path) -> None:
    """Write speed.png and speed.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    judged = [row for row in table if row.margin is not None]
    cameras = [row for row in table if row.part == "cameras" and row.name.endswith("idle 720p cameras")]
    figure = Figure(figsize=(12 if cameras else 8, 1.6 + 0.26 * len(judged)), layout="constrained")
    if cameras:
        bars, line = figure.subplots(1, 2, width_ratios=(2, 1))
        _cameras(line, cameras)
    else:
        bars = figure.subplots()
    _goals(bars, judged[::-1])
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "speed"}):
        figure.savefig(folder / "speed.png", dpi=120)
        figure.savefig(folder / "speed.svg", metadata={"Date": None})


def _goals(axes: Axes, judged: Sequence[Row]) -> None:
    margins = [row.margin or 0.0 for row in judged]
    colours = [GOOD if row.met else BAD for row in judged]
    axes.barh([row.name for row in judged], margins, color=colours)
    axes.axvline(1.0, color=INK, linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xticks([tick for tick in TICKS if tick <= 2 * max(margins, default=1.0)])
    axes.set_xlabel("times better than the goal")
    axes.tick_params(axis="y", labelsize=8)


def _cameras(axes: Axes, seen: Sequence[Row]) -> None:
    counts = np.array([int(row.name.partition(" ")[0]) for row in seen])
    cpu = np.array([row.value for row in seen])
    spread = [[row.value - row.low for row in seen], [row.high - row.value for row in seen]]
    axes.errorbar(counts, cpu, yerr=spread, fmt="o", color=GOOD, capsize=3)
    axes.plot(counts, np.polyval(np.polyfit(counts, cpu, 1), counts), color=INK, linewidth=1)
    axes.set_xticks(counts)
    axes.set_xlabel("idle 720p cameras")
    axes.set_ylabel("cores")
    axes.set_ylim(bottom=0)
