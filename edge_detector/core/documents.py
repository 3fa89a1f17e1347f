"""What travels with the evidence: the visit document and the metadata of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_detector.core import naming
from edge_detector.core.evidence import ClipFile, CrossingRecord, Item, ItemKind, ItemState, VisitRecord
from edge_detector.core.types import VisitStats

#: Raised when a reader of an older version would misread a document.
DOCUMENT_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What is the same for all visits of a camera while the program runs."""

    node: str
    camera: str
    model: str
    backend: str
    pre_roll_s: float
    version: str


def clip_of(item: Item) -> ClipFile:
    """What the local name of a delivered or waiting clip tells of it; raises ValueError when it is no clip's."""
    name = naming.parse_clip_name(item.path.stem)
    return ClipFile(
        camera=item.camera,
        visit_id=item.visit_id,
        n=item.n,
        path=item.path,
        poster=None,
        start_utc=name.start_ms / 1000,
        duration_s=name.duration_ms / 1000,
        bytes=item.bytes,
        sha256=item.sha256,
        width=name.width,
        height=name.height,
        stats=VisitStats(
            max_people=name.max_people,
            max_confidence=name.confidence_permille / 1000,
            mean_inference_ms=name.inference_ms,
        ),
    )


def visit_document(
    visit: VisitRecord, items: Sequence[Item], origin: Origin, crossings: Sequence[CrossingRecord] = ()
) -> dict[str, object]:
    """The visit as one JSON object (see the archive's layout); `items` are all files of the visit."""
    snapshot = next((item.key for item in items if item.kind is ItemKind.SNAPSHOT), None)
    return {
        "schema": DOCUMENT_SCHEMA,
        "visit_id": visit.visit_id,
        "node": origin.node,
        "camera": visit.camera,
        "started_at": naming.iso8601(visit.started_utc),
        "ended_at": naming.iso8601(visit.last_seen_utc),
        "duration_s": round(visit.last_seen_utc - visit.started_utc, 3),
        "max_people": visit.stats.max_people,
        "max_confidence": round(visit.stats.max_confidence, 3),
        "mean_inference_ms": round(visit.stats.mean_inference_ms, 1),
        "model": origin.model,
        "backend": origin.backend,
        **film(items),
        "snapshot": snapshot,
        "zones": list(visit.zones),
        "dwell_s": {zone: round(seconds, 1) for zone, seconds in visit.dwell},
        "crossings": [
            {"line": crossing.line, "direction": crossing.direction, "ts": naming.iso8601(crossing.utc)}
            for crossing in crossings
        ],
        "pre_roll_s": origin.pre_roll_s,
        "version": origin.version,
    }


def film(items: Sequence[Item]) -> dict[str, object]:
    """What a document says of a visit's clips: those that are in the archive or on their way there."""
    keys = {(item.kind, item.n): item.key for item in items}
    found = (item for item in items if item.kind is ItemKind.CLIP and item.state is not ItemState.FAILED)
    clips = sorted(map(clip_of, found), key=lambda clip: clip.n)
    width, height = (clips[0].width, clips[0].height) if clips else (None, None)
    return {
        "width": width,
        "height": height,
        "clips": [
            {
                "key": keys[ItemKind.CLIP, clip.n],
                "poster": keys.get((ItemKind.POSTER, clip.n)),
                "started_at": naming.iso8601(clip.start_utc),
                "duration_s": round(clip.duration_s, 3),
                "bytes": clip.bytes,
                "sha256": clip.sha256,
            }
            for clip in clips
        ],
    }


def clip_metadata(clip: ClipFile, origin: Origin) -> tuple[tuple[str, str], ...]:
    """The same facts as string pairs on the clip's object; ASCII, far below the 2 kB that stores allow."""
    return (
        ("visit-id", clip.visit_id),
        ("node", origin.node),
        ("camera", clip.camera),
        ("started-at", naming.iso8601(clip.start_utc)),
        ("duration-s", f"{clip.duration_s:.3f}"),
        ("max-people", str(clip.stats.max_people)),
        ("max-confidence", f"{clip.stats.max_confidence:.3f}"),
        ("mean-inference-ms", f"{clip.stats.mean_inference_ms:.1f}"),
        ("width", str(clip.width)),
        ("height", str(clip.height)),
        ("model", origin.model),
        ("backend", origin.backend),
        ("sha256", clip.sha256),
        ("version", origin.version),
    )


def partial_metadata(origin: Origin, *, visit_id: str, start_utc: float, sha256: str) -> tuple[tuple[str, str], ...]:
    """What is known of a clip while it is still being recorded, as string pairs on its early copy's object."""
    return (
        ("visit-id", visit_id),
        ("node", origin.node),
        ("camera", origin.camera),
        ("started-at", naming.iso8601(start_utc)),
        ("partial", "true"),
        ("sha256", sha256),
        ("version", origin.version),
    )
