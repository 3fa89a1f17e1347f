import json
from pathlib import Path
from typing import Any, get_args

from edge_detector.core.evidence import ClipFile, ItemKind
from edge_detector.core.facts import (
    Backlog,
    CameraDown,
    CameraStats,
    CameraUp,
    ClipLost,
    ClipOpened,
    ClipSaved,
    DetectorInfo,
    Fact,
    FileStored,
    Health,
    LineCrossed,
    LinesCounted,
    OccupancyChanged,
    OutlineChanged,
    Rejected,
    SettingsChanged,
    SnapshotReady,
    SpotsChanged,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)
from edge_detector.core.outline import Outline
from edge_detector.core.still import Spot
from edge_detector.core.types import Box, ClipEnd, Settings, VisitStats
from edge_detector.core.zones import Zone
from edge_detector.web.told import told, type_of

VISIT = "01M7YQ4254GDE9XSE5SHQR13TV"
STATS = VisitStats(max_people=2, max_confidence=0.91, mean_inference_ms=9.0)
CLIP = ClipFile(
    camera="door",
    visit_id=VISIT,
    n=1,
    path=Path("/data/spool/secret.mp4"),
    poster=None,
    start_utc=2.0,
    duration_s=19.93333333,
    bytes=1464167,
    sha256="00",
    width=64,
    height=48,
    stats=STATS,
)
SPOT = Spot(id="s1", box=Box(0.1, 0.2, 0.3, 0.4), since_utc=1.0, seen_utc=2.0)
OUTLINE = Outline(zones=(Zone(id="mat", name="Mat", points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),))


def every_fact() -> list[Fact]:
    """One of each kind."""
    visit: dict[str, Any] = {"camera": "door", "visit_id": VISIT, "t": 1.0, "utc": 2.0}
    seen = {**visit, "count": 1, "confidence": 0.91}
    camera: dict[str, Any] = {"camera": "door", "t": 1.0}
    health = Health(
        t=1.0,
        utc=2.0,
        backlog=Backlog(pending=1),
        disk_free_bytes=5,
        cpu_percent=1.0,
        memory_bytes=7,
        temperature_c=None,
        uptime_s=1.0,
        detector=DetectorInfo(backend="onnx", model="yolov5n"),
    )
    return [
        VisitStarted(**seen),
        VisitUpdated(**seen, zones=(("mat", 1),), stats=STATS),
        VisitEnded(**visit, duration_s=1.0, stats=STATS, clips=1, zones=("mat",)),
        SnapshotReady(**seen, jpeg=b"picture"),
        ClipOpened(camera="door", visit_id=VISIT, n=1, start_utc=2.0, t=1.0),
        ClipSaved(t=1.0, clip=CLIP, start_t=1.0, end_t=2.0, end=ClipEnd.STOPPED),
        ClipLost(**visit, n=1, reason="disk"),
        FileStored(
            camera="door",
            visit_id=VISIT,
            n=1,
            kind=ItemKind.CLIP,
            utc=2.0,
            uri="s3://bucket/x.mp4",
            url="https://bucket.example/x.mp4?X-Amz-Signature=secret",
            sha256="00",
            bytes=5,
            clip=CLIP,
        ),
        LineCrossed(**visit, line="gate", direction="in"),
        LinesCounted(**camera, lines=(("gate", 3, 2),)),
        OccupancyChanged(**camera, utc=2.0, count=3, reason="crossed"),
        SpotsChanged(**camera, utc=2.0, spots=(SPOT,)),
        OutlineChanged(**camera, outline=OUTLINE),
        CameraUp(**camera, utc=2.0, width=64, height=48),
        CameraDown(**camera, utc=2.0, reason="gone"),
        CameraStats(**camera, fps=9.98765, inference_ms=1.0, dropped=(("frames", 3),)),
        Rejected(**camera, utc=2.0, reason="why"),
        SettingsChanged(**camera, settings=Settings()),
        health,
    ]


def test_one_of_each_fact_is_here() -> None:
    assert {type(fact) for fact in every_fact()} == set(get_args(Fact))


def test_every_fact_is_json_without_pictures_paths_and_signatures() -> None:
    for fact in every_fact():
        text = json.dumps(told(fact), allow_nan=False)
        assert json.loads(text)["type"] == type_of(fact)
        for never in ("picture", "spool", "secret", '"t"', "_t"):
            assert never not in text.replace("start_time", "").replace("_type", ""), (text, never)


def test_what_belongs_together_is_told_flat() -> None:
    by_type = {type_of(fact): told(fact) for fact in every_fact()}
    assert by_type["clip_saved"] == {
        "type": "clip_saved",
        "camera": "door",
        "visit_id": VISIT,
        "n": 1,
        "started_at": "1970-01-01T00:00:02.000Z",
        "duration_s": 19.9333,
        "bytes": 1464167,
        "sha256": "00",
        "width": 64,
        "height": 48,
        "max_people": 2,
        "max_confidence": 0.91,
        "mean_inference_ms": 9.0,
        "end": "stopped",
    }
    assert by_type["visit_ended"]["zones"] == ["mat"]
    assert by_type["visit_updated"]["zones"] == {"mat": 1}
    assert by_type["camera_stats"]["dropped"] == {"frames": 3}
    assert by_type["outline_changed"]["zones"][0]["points"][1] == [1.0, 0.0]
    assert by_type["settings_changed"]["settings"]["armed"] is True
    (spot,) = by_type["spots_changed"]["spots"]
    assert (spot["since"], spot["box"]) == ("1970-01-01T00:00:01.000Z", [0.1, 0.2, 0.3, 0.4])
    assert by_type["file_stored"]["kind"] == "clip"
