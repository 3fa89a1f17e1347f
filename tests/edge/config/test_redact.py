import yaml
from pydantic import SecretStr

from edge_detector.config import CameraConfig, Config, MqttConfig
from edge_detector.config.redact import Redactor, shown

CONFIG = Config(
    cameras={
        "door": CameraConfig(source="rtsp://admin:hun%40ter2@192.0.2.7/x?token=hunter9", name="Tür"),
        "yard": CameraConfig(source="http://[broken:hunter3@h/x", detect_source="/dev/video0"),
    },
    mqtt=MqttConfig(username="porch", password=SecretStr("hunter4")),
)


def test_shown_is_whole_and_without_secrets() -> None:
    text = shown(CONFIG)
    for secret in ("hun%40ter2", "hun@ter2", "hunter", "admin"):
        assert secret not in text
    values = yaml.safe_load(text)
    assert values["cameras"]["door"]["source"] == "rtsp://***@192.0.2.7/x?token=***"
    assert values["cameras"]["door"]["name"] == "Tür"
    assert values["cameras"]["yard"]["detect_source"] == "/dev/video0"
    assert values["mqtt"]["username"] == "porch"
    assert list(values) == list(Config.model_fields)


def test_redacts_the_secrets_of_a_configuration() -> None:
    redacted = Redactor(CONFIG)
    assert redacted("login with hunter4 failed, so did hun%40ter2 and hun@ter2") == (
        "login with *** failed, so did *** and ***"
    )
    assert redacted("rtsp://x:other@h/") == "rtsp://***@h/"


def test_redacts_addresses_without_a_configuration() -> None:
    assert Redactor()("rtsp://x:other@h/ hunter4") == "rtsp://***@h/ hunter4"


def test_a_secret_within_another_is_no_clue() -> None:
    config = CONFIG.model_copy(update={"mqtt": MqttConfig(username="a", password=SecretStr("hun%40ter2 and more"))})
    assert Redactor(config)("it is hun%40ter2 and more") == "it is ***"


def test_short_secrets_do_not_garble_the_log() -> None:
    config = CONFIG.model_copy(update={"mqtt": MqttConfig(username="a", password=SecretStr("on"))})
    assert Redactor(config)("connected") == "connected"
