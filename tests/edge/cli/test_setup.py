"""`porchlight setup`: on a terminal, from an empty folder to an edge that tells of people; and by options alone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from edge_detector.config.load import load
from tests.broker import Broker, Heard, free_port
from tests.edge.cli.conftest import Porchlight
from tests.edge.cli.wizard import CTRL_C, DOWN, ENTER, NO, YES, Wizard
from tests.onvif_camera import OnvifCamera
from tests.paths import model
from tests.rtsp_server import RtspServer, missing
from tests.s3_server import BUCKET, PREFIX, MotoServer
from tests.videos import make_video

NAME, WHICH, RIGHT, CAMERA, MORE = (
    "What is this Porchlight called?",
    "Which camera?",
    "Is that what it should see?",
    "What is this camera called?",
    "Another camera?",
)
ADDRESS = "Where is its video?"
BROKER, BROKER_USER, PASSWORD = "Where is Home Assistant's MQTT broker?", "Which user of the broker?", "password?"
ARCHIVE, FOLDER, SHARE = "Where shall snapshots and clips go?", "Which folder?", "Shall Home Assistant show"
KEEP, AGAIN = "Keep it all the same?", "Then once more."
ANYWHERE = "0.0.0.0"  # noqa: S104 - as was answered


@pytest.fixture
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give back what the command changes of this process."""
    old = os.umask(0o022)
    os.umask(old)
    yield
    os.umask(old)


def skip_camera(wizard: Wizard) -> None:
    """A generated camera, with all defaults."""
    wizard.answers(WHICH, DOWN, ENTER)
    wizard.answers(RIGHT, ENTER)
    wizard.answers(CAMERA, ENTER)
    wizard.answers(MORE, ENTER)


def arrived(heard: list[Heard]) -> bool:
    return any(m.topic.endswith("/front_door/event") and b'"person_arrived"' in m.payload for m in heard)


def test_from_an_empty_folder_to_a_running_edge(tmp_path: Path) -> None:
    detector = model("yolov5n.onnx")
    (tmp_path / "broker").mkdir()
    (tmp_path / "home").mkdir()
    home = tmp_path / "home"
    with Broker(tmp_path / "broker", users={"porch": "l1ght: #1"}) as broker:
        with Wizard(home, broker=broker.port) as wizard:
            wizard.types(NAME, "Our house")
            assert "No camera was found." in wizard.sees(WHICH)
            wizard.press(DOWN, ENTER)
            wizard.sees("ok    camera: H.264 768x432")
            wizard.answers(RIGHT, ENTER)
            wizard.answers(CAMERA, ENTER)
            wizard.answers(MORE, ENTER)
            wizard.sees(f"A broker listens at 127.0.0.1:{broker.port}.")
            wizard.answers(BROKER, ENTER)
            wizard.sees("refuses a client without a user")
            wizard.types(BROKER_USER, "porch")
            wizard.types(PASSWORD, "l1ght: #1")
            wizard.sees("takes us as porch")
            wizard.answers(ARCHIVE, ENTER)
            wizard.answers(FOLDER, ENTER)
            wizard.sees("takes files")
            wizard.answers(SHARE, NO)
            assert wizard.ends() == 0
        assert "l1ght" not in wizard.said
        # A picture of two pixels a character, in the terminal's own colours.
        assert wizard.raw.count("▀") > 1000
        assert "\x1b[38;2;" in wizard.raw
        assert "Start it: porchlight run --config porchlight.yaml" in wizard.said
        assert "press Add. Clips are read `Not at all`" in wizard.said
        assert [path.name for path in home.iterdir() if path.is_file()] == ["porchlight.yaml"]
        assert stat.S_IMODE((home / "porchlight.yaml").stat().st_mode) == 0o600
        run = [sys.executable, "-m", "edge_detector", "run"]
        environment = {
            "PORCHLIGHT__WEB__ENABLED": "false",
            "PORCHLIGHT__DETECTION__MODEL": str(detector),
            "PORCHLIGHT__DETECTION__BACKEND": "onnx",  # nothing is measured at the start
            "PORCHLIGHT__DETECTION__PRECISION": "fp32",
        }
        with broker.observer("porchlight/#", username="porch", password="l1ght: #1") as observer:  # noqa: S106
            edge = subprocess.Popen(run, cwd=home, env={**os.environ, **environment}, stderr=subprocess.DEVNULL)
            try:
                heard = observer.wait(arrived, 60)
            finally:
                edge.terminate()
                assert edge.wait(60) == 0
    announced = next(json.loads(message.payload) for message in heard if "/announce/" in message.topic)
    assert (announced["node"], announced["name"]) == ("our_house", "Our house")
    assert list((home / "data" / "archive").rglob("*.jpg"))


def test_bad_answers_are_told_and_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "broker").mkdir()
    nobody = free_port()
    with Broker(tmp_path / "broker") as broker, Wizard(tmp_path) as wizard:
        wizard.types(NAME, "x" * 81)
        wizard.sees("node.name")
        wizard.answers(NAME, ENTER)
        # An address without sense, and one that nobody answers at.
        wizard.answers(WHICH, ENTER)
        wizard.answers(ADDRESS, ENTER)
        wizard.sees("Something has to stand here; Ctrl-C ends without a trace.")
        wizard.press("gopher://x", ENTER)
        wizard.sees("FAILS camera: gopher://x has a scheme that is not known")
        wizard.answers(KEEP, ENTER)
        wizard.sees(AGAIN)
        wizard.answers(WHICH, ENTER)
        wizard.types(ADDRESS, f"rtsp://127.0.0.1:{nobody}/x")
        wizard.types("Which user of the camera?", "me")
        wizard.types(PASSWORD, "hunter2")
        wizard.sees("FAILS camera: ")
        wizard.sees("Look at the same address with ffplay or VLC")
        wizard.answers(KEEP, YES)
        wizard.types(CAMERA, "Hinterhof")
        wizard.answers(MORE, YES)
        wizard.answers(WHICH, DOWN, ENTER)
        wizard.answers(RIGHT, NO)
        wizard.sees(AGAIN)
        skip_camera(wizard)
        wizard.types(BROKER, "host:many")
        wizard.sees("host:many is no broker: write host, host:port, mqtts://host for TLS, or none")
        wizard.types(BROKER, f"127.0.0.1:{nobody}")
        wizard.sees("FAILS broker: ")
        wizard.answers(KEEP, ENTER)
        wizard.types(BROKER, f"127.0.0.1:{broker.port}")
        wizard.answers(ARCHIVE, ENTER)
        wizard.types(FOLDER, str(tmp_path / "file"))
        wizard.sees("is a file: name a folder")
        wizard.answers(ARCHIVE, ENTER)
        wizard.types(FOLDER, "/proc/none")
        wizard.sees("FAILS archive: ")
        wizard.answers(KEEP, ENTER)
        wizard.answers(ARCHIVE, ENTER)
        wizard.types(FOLDER, str(tmp_path / "archive"))
        wizard.answers(SHARE, ENTER)
        assert wizard.ends() == 0
    config = load(tmp_path / "porchlight.yaml")
    assert {key: camera.name for key, camera in config.cameras.items()} == {
        "hinterhof": "Hinterhof",
        "camera_2": "Camera 2",
    }
    assert config.cameras["hinterhof"].source == f"rtsp://me:hunter2@127.0.0.1:{nobody}/x"
    assert "hunter2" not in wizard.said
    assert config.web.host == ANYWHERE


@pytest.mark.parametrize("question", [NAME, SHARE])
def test_ctrl_c_leaves_nothing(tmp_path: Path, question: str) -> None:
    with Wizard(tmp_path, "--broker", "none", "--archive", tmp_path / "archive") as wizard:
        if question == SHARE:
            wizard.answers(NAME, ENTER)
            skip_camera(wizard)
        wizard.answers(question, CTRL_C)
        assert wizard.ends() == 130
    assert "Traceback" not in wizard.said
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_an_older_configuration_is_asked_about(tmp_path: Path) -> None:
    file = tmp_path / "porchlight.yaml"
    file.write_text("cameras: {}\n")
    options = ("--source", "scene://door", "--broker", "none", "--archive", tmp_path / "archive", "--no-share")
    with Wizard(tmp_path, *options) as wizard:
        wizard.answers("is there already. Set it aside and make a new one?", ENTER)
        assert wizard.ends() == 1
    assert "Nothing was changed." in wizard.said
    assert file.read_text() == "cameras: {}\n"
    with Wizard(tmp_path, *options) as wizard:
        wizard.answers("is there already. Set it aside and make a new one?", YES)
        wizard.answers(NAME, ENTER)
        wizard.answers(RIGHT, ENTER)
        wizard.answers(CAMERA, ENTER)
        assert wizard.ends() == 0
    assert f"The one before is {file}.before-1 now." in wizard.said
    assert (tmp_path / "porchlight.yaml.before-1").read_text() == "cameras: {}\n"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if reason := missing():
        pytest.skip(reason)
    return make_video(tmp_path_factory.mktemp("video") / "video.mp4", frames=500, fps=25, gop=25)


def test_a_camera_of_the_network_tells_its_address(tmp_path: Path, video: Path) -> None:
    users = {"admin": "hunter2"}
    with (
        RtspServer(video, auth="admin:hunter2") as server,
        OnvifCamera(video=server.url, users=users) as camera,
        Wizard(tmp_path, "--broker", "none", "--archive", "a", "--no-share", group=camera.group[1]) as wizard,
    ):
        wizard.answers(NAME, ENTER)
        wizard.sees("1 camera was found.")
        wizard.sees("Porch Cam 3 DS-2CD (network, 127.0.0.1)")
        wizard.press(ENTER)
        wizard.types("Which user of the camera?", "admin")
        wizard.types(PASSWORD, "hunter2")
        wizard.sees("ok    camera: H.264")
        wizard.answers(RIGHT, ENTER)
        wizard.answers(CAMERA, ENTER)
        wizard.answers(MORE, ENTER)
        assert wizard.ends() == 0
    assert "hunter2" not in wizard.said
    assert load(tmp_path / "porchlight.yaml").cameras["front_door"].source == server.url.replace(
        "//", "//admin:hunter2@"
    )


@pytest.mark.parametrize("taken", [True, False])
def test_a_camera_with_a_smaller_stream(tmp_path: Path, *, taken: bool) -> None:
    profiles = {"sub": (640, 480, "H264"), "main": (1920, 1080, "H264")}
    options = ("--broker", "none", "--archive", "a", "--no-share", "--no-test")
    with (
        OnvifCamera(video="rtsp://x/main", small_video="rtsp://x/sub", profiles=profiles) as camera,
        Wizard(tmp_path, *options, group=camera.group[1]) as wizard,
    ):
        wizard.answers(NAME, ENTER)
        wizard.answers(WHICH, ENTER)
        wizard.answers("Which user of the camera?", ENTER)
        wizard.answers("Look for people in that one", ENTER if taken else NO)
        wizard.answers(CAMERA, ENTER)
        wizard.answers(MORE, ENTER)
        assert wizard.ends() == 0
    door = load(tmp_path / "porchlight.yaml").cameras["front_door"]
    assert door.source == "rtsp://127.0.0.1/main"
    assert door.detect_source == ("rtsp://127.0.0.1/sub" if taken else None)


def test_a_smaller_stream_that_cannot_be_read_is_left_out(tmp_path: Path, video: Path) -> None:
    profiles = {"sub": (160, 120, "H264"), "main": (320, 240, "H264")}
    with (
        RtspServer(video) as server,
        OnvifCamera(video=server.url, small_video=f"rtsp://x:{free_port()}/none", profiles=profiles) as camera,
        Wizard(tmp_path, "--broker", "none", "--archive", "a", "--no-share", group=camera.group[1]) as wizard,
    ):
        wizard.answers(NAME, ENTER)
        wizard.answers(WHICH, ENTER)
        wizard.answers("Which user of the camera?", ENTER)
        wizard.answers(RIGHT, ENTER)
        wizard.answers("Look for people in that one", ENTER)
        wizard.sees("FAILS smaller stream: ")
        wizard.answers(KEEP, ENTER)
        wizard.answers(CAMERA, ENTER)
        wizard.answers(MORE, ENTER)
        assert wizard.ends() == 0
    assert load(tmp_path / "porchlight.yaml").cameras["front_door"].detect_source is None


def test_a_camera_that_does_not_tell_is_asked_for_by_its_brand(tmp_path: Path) -> None:
    with (
        OnvifCamera(video="rtsp://x", users={"admin": "right"}, name="Reolink", hardware="E1") as camera,
        Wizard(tmp_path, "--broker", "none", "--archive", "a", "--no-test", group=camera.group[1]) as wizard,
    ):
        wizard.answers(NAME, ENTER)
        wizard.answers(WHICH, ENTER)
        wizard.types("Which user of the camera?", "admin")
        wizard.types(PASSWORD, "wrong")
        wizard.sees("refuses: Sender not Authorized. So its address is needed.")
        wizard.answers(ADDRESS, ENTER)
        wizard.answers(CAMERA, ENTER)
        wizard.answers(MORE, ENTER)
        wizard.answers(SHARE, NO)
        assert wizard.ends() == 0
    source = load(tmp_path / "porchlight.yaml").cameras["front_door"].source
    assert source == "rtsp://admin:wrong@127.0.0.1:554/h264Preview_01_main"


def test_a_bucket_and_its_key(tmp_path: Path) -> None:
    (tmp_path / "s3").mkdir()
    with (
        MotoServer(tmp_path / "s3") as server,
        Wizard(
            tmp_path, "--source", "scene://door", "--broker", "none", environment={"NO_PROXY": "127.0.0.1"}
        ) as wizard,
    ):
        wizard.answers(NAME, ENTER)
        wizard.answers(RIGHT, ENTER)
        wizard.answers(CAMERA, ENTER)
        for bucket in ("elsewhere", BUCKET):
            wizard.answers(ARCHIVE, DOWN, ENTER)
            wizard.types("Which bucket?", f"{bucket}/{PREFIX}")
            wizard.types("At which store?", server.url)
            wizard.types("In which region?", "eu-central-1")
            wizard.types("The id of a key that may write there?", server.edge.id)
            wizard.types("That key's secret?", server.edge.secret)
            if bucket != BUCKET:
                wizard.sees("FAILS archive: ")
                wizard.answers(KEEP, ENTER)
        wizard.answers(SHARE, ENTER)
        assert wizard.ends() == 0
    assert server.edge.secret not in wizard.said
    values = yaml.safe_load((tmp_path / "porchlight.yaml").read_text())["archive"]
    assert values == {
        "type": "s3",
        "bucket": BUCKET,
        "prefix": PREFIX,
        "endpoint": server.url,
        "region": "eu-central-1",
        "access_key_id": server.edge.id,
        "secret_access_key": server.edge.secret,
    }
    assert load(tmp_path / "porchlight.yaml").web.host == "127.0.0.1"


# --- the service ------------------------------------------------------------------------------------------------------

QUICK = ("--source", "scene://door", "--broker", "none", "--no-share", "--no-test", "--yes")


@pytest.fixture
def systemd(tmp_path: Path) -> Mapping[str, str]:
    """A machine that systemd runs, whose commands only write down what they were asked."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("systemctl", "install", "useradd", "chown"):
        path = programs / name
        keep = f'[ {name} = install ] && cp "$3" {tmp_path}/installed\n' if name == "install" else ""
        path.write_text(
            f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/done\n{keep}[ "$1" = is-system-running ] && echo running\n:\n'
        )
        path.chmod(0o755)
    return {"PATH": f"{programs}:{os.environ['PATH']}"}


def test_root_installs_the_service(tmp_path: Path, systemd: Mapping[str, str]) -> None:
    with Wizard(tmp_path, *QUICK, environment={**systemd, "SUDO_USER": "nobody"}) as wizard:
        assert wizard.ends() == 0
    assert "? Start it now and at every boot, as a service? Yes" in wizard.said
    assert "The service runs; journalctl -u porchlight -f shows what it does." in wizard.said
    assert "Start it: porchlight run" not in wizard.said
    done = (tmp_path / "done").read_text().splitlines()
    assert [line.split()[0] for line in done] == ["systemctl", "chown", "install", *["systemctl"] * 3]
    assert done[-1] == "systemctl restart porchlight"
    unit = (tmp_path / "installed").read_text()
    assert f"run --config {tmp_path}/porchlight.yaml" in unit
    assert f"ReadWritePaths={tmp_path}/data\n" in unit
    assert "\nUser=nobody\n" in unit
    assert not (tmp_path / "porchlight.service").exists()


def test_others_are_told_what_root_does(tmp_path: Path, systemd: Mapping[str, str]) -> None:
    with Wizard(tmp_path, *QUICK, "--service", uid=65534, environment=systemd) as wizard:
        assert wizard.ends() == 0
    assert "Root installs and starts it, that is you by these commands:" in wizard.said
    unit_file = tmp_path / "porchlight.service"
    assert f"    sudo install -m 644 {unit_file} /etc/systemd/system/porchlight.service\n" in wizard.said
    assert "    sudo systemctl restart porchlight\n" in wizard.said
    assert unit_file.exists()
    assert (tmp_path / "done").read_text() == "systemctl is-system-running\n"


def test_a_command_that_fails_is_told(tmp_path: Path, systemd: Mapping[str, str]) -> None:
    (tmp_path / "programs" / "install").write_text("#!/bin/sh\necho disk full >&2; exit 1\n")
    with Wizard(tmp_path, *QUICK, environment=systemd) as wizard:
        assert wizard.ends() == 1
    assert "ended with status 1: disk full" in wizard.said
    assert (tmp_path / "porchlight.service").exists()
    assert load(tmp_path / "porchlight.yaml").cameras


# --- by options alone -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("as_before")
class TestByOptions:
    """Within this process, which has no terminal."""

    options = ("--source", "scene://door", "--broker", "none", "--archive", "archive", "--no-share", "--no-service")

    def test_nothing_is_asked(self, porchlight: Porchlight) -> None:
        ended = porchlight("setup", "--yes", "--name", "Hütte", *self.options)
        assert (ended.status, ended.err) == (0, "")
        assert "? What is this camera called? Front door" in ended.out
        config = load(Path("porchlight.yaml"))
        assert (config.node.id, config.node.name, config.mqtt.enabled) == ("hutte", "Hütte", False)
        assert Path("archive").is_dir()

    def test_nothing_is_overwritten(self, porchlight: Porchlight) -> None:
        Path("porchlight.yaml").write_text("mine")
        ended = porchlight("setup", "--yes", *self.options)
        assert ended.status == 1
        assert "porchlight.yaml is there already: add --replace, which sets it aside" in ended.err
        assert Path("porchlight.yaml").read_text() == "mine"
        assert porchlight("setup", "--yes", "--replace", *self.options).status == 0
        assert Path("porchlight.yaml.before-1").read_text() == "mine"

    def test_what_fails_is_not_written_unless_untested(self, porchlight: Porchlight) -> None:
        options = ("--yes", "--source", "none.mp4", "--broker", "127.0.0.1:1", "--archive", "a", *self.options[-2:])
        ended = porchlight("setup", *options)
        assert ended.status == 1
        assert "FAILS camera: " in ended.out
        assert "Nothing was written: mend that, or add --no-test to write it all the same" in ended.err
        assert not Path("porchlight.yaml").exists()
        assert porchlight("setup", "--no-test", *options).status == 0
        assert load(Path("porchlight.yaml")).mqtt.port == 1

    def test_a_wrong_broker_is_a_sentence(self, porchlight: Porchlight) -> None:
        ended = porchlight("setup", "--yes", *self.options, "--broker", "host:many")
        assert ended.status == 1
        assert "host:many is no broker" in ended.err

    def test_a_bucket_takes_the_key_of_the_environment(
        self, porchlight: Porchlight, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA1")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
        bucket = ("--archive", "s3://evidence/porch", "--endpoint", "https://minio.lan", "--region", "eu")
        ended = porchlight("setup", "--yes", "--no-test", *self.options, *bucket)
        assert ended.status == 0
        assert "hunter2" not in ended.out
        values = yaml.safe_load(Path("porchlight.yaml").read_text())["archive"]
        assert (values["bucket"], values["secret_access_key"]) == ("evidence", "hunter2")

    def test_nobody_to_ask(self, porchlight: Porchlight) -> None:
        ended = porchlight("setup", *self.options)
        assert ended.status == 1
        assert "Nobody can be asked, this is no terminal: answer by options, with --yes" in ended.err

    def test_no_questionary(self, porchlight: Porchlight, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "questionary", None)
        ended = porchlight("setup", *self.options)
        assert ended.status == 1
        assert "pip install 'porchlight-edge[setup]'" in ended.err
        assert porchlight("setup", "--yes", *self.options).status == 0


def test_without_an_answer_there_is_no_camera(tmp_path: Path) -> None:
    with Wizard(tmp_path, "--yes", "--broker", "none") as wizard:
        assert wizard.ends() == 1
    assert "No camera was found." in wizard.said
    assert "Where is its video? Answer by --source: there is no default" in wizard.said
