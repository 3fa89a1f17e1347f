"""What pages show as data holds: configurations pass `check-config`, JSON and YAML are well formed, Python compiles."""

import ast
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from edge_detector.config import Config
from edge_detector.config.load import load
from edge_detector.core.errors import ConfigError
from tests.addon.schema import checked
from tests.docs.blocks import Block, every_block, name_of, pages
from tests.paths import ROOT

#: What only a whole configuration has; a page shows the part that it is about.
REST = {"cameras": {"door": {"source": "rtsp://192.0.2.7/stream1"}}}
CAMERA = {"id": "door", **REST["cameras"]["door"]}
APP: dict[str, Any] = yaml.safe_load((ROOT / "addon" / "config.yaml").read_text())
#: YAML of other programs, by a key that only theirs has; tests/ha/integration/test_docs.py has Home Assistant's.
HOME_ASSISTANT = frozenset({"action", "triggers", "visits", "lines"})
PROMETHEUS = frozenset({"scrape_configs", "groups"})
#: What each of My Home Assistant's links that we use needs.
REDIRECTS = {
    "blueprint_import": {"blueprint_url"},
    "config_flow_start": {"domain"},
    "hacs_repository": {"owner", "repository", "category"},
    "integration": {"domain"},
    "integrations": set[str](),
    "supervisor_add_addon_repository": {"repository_url"},
    "supervisor_addon": {"addon"},
    "supervisor_store": set[str](),
}
MY = re.compile(r"https://my\.home-assistant\.io/(?!badges/)[^\s)\"'>]*")
BADGE = re.compile(r"https://my\.home-assistant\.io/badges/(\w+)\.svg")


def of(language: str) -> list[Any]:
    return [pytest.param(block, id=block.name) for block in every_block() if block.language == language]


def is_app(values: dict[str, Any]) -> bool:
    """Options of the app have cameras as a list."""
    return isinstance(values.get("cameras"), list)


@pytest.mark.parametrize("block", of("yaml"))
def test_yaml(block: Block, tmp_path: Path) -> None:
    values = yaml.safe_load(block.text)
    assert isinstance(values, dict)
    if "response" in block.info or HOME_ASSISTANT & values.keys() or PROMETHEUS & values.keys():
        return
    if is_app(values) or (block.page.name == "DOCS.md" and values.keys() <= APP["schema"].keys()):
        options = tmp_path / "options.json"
        options.write_text(json.dumps(checked(APP["schema"], {**APP["options"], "cameras": [CAMERA], **values})))
        load(None, options=options)
        return
    assert values.keys() <= Config.model_fields.keys(), "is no configuration, and nothing else that is known"
    check_config(values, tmp_path)


def check_config(values: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "porchlight.yaml"
    file.write_text(yaml.safe_dump({**REST, **values}))
    load(file)


def test_a_wrong_configuration_is_seen(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="hold"):
        check_config({"visits": {"hold": 5}}, tmp_path)


@pytest.mark.parametrize("block", of("json"))
def test_json(block: Block) -> None:
    """One value, or one on each line."""
    try:
        json.loads(block.text)
    except ValueError:
        assert [json.loads(line) for line in block.text.splitlines()]


@pytest.mark.parametrize("block", of("python"))
def test_python(block: Block) -> None:
    ast.parse(block.text)


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_my_home_assistant(page: Path) -> None:
    text = page.read_text()
    for link in MY.findall(text):
        parts = urlsplit(link)
        match parts.path.split("/"):
            case ["", "redirect", name, ""]:
                assert name in REDIRECTS, link
                given = parse_qs(parts.query, strict_parsing=bool(parts.query))
                assert given.keys() >= REDIRECTS[name], link
                assert all(urlsplit(value).scheme == "https" for key, [value] in given.items() if key.endswith("_url"))
            case _:
                pytest.fail(f"{link} is no link of My Home Assistant")
    assert set(BADGE.findall(text)) <= REDIRECTS.keys()
