"""The configuration that an app gets of Home Assistant's Supervisor, a real HTTP server in its place."""

from pathlib import Path

import pytest

from edge_detector.app import addon
from edge_detector.config import Config
from edge_detector.config.load import load
from edge_detector.supervisor.client import Supervisor
from tests.edge.supervisor.test_client import SERVICE, TOKEN, FakeSupervisor, server

__all__ = ["server"]

CAMERAS = "cameras: {door: {source: 'scene://door'}}\n"


def configured(server: FakeSupervisor, folder: Path, text: str = "", variables: dict[str, str] | None = None) -> Config:
    file = folder / "porchlight.yaml"
    file.write_text(CAMERAS + f"node: {{data_dir: {folder}/data}}\n" + text)
    asked = Supervisor(TOKEN, f"http://127.0.0.1:{server.server_port}")
    variables = variables or {}
    base = addon.base_layer(asked, file=file, options=None, variables=variables)
    return load(file, variables=variables, base=base)


def test_the_broker_and_the_page_of_home_assistant(server: FakeSupervisor, tmp_path: Path) -> None:
    server.says({**SERVICE, "ssl": True})
    config = configured(server, tmp_path)
    assert (config.mqtt.host, config.mqtt.username, config.mqtt.tls.enabled) == ("core-mosquitto", "addons", True)
    assert config.mqtt.password is not None
    assert config.mqtt.password.get_secret_value() == "p"
    assert (config.web.host, config.web.port, config.web.ingress) == ("0.0.0.0", 8099, True)  # noqa: S104


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("mqtt: {host: broker.lan}\n", {}),
        ("", {"PORCHLIGHT__MQTT__HOST": "broker.lan"}),
    ],
)
def test_a_broker_of_ones_own_gets_no_password_of_another(
    server: FakeSupervisor, tmp_path: Path, text: str, variables: dict[str, str]
) -> None:
    server.says(SERVICE)
    section = configured(server, tmp_path, text, variables).mqtt
    assert (section.host, section.username, section.password) == ("broker.lan", None, None)
    assert server.asked == []


def test_a_supervisor_that_is_starting(
    server: FakeSupervisor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.says(None, 502)
    assert configured(server, tmp_path).mqtt.host == "127.0.0.1"
    assert "going on with the configured broker" in caplog.text


def test_home_assistant_is_told_where_the_api_is(server: FakeSupervisor, tmp_path: Path) -> None:
    server.says(SERVICE)
    config = configured(server, tmp_path)
    (tmp_path / "data").mkdir()
    addon.tell(Supervisor(TOKEN, f"http://127.0.0.1:{server.server_port}"), config)
    method, path, body = server.asked[-1]
    assert (method, path, body["service"]) == ("POST", "/discovery", "porchlight")
    assert body["config"]["node"] == "porchlight"
    assert body["config"]["token"] == (tmp_path / "data" / "api-token").read_text().strip()
    assert body["config"]["url"].endswith(":8099")


def test_nothing_is_told_of_an_api_that_is_off(server: FakeSupervisor, tmp_path: Path) -> None:
    server.says(SERVICE)
    config = configured(server, tmp_path, "web: {enabled: false}\n")
    server.asked.clear()
    addon.tell(Supervisor(TOKEN, f"http://127.0.0.1:{server.server_port}"), config)
    assert server.asked == []


def test_a_refusal_to_tell_is_no_reason_to_stop(
    server: FakeSupervisor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.says(SERVICE)
    config = configured(server, tmp_path)
    (tmp_path / "data").mkdir()
    server.says(None, 403)
    addon.tell(Supervisor(TOKEN, f"http://127.0.0.1:{server.server_port}"), config)
    assert "set the integration up by hand" in caplog.text


@pytest.mark.parametrize(("variables", "there"), [({}, False), ({"SUPERVISOR_TOKEN": "x"}, True)])
def test_only_an_app_has_a_supervisor(variables: dict[str, str], there: bool) -> None:
    assert (addon.supervisor(variables) is not None) is there
