"""What Home Assistant, its stores and translators want of an integration's files."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from homeassistant.core import HomeAssistant
from homeassistant.helpers import selector
from homeassistant.setup import async_setup_component
from PIL import Image
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.porchlight import access, const, issues

FOLDER = Path(const.__file__).parent
LANGUAGES = ("de", "es", "fr", "it", "nl", "pl", "pt")
EN: dict[str, Any] = json.loads((FOLDER / "translations" / "en.json").read_text())
MANIFEST: dict[str, Any] = json.loads((FOLDER / "manifest.json").read_text())
ICONS: dict[str, Any] = json.loads((FOLDER / "icons.json").read_text())


def leaves(node: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a translation, with its place."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, f"{at}.{key}" if at else key)
    else:
        yield at, node


def keywords(name: str) -> Iterator[str]:
    """The literal values of a keyword in all calls of the integration."""
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == name and isinstance(node.value, ast.Constant):
                yield str(node.value.value)


def test_the_manifest_is_in_order() -> None:
    assert list(MANIFEST) == ["domain", "name", *sorted(MANIFEST.keys() - {"domain", "name"})]
    assert MANIFEST["domain"] == FOLDER.name
    assert MANIFEST["requirements"] == []  # nothing to install, nothing to trust
    assert {"documentation", "issue_tracker", "codeowners", "version", "integration_type", "iot_class"} <= set(MANIFEST)
    assert MANIFEST["mqtt"] == [f"{const.DEFAULT_BASE_TOPIC}/announce/+"]


def test_one_source_of_texts() -> None:
    """Only `translations` is loaded of a custom integration, and references are not resolved there."""
    assert not (FOLDER / "strings.json").exists()
    for at, text in leaves(EN):
        assert text.strip(), at
        assert not re.search(r"\[%key:|https?://|<[a-z]|'\{", text), f"{at}: {text}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations(language: str) -> None:
    english, other = dict(leaves(EN)), dict(leaves(json.loads((FOLDER / f"translations/{language}.json").read_text())))
    assert set(other) == set(english)
    for at, text in other.items():
        assert text.strip(), at
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[at])), f"{at}: {text}"


def test_every_text_that_is_asked_for_is_there() -> None:
    steps = EN["config"]["step"].keys() | {"init"}
    for issue in EN["issues"].values():
        steps |= issue.get("fix_flow", {}).get("step", {}).keys()
    assert set(keywords("step_id")) <= steps
    assert set(keywords("reason")) <= EN["config"]["abort"].keys() | {"reconfigure"} | EN["config"]["error"].keys()
    errors = EN["config"]["error"].keys()
    assert set(access.S3_CODES.values()) <= errors
    source = (FOLDER / "access.py").read_text()
    assert set(re.findall(r'ClipAccessError\("(\w+)"', source)) <= errors
    kinds = {value for key, value in vars(issues).items() if key.isupper() and isinstance(value, str)}
    assert kinds - {const.DOMAIN, const.MIN_EDGE_VERSION} == EN["issues"].keys()


def test_every_form_field_is_described() -> None:
    for name, step in EN["config"]["step"].items():
        assert step.get("data", {}).keys() == step.get("data_description", {}).keys(), name
        assert step.get("menu_options", {}).keys() == step.get("menu_option_descriptions", {}).keys(), name


def test_every_entity_has_a_name_and_an_icon() -> None:
    names = {(platform, key) for platform, keys in EN["entity"].items() for key in keys}
    icons = {(platform, key) for platform, keys in ICONS["entity"].items() for key in keys}
    assert icons == names
    for platform, key in icons:
        icon = ICONS["entity"][platform][key]
        assert icon["default"] not in icon.get("state", {}).values()
    assert all(re.fullmatch(r"mdi:[a-z0-9-]+", icon) for _, icon in leaves(ICONS))


def test_actions() -> None:
    actions = yaml.safe_load((FOLDER / "services.yaml").read_text())
    assert actions.keys() == EN["services"].keys() == ICONS["services"].keys()
    for name, action in actions.items():
        assert action["fields"].keys() == EN["services"][name]["fields"].keys()
        for field in action["fields"].values():
            selector.validate_selector(field["selector"])


def test_the_quality_scale_is_stated_whole() -> None:
    rules = yaml.safe_load((FOLDER / "quality_scale.yaml").read_text())["rules"]
    assert len(rules) == 20 + 10 + 21 + 3
    for rule, value in rules.items():
        assert value == "done" or (value["status"] == "exempt" and value["comment"].endswith(".")), rule


def test_no_platform_polls() -> None:
    for platform in const.PLATFORMS:
        assert re.search(r"^PARALLEL_UPDATES = [01]$", (FOLDER / f"{platform}.py").read_text(), re.MULTILINE), platform


@pytest.mark.parametrize("prefix", ["", "dark_"])
@pytest.mark.parametrize("suffix", ["", "@2x"])
@pytest.mark.parametrize(("kind", "height"), [("icon", 256), ("logo", 192)])
def test_brand_images(prefix: str, suffix: str, kind: str, height: int) -> None:
    with Image.open(FOLDER / "brand" / f"{prefix}{kind}{suffix}.png") as image:
        assert (image.format, image.mode) == ("PNG", "RGBA")
        scaled = height * (2 if suffix else 1)
        assert scaled - 4 <= image.height <= scaled  # what is empty at the edges was cut
        assert image.width == image.height if kind == "icon" else image.width > 3 * image.height
        left, top, right, bottom = image.getbbox() or (0, 0, 0, 0)
        assert max(left, top, image.width - right, image.height - bottom) <= 2
        assert image.getpixel((image.width - 1, 0))[3] == 0  # type: ignore[index] # no background


async def test_home_assistant_shows_the_brand(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, sockets: None
) -> None:
    assert await async_setup_component(hass, "brands", {})
    client = await hass_client()
    for name in ("icon.png", "dark_logo@2x.png"):
        answer = await client.get(f"/api/brands/integration/porchlight/{name}")
        assert await answer.read() == (FOLDER / "brand" / name).read_bytes()
