"""Which fact makes which event, and under which id."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from edge_detector.core.evidence import ItemKind
from edge_detector.core.facts import CameraStats, Fact, SettingsChanged, SnapshotReady, VisitUpdated
from edge_detector.core.naming import ulid_ms
from edge_detector.core.types import Settings
from edge_detector.mqtt.events import event_of
from tests.contract.examples import CAMERA, FACTS, HEALTH, STATS, STORED_CLIP, STORED_SNAPSHOT, UTC, VISIT


def another(name: str, **changes: Any) -> Fact:  # noqa: ANN401 - any field
    """One of the example facts, changed."""
    fact: Any = FACTS[name]
    changed: Fact = replace(fact, **changes)
    return changed


def id_of(fact: Fact) -> str:
    event = event_of(fact)
    assert event
    return event.id


@pytest.mark.parametrize(
    "fact",
    [
        VisitUpdated(camera=CAMERA, visit_id=VISIT, t=1.0, utc=UTC, count=1, confidence=0.5, zones=(), stats=STATS),
        SnapshotReady(camera=CAMERA, visit_id=VISIT, t=1.0, utc=UTC, jpeg=b"", count=1, confidence=0.5),
        SettingsChanged(camera=CAMERA, t=1.0, settings=Settings()),
        CameraStats(camera=CAMERA, t=1.0, fps=5.0, inference_ms=1.0),
        HEALTH,
        replace(STORED_CLIP, kind=ItemKind.POSTER, clip=None),
        replace(STORED_CLIP, kind=ItemKind.DOCUMENT, clip=None),
        replace(STORED_CLIP, clip=None),  # nobody knows when it began
    ],
)
def test_what_is_told_otherwise_makes_no_event(fact: Fact) -> None:
    assert event_of(fact) is None


@pytest.mark.parametrize("name", FACTS)
def test_an_id_tells_the_visits_start_or_the_events_own_moment(name: str) -> None:
    event = event_of(FACTS[name])
    assert event
    assert event.event_type == name.partition(".")[0]
    expected = ulid_ms(event.visit_id) if event.visit_id else round(event.utc * 1000)
    assert ulid_ms(event.id) == expected
    assert json.loads(event.stored().payload) == event.body()
    assert (event.stored().id, event.stored().camera) == (event.id, CAMERA)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (STORED_CLIP, replace(STORED_CLIP, n=2)),  # another clip of the visit
        (STORED_SNAPSHOT, replace(STORED_SNAPSHOT, sha256="0" * 64)),  # a better picture under the same key
        (FACTS["line_crossed"], another("line_crossed", utc=UTC + 9)),  # again
        (FACTS["line_crossed"], another("line_crossed", direction="out")),  # back
        (FACTS["camera_up"], another("camera_up", utc=UTC + 900)),
        (FACTS["camera_up"], another("camera_up", camera="garden")),
        (FACTS["rejected"], another("rejected", reason="another")),  # same millisecond
    ],
)
def test_another_event_has_another_id(one: Fact, other: Fact) -> None:
    assert id_of(one) != id_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (STORED_CLIP, replace(STORED_CLIP, utc=UTC + 99)),  # stored again after a crash
        (FACTS["person_left"], another("person_left", duration_s=1.0)),  # told anew
    ],
)
def test_the_same_event_keeps_its_id(one: Fact, other: Fact) -> None:
    assert id_of(one) == id_of(other)
