"""What answers of the wizard make."""

import stat
from pathlib import Path

import pytest
import yaml

from edge_detector.app.setup import (
    Answers,
    broker_answers,
    bucket_answers,
    camera_answers,
    config_of,
    document,
    folder_answers,
    node_answers,
    save,
    slug_of,
)
from edge_detector.config.load import load
from edge_detector.core.errors import ConfigError, PorchlightError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("homeassistant.local", {"host": "homeassistant.local", "port": 1883}),
        ("192.0.2.7:1884", {"host": "192.0.2.7", "port": 1884}),
        ("mqtts://broker", {"host": "broker", "port": 8883, "tls": True}),
        ("mqtt://u:p%40ss@[::1]:1883/", {"host": "::1", "port": 1883, "username": "u", "password": "p@ss"}),
        ("none", {"enabled": False}),
    ],
)
def test_brokers(text: str, expected: dict[str, object]) -> None:
    assert broker_answers(text) == {("mqtt", key): value for key, value in expected.items()}


@pytest.mark.parametrize("text", ["", ":1883", "host:many", "host:0", "http://host", "host/topic", "[::1"])
def test_no_brokers(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is no broker: write host, host:port, mqtts://host for TLS, or none$"):
        broker_answers(text)


def test_a_password_is_in_no_sentence() -> None:
    with pytest.raises(ConfigError) as told:
        broker_answers("ftp://me:hunter2@host")
    assert "hunter2" not in str(told.value)


def test_a_login_asked_for_apart() -> None:
    answers = broker_answers("host", "me", "secret")
    assert (answers["mqtt", "username"], answers["mqtt", "password"]) == ("me", "secret")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Front door", "front_door"),
        ("Tür zum Hof (2)", "tur_zum_hof_2"),
        ("門", "otherwise"),
        ("x" * 50, "x" * 40),
    ],
)
def test_slugs(name: str, slug: str) -> None:
    assert slug_of(name, "otherwise") == slug


def test_cameras_of_one_name_get_ids_of_their_own() -> None:
    assert {where[1] for where in camera_answers("Door", "rtsp://a", {"door"})} == {"door_2"}
    assert {where[1] for where in camera_answers("Door", "rtsp://a", {"door", "door_2"})} == {"door_3"}
    assert {where[1] for where in camera_answers("x" * 50, "rtsp://a", {"x" * 40})} == {"x" * 38 + "_2"}


def test_a_video_is_found_from_everywhere_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answers = camera_answers("Door", "video.mp4")
    assert answers["cameras", "door", "source"] == str(tmp_path / "video.mp4")
    assert answers["cameras", "door", "loop"] is True


def test_folders(tmp_path: Path) -> None:
    assert folder_answers(str(tmp_path / "new")) == {
        ("archive", "type"): "folder",
        ("archive", "path"): str(tmp_path / "new"),
    }
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"is a file: name a folder, it may be one that is not there yet$"):
        folder_answers(str(tmp_path / "file"))


def test_buckets() -> None:
    more = {"endpoint": "https://minio.lan:9000", "region": "eu", "key_id": "i", "secret": "s"}
    whole = bucket_answers("s3://evidence/porch/", **more)
    assert {where[1]: value for where, value in whole.items()} == {
        "type": "s3",
        "bucket": "evidence",
        "prefix": "porch",
        "endpoint": "https://minio.lan:9000",
        "region": "eu",
        "access_key_id": "i",
        "secret_access_key": "s",
    }
    assert bucket_answers("evidence") == {("archive", "type"): "s3", ("archive", "bucket"): "evidence"}
    with pytest.raises(ConfigError, match=r"archive\.bucket"):
        bucket_answers("No Bucket")
    with pytest.raises(ConfigError, match=r"archive\.endpoint"):
        bucket_answers("evidence", endpoint="minio")


#: Texts that YAML, or who reads it, could take for something else.
ODD = ["yes", "No", "null", "0123", "1.10", "-", "a: b", "a #b", "#", "'", '"', "\\n", "ä", "😀", " x ", "@", "{}", "~"]


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    return {
        **node_answers("Porch", tmp_path / "data"),
        **camera_answers("Front door", "rtsp://me:hunter2@192.0.2.7/stream1?channel=1"),
        **broker_answers("broker", "me", "hunter3"),
        **folder_answers(str(tmp_path / "archive")),
        ("web", "host"): "::1",
    }


@pytest.mark.parametrize("odd", ODD)
def test_every_text_stays_what_it_was(answers: Answers, tmp_path: Path, odd: str) -> None:
    told = {**answers, ("cameras", "front_door", "name"): odd, ("mqtt", "password"): odd}
    save(told, tmp_path / "porchlight.yaml")
    config = load(tmp_path / "porchlight.yaml")
    assert config == config_of(told)
    password = config.mqtt.password
    assert password is not None
    assert (config.cameras["front_door"].name, password.get_secret_value()) == (odd, odd)
    assert yaml.safe_load(document(told))["mqtt"]["password"] == odd


def test_the_file_is_commented_and_its_owners_alone(answers: Answers, tmp_path: Path) -> None:
    file = tmp_path / "new" / "porchlight.yaml"
    assert save(answers, file) is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    for section in ("node", "cameras", "mqtt", "archive", "web"):
        assert f"\n{section}:\n" in text
        assert text.split(f"\n{section}:\n")[0].splitlines()[-1].startswith("# ")
    assert [path.name for path in file.parent.iterdir()] == ["porchlight.yaml"]


def test_an_older_file_is_set_aside(answers: Answers, tmp_path: Path) -> None:
    file = tmp_path / "porchlight.yaml"
    file.write_text("mine: 1\n")
    aside = save(answers, file)
    assert aside == tmp_path / "porchlight.yaml.before-1"
    assert aside.read_text() == "mine: 1\n"


def test_a_file_that_cannot_be_written(answers: Answers, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(PorchlightError, match="Cannot write to"):
        save(answers, tmp_path / "taken" / "porchlight.yaml")


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"node\.name"):
        node_answers("x" * 81, tmp_path)
