"""The app's folder by the rules of Home Assistant's Supervisor and of its linter, as far as they concern it."""

import re
from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml

from tests.addon.schema import ELEMENT, checked
from tests.paths import ROOT

ADDON = ROOT / "addon"
#: What an app may say of itself; the linter refuses any other word, and each of these that says what holds anyhow.
KNOWN: dict[str, Any] = {
    **dict.fromkeys(("arch", "backup_exclude", "description", "devices", "discovery", "image", "map", "name")),
    **dict.fromkeys(("homeassistant", "panel_title", "ports", "services", "slug", "url", "version")),
    **dict.fromkeys(("ingress", "ingress_stream", "tmpfs", "udev", "video"), False),
    "init": True,
    "options": {},
    "panel_icon": "mdi:puzzle",
    "schema": {},
    "timeout": 10,
}
PATTERNS = {
    "image": r"[a-z0-9.-]+(/[a-z0-9_-]+)+",
    "slug": r"[-_.A-Za-z0-9]+",
    "url": r"https://\S+",
}
LISTS = {
    "arch": r"aarch64|amd64",
    "devices": r"/dev/[^:]+",  # with a colon it is the form of old
    "map": r"(addon_config|media)(:(rw|ro))?",
    "services": r"(mqtt|mysql):(provide|want|need)",
}


@pytest.fixture
def config() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((ADDON / "config.yaml").read_text())
    return told


def test_every_word_is_known_and_says_something(config: dict[str, Any]) -> None:
    assert set(config) <= set(KNOWN)
    assert [key for key, value in config.items() if value == KNOWN[key]] == []
    assert {"arch", "description", "name", "slug", "version"} <= set(config)


def test_every_value_has_its_form(config: dict[str, Any]) -> None:
    assert [key for key, pattern in PATTERNS.items() if not re.fullmatch(pattern, config[key])] == []
    entries = [(pattern, entry) for key, pattern in LISTS.items() for entry in config[key]]
    assert [entry for pattern, entry in entries if not re.fullmatch(pattern, entry)] == []
    assert 10 <= config["timeout"] <= 300


def test_every_option_has_a_kind_and_the_defaults_are_allowed(config: dict[str, Any]) -> None:
    def elements(schema: Any) -> list[str]:
        if isinstance(schema, str):
            return [schema]
        below = schema.values() if isinstance(schema, dict) else schema
        return [element for each in below for element in elements(each)]

    assert [element for element in elements(config["schema"]) if not ELEMENT.match(element)] == []
    assert checked(config["schema"], config["options"]) == config["options"]


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        ("archive/porchlight", True),
        ("models/yolov5n.onnx", True),
        ("spool/door", True),
        ("api-token", False),
        ("options.json", False),
        ("porchlight.db", False),
    ],
)
def test_backups_leave_media_out_and_take_the_rest(config: dict[str, Any], name: str, *, left_out: bool) -> None:
    """The Supervisor matches from the right, and goes into no folder that is left out."""
    path = PurePosixPath("/data/addons/data/a0b1_porchlight") / name
    assert any(path.match(pattern) for pattern in config["backup_exclude"]) == left_out


def test_no_second_file_is_taken_for_an_app() -> None:
    """The Supervisor looks through the whole repository."""
    places = ("config.{}", "[!.]*/**/config.{}")
    found = [path for kind in ("yaml", "yml", "json") for place in places for path in ROOT.glob(place.format(kind))]
    assert [path for path in found if "node_modules" not in path.parts] == [ADDON / "config.yaml"]


def test_the_folder_has_all_that_is_shown() -> None:
    there = {path.name for path in ADDON.iterdir()}
    assert {"CHANGELOG.md", "DOCS.md", "Dockerfile", "README.md", "apparmor.txt", "icon.png", "logo.png"} <= there
