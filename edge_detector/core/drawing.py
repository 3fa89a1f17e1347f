"""An outline as plain JSON values, for the wire and for the disk, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_detector.core.errors import OutlineError
from edge_detector.core.lines import Line
from edge_detector.core.outline import Fault, Outline
from edge_detector.core.zones import Point, Zone, ZoneKind


def plain(outline: Outline) -> dict[str, Any]:
    """The outline as JSON has it."""
    return {
        "zones": [
            {
                "id": zone.id,
                "name": zone.name,
                "kind": zone.kind.value,
                "points": [list(point) for point in zone.points],
            }
            for zone in outline.zones
        ],
        "lines": [
            {"id": line.id, "name": line.name, "start": list(line.start), "end": list(line.end)}
            for line in outline.lines
        ],
    }


def outline_of(body: Mapping[str, Any]) -> Outline:
    """The outline that `plain` made; raises OutlineError, also for what it never makes."""
    try:
        return Outline(
            zones=tuple(
                Zone(
                    id=zone["id"],
                    name=zone["name"],
                    kind=ZoneKind(zone["kind"]),
                    points=tuple(_point(point) for point in zone["points"]),
                )
                for zone in body["zones"]
            ),
            lines=tuple(
                Line(id=line["id"], name=line["name"], start=_point(line["start"]), end=_point(line["end"]))
                for line in body["lines"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise OutlineError((Fault(where="", message=f"is no outline: {error!r}"),)) from error


def _point(values: Any) -> Point:  # noqa: ANN401 - whatever was on the disk
    x, y = values
    return float(x), float(y)
