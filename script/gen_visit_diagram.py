#!/usr/bin/env python3
"""Write docs/visit-machine.md from the tables in edge_detector/core/visits.py; with --check, say whether it is in step.

Needs the project's environment: .venv/bin/python script/gen_visit_diagram.py [--check]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from edge_detector.core import visits  # noqa: E402 - only now can it be found

PAGE = ROOT / "docs" / "visit-machine.md"
COMMAND = ".venv/bin/python script/gen_visit_diagram.py"

Table = Mapping[tuple[Enum, Enum], tuple[Enum, tuple[Enum, ...]]]


def page() -> str:
    """Give the whole page."""
    return "\n".join(
        [
            "# The visit machine",
            "",
            f"Drawn by `{COMMAND}` from the tables in `edge_detector/core/visits.py`: change those, not this page.",
            "",
            "Each camera has one visit at most, and beside it one clip at most. An input first lets time pass (`TIMEOUT`,",
            "`FULL`, `OVER`), then says its own event. Visits are never held back; only clips keep a gap.",
            "",
            *section("The visit", visits.VISIT_TABLE, visits.VisitState, visits.VisitEvent, visits.VisitAction),
            "",
            *section("The clip beside it", visits.CLIP_TABLE, visits.ClipState, visits.ClipEvent, visits.ClipAction),
            "",
        ]
    )


def section(
    title: str, table: Table, states: Iterable[Enum], events: Iterable[Enum], actions: Iterable[Enum]
) -> Iterator[str]:
    """Give one machine: the diagram, what its words mean, and every transition."""
    states = list(states)
    yield from [f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {states[0].name}"]
    yield from (f"    {state.name}: {state.name}<br>{state.value}" for state in states)
    for (state, event), (after, done) in table.items():
        if after is not state or done:
            yield f"    {state.name} --> {after.name}: {' / '.join([event.name, *(action.name for action in done)])}"
    yield from ["```", "", "| word | kind | meaning |", "| --- | --- | --- |"]
    for kind, words in (("event", events), ("action", actions)):
        yield from (f"| `{word.name}` | {kind} | {word.value} |" for word in words)
    yield from ["", "| state | event | next state | actions |", "| --- | --- | --- | --- |"]
    for (state, event), (after, done) in table.items():
        yield f"| {state.name} | `{event.name}` | {after.name} | {', '.join(f'`{a.name}`' for a in done) or 'none'} |"


def main() -> int:
    """Write or check the page; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the page is out of step")
    text = page()
    if not parser.parse_args().check:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.relative_to(ROOT)} is out of step with the code: run {COMMAND}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
