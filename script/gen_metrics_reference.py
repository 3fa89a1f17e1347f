#!/usr/bin/env python3
"""Write docs/reference/metrics.md from what the code tells Prometheus; with --check, say whether it is in step.

Needs the project's environment: .venv/bin/python script/gen_metrics_reference.py [--check]
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from generated_page import ROOT, keep

sys.path.insert(0, str(ROOT))

from edge_detector.core.board import StatusBoard
from edge_detector.core.facts import Backlog, CameraStats, CameraUp, DetectorInfo, Health
from edge_detector.core.status import initial
from edge_detector.web.metrics import render

PAGE = ROOT / "docs" / "reference" / "metrics.md"
COMMAND = ".venv/bin/python script/gen_metrics_reference.py"
LABELS = re.compile(r'(\w+)="')

HEAD = f"""# Metrics

Generated from what `edge_detector/web/metrics.py` tells: change that, not this page, then run
`{COMMAND}`.

`/api/v1/metrics` speaks Prometheus' text format, behind the [API's token](http-api.md); how to scrape it stands
[here](../how-to/api.md#watch-the-edge-itself). Counters begin at zero with each start. What is not known is left out,
such as the temperature of a board without a sensor, or the speed of a camera that has shown nothing yet.
"""

TAIL = """
## Alerts to begin with

```yaml
groups:
  - name: porchlight
    rules:
      - alert: CameraDown
        expr: porchlight_camera_online == 0
        for: 5m
      - alert: EvidenceIsStuck
        expr: porchlight_outbox_oldest_seconds > 1800
      - alert: EvidenceWasGivenUp
        expr: increase(porchlight_camera_clips_lost_total[1h]) > 0
      - alert: DiskNearlyFull
        expr: porchlight_disk_free_bytes < 1e9
```
"""


def page() -> str:
    """Give the whole page."""
    titles = {"": "The node", "camera": "Each camera"}
    found: dict[str, list[str]] = {"": [], "camera": []}
    for name, kind, told, labels in families(render(full(), version="0", viewers=1, listeners=1, listeners_dropped=1)):
        cells = (f"`{name}`", kind, ", ".join(f"`{label}`" for label in labels), told)
        found["camera" if "camera" in labels else ""].append(f"| {' | '.join(cells)} |")
    return "\n".join([HEAD, *(line for part, rows in found.items() for line in table(titles[part], rows))]) + TAIL


def table(title: str, rows: list[str]) -> Iterator[str]:
    """Give the table of one kind."""
    yield from (f"## {title}", "", "| metric | type | labels | what it is |", "| --- | --- | --- | --- |", *rows, "")


def families(text: str) -> Iterator[tuple[str, str, str, list[str]]]:
    """Give name, type, help and labels of each metric in the text that Prometheus gets."""
    for part in text.split("# HELP ")[1:]:
        head, kind, sample, *_ = part.splitlines()
        name, told = head.split(" ", 1)
        yield name, kind.rpartition(" ")[2], told, LABELS.findall(sample.partition("}")[0])


def full() -> StatusBoard:
    """Give a board on which all is known."""
    board = StatusBoard([initial("door")])
    stats = CameraStats(
        camera="door", t=1, fps=5, inference_ms=5, frames=1, analysed=1, inferences=1, dropped=(("frames", 1),)
    )
    health = Health(
        t=1,
        utc=1,
        backlog=Backlog(pending=1, oldest_s=1, stored=1, failed=1),
        disk_free_bytes=1,
        cpu_percent=1,
        memory_bytes=1,
        temperature_c=50,
        uptime_s=1,
        detector=DetectorInfo(backend="onnx", model="yolov5n"),
    )
    for fact in (CameraUp(camera="door", t=1, utc=1, width=1, height=1), stats, health):
        board.tell(fact)
    return board


if __name__ == "__main__":
    sys.exit(keep(PAGE, page(), about=__doc__))
