"""The certificates and the configuration that the page on TLS tells to make let Porchlight in at a real broker."""

from pathlib import Path

import pytest
import yaml

from edge_detector.config.load import load
from edge_detector.mqtt import client
from tests.broker import HOST, Broker, free_port
from tests.docs.blocks import SHELLS, blocks_of
from tests.docs.machine import furnish
from tests.paths import ROOT

PAGE = ROOT / "docs" / "how-to" / "tls.md"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The folder in which the page's commands ran."""
    machine = furnish(tmp_path, free_port(), free_port())
    done = machine.run([block for block in blocks_of(PAGE) if block.language in SHELLS], {})
    assert done.returncode == 0, done.stderr
    return machine.folder


def test_the_own_certificate_is_taken(made: Path, tmp_path: Path) -> None:
    [own] = [
        block.text
        for block in blocks_of(PAGE)
        if block.language == "yaml" and "  ca: " in block.text and "certificate:" not in block.text
    ]
    told = yaml.safe_load(own)["mqtt"]
    users = {told["username"]: told["password"]}
    with Broker(tmp_path, users=users, tls=(made / "broker.crt", made / "broker.key")) as broker:
        there = {"host": HOST, "port": broker.port, "tls": {**told["tls"], "ca": str(made / "ca.crt")}}
        file = tmp_path / "porchlight.yaml"
        file.write_text(yaml.safe_dump({"cameras": {"door": {"source": "scene://door"}}, "mqtt": {**told, **there}}))
        said = client.check(load(file).mqtt, client_id="test")
    assert said.replace(f"{HOST}:{broker.port}", "broker.lan:8883") in PAGE.read_text()
