import json
from pathlib import Path

import pytest

from edge_detector.config import Config, FolderArchive
from edge_detector.config.layers import given
from edge_detector.config.load import load
from edge_detector.core.errors import ConfigError
from tests.paths import ROOT

MINIMAL = "cameras:\n  door:\n    source: scene://door\n"


def write(folder: Path, text: str, name: str = "porchlight.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults(tmp_path: Path) -> None:
    assert load(write(tmp_path, MINIMAL)) == Config.model_validate({"cameras": {"door": {"source": "scene://door"}}})


def test_precedence(tmp_path: Path) -> None:
    """Of five values each place sets one less than the one before: each place wins over those before it."""
    keys = ["hold_s", "confirm_window_s", "confirm_hits"]
    file = write(tmp_path, MINIMAL + "visits: {hold_s: 11, confirm_window_s: 2, confirm_hits: 3}\nnode: {id: file}\n")
    options = write(tmp_path, json.dumps({"visits": {"hold_s": 12, "confirm_window_s": 3}}), "options.json")
    variables = {"PORCHLIGHT__VISITS__HOLD_S": "13", "HOME": "/nowhere", "PORCHLIGHT_DATA": "/data"}
    config = load(file, options=options, variables=variables)
    assert [getattr(config.visits, key) for key in keys] == [13, 3, 3]
    assert config.node.id == "file"


def test_what_the_program_hands_in_is_weakest_and_strongest(tmp_path: Path) -> None:
    file = write(tmp_path, "node: {id: file}\n")
    base = given({("cameras", "door", "source"): "scene://door", ("node", "id"): "base", ("node", "name"): "Base"})
    over = given({("detection", "backend"): "hog", ("detection", "model"): None})
    config = load(file, base=base, over=over, variables={"PORCHLIGHT__DETECTION__BACKEND": "onnx"})
    assert (config.node.id, config.node.name, config.detection.backend) == ("file", "Base", "hog")
    assert config.detection.model == "yolov5n"


@pytest.mark.parametrize(
    "password",
    # what YAML takes for a number, a truth, a date, nothing, or a number of base 60
    ["0123", "1.10", "on", "yes", "2026-11-01", "1:20", "0x1f", "1_000", "1e5"],
)
def test_yaml_text_stays_as_it_is_written(tmp_path: Path, password: str) -> None:
    config = load(write(tmp_path, MINIMAL + f"mqtt: {{username: a, password: {password}}}\n"))
    assert config.mqtt.password is not None
    assert config.mqtt.password.get_secret_value() == password


@pytest.mark.parametrize("password", ["0123", "{a", "[", "*a", "# b", "null", "a: b", "!c", "'d'", " e "])
def test_text_of_a_variable_stays_as_it_is(password: str) -> None:
    variables = {
        "PORCHLIGHT__CAMERAS__DOOR__SOURCE": "scene://door",
        "PORCHLIGHT__MQTT__USERNAME": "a",
        "PORCHLIGHT__MQTT__PASSWORD": password,
    }
    config = load(variables=variables)
    assert config.mqtt.password is not None
    assert config.mqtt.password.get_secret_value() == password


def test_values_of_variables() -> None:
    config = load(
        variables={
            "PORCHLIGHT__CAMERAS": "{door: {source: 'scene://door', loop: yes}}",
            "PORCHLIGHT__CAMERAS__DOOR__ZONES__PORCH__POINTS": "[[0, 0], [1, 0], [1, 1]]",
            "PORCHLIGHT__DETECTION__FPS": "2.5",
            "PORCHLIGHT__DETECTION__THREADS": "null",
            "PORCHLIGHT__MQTT__TLS__ENABLED": "true",
            "PORCHLIGHT__MQTT__PORT": "8883",
            "PORCHLIGHT__MQTT__PROTOCOL": "3.1.1",
            "PORCHLIGHT__ARCHIVE__PATH": "/mnt/archive",
            "PORCHLIGHT__MQTT__USERNAME": "",  # as a compose file passes what is not set
        }
    )
    assert config.cameras["door"].loop
    assert [list(point) for point in config.cameras["door"].zones["porch"].points] == [[0, 0], [1, 0], [1, 1]]
    assert (config.detection.fps, config.detection.threads) == (2.5, None)
    assert (config.mqtt.tls.enabled, config.mqtt.port, config.mqtt.protocol) == (True, 8883, "3.1.1")
    assert config.archive == FolderArchive(path=Path("/mnt/archive"))
    assert config.mqtt.username is None


@pytest.mark.parametrize("written", ["on", "off", "auto"])
def test_yaml_words_that_yaml_takes_for_truths(tmp_path: Path, written: str) -> None:
    assert load(write(tmp_path, MINIMAL + f"mqtt: {{discovery: {written}}}\n")).mqtt.discovery == written


@pytest.mark.parametrize(("written", "value"), [("yes", True), ("off", False), ("true", True), ("0", False)])
def test_yaml_truths(tmp_path: Path, written: str, value: bool) -> None:
    config = load(write(tmp_path, MINIMAL + f"    loop: {written}\n"))
    assert config.cameras["door"].loop is value


def test_empty_parts_of_a_file(tmp_path: Path) -> None:
    text = MINIMAL + "    zones:\n    name:\nmqtt:\nvisits:\n  hold_s: ~\n"
    assert load(write(tmp_path, text)) == load(write(tmp_path, MINIMAL))


def test_anchors(tmp_path: Path) -> None:
    text = "cameras:\n  a: &same {source: scene://door}\n  b: *same\n"
    assert set(load(write(tmp_path, text)).cameras) == {"a", "b"}


def test_options_of_the_add_on(tmp_path: Path) -> None:
    options = {
        "cameras": [
            {
                "id": "door",
                "source": "scene://door",
                "name": "",
                "zones": [{"id": "porch", "points": [[0, 0], [1, 0], [1, 1]]}],
            },
            {"id": "yard", "source": "scene://walk", "armed": False},
        ],
        "mqtt": {"host": "core-mosquitto", "port": 1884, "password": ""},
        "archive": None,
    }
    config = load(options=write(tmp_path, json.dumps(options), "options.json"))
    assert list(config.cameras) == ["door", "yard"]
    assert list(config.cameras["door"].zones) == ["porch"]
    assert not config.cameras["yard"].armed
    assert (config.mqtt.host, config.mqtt.port, config.mqtt.password) == ("core-mosquitto", 1884, None)


def test_options_without_a_value_do_not_hide_the_file(tmp_path: Path) -> None:
    file = write(tmp_path, MINIMAL + "mqtt: {host: broker}\n")
    options = write(tmp_path, json.dumps({"mqtt": None, "cameras": []}), "options.json")
    assert load(file, options=options).mqtt.host == "broker"


@pytest.mark.parametrize("name", ["minimal.yaml", "porchlight.yaml"])
def test_examples_hold(name: str) -> None:
    assert load(ROOT / "examples" / name).cameras


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: no such file or directory"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "porchlight.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a directory"):
        load(tmp_path)
