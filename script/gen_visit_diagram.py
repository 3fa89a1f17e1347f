#!/usr/bin/env python3
"""Write docs/visit-machine.md from the tables in edge_detector/core/visits.py; with --check, say whether it is in step.

Needs the project's environment: .venv/bin/python script/gen_visit_diagram.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import TypeVar

from generated_page import ROOT, keep

sys.path.insert(0, str(ROOT))

from edge_detector.core import visits

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


if __name__ == "__main__":
    sys.exit(keep(PAGE, page(), about=__doc__))
