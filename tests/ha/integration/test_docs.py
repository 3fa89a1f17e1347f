"""The pages on Home Assistant say what the integration has, and their examples work."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml
from homeassistant.components.automation.config import ValidationStatus, async_validate_config_item
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.entity import EntityDescription
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight import (
    access,
    binary_sensor,
    button,
    camera,
    const,
    event,
    image,
    number,
    past,
    sensor,
    services,
    switch,
)

ROOT = Path(__file__).resolve().parents[3]
PAGES = ROOT / "docs" / "home-assistant"
FOLDER = Path(const.__file__).parent
EN: dict[str, Any] = json.loads((FOLDER / "translations" / "en.json").read_text())
MODULES = (binary_sensor, button, camera, event, image, number, sensor, switch)
PARTS = ("node", "camera", "zone", "line", "inside")
#: Names that Home Assistant gives by the device class.
BY_CLASS = {"connectivity": "Connectivity", "temperature": "Temperature"}
SCHEMAS = {
    services.SERVICE_GET_VISITS: services.VISITS_SCHEMA,
    services.SERVICE_GET_TRAFFIC: services.TRAFFIC_SCHEMA,
    services.SERVICE_RECORD_CLIP: services.RECORD_SCHEMA,
}


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text()


def rows(text: str) -> Iterator[list[str]]:
    """The cells of every row of every table."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def entity(platform: str, of: str, description: EntityDescription) -> tuple[str, ...]:
    """What the table says of a description."""
    key = description.translation_key or description.key
    name = EN["entity"].get(platform, {}).get(key, {}).get("name") or BY_CLASS[key]
    enabled = "on" if description.entity_registry_enabled_default else "off"
    return name, platform, of, enabled, description.entity_category or ""


def test_the_table_of_entities() -> None:
    wanted = set()
    for module in MODULES:
        platform = module.__name__.rpartition(".")[2]
        for of in PARTS:
            table: Sequence[EntityDescription] = getattr(module, of.upper(), ())
            wanted |= {entity(platform, of, description) for description in table}
    told = [tuple(row[:5]) for row in rows(page("entities")) if row[0] != "entity"]
    assert len(told) == len(set(told))
    assert set(told) == wanted


def test_every_field_of_the_set_up() -> None:
    text = page("installation")
    told = {row[0] for row in rows(text)}
    for name, step in EN["config"]["step"].items():
        assert set(step.get("data", {}).values()) <= told, name
    for choice in EN["config"]["step"]["clips"]["menu_options"].values():
        assert choice in told
    for name in ("user", "clips", "s3", "edge"):
        assert f"### {EN['config']['step'][name]['title']}\n" in text


def test_every_action_and_its_fields() -> None:
    text = page("actions")
    parts = dict(re.findall(r"## porchlight\.(\w+)\n(.*?)(?=\n## |\Z)", text, re.DOTALL))
    actions = yaml.safe_load((FOLDER / "services.yaml").read_text())
    assert parts.keys() == actions.keys()
    for name, action in actions.items():
        assert {row[0].strip("`") for row in rows(parts[name]) if row[1] in ("required", "optional")} == set(
            action["fields"]
        )
    for kind in past.Archive:
        assert f"| `{kind}` |" in text
    for source in (past.HEARD, access.TYPE_S3, access.TYPE_EDGE):
        assert f"`{source}`" in text


def test_every_event_type_is_told() -> None:
    told = {row[0].strip("`") for row in rows(page("notifications"))}
    assert set(event.VISIT_TYPES) <= told


def test_every_blueprint_has_a_button() -> None:
    links = re.findall(r"blueprint_url=([^)\s]+)\)", page("notifications"))
    files = (ROOT / "blueprints" / "automation" / "porchlight").glob("*.yaml")
    sources = {load_yaml_dict(path)["blueprint"]["source_url"] for path in files}
    assert {unquote(link) for link in links} == sources


def test_links_lead_somewhere() -> None:
    for path in PAGES.glob("*.md"):
        for target, _, heading in re.findall(r"\]\((?!https?:)([^)#]*)(#([^)]+))?\)", path.read_text()):
            found = (path.parent / target).resolve() if target else path
            assert found.exists(), f"{path.name}: {target}"
            if heading:
                headings = re.findall(r"^#+ (.+)$", found.read_text(), re.MULTILINE)
                slugs = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
                assert heading in slugs, f"{path.name}: #{heading}"


def examples() -> Iterator[Any]:
    """Every example that is meant to be copied, also on the other pages."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        for n, text in enumerate(re.findall(r"^```yaml\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)):
            if {"action", "triggers"} & (example := yaml.safe_load(text)).keys():
                yield pytest.param(example, id=f"{path.stem}-{n}")


@pytest.mark.parametrize("example", examples())
async def test_examples(
    hass: HomeAssistant, running: MockConfigEntry, example: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    if "triggers" not in example:
        cv.SCRIPT_SCHEMA([example])
        rendered = {key: "2026-11-21" if key == "start" else value for key, value in example["data"].items()}
        assert SCHEMAS[example["action"].removeprefix("porchlight.")](rendered)
        return
    assert await async_setup_component(hass, "automation", {})
    config = await async_validate_config_item(hass, "automation.example", {"alias": "Example", **example})
    assert config
    assert config.validation_status is ValidationStatus.OK, caplog.text
