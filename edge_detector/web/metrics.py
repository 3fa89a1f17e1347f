"""The state of node and cameras in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge_detector.core.board import CameraView, StatusBoard
from edge_detector.core.facts import Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], float]
#: Name, type, help and samples.
Family = tuple[str, str, str, list[Sample]]


def render(board: StatusBoard, *, version: str, viewers: int, listeners: int, listeners_dropped: int) -> str:
    """All metrics."""
    families: list[Family] = [
        ("porchlight_info", "gauge", "The program.", [({"version": version}, 1)]),
        ("porchlight_viewers", "gauge", "Live streams that are watched now.", [({}, viewers)]),
        ("porchlight_ws_listeners", "gauge", "WebSockets that listen now.", [({}, listeners)]),
        ("porchlight_ws_dropped_total", "counter", "WebSockets that did not keep up.", [({}, listeners_dropped)]),
    ]
    if board.health is not None:
        families += _of_node(board.health)
    families += _of_cameras(board.cameras)
    return "".join(line for family in families for line in _lines(family))


def _of_node(health: Health) -> Iterator[Family]:
    backlog, detector = health.backlog, health.detector
    names = {"backend": detector.backend, "model": detector.model}
    values: tuple[tuple[str, str, str, float | None], ...] = (
        ("outbox_pending", "gauge", "Files that wait for the archive.", backlog.pending),
        ("outbox_oldest_seconds", "gauge", "Age of the oldest file that waits.", backlog.oldest_s),
        ("outbox_stored_total", "counter", "Files that the archive confirmed.", backlog.stored),
        ("outbox_failed", "gauge", "Files that were given up.", backlog.failed),
        ("disk_free_bytes", "gauge", "Room in the data folder.", health.disk_free_bytes),
        ("cpu_percent", "gauge", "This program's share of one core.", health.cpu_percent),
        ("memory_bytes", "gauge", "Memory that this program holds.", health.memory_bytes),
        ("temperature_celsius", "gauge", "The board's temperature.", health.temperature_c),
        ("uptime_seconds", "counter", "Since the program started.", health.uptime_s),
    )
    for name, kind, told, value in values:
        if value is not None:
            yield f"porchlight_{name}", kind, told, [({}, value)]
    yield "porchlight_detector_info", "gauge", "The detector.", [(names, 1)]


def _of_cameras(views: tuple[CameraView, ...]) -> Iterator[Family]:
    def family(name: str, kind: str, told: str, values: list[tuple[CameraView, float]]) -> Family:
        samples: list[Sample] = [({"camera": view.status.camera}, value) for view, value in values]
        return f"porchlight_camera_{name}", kind, told, samples

    yield family("online", "gauge", "Does it deliver pictures?", [(view, view.status.online) for view in views])
    yield family("person", "gauge", "Does a visit go on?", [(view, view.status.person) for view in views])
    yield family("people", "gauge", "People seen now.", [(view, view.status.count) for view in views])
    yield family("visits_total", "counter", "Visits since the start.", [(view, view.visits) for view in views])
    yield family("clips_stored_total", "counter", "Clips archived.", [(view, view.clips_stored) for view in views])
    yield family("clips_lost_total", "counter", "Clips that were lost.", [(view, view.clips_lost) for view in views])
    told = [(view, view.stats) for view in views if view.stats is not None]
    yield family("fps", "gauge", "Frames analysed a second.", [(view, stats.fps) for view, stats in told])
    yield family(
        "inference_seconds", "gauge", "One inference.", [(view, stats.inference_ms / 1000) for view, stats in told]
    )
    yield family("frames_total", "counter", "Frames decoded.", [(view, stats.frames) for view, stats in told])
    yield family("analysed_total", "counter", "Frames analysed.", [(view, stats.analysed) for view, stats in told])
    yield family("inferences_total", "counter", "Inferences made.", [(view, stats.inferences) for view, stats in told])
    dropped: list[Sample] = [
        ({"camera": stats.camera, "buffer": buffer}, count) for _, stats in told for buffer, count in stats.dropped
    ]
    yield "porchlight_camera_dropped_total", "counter", "What bounded buffers dropped.", dropped


def _lines(family: Family) -> Iterator[str]:
    name, kind, told, samples = family
    if samples:
        yield f"# HELP {name} {told}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{{{inner}}} {float(value):.15g}\n" if inner else f"{name} {float(value):.15g}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
