"""What the edge says of itself and its cameras: pure builders from values to JSON objects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from edge_detector.core.facts import FileStored, Health
from edge_detector.core.naming import iso8601
from edge_detector.core.outline import Outline
from edge_detector.core.status import CameraStatus
from edge_detector.core.types import Settings

#: Raised when a reader of an older version would misread the messages.
SCHEMA = 1

ONLINE = "online"
OFFLINE = "offline"

#: A thousandth of confidence is already finer than any detector.
CONFIDENCE_DIGITS = 3

Body = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraInfo:
    """What is fixed about a camera while the program runs."""

    id: str
    name: str
    width: int = 0
    height: int = 0
    #: Pairs of id and name.
    zones: tuple[tuple[str, str], ...] = ()
    #: Pairs of id and name.
    lines: tuple[tuple[str, str], ...] = ()
    #: Ids of zones and of lines that were drawn while the program ran, and are no more.
    erased_zones: tuple[str, ...] = ()
    erased_lines: tuple[str, ...] = ()


#: A claim that comes while the node is connected is answered with its status: so a claimant knows that it lives.
ANSWERS_CLAIMS = "answers_claims"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """What is fixed about a node while the program runs; never holds a secret."""

    node: str
    name: str
    #: The program's version.
    version: str
    #: The board, such as `Raspberry Pi 5 Model B`.
    model: str
    cameras: tuple[CameraInfo, ...]
    #: What this program can do beyond version 1 of the contract.
    features: tuple[str, ...] = ()
    #: Where its own HTTP API answers, without user or token; None when it does not.
    api_url: str | None = None


def drawn(camera: CameraInfo, outline: Outline) -> CameraInfo:
    """The camera with the zones and lines of an outline; zones to ignore are nobody's business."""
    zones = tuple((zone.id, zone.name) for zone in outline.counted)
    lines = tuple((line.id, line.name) for line in outline.lines)
    return replace(
        camera,
        zones=zones,
        lines=lines,
        erased_zones=_erased(camera.zones, camera.erased_zones, zones),
        erased_lines=_erased(camera.lines, camera.erased_lines, lines),
    )


def to_json(body: Mapping[str, object]) -> str:
    """Compact JSON in the order of the keys; raises ValueError for a number that JSON does not have."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def announce(info: NodeInfo) -> Body:
    """The payload of `announce/<node>`."""
    return {
        "schema": SCHEMA,
        "node": info.node,
        "name": info.name,
        "version": info.version,
        "model": info.model,
        "cameras": [_camera(camera) for camera in info.cameras],
        "features": list(info.features),
        "api": {"url": info.api_url} if info.api_url else None,
    }


def health(fact: Health) -> Body:
    """The payload of `<node>/health`."""
    detector = fact.detector
    return {
        "outbox": {**asdict(fact.backlog), "oldest_s": round(fact.backlog.oldest_s, 1)},
        "disk_free_bytes": fact.disk_free_bytes,
        "cpu_percent": round(fact.cpu_percent, 1),
        "memory_bytes": fact.memory_bytes,
        "temperature_c": None if fact.temperature_c is None else round(fact.temperature_c, 1),
        "throttled": fact.throttled,
        "uptime_s": round(fact.uptime_s),
        "detector": {**asdict(detector), "inference_ms": round(detector.inference_ms, 1)},
    }


def state(status: CameraStatus) -> Body:
    """The payload of `<node>/<camera>/state`."""
    return {
        "online": status.online,
        "person": status.person,
        "count": status.count,
        "confidence": round(status.confidence, CONFIDENCE_DIGITS),
        "zones": {zone: {"person": count > 0, "count": count} for zone, count in status.zones},
        "lines": {line: {"in": inward, "out": outward} for line, inward, outward in status.lines},
        "occupancy": status.occupancy,
        "visit_id": status.visit_id,
        "since": None if status.since_utc is None else iso8601(status.since_utc),
        "ts": iso8601(status.utc),
        "fps": round(status.fps, 1),
        "inference_ms": round(status.inference_ms, 1),
    }


def last_clip(stored: FileStored) -> Body | None:
    """The payload of `<node>/<camera>/last_clip`; None when the stored file is no clip."""
    clip = stored.clip
    if clip is None:
        return None
    return {
        "visit_id": stored.visit_id,
        "uri": stored.uri,
        "url": stored.url,
        "started_at": iso8601(clip.start_utc),
        "duration_s": round(clip.duration_s, 3),
        "max_people": clip.stats.max_people,
        "max_confidence": round(clip.stats.max_confidence, CONFIDENCE_DIGITS),
        "bytes": stored.bytes,
        "sha256": stored.sha256,
        "stored_at": iso8601(stored.utc),
    }


def settings(values: Settings) -> Body:
    """The payload of `<node>/<camera>/settings`."""
    return {**asdict(values), "confidence": round(values.confidence, CONFIDENCE_DIGITS)}


def _erased(
    before: tuple[tuple[str, str], ...], erased: tuple[str, ...], now: tuple[tuple[str, str], ...]
) -> tuple[str, ...]:
    known = dict.fromkeys((*erased, *(key for key, _ in before)))
    return tuple(key for key in known if key not in dict(now))


def _camera(camera: CameraInfo) -> Body:
    return {
        "id": camera.id,
        "name": camera.name,
        "width": camera.width,
        "height": camera.height,
        "zones": [{"id": key, "name": name} for key, name in camera.zones],
        "lines": [{"id": key, "name": name} for key, name in camera.lines],
    }
