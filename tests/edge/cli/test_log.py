"""The log: one handler, one level, no secret."""

import logging
import sys
import threading
import warnings
from pathlib import Path

import pytest
from pydantic import SecretStr

from edge_detector.cli.configured import configured, need_source, set_up_logging
from edge_detector.config import CameraConfig, Config, LoggingConfig, MqttConfig
from edge_detector.core.errors import SourceError

CONFIG = Config(
    cameras={"door": CameraConfig(source="rtsp://admin:hunter2@192.0.2.7/x")},
    mqtt=MqttConfig(username="porch", password=SecretStr("hunter3")),
    logging=LoggingConfig(level="info"),
)
OURS = logging.getLogger("edge_detector.mqtt.client")
THEIRS = logging.getLogger("somebody.else")

pytestmark = pytest.mark.usefixtures("log_as_before")


def test_lines_hold_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(CONFIG)
    OURS.info("%s refused, so did http://a:hunter4@h and %s", "rtsp://admin:hunter2@192.0.2.7/x", "hunter3")
    try:
        int("hunter3")
    except ValueError:
        OURS.exception("it failed")
    said = capsys.readouterr().err
    assert "hunter" not in said
    assert "INFO    edge_detector.mqtt.client: rtsp://***@192.0.2.7/x refused" in said
    assert "ValueError: invalid literal for int() with base 10: '***'" in said


def test_traceback_that_nobody_caught_holds_no_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter5/of+the/store")
    set_up_logging(CONFIG, terse=True)

    def fail() -> None:
        raise RuntimeError("rtsp://admin:hunter2@192.0.2.7/x, hunter3, hunter5/of+the/store")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    said = capsys.readouterr().err
    assert said.count("Unexpected fault, please report it\nTraceback (most recent call last):") == 2
    assert said.count("RuntimeError: rtsp://***@192.0.2.7/x, ***, ***") == 2
    assert "hunter" not in said


def test_each_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(CONFIG)
    set_up_logging(CONFIG)
    OURS.info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(CONFIG)
    OURS.debug("too small")
    OURS.info("just right")
    THEIRS.info("not ours")
    THEIRS.warning("a warning of theirs")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("a warning of Python", UserWarning, stacklevel=1)
    said = capsys.readouterr().err
    assert "too small" not in said
    assert "not ours" not in said
    for part in ("just right", "a warning of theirs", "a warning of Python"):
        assert part in said


def test_terse(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(CONFIG, terse=True)
    OURS.info("not said")
    OURS.warning("said")
    assert capsys.readouterr().err == "said\n"


def test_the_usual_place_of_a_configuration() -> None:
    Path("porchlight.yaml").write_text("cameras: {here: {source: 'scene://door'}}\n")
    Path("other.yaml").write_text("cameras: {named: {source: 'scene://door'}}\n")
    assert list(configured(None).cameras) == ["here"]
    assert list(configured(Path("other.yaml")).cameras) == ["named"]
    assert configured(None, detector="hog", model="x.onnx").detection.model == "x.onnx"


@pytest.mark.parametrize("source", ["scene://door", "rtsp://h/x", "/dev/null?framerate=15", "."])
def test_a_source_that_may_be(source: str) -> None:
    need_source(source)


def test_a_source_that_cannot_be() -> None:
    with pytest.raises(SourceError, match=r"absent\.mp4 does not exist"):
        need_source("absent.mp4")
