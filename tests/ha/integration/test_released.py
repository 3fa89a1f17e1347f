"""Entries of every released version are taken over; those of a newer one are refused and left as they are."""

import json
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight.const import DOMAIN
from tests.ha.integration.conftest import unload

RELEASED = Path(__file__).parents[2] / "released"
ENTRIES = {path: json.loads(path.read_text()) for path in sorted(RELEASED.glob("*/entry-*.json"))}


def entry_of(data: dict[str, Any]) -> MockConfigEntry:
    return MockConfigEntry(
        domain=DOMAIN,
        title=data["title"],
        data=data["data"],
        unique_id=data["unique_id"],
        version=data["version"],
        minor_version=data["minor_version"],
    )


def test_there_are_entries() -> None:
    assert {path.name for path in ENTRIES if path.parent.name == "0.1.0"} == {
        "entry-edge.json",
        "entry-none.json",
        "entry-s3.json",
    }


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_an_entry_of_a_release(hass: HomeAssistant, mqtt_entry: Any, path: Path) -> None:
    data = ENTRIES[path]
    entry = entry_of(data)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert dict(entry.data) == data["data"]
    await unload(hass, entry)


async def test_an_entry_of_a_newer_version(hass: HomeAssistant, mqtt_entry: Any) -> None:
    data = next(iter(ENTRIES.values()))
    entry = entry_of({**data, "version": 2})
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
    assert dict(entry.data) == data["data"]
