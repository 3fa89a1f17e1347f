"""A home: Home Assistant, a broker, and an edge that watches a generated door."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.broker import Broker
from tests.e2e.edge import Edge
from tests.ha.e2e.hass import Hass
from tests.paths import ROOT, model

#: The integration as its users have it.
INTEGRATION = ROOT / "custom_components" / "porchlight"


#: One whole visit, one restart of everything, removal: a minute and a half, which every run of the tests takes.
EVERYDAY = "test_integration.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each of the others starts a whole Home Assistant: minutes, which `script/test --all` takes."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.path.name != EVERYDAY:
            item.add_marker(pytest.mark.slow)


@dataclass(frozen=True, slots=True)
class Home:
    """All that runs in it, started by whom wants it."""

    broker: Broker
    hass: Hass
    edge: Edge


def home(
    folder: Path, *, integrations: tuple[Path, ...] = (), scene: str = "scene://door?people=1", hold_s: float = 5.0
) -> Iterator[Home]:
    """Home Assistant with the MQTT integration, and an edge that is not started yet."""
    config = {
        "node": {"id": "porch", "name": "Porch"},
        "cameras": {"front_door": {"name": "Front door", "source": scene}},
        "detection": {"backend": "onnx", "precision": "fp32", "threads": 1, "model": str(model("yolov5n.onnx"))},
        "recording": {"min_clip_gap_s": 5},
        "visits": {"hold_s": hold_s},
    }
    with Broker(folder) as broker:
        edge = Edge(folder, {**config, "mqtt": {"port": broker.port}})
        try:
            with Hass(folder, integrations=integrations) as hass:
                hass.add_mqtt(broker.port)
                yield Home(broker=broker, hass=hass, edge=edge)
        finally:
            edge.stop()


@pytest.fixture(scope="module")
def plain_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home without the integration."""
    yield from home(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: the folder that PORCHLIGHT_SCREENSHOTS names, else a temporary one."""
    return Path(os.environ.get("PORCHLIGHT_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
