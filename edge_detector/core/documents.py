"""What travels with the evidence: the visit document and the metadata of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_detector.core.naming import iso8601
from edge_detector.core.types import ClipFile, Item, ItemKind, VisitRecord

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


def visit_document(
    visit: VisitRecord, items: Sequence[Item], clips: Sequence[ClipFile], origin: Origin
) -> dict[str, object]:
    """The visit as one JSON object (see the archive's layout); `items` are all files of the visit, `clips` its clips."""
    keys = {(item.kind, item.n): item.key for item in items}
    size = max(((clip.width, clip.height) for clip in clips), default=(0, 0))
    return {
        "schema": DOCUMENT_SCHEMA,
        "visit_id": visit.visit_id,
        "node": origin.node,
        "camera": visit.camera,
        "started_at": iso8601(visit.started_utc),
        "ended_at": iso8601(visit.last_seen_utc),
        "duration_s": round(visit.last_seen_utc - visit.started_utc, 3),
        "max_people": visit.stats.max_people,
        "max_confidence": round(visit.stats.max_confidence, 3),
        "mean_inference_ms": round(visit.stats.mean_inference_ms, 1),
        "model": origin.model,
        "backend": origin.backend,
        "width": size[0],
        "height": size[1],
        "clips": [
            {
                "key": keys.get((ItemKind.CLIP, clip.n)),
                "poster": keys.get((ItemKind.POSTER, clip.n)),
                "started_at": iso8601(clip.start_utc),
                "duration_s": round(clip.duration_s, 3),
                "bytes": clip.bytes,
                "sha256": clip.sha256,
            }
            for clip in sorted(clips, key=lambda clip: clip.n)
        ],
        "snapshot": keys.get((ItemKind.SNAPSHOT, 1)),
        "zones": list(visit.zones),
        "crossings": [],
        "pre_roll_s": origin.pre_roll_s,
        "version": origin.version,
    }


def clip_metadata(clip: ClipFile, origin: Origin) -> tuple[tuple[str, str], ...]:
    """The same facts as string pairs on the clip's object; ASCII, far below the 2 kB that stores allow."""
    return (
        ("visit-id", clip.visit_id),
        ("node", origin.node),
        ("camera", clip.camera),
        ("started-at", iso8601(clip.start_utc)),
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
