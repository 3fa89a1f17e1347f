"""`script/demo --home-assistant` as a newcomer runs it: login, a visit, its notification, its clip, Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from script.demo_home_assistant.api import Api, ApiError, wait_until
from script.demo_home_assistant.home import BOARD
from tests.ha.e2e.browser import PAGE_MS, window
from tests.ha.e2e.test_media import PLAYING, ROOT, step
from tests.paths import ROOT as CHECKOUT
from tests.paths import ha_python, model

pytestmark = [pytest.mark.serial, pytest.mark.timeout(300)]

#: Home Assistant starts within this, on a busy machine too.
READY_S = 150.0
#: A visit comes every 35 s, and its clip 20 s after it.
VISIT_S = 90.0
#: Home Assistant and the edge end within this.
END_S = 60.0
#: The frontend's own, while it waits for the first picture of a stream.
NO_PICTURE_YET = r"/undefined: net::ERR_ABORTED$"
#: A demo whose Home Assistant cannot be started.
BROKEN = """
import sys
from pathlib import Path
from script.demo_home_assistant import __main__, home
home.PYTHON = Path("no-python")
sys.exit(__main__.main(["--detector", "hog"]))
"""
READY = re.compile(r"Home Assistant is ready at http://127\.0\.0\.1:(\d+), user (\S+), password (\S+)")


@dataclass(slots=True)
class Demo:
    """A demo that runs, and what it says."""

    process: subprocess.Popen[str]
    #: Where it puts what it needs for as long as it runs.
    temporary: Path
    said: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """Until it ends."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            self.said.extend(iter(lines.readline, ""))

    def ready(self) -> re.Match[str] | None:
        """The line that says how to log in."""
        assert self.process.poll() is None, "".join(self.said)
        return next((found for line in list(self.said) if (found := READY.search(line))), None)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo with the real model, in an empty folder."""
    ha_python()
    folder = tmp_path_factory.mktemp("demo")
    (folder / "tmp").mkdir()
    process = subprocess.Popen(
        [CHECKOUT / "script" / "demo", "--home-assistant", "--model", model("yolov5n.onnx")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder / "tmp"), "PYTHONUNBUFFERED": "1", "COLUMNS": "200"},
        start_new_session=True,
    )
    running = Demo(process, folder / "tmp")
    listener = threading.Thread(target=running.listen)
    listener.start()
    try:
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(END_S)
        listener.join()


@pytest.fixture(scope="module")
def api(demo: Demo) -> Api:
    """The access of its user, by the password that it prints."""
    found = wait_until(demo.ready, "the demo", READY_S)
    anybody = Api(int(found[1]))
    with pytest.raises(ApiError, match="invalid_auth"):
        anybody.log_in(found[2], found[3] + "x")
    return anybody.log_in(found[2], found[3])


def entity(api: Api, unique_id: str) -> str:
    """The id of the entity with this unique id."""
    return next(str(each["entity_id"]) for each in api.registry("porchlight") if each["unique_id"] == unique_id)


def named(part: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Every entity that a part of the dashboard names."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("entity", "entity_id"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from named(value)
    elif isinstance(part, list):
        for each in part:
            yield from [each] if isinstance(each, str) and re.fullmatch(r"\w+\.\w+", each) else named(each)


def test_its_first_page_is_the_dashboard(api: Api, screenshots: Path) -> None:
    (view,) = api.call("lovelace/config", url_path=BOARD)["views"]
    entities = set(named(view))
    assert entities <= set(api.states())
    assert {entity_id.partition(".")[0] for entity_id in entities} >= {"binary_sensor", "camera", "event", "image"}
    for width, dark in ((1280, True), (390, False)):
        with window(api, width=width, dark=dark) as shown:
            shown.open("/")
            assert shown.page.url.startswith(f"{api.url}/{BOARD}")
            for text in ("Front door", "Garden", "Visits today"):
                shown.page.get_by_text(text).filter(visible=True).first.wait_for(timeout=PAGE_MS)
            shown.page.wait_for_function(PLAYING, timeout=PAGE_MS)
            shown.screenshot(screenshots / f"demo-{width}-{'dark' if dark else 'light'}.png")
            assert [each for each in shown.problems if not re.search(NO_PICTURE_YET, each)] == []


def test_somebody_comes_and_the_phone_tells(api: Api) -> None:
    person = entity(api, "demo-door-person")
    api.wait_state(person, "on", VISIT_S)

    def told() -> str | None:
        shown = api.call("persistent_notification/get")
        return next((str(each["message"]) for each in shown if "clip of" in each["message"]), None)

    message = wait_until(told, "the notification with the clip", VISIT_S)
    assert "](data:image/jpeg;base64,/9j/" in message
    assert "[Open clip](/media-browser/browser/" in message
    api.wait_state(person, "off", VISIT_S)
    for direction in ("in", "out"):
        crossed = entity(api, f"demo-door-line-doorstep-crossings_{direction}")
        api.wait_state(crossed, lambda state: state.isdigit() and int(state) > 0, VISIT_S)


def test_a_clip_plays(api: Api) -> None:
    with window(api) as shown:
        shown.open(ROOT)
        step(shown, "Porchlight demo", "Front door")
        step(shown, "Front door", "Today")
        step(shown, "Today", "1 person")
        shown.page.get_by_text("1 person").filter(visible=True).last.click()
        shown.page.wait_for_function(PLAYING, timeout=PAGE_MS)
        assert not shown.problems


def test_the_automation_can_be_edited(api: Api, screenshots: Path) -> None:
    with window(api) as shown:
        shown.open("/config/automation/edit/porchlight_demo")
        for text in ("Porchlight: a person was seen", "Demo phone"):
            shown.page.get_by_text(text).filter(visible=True).first.wait_for(timeout=PAGE_MS)
        shown.screenshot(screenshots / "demo-automation.png")


@pytest.mark.usefixtures("api")
def test_ctrl_c_ends_all_of_it(demo: Demo) -> None:
    started = psutil.Process(demo.process.pid).children(recursive=True)
    names = {each.name() for each in started}
    assert any("mosquitto" in name for name in names), names
    assert len(started) >= 2
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(END_S) == 0, "".join(demo.said)
    assert not [each for each in started if each.is_running()]
    assert list(demo.temporary.glob("porchlight-*")) == []
    assert any("Seen: " in line for line in demo.said)


def test_a_fault_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(CHECKOUT)}
    ended = subprocess.run(
        [sys.executable, "-c", BROKEN],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=END_S,
        check=False,
    )
    assert ended.returncode == 1, ended.stdout
    assert "demo: [Errno 2] No such file or directory: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.glob("porchlight-[!d]*")) == []
