"""The API's schema as programs read it: FastAPI's own, with an example of every answer and without what never comes."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from edge_detector.web.problems import COUNTING_PATHS

#: What FastAPI tells of its own accord; what is wrong is answered in the API's form, or in the counting server's.
_NEVER_SENT = ("HTTPValidationError", "ValidationError")
_STATE = {
    "online": True,
    "person": True,
    "count": 2,
    "confidence": 0.877,
    "zones": {"mat": {"person": True, "count": 2}},
    "lines": {"gate": {"in": 3, "out": 1}},
    "occupancy": 2,
    "visit_id": "01M7YQ4254GDE9XSE5SHQR13TV",
    "since": "2026-11-21T07:30:00.250Z",
    "ts": "2026-11-21T07:30:01.750Z",
    "fps": 5.0,
    "inference_ms": 12.0,
}
_CLIP = {
    "n": 1,
    "started_at": "2026-11-21T07:29:57.250Z",
    "duration_s": 20.0,
    "bytes": 1534022,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "state": "stored",
    "uri": "s3://evidence/clips/node=porch/camera=door/date=2026-11-21/01M7YQ4254GDE9XSE5SHQR13TV.mp4",
}
_VISIT = {
    "visit_id": "01M7YQ4254GDE9XSE5SHQR13TV",
    "camera": "door",
    "started_at": "2026-11-21T07:30:00.250Z",
    "ended_at": "2026-11-21T07:30:31.750Z",
    "duration_s": 31.5,
    "max_people": 2,
    "max_confidence": 0.912,
    "zones": ["mat"],
    "snapshot": True,
    "clips": [_CLIP],
}
_OUTLINE = {
    "camera": "door",
    "number": 1,
    "name": "Front door",
    "origin": "drawn",
    "zones": [
        {
            "id": "mat",
            "name": "Door mat",
            "kind": "count",
            "points": [[0.1, 0.5], [0.9, 0.5], [0.9, 1.0], [0.1, 1.0]],
            "number": 2,
        }
    ],
    "lines": [{"id": "gate", "name": "Gate", "start": [0.1, 0.6], "end": [0.9, 0.6], "number": 3}],
}
_LOG_LINE = {
    "ts": "2026-11-21T07:30:00.250Z",
    "level": "INFO",
    "logger": "edge_detector.runtime.camera",
    "message": "door: somebody is there",
}
#: By the name of the body.
_EXAMPLES: dict[str, object] = {
    "HealthBody": {
        "outbox": {"pending": 0, "oldest_s": 0.0, "stored": 118, "failed": 0, "last_error": None},
        "disk_free_bytes": 21474836480,
        "cpu_percent": 37.4,
        "memory_bytes": 188743680,
        "temperature_c": 54.3,
        "throttled": None,
        "uptime_s": 3600,
        "detector": {"backend": "onnx", "model": "yolov5n", "inference_ms": 12.0},
    },
    "CameraBody": {
        "id": "door",
        "name": "Front door",
        "online": True,
        "width": 1280,
        "height": 720,
        "state": _STATE,
    },
    "VisitBody": _VISIT,
    "VisitPage": {"visits": [_VISIT], "next": "01M7YQ4254GDE9XSE5SHQR13TV"},
    "OccupancyBody": {"camera": "door", "count": 2, "since": "2026-11-21T07:30:00.250Z"},
    "Inside": {"count": 2},
    "LogBody": {"lines": [_LOG_LINE]},
    "OutlineBody": _OUTLINE,
    "OutlinesBody": {"cameras": [_OUTLINE]},
    "CameraSettingsBody": {
        "camera": "door",
        "settings": {
            "armed": True,
            "record": True,
            "upload": True,
            "confidence": 0.5,
            "max_clip_s": 20.0,
            "min_clip_gap_s": 60.0,
        },
        "bounds": {"confidence": [0.05, 0.95], "max_clip_s": [1.0, 20.0], "min_clip_gap_s": [0.0, 3600.0]},
    },
    "SpotBody": {
        "camera": "door",
        "id": "s1793872800",
        "box": [0.1, 0.2, 0.3, 0.4],
        "since": "2026-11-18T10:00:00.000Z",
        "seen": "2026-11-21T07:30:00.000Z",
        "proposed": True,
        "suppressed": False,
    },
    "Error": {"error": {"code": "not_found", "message": "There is no camera cellar"}},
    "Failed": {"err": True, "msg": "No records found"},
    "Passed": {
        "err": False,
        "traffic": 2618,
        "min_ts": "2026-11-20 06:21:01.133333",
        "max_ts": "2026-11-20 22:34:16.068667",
    },
    "There": {"err": False, "count": 10, "ts": "2026-11-20 21:54:29.006000"},
    "Watched": {"watching": True, "url": "rtsp://***@192.0.2.7/stream1"},
}


def schema(app: FastAPI) -> dict[str, Any]:
    """The schema of all routes."""
    made = app.openapi()
    for path in COUNTING_PATHS:
        for operation in made["paths"][path].values():
            operation["responses"].pop("422", None)
    bodies = made["components"]["schemas"]
    for name in _NEVER_SENT:
        bodies.pop(name, None)
    for name, example in _EXAMPLES.items():
        bodies[name]["example"] = example
    return made
