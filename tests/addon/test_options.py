"""What typical owners set on the Configuration tab, through the app's schema, to the configuration that holds."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from edge_detector.config import Config, FolderArchive, S3Archive
from edge_detector.config.load import load
from edge_detector.config.root import SETTINGS_BOUNDS
from edge_detector.core.errors import ConfigError
from tests.addon.schema import WrongOptionError, checked
from tests.paths import ROOT

APP = yaml.safe_load((ROOT / "addon" / "config.yaml").read_text())
CAMERA = {"id": "door", "source": "rtsp://user:p%40ss@192.0.2.7/stream1"}


def written(tmp_path: Path, **options: Any) -> Path:
    """The Supervisor's file: the defaults with what the owner set over them."""
    file = tmp_path / "options.json"
    file.write_text(json.dumps(checked(APP["schema"], {**APP["options"], **options})))
    return file


def configured(tmp_path: Path, more: str | None = None, **options: Any) -> Config:
    file = None
    if more is not None:
        file = tmp_path / "porchlight.yaml"
        file.write_text(more)
    return load(file, options=written(tmp_path, **options))


def test_somebody_with_one_camera(tmp_path: Path) -> None:
    config = configured(tmp_path, cameras=[CAMERA])
    assert list(config.cameras) == ["door"]
    assert config.cameras["door"].source == "rtsp://user:p%40ss@192.0.2.7/stream1"
    assert config.cameras["door"].armed
    assert isinstance(config.archive, FolderArchive)
    assert config.detection.confidence == 0.5


def test_somebody_with_two_streams_a_camera_and_names(tmp_path: Path) -> None:
    config = configured(
        tmp_path,
        cameras=[
            {**CAMERA, "name": "Front door", "detect_source": "rtsp://192.0.2.7/stream2"},
            {"id": "garden", "name": "", "source": "/dev/video0", "armed": False},
        ],
        detection={"confidence": 0.6, "fps": 4, "backend": "onnx"},
        visits={"hold_s": 8},
    )
    door, garden = config.cameras.values()
    assert (door.name, door.detect_source) == ("Front door", "rtsp://192.0.2.7/stream2")
    assert (garden.name, garden.source, garden.armed) == ("", "/dev/video0", False)
    assert (config.detection.confidence, config.detection.fps, config.detection.backend) == (0.6, 4, "onnx")
    assert config.visits.hold_s == 8


def test_somebody_with_a_bucket(tmp_path: Path) -> None:
    archive = {
        "type": "s3",
        "path": "",
        "bucket": "my-porch",
        "region": "eu-central-1",
        "endpoint": "https://s3.example:9000",
        "access_key_id": "AKIAEXAMPLE",
        "secret_access_key": "secret",
    }
    section = configured(tmp_path, cameras=[CAMERA], archive=archive).archive
    assert isinstance(section, S3Archive)
    assert (section.bucket, section.region, section.endpoint) == ("my-porch", "eu-central-1", "https://s3.example:9000")
    assert section.secret_access_key is not None
    assert section.secret_access_key.get_secret_value() == "secret"


def test_somebody_with_a_broker_elsewhere(tmp_path: Path) -> None:
    mqtt = {"host": "broker.example", "port": 8883, "username": "porch", "password": "secret", "tls": True}
    section = configured(tmp_path, cameras=[CAMERA], mqtt=mqtt).mqtt
    assert (section.host, section.port, section.username, section.tls.enabled) == (
        "broker.example",
        8883,
        "porch",
        True,
    )


def test_somebody_with_a_file_for_the_rest(tmp_path: Path) -> None:
    """Zones and much else stand in the file; what the tab shows wins over it."""
    more = """
node: {id: porch, name: From the file}
cameras:
  door:
    zones: {mat: {points: [[0, 0.5], [1, 0.5], [1, 1]]}}
delivery: {hours: "22:00-06:00"}
detection: {confidence: 0.9, idle_scan_s: 5}
"""
    config = configured(tmp_path, more, cameras=[CAMERA], node={"name": "Porch"})
    assert (config.node.id, config.node.name) == ("porch", "Porch")
    assert list(config.cameras["door"].zones) == ["mat"]
    assert config.delivery.hours == "22:00-06:00"
    assert (config.detection.confidence, config.detection.idle_scan_s) == (0.5, 5)


def test_nobody_named_a_camera_yet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cameras \(options\.json\) is empty\. Name at least one camera"):
        configured(tmp_path)


@pytest.mark.parametrize(
    "options",
    [
        {"cameras": [{"id": "Front Door", "source": "x"}]},
        {"cameras": [{"id": "door"}]},
        {"cameras": [CAMERA], "detection": {"confidence": 2}},
        {"cameras": [CAMERA], "archive": {"type": "ftp"}},
        {"cameras": [CAMERA], "mqtt": {"port": 70000}},
        {"cameras": [CAMERA], "colour": "red"},
    ],
)
def test_what_the_schema_refuses(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(WrongOptionError):
        written(tmp_path, **options)


def test_the_schema_has_the_bounds_of_the_configuration() -> None:
    """The tab must not let through what the edge then refuses at its start."""
    schema = APP["schema"]
    bounds = {
        "confidence": schema["detection"]["confidence"],
        "max_clip_s": schema["recording"]["max_clip_s"],
        "min_clip_gap_s": schema["recording"]["min_clip_gap_s"],
    }
    for name, element in bounds.items():
        low, high = (f"{bound:g}" for bound in SETTINGS_BOUNDS[name])
        assert element.rstrip("?") == f"float({low},{high})", name


def test_every_option_is_explained() -> None:
    explained = yaml.safe_load((ROOT / "addon" / "translations" / "en.yaml").read_text())["configuration"]
    assert explained.keys() == APP["schema"].keys()
    for name, element in APP["schema"].items():
        fields = element[0] if isinstance(element, list) else element
        assert explained[name]["fields"].keys() == fields.keys(), name
