"""Every golden message is read as it was meant, and what is no such message is refused with a reason."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.porchlight import fields, history, models
from custom_components.porchlight.const import EventType
from custom_components.porchlight.fields import Refusal
from custom_components.porchlight.history import VisitLog
from tests.ha.integration.node import CAMERA, JPEG, MESSAGES, golden

PARSERS: dict[str, Callable[[bytes], Any]] = {
    "announce": lambda payload: models.parse_announce(payload, json.loads(payload)["node"]),
    "event": models.parse_event,
    "health": models.parse_health,
    "last_clip": models.parse_clip,
    "settings": models.parse_settings,
    "state": models.parse_state,
}
#: What the integration says itself, or what is for the MQTT integration.
NOT_READ = {
    "claim",
    "set",
    "do.reset_occupancy",
    "do.snapshot",
    "do.test_clip",
    "discovery_node",
    "discovery_camera",
    "discovery_camera.bare",
}
#: Keys that the first edges did not tell.
LATER = {"occupancy", "throttled"}
NAMES = sorted(path.stem for path in MESSAGES.glob("*.json") if path.stem not in NOT_READ)


def parse(name: str, message: object) -> Any:
    kind = name.partition(".")[0]
    return PARSERS["event" if kind.startswith("event_") else kind](json.dumps(message).encode())


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    assert not isinstance(parse(name, golden(name)), Refusal)


@pytest.mark.parametrize("name", NAMES)
def test_unknown_keys_are_ignored(name: str) -> None:
    assert parse(name, {**golden(name), "later": {"a": [1]}}) == parse(name, golden(name))


@pytest.mark.parametrize(("name", "key"), [(name, key) for name in NAMES for key in golden(name)])
def test_no_key_may_be_missing_or_another_type(name: str, key: str) -> None:
    message = golden(name)
    missing = {k: v for k, v in message.items() if k != key}
    if key != "node":  # which this test reads itself
        assert isinstance(parse(name, missing), Refusal) == (key not in {"features", *LATER})
    assert isinstance(parse(name, {**message, key: ["another", {"type": 1}]}), Refusal) == (key != "features")


def test_values() -> None:
    state = parse("state", golden("state"))
    assert (state.person, state.count, state.zones, state.lines) == (
        True,
        2,
        {"steps": 2, "street": 0},
        {"threshold": (3, 1)},
    )
    assert state.since == datetime(2026, 11, 21, 7, 30, 0, 250000, tzinfo=UTC)
    event = parse("event_line_crossed", golden("event_line_crossed"))
    assert (event.type, event.fields) == (EventType.LINE_CROSSED, {"line": "threshold", "direction": "in"})
    announce = parse("announce", golden("announce"))
    assert [camera.id for camera in announce.cameras] == [CAMERA, "garden"]
    assert announce.cameras[0].lines == (models.Place(id="threshold", name="Threshold"),)


@pytest.mark.parametrize(
    ("name", "changes", "kind"),
    [
        ("announce", {"schema": 2}, "schema"),
        ("announce", {"schema": 0}, "schema"),
        ("announce", {"schema": "1"}, "field"),
        ("announce", {"name": "\x00\n"}, "field"),
        ("announce", {"api": {"url": "http://user:secret@host"}}, "field"),
        ("announce", {"cameras": [golden("announce")["cameras"][0]] * 2}, "field"),  # one id twice
        ("announce", {"cameras": [{**golden("announce")["cameras"][1], "id": "a/b"}]}, "field"),
        ("announce", {"cameras": [{**golden("announce")["cameras"][1], "id": str(n)} for n in range(65)]}, "field"),
        ("announce", {"cameras": 7}, "field"),
        ("state", {"count": True}, "field"),
        ("state", {"count": -1}, "field"),
        ("state", {"count": 1.0}, "field"),
        ("state", {"confidence": 1.1}, "field"),
        ("state", {"person": 1}, "field"),
        ("state", {"zones": {"a.b": {"person": True, "count": 1}}}, "field"),
        ("state", {"zones": {str(n): {"person": True, "count": 1} for n in range(33)}}, "field"),
        ("state", {"ts": "2026-11-21T07:30:00.250"}, "field"),  # without a zone
        ("state", {"ts": "2026-02-30T07:30:00.250Z"}, "field"),  # no such day
        ("state", {"ts": "1026-11-21T07:30:00.250Z"}, "field"),
        ("last_clip", {"uri": "javascript:alert(1)"}, "field"),
        ("last_clip", {"url": "https://a b"}, "field"),
        ("last_clip", {"sha256": "0"}, "field"),
        ("event_person_arrived", {"event_type": "later"}, "unknown"),
        ("event_person_arrived", {"id": "1"}, "field"),
        ("event_person_arrived", {"zones": ["a/b"]}, "field"),
        ("event_person_arrived", {"zones": "steps"}, "field"),
        ("event_line_crossed", {"direction": "up"}, "field"),
        ("health", {"temperature_c": 1e9}, "field"),
        ("health", {"outbox": {}}, "field"),
        ("health", {"detector": []}, "field"),
    ],
)
def test_refused(name: str, changes: dict[str, Any], kind: str) -> None:
    refused = parse(name, {**golden(name), **changes})
    assert isinstance(refused, Refusal)
    assert refused.kind == kind
    assert len(refused.detail) < 200


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", "json"),
        (b"[]", "field"),
        (b"\xff", "json"),
        (b"{" * 100_000, "json"),
        (b" " * 300_000, "size"),
        (b"NaN", "json"),
    ],
)
def test_no_message(payload: bytes, kind: str) -> None:
    refused = models.parse_state(payload)
    assert isinstance(refused, Refusal)
    assert refused.kind == kind


def test_images() -> None:
    assert models.parse_image(JPEG) == JPEG
    assert models.parse_image(b"GIF89a") == Refusal(kind="image", detail="it is no JPEG file")
    large = models.parse_image(JPEG + bytes(fields.MAX_IMAGE_BYTES))
    assert isinstance(large, Refusal)
    assert large.kind == "size"


def test_text_for_people_is_made_printable() -> None:
    event = parse("event_rejected", {**golden("event_rejected"), "reason": "a\nb\x00" + "c" * 2000})
    assert event.fields["reason"].startswith("a b c")
    assert len(event.fields["reason"]) == fields.MAX_TEXT


def event(kind: str, **changes: Any) -> models.Event:
    parsed = parse(f"event_{kind}", {**golden(f"event_{kind}"), **changes})
    assert isinstance(parsed, models.Event)
    return parsed


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_log_is_kept_as_json() -> None:
    log = VisitLog()
    for kind in ("person_arrived", "snapshot_stored", "clip_stored", "clip_stored", "person_left", "line_crossed"):
        assert log.apply(CAMERA, event(kind), NOW)
    assert not log.apply(CAMERA, event("camera_up"), NOW)
    again = VisitLog.from_dict(json.loads(json.dumps(log.as_dict())))
    assert list(again.visits()) == list(log.visits())
    assert list(again.crossings()) == list(log.crossings())
    [visit] = again.visits()
    assert (len(visit.clips), visit.ended_at) == (1, datetime(2026, 11, 21, 7, 30, 19, tzinfo=UTC))


def test_an_end_without_a_beginning_tells_when_it_began() -> None:
    log = VisitLog()
    log.apply(CAMERA, event("person_left"), NOW)
    assert log.latest(CAMERA) == datetime(2026, 11, 21, 7, 30, 0, 250000, tzinfo=UTC)
    assert log.latest("garden") is None


def test_a_log_is_bounded_in_time_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_VISITS", 3)
    monkeypatch.setattr(history, "MAX_CROSSINGS", 2)
    log = VisitLog()
    for number in range(5):
        log.apply(CAMERA, event("person_arrived", visit_id=f"01M7YG65DT3MP3PJJSD1VPCN{number:02d}"), NOW)
        log.apply(CAMERA, event("line_crossed"), NOW)
    assert [visit.id[-2:] for visit in log.visits()] == ["04", "03", "02"]
    assert len(list(log.crossings())) == 2
    assert log.count_since(CAMERA, NOW - timedelta(days=1)) == 3
    log.apply(CAMERA, event("camera_up"), NOW)
    log.apply(CAMERA, event("line_crossed"), NOW + timedelta(days=40))
    assert list(log.visits()) == []
    assert list(log.crossings()) == []
