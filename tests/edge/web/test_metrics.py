import re

from edge_detector.core.board import StatusBoard
from edge_detector.core.facts import Backlog, CameraStats, CameraUp, DetectorInfo, Health, VisitStarted
from edge_detector.core.status import initial
from edge_detector.web.metrics import render

LINE = re.compile(r'[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)*\})? -?[0-9.e+-]+')


def board() -> StatusBoard:
    made = StatusBoard([initial("door"), initial("yard")])
    for fact in (
        CameraUp(camera="door", t=1.0, utc=1.0, width=64, height=48),
        VisitStarted(camera="door", visit_id="V", t=1.0, utc=1.0, count=3, confidence=0.5),
        CameraStats(
            camera="door",
            t=2.0,
            fps=4.9,
            inference_ms=12.5,
            frames=100,
            analysed=50,
            inferences=60,
            dropped=(("frames", 7),),
        ),
        Health(
            t=3.0,
            utc=3.0,
            backlog=Backlog(pending=2, oldest_s=1.5, stored=10, failed=1),
            disk_free_bytes=10**12,
            cpu_percent=12.5,
            memory_bytes=2**27,
            temperature_c=None,
            uptime_s=3600.25,
            detector=DetectorInfo(backend="onnx", model='a "quoted"\n\\model'),
        ),
    ):
        made.tell(fact)
    return made


def test_every_line_is_of_the_format() -> None:
    text = render(board(), version="0.1.0", viewers=2, listeners=1, listeners_dropped=3)
    assert text.endswith("\n")
    for line in text.splitlines():
        assert line.startswith(("# HELP porchlight_", "# TYPE porchlight_")) or LINE.fullmatch(line), line


def test_values_are_told() -> None:
    lines = render(board(), version="0.1.0", viewers=2, listeners=1, listeners_dropped=3).splitlines()
    for line in (
        'porchlight_info{version="0.1.0"} 1',
        "porchlight_viewers 2",
        "porchlight_outbox_pending 2",
        "porchlight_outbox_oldest_seconds 1.5",
        "porchlight_disk_free_bytes 1000000000000",
        "porchlight_uptime_seconds 3600.25",
        r'porchlight_detector_info{backend="onnx",model="a \"quoted\"\n\\model"} 1',
        'porchlight_camera_online{camera="door"} 1',
        'porchlight_camera_online{camera="yard"} 0',
        'porchlight_camera_people{camera="door"} 3',
        'porchlight_camera_visits_total{camera="door"} 1',
        'porchlight_camera_fps{camera="door"} 4.9',
        'porchlight_camera_inference_seconds{camera="door"} 0.0125',
        'porchlight_camera_dropped_total{camera="door",buffer="frames"} 7',
    ):
        assert line in lines


def test_what_is_not_known_is_not_told() -> None:
    text = render(board(), version="0.1.0", viewers=2, listeners=1, listeners_dropped=3)
    assert "temperature" not in text, "this board tells none"
    assert 'porchlight_camera_fps{camera="yard"}' not in text
    fresh = render(StatusBoard([initial("door")]), version="0.1.0", viewers=0, listeners=0, listeners_dropped=0)
    assert "outbox" not in fresh
    assert "fps" not in fresh


def test_every_family_is_described_once() -> None:
    text = render(board(), version="0.1.0", viewers=2, listeners=1, listeners_dropped=3)
    names = re.findall(r"^# TYPE (\S+) (?:gauge|counter)$", text, re.MULTILINE)
    assert len(names) == len(set(names))
    assert {re.split(r"[{ ]", line)[0] for line in text.splitlines() if not line.startswith("#")} == set(names)
