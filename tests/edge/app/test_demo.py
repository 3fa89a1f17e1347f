"""What the demo keeps of the facts, how it shows them, and its brokers."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from rich.console import Console

from edge_detector.app.broker import find_mosquitto, own_broker
from edge_detector.app.demo import DemoOptions, demo_config, demo_detector
from edge_detector.app.demo_state import DemoState
from edge_detector.cli.demo import Lines, Messages, screen, summary
from edge_detector.cli.progress import fetching
from edge_detector.config import FolderArchive
from edge_detector.config.describe import Where
from edge_detector.core.errors import BrokerError, ConfigError, DetectorError
from edge_detector.core.evidence import ClipFile, ItemKind
from edge_detector.core.facts import (
    CameraDown,
    CameraStats,
    CameraUp,
    ClipLost,
    ClipSaved,
    DetectorInfo,
    Fact,
    FileStored,
    VisitEnded,
    VisitStarted,
    VisitUpdated,
)
from edge_detector.core.types import ClipEnd, VisitStats
from tests.broker import Observer

STATS = VisitStats(max_people=2, max_confidence=0.91)
CLIP = ClipFile(
    camera="door",
    visit_id="V",
    n=1,
    path=Path("spool/x.mp4"),
    poster=None,
    start_utc=0,
    duration_s=19.9,
    bytes=5,
    sha256="",
    width=768,
    height=432,
    stats=STATS,
)
UP = CameraUp(camera="door", t=1, utc=1, width=768, height=432)
STARTED = VisitStarted(camera="door", visit_id="V", t=5, utc=5, count=1, confidence=0.8)
UPDATED = VisitUpdated(camera="door", visit_id="V", t=6, utc=6, count=2, confidence=0.9, zones=(), stats=STATS)
ENDED = VisitEnded(camera="door", visit_id="V", t=18, utc=18, duration_s=13, stats=STATS, clips=1)
SAVED = ClipSaved(t=20, clip=CLIP, start_t=1, end_t=20, end=ClipEnd.LIMIT)
LOST = ClipLost(camera="door", visit_id="V", n=1, t=20, utc=20, reason="the disk is full")


def stored(kind: ItemKind, path: Path = Path("/archive/x"), clip: ClipFile | None = None) -> FileStored:
    uri = path.as_uri()
    return FileStored(
        camera="door", visit_id="V", n=1, kind=kind, utc=20, uri=uri, url=uri, sha256="", bytes=5, clip=clip
    )


def state() -> DemoState:
    return DemoState(
        camera="door", source="rtsp://a:hunter2@h/x", detector=DetectorInfo(backend="onnx", model="yolov5n"), begun=0
    )


def tell(seen: DemoState, *facts: Fact) -> None:
    async def watch() -> None:
        for fact in facts:
            await seen.watch(fact)

    asyncio.run(watch())


def picture(seen: DemoState, now: float) -> str:
    console = Console(width=100, height=40, record=True, file=None, quiet=True)
    with console.capture() as capture:
        console.quiet = False
        console.print(screen(seen, now))
    return capture.get()


def test_a_visit_from_beginning_to_end() -> None:
    seen = state()
    assert (seen.busy, seen.waiting) == (False, 0)
    tell(seen, UP, CameraStats(camera="door", t=5, fps=4.9, inference_ms=12), STARTED)
    assert (seen.people, seen.visit_t, seen.busy, seen.waiting) == (1, 5, True, 0)
    tell(seen, UPDATED)
    assert (seen.people, seen.confidence) == (2, 0.9)
    tell(seen, SAVED)
    assert seen.waiting == 1
    tell(seen, ENDED)
    assert (seen.people, seen.visit_t, seen.waiting) == (0, None, 2)
    tell(seen, stored(ItemKind.SNAPSHOT), stored(ItemKind.POSTER), stored(ItemKind.CLIP, clip=CLIP))
    assert [(clip.path, clip.duration_s) for clip in seen.clips] == [(Path("/archive/x"), 19.9)]
    assert (seen.busy, seen.waiting) == (True, 1)
    tell(seen, stored(ItemKind.DOCUMENT))
    assert (seen.busy, seen.waiting) == (False, 0)
    assert [visit.max_people for visit in seen.visits] == [2]


def test_a_poster_is_no_clip() -> None:
    """The clip waits although its poster is in the archive already."""
    seen = state()
    tell(seen, SAVED, stored(ItemKind.POSTER), stored(ItemKind.SNAPSHOT))
    assert seen.waiting == 1


def test_what_goes_wrong_is_noted() -> None:
    seen = state()
    tell(seen, UP, CameraDown(camera="door", t=9, utc=9, reason="it was unplugged"), SAVED, LOST)
    assert not seen.up
    assert not seen.busy
    texts = [text for _, text in seen.log]
    assert texts[1] == "The camera is down: it was unplugged"
    assert texts[-1] == "A clip was lost: the disk is full"


def test_time_left() -> None:
    seen = state()
    assert seen.left_s(1e9) == float("inf")
    seen.seconds = 60
    assert (seen.left_s(10), seen.left_s(70)) == (50, 0)


def test_the_live_view_tells_all_and_no_secret() -> None:
    seen = state()
    tell(seen, UP, CameraStats(camera="door", t=5, fps=4.9, inference_ms=12), STARTED, UPDATED)
    text = picture(seen, 10)
    for part in (
        "door, rtsp://***@h/x, 768x432",
        "2, confidence 0.90",
        "yolov5n by onnx, 12 ms a look, 4.9 frames a second",
        "0, and one for 5 s now",
        "0 waiting",
        "Somebody is there, confidence 0.80",
        "Ctrl-C ends it",
    ):
        assert part in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("now", "ending", "said"),
    [
        (20, False, "ends in 40 s, Ctrl-C ends it now"),
        (61, False, "ends when the last visit is in the archive"),
        (61, True, "ending"),
    ],
)
def test_the_live_view_says_when_it_ends(now: float, ending: bool, said: str) -> None:
    seen = state()
    seen.seconds, seen.ending = 60, ending
    assert said in picture(seen, now)


def test_lines_tell_the_head_once_and_each_event_once() -> None:
    lines: list[str] = []
    show = Lines(lines.append)
    seen = state()
    show(seen)
    head = len(lines)
    assert any(line.startswith("Camera:") for line in lines)
    show(seen)
    assert len(lines) == head
    tell(seen, UP, STARTED)
    show(seen)
    show(seen)
    assert [line.partition(" s  ")[2] for line in lines[head:]] == [
        "The camera delivers 768x432",
        "Somebody is there, confidence 0.80",
    ]


def test_messages_wait_for_the_view() -> None:
    messages, seen = Messages(), state()
    messages.handle(logging.LogRecord("x", logging.WARNING, "", 0, "first line\nsecond line", None, None))
    messages.move_to(seen)
    messages.move_to(seen)
    assert [text for _, text in seen.log] == ["first line"]


def test_summary_of_visits_and_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen = state()
    inside, outside = tmp_path / "demo" / "a clip.mp4", Path("/elsewhere/b.mp4")
    tell(seen, STARTED, UPDATED, ENDED)
    tell(seen, stored(ItemKind.CLIP, inside, CLIP), stored(ItemKind.CLIP, outside, CLIP))
    text = "\n".join(summary(seen, tmp_path / "demo"))
    assert "Seen: 1 visit, at most 2 at a time, confidence up to 0.91." in text
    assert "  demo/a clip.mp4  (19.9 s)" in text
    assert "  /elsewhere/b.mp4  (19.9 s)" in text
    assert "ffplay 'demo/a clip.mp4'" in text
    assert str(tmp_path / "demo") in text


def test_summary_of_nothing(tmp_path: Path) -> None:
    assert "Nobody was seen." in list(summary(state(), tmp_path))


def test_the_demo_needs_nothing_to_be_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORCHLIGHT__MQTT__HOST", "broker.example")
    config = demo_config(DemoOptions(out=tmp_path))
    assert config.cameras["door"].source == "scene://door"
    assert config.archive == FolderArchive(path=tmp_path)
    assert config.mqtt.host == "127.0.0.1"


def test_a_wrong_option_of_the_demo(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"detection\.backend \(--detector\) is `magic`"):
        demo_config(DemoOptions(out=tmp_path, detector="magic"))


def test_only_a_detector_that_nobody_chose_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORCHLIGHT_DATA", str(tmp_path))
    config = demo_config(DemoOptions(out=tmp_path, model=str(tmp_path / "absent.onnx")))
    with pytest.raises(DetectorError, match="There is no model file"):
        demo_detector(config, chosen=True)
    detector, why = demo_detector(config, chosen=False)
    assert detector.info.backend == "hog"
    assert "There is no model file" in why


@pytest.mark.parametrize("embedded", [False, True], ids=["mosquitto", "amqtt"])
async def test_own_broker_keeps_and_hands_on(embedded: bool) -> None:
    program = None if embedded else find_mosquitto()
    if not embedded and program is None:
        pytest.skip("mosquitto is not installed: run script/bootstrap")
    async with own_broker(program) as broker:
        assert broker.name == ("amqtt" if embedded else "mosquitto")
        await asyncio.to_thread(exchange, broker.port, broker.protocol)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", broker.port)


def exchange(port: int, protocol: str) -> None:
    """Retain a message as one client, hear it as the next."""
    if protocol == "5":
        with Observer(port, ("a/#",)) as observer:
            observer.publish("a/b", b"kept", retain=True)
            observer.wait(lambda heard: len(heard) == 1)
        with Observer(port, ("a/#",)) as observer:
            assert observer.wait(lambda heard: len(heard) == 1)[0].retained
        return
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish("a/b", b"kept", qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


async def test_a_broker_that_does_not_start() -> None:
    with pytest.raises(BrokerError, match="does not start"):
        async with own_broker("/bin/false"):
            pass


def test_progress_without_a_terminal_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with fetching("model x") as progress:
        progress(1, 10)
        progress(10, 10)
    assert capsys.readouterr().err == "Fetching the model x\n"


def test_what_another_camera_sees_is_not_shown() -> None:
    seen = state()
    other = replace(CLIP, camera="garden")
    tell(seen, replace(STARTED, camera="garden"), replace(SAVED, clip=other), replace(UP, camera="garden"))
    assert (seen.people, seen.busy, seen.up, list(seen.log)) == (0, False, False, [])


def test_more_rows_are_shown() -> None:
    seen = state()
    seen.more["Dashboard"] = "http://127.0.0.1:8123"
    assert "http://127.0.0.1:8123" in picture(seen, 1)


def test_what_else_is_configured_holds(tmp_path: Path) -> None:
    more: dict[Where, object] = {("web", "enabled"): True, ("cameras", "garden"): {"source": "scene://pair"}}
    config = demo_config(DemoOptions(out=tmp_path, more=more))
    assert config.web.enabled
    assert list(config.cameras) == ["door", "garden"]
