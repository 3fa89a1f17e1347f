from typing import get_origin

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from edge_detector.config import (
    SETTINGS_BOUNDS,
    CameraConfig,
    Config,
    DetectionConfig,
    FolderArchive,
    LineConfig,
    MqttConfig,
    RecordingConfig,
    TlsConfig,
    ZoneConfig,
)
from edge_detector.config.describe import allowed, leaves
from edge_detector.core.lines import Line
from edge_detector.core.outline import Outline
from edge_detector.core.types import Settings
from edge_detector.core.zones import Zone, ZoneKind

DOOR = {"door": CameraConfig(source="scene://door")}


def sections(model: type[BaseModel] = Config) -> list[type[BaseModel]]:
    below = [field.annotation for field in model.model_fields.values()]
    own = [kind for kind in below if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [model, *(section for kind in own for section in sections(kind)), CameraConfig, ZoneConfig]


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.__name__)
def test_every_field_is_described(section: type[BaseModel]) -> None:
    for name, field in section.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_every_number_has_bounds() -> None:
    for where, spec in leaves():
        if spec.annotation in {int, float}:
            assert spec.bound("ge") is not None, where
            assert spec.bound("le") is not None, where


def test_every_value_says_what_is_allowed() -> None:
    for where, spec in leaves():
        assert allowed(spec), where
        assert get_origin(spec.annotation) is not dict, where


def test_sections_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Config(cameras=DOOR).detection.fps = 3


def test_settings_of_a_camera() -> None:
    config = Config(
        cameras={"door": CameraConfig(source="scene://door", armed=False, record=False, upload=False)},
        detection=DetectionConfig(confidence=0.6),
        recording=RecordingConfig(max_clip_s=10, min_clip_gap_s=30),
    )
    assert config.settings("door") == Settings(
        armed=False, record=False, upload=False, confidence=0.6, max_clip_s=10, min_clip_gap_s=30
    )


def test_defaults_agree_with_the_core() -> None:
    assert Config(cameras=DOOR).settings("door") == Settings()


def test_bounds_of_run_time_settings() -> None:
    assert SETTINGS_BOUNDS == {"confidence": (0.05, 0.99), "max_clip_s": (3, 20), "min_clip_gap_s": (5, 3600)}


def test_an_address_is_not_in_the_repr() -> None:
    camera = CameraConfig(source="rtsp://a:hunter2@h/x", detect_source="rtsp://a:hunter3@h/y")
    assert "hunter" not in repr(camera)
    assert "hunter" not in repr(MqttConfig(username="a", password=SecretStr("hunter4")))


def test_zones_and_lines_make_an_outline_and_have_names() -> None:
    corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    camera = CameraConfig(
        source="x",
        zones={"a": ZoneConfig(points=corners), "b": ZoneConfig(name="Porch", points=corners, kind=ZoneKind.IGNORE)},
        lines={
            "gate": LineConfig(start=(0.1, 0.2), end=(0.3, 0.4)),
            "x": LineConfig(name="X", start=(0, 0), end=(1, 1)),
        },
    )
    assert camera.outline() == Outline(
        zones=(
            Zone(id="a", name="a", points=corners),
            Zone(id="b", name="Porch", points=corners, kind=ZoneKind.IGNORE),
        ),
        lines=(
            Line(id="gate", name="gate", start=(0.1, 0.2), end=(0.3, 0.4)),
            Line(id="x", name="X", start=(0.0, 0.0), end=(1.0, 1.0)),
        ),
    )


@pytest.mark.parametrize(
    ("section", "values", "problem"),
    [
        # a pre-roll that would leave no room for the visit itself
        (RecordingConfig, {"max_clip_s": 6, "pre_roll_s": 3.1}, "half of max_clip_s"),
        # who would think that this is encrypted
        (TlsConfig, {"ca": "/ca.pem"}, "nothing is encrypted"),
        (TlsConfig, {"insecure": True}, "nothing is encrypted"),
        (TlsConfig, {"enabled": True, "key": "/key.pem"}, "without `certificate`"),
        (MqttConfig, {"password": "hunter2"}, "without `username`"),
        # nothing to watch
        (Config, {"cameras": {}}, "at least 1 item"),
        (Config, {"cameras": {"door": {"source": "x", "enabled": False}}}, "no camera that is enabled"),
        # ids are parts of topics and keys
        (Config, {"cameras": {"front door": {"source": "x"}}}, "match pattern"),
        (CameraConfig, {"source": "x", "zones": {"A": {"points": [[0, 0], [1, 0], [1, 1]]}}}, "match pattern"),
        (CameraConfig, {"source": "  "}, "is empty"),
        # polygons that enclose nothing, or not one area
        (ZoneConfig, {"points": [[0, 0], [1, 1]]}, "at least 3"),
        (ZoneConfig, {"points": [[0, 0], [1, 1], [1, 0], [0, 1]]}, "edges that cross"),
        (ZoneConfig, {"points": [[0, 0], [1, 0], [1, 1]], "kind": "forbid"}, "'count', 'required' or 'ignore'"),
        # a line that has no sides
        (LineConfig, {"start": [0.5, 0.5], "end": [0.5, 0.51]}, "too short"),
        (LineConfig, {"start": [0.5, 0.5], "end": [0.5, 1.5]}, "less than or equal to 1"),
        # no time of the day
        (CameraConfig, {"source": "x", "occupancy_reset": "4:00"}, "match pattern"),
        (CameraConfig, {"source": "x", "occupancy_reset": "24:00"}, "match pattern"),
        # keys that lead out of the archive
        (FolderArchive, {"prefix": "../other"}, "match pattern"),
        (FolderArchive, {"prefix": "/absolute"}, "match pattern"),
        # a topic with a wildcard
        (MqttConfig, {"base_topic": "porchlight/#"}, "match pattern"),
        # no number at all
        (DetectionConfig, {"fps": "nan"}, "finite"),
        (DetectionConfig, {"side": 321}, "multiple of 32"),
    ],
)
def test_refuses(section: type[BaseModel], values: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        section.model_validate(values)


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (RecordingConfig, {"max_clip_s": 6, "pre_roll_s": 3}),
        (TlsConfig, {"enabled": True, "ca": "/ca.pem", "certificate": "/cert.pem", "key": "/key.pem"}),
        (MqttConfig, {"username": "a"}),
        (MqttConfig, {"username": "a", "password": "hunter2"}),
        (FolderArchive, {"prefix": ""}),
        (FolderArchive, {"prefix": "homes/No.3_a=b/"}),
        (CameraConfig, {"source": " /dev/video0 "}),
        (CameraConfig, {"source": "x", "occupancy_reset": "04:00"}),
        # one camera of two may be turned off
        (Config, {"cameras": {"a": {"source": "x", "enabled": False}, "b": {"source": "x"}}}),
    ],
)
def test_takes(section: type[BaseModel], values: dict[str, object]) -> None:
    section.model_validate(values)


def test_a_key_without_a_value_is_absent() -> None:
    config = Config.model_validate(
        {"cameras": {"door": {"source": "x", "zones": None}}, "mqtt": None, "node": {"id": None}}
    )
    assert config == Config(cameras={"door": CameraConfig(source="x")})


def test_what_depends_on_a_wrong_value_is_not_blamed() -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate(
            {
                "cameras": DOOR,
                "recording": {"max_clip_s": "long", "pre_roll_s": 9},
                "mqtt": {"username": 5, "password": "x", "tls": {"enabled": "perhaps", "certificate": [], "key": "/k"}},
            }
        )
    assert {error["loc"] for error in caught.value.errors()} == {
        ("recording", "max_clip_s"),
        ("mqtt", "username"),
        ("mqtt", "tls", "enabled"),
        ("mqtt", "tls", "certificate"),
    }
