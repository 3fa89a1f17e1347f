"""Whole runs of the real program: the demo with a real broker, signals, a reader that goes away."""

import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from tests.broker import Heard, Observer
from tests.edge.cli.conftest import PATIENCE_S, Running

Start = Callable[..., Running]

DISCOVERED = {
    "homeassistant/device/porchlight_demo_door/config",
    "porchlight/announce/demo",
    "porchlight/demo/door/state",
    "porchlight/demo/status",
}


def clips_in(heard: list[Heard]) -> list[Heard]:
    return [m for m in heard if m.topic == "porchlight/demo/door/event" and b'"clip_stored"' in m.payload]


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_demo_from_the_scene_to_broker_and_archive(start: Start, program: Callable[[str], str]) -> None:
    program("mosquitto")
    demo = start("demo", "--detector", "hog", "--seconds", "8", "--out", "demo")
    port = int(demo.until(r"mosquitto at 127\.0\.0\.1:(\d+)")[1])
    demo.until("Somebody is there")
    # One who comes now hears what is retained, and all that follows.
    with Observer(port, ("#",)) as observer:
        observer.wait(lambda heard: {message.topic for message in heard if message.retained} >= DISCOVERED)
        heard = observer.wait(lambda heard: bool(clips_in(heard)), PATIENCE_S)
    assert demo.end() == 0
    clip = re.search(r"^  (demo/clips/\S+\.mp4)", demo.out, re.MULTILINE)
    assert clip, demo.out
    assert Path(clip[1]).stat().st_size > 10_000
    uri = urlsplit(json.loads(clips_in(heard)[0].payload)["uri"])
    assert url2pathname(uri.path) == str(Path(clip[1]).absolute())
    assert "Seen: 1 visit, at most" in demo.out
    assert f"ffplay {clip[1]}" in demo.out
    assert list(Path("demo/visits").rglob("*.json"))
    assert "Traceback" not in demo.err
    assert not accepts(port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_ends_cleanly_when_told_to(start: Start, program: Callable[[str], str], number: signal.Signals) -> None:
    program("mosquitto")
    demo = start("demo", "--forever", "--detector", "hog")
    port = int(demo.until(r"mosquitto at 127\.0\.0\.1:(\d+)")[1])
    demo.until("The camera delivers")
    assert accepts(port)
    assert demo.end(number) == 0
    assert "Nobody was seen." in demo.out
    assert str(Path("porchlight-demo").absolute()) in demo.out
    assert "Traceback" not in demo.err
    assert not accepts(port)


def test_demo_without_a_model_falls_back_and_says_so(start: Start) -> None:
    demo = start("demo", "--source", "scene://empty?duration=30", "--seconds", "1")
    demo.until("opencv-people by hog")
    assert demo.end() == 0
    assert "cannot be fetched" in demo.err
    assert "Going on with hog" in demo.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_run_ends_cleanly_and_logs_no_secret(start: Start, number: signal.Signals) -> None:
    Path("my.yaml").write_text("""\
cameras:
  door: {source: 'rtsp://admin:hunter2@127.0.0.1:1/x'}
mqtt: {port: 1, username: porch, password: hunter3}
detection: {backend: hog}
logging: {level: debug}
""")
    edge = start("run", "--config", "my.yaml")
    edge.complains("refused the connection", "MQTT broker")
    assert edge.end(number) == 0
    assert "Traceback" not in edge.err
    assert "hunter" not in edge.out + edge.err
    assert edge.out == ""


def test_a_reader_that_goes_away() -> None:
    command = [sys.executable, "-m", "edge_detector", "replay", "scene://door", "--json", "--detector", "hog"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["event_type"]
        process.stdout.close()
        assert process.wait(PATIENCE_S) == 1
        complaint = process.stderr.read()
    assert "Traceback" not in complaint
    assert "BrokenPipe" not in complaint


@pytest.mark.parametrize(
    ("number", "status", "options"), [(signal.SIGINT, 130, ()), (signal.SIGTERM, 143, ("--out", "out"))]
)
def test_a_replay_that_is_broken_off_leaves_nothing_unfinished(
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
    status: int,
    options: Sequence[str],
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    replay = start("replay", "scene://door", "--json", "--detector", "hog", *options)
    replay.until("person_arrived")
    assert replay.end(number) == status
    assert "Traceback" not in replay.err
    assert "summary" not in replay.out
    assert list(temporary.iterdir()) == []
    assert list(Path("out").glob(".*")) == []


class Terminal:
    """The demo on a terminal of its own."""

    def __init__(self) -> None:
        self._ours, its = pty.openpty()
        command = [sys.executable, "-m", "edge_detector", "demo", "--source", "scene://empty", "--detector", "hog"]
        self.process = subprocess.Popen(
            [*command, "--forever"],
            env={**os.environ, "TERM": "xterm", "COLUMNS": "100", "LINES": "40"},
            preexec_fn=partial(os.login_tty, its),  # noqa: PLW1509 - nothing else runs in the child yet
        )
        os.close(its)
        self.said = b""

    def until(self, wanted: bytes) -> None:
        """Read until this was said."""
        while wanted not in self.said and self._read():
            pass
        assert wanted in self.said, self.said.decode()

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._ours, keys)

    def end(self) -> int:
        """Read to its end; its status."""
        while self._read():
            pass
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        """Take the terminal away."""
        os.close(self._ours)

    def _read(self) -> bool:
        assert select.select([self._ours], [], [], PATIENCE_S)[0], self.said.decode()
        try:
            more = os.read(self._ours, 65536)
        except OSError:  # how a terminal says that nobody is at its other side
            return False
        self.said += more
        return bool(more)


def test_demo_on_a_terminal_shows_a_live_view_and_takes_ctrl_c() -> None:
    terminal = Terminal()
    try:
        terminal.until(b"768x432")
        terminal.until(b"Ctrl-C ends it")
        terminal.type(b"\x03")
        assert terminal.end() == 0
    finally:
        terminal.process.terminate()
        terminal.process.wait(PATIENCE_S)
        terminal.close()
    assert b"Porchlight demo" in terminal.said
    assert b"Nobody was seen." in terminal.said
    assert b"Traceback" not in terminal.said


def test_demo_whose_terminal_is_closed_leaves_no_broker(program: Callable[[str], str]) -> None:
    program("mosquitto")
    terminal = Terminal()
    try:
        terminal.until(b"-v -t")
        found = re.search(rb"mosquitto at 127\.0\.0\.1:(\d+)", terminal.said)
        assert found
        assert accepts(int(found[1]))
        terminal.close()
        terminal.process.wait(PATIENCE_S)
        assert not accepts(int(found[1]))
    finally:
        terminal.process.terminate()
        terminal.process.wait(PATIENCE_S)
