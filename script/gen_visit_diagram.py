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
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from edge_detector.core import visits  # noqa: E402 - only now can it be found

PAGE = ROOT / "docs" / "visit-machine.md"
COMMAND = ".venv/bin/python script/gen_visit_diagram.py"

State = TypeVar("State", bound=Enum)
Event = TypeVar("Event", bound=Enum)
Action = TypeVar("Action", bound=Enum)


def page() -> str:
    """Give the whole page."""
    return "\n".join(
        [
            "# The visit machine",
            "",
            "Drawn from the tables in `edge_detector/core/visits.py`: change those, not this page, then run",
            f"`{COMMAND}`.",
            "",
            "Each camera has at most one visit, and beside it at most one clip. An input first lets time pass",
            "(`TIMEOUT`, `FULL`, `OVER`), then says its own event. Visits are never held back; only clips keep a gap.",
            "",
            *section("The visit", visits.VISIT_TABLE, visits.VisitState, visits.VisitEvent, visits.VisitAction),
            "",
            *section("The clip beside it", visits.CLIP_TABLE, visits.ClipState, visits.ClipEvent, visits.ClipAction),
            "",
        ]
    )


def section(
    title: str,
    table: Mapping[tuple[State, Event], tuple[State, tuple[Action, ...]]],
    states: Iterable[State],
    events: Iterable[Event],
    actions: Iterable[Action],
) -> Iterator[str]:
    """Give one machine: the diagram, what its words mean, and every transition."""
    states = list(states)
    yield from [f"## {title}", "", "```mermaid", "stateDiagram-v2", f"    [*] --> {states[0].name}"]
    for (state, event), (after, done) in table.items():
        if after is not state or done:
            label = f"{event.name} / {', '.join(action.name for action in done)}" if done else event.name
            yield f"    {state.name} --> {after.name}: {label}"
    yield from ["```", "", "| word | kind | meaning |", "| --- | --- | --- |"]
    yield from (f"| {state.name} | state | {state.value} |" for state in states)
    yield from (f"| `{event.name}` | event | {event.value} |" for event in events)
    yield from (f"| `{action.name}` | action | {action.value} |" for action in actions)
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
