"""The example for containers is one that Compose takes, and holds to what its page promises."""

import re
from typing import Any

import pytest
import yaml

from edge_detector import __version__
from edge_detector.config.load import load
from tests.paths import ROOT

TEXT = (ROOT / "examples" / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = "ghcr.io/porchlight-home/porchlight-edge"
#: Home Assistant's owners follow its releases; the integration says which it needs.
FOLLOWED = "ghcr.io/home-assistant/home-assistant:stable"
#: Of the Compose specification, as far as the example may need them.
TOP = {"name", "services", "volumes", "networks", "secrets", "configs"}
KEYS = {
    "cap_add",
    "cap_drop",
    "command",
    "depends_on",
    "devices",
    "entrypoint",
    "environment",
    "group_add",
    "healthcheck",
    "image",
    "init",
    "network_mode",
    "networks",
    "ports",
    "profiles",
    "read_only",
    "restart",
    "security_opt",
    "stop_grace_period",
    "tmpfs",
    "user",
    "volumes",
}


def test_keys_are_those_of_compose() -> None:
    assert set(COMPOSE) <= TOP
    assert {key for service in SERVICES.values() for key in service} <= KEYS


def test_what_is_named_is_there() -> None:
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())]
    assert {mount for mount in mounts if not mount.startswith(".")} == set(COMPOSE["volumes"])
    assert {needed for service in SERVICES.values() for needed in service.get("depends_on", ())} <= set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_images_have_a_version(name: str) -> None:
    image = SERVICES[name]["image"]
    assert image == FOLLOWED or re.search(r":\d+(\.\d+)+$", image), image


def test_the_edge_is_this_version() -> None:
    assert SERVICES["edge"]["image"] == f"{OWN}:{__version__}"


def test_the_edge_is_shut_in() -> None:
    edge = SERVICES["edge"]
    assert edge["read_only"] is True
    assert edge["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in edge["security_opt"]
    assert not edge["user"].startswith("0")


def test_nothing_listens_beyond_this_machine() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_environment_of_the_edge_is_a_configuration() -> None:
    config = load(ROOT / "examples" / "minimal.yaml", variables=SERVICES["edge"]["environment"])
    assert config.mqtt.host in SERVICES
    assert config.web.port == 8099
