"""A real Home Assistant for tests: the demo's, in the environment that script/bootstrap makes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from script.demo_home_assistant.hass import Hass as RealHass
from script.demo_home_assistant.hass import Household
from tests.paths import ha_python

HOUSEHOLD = Household(user="porch", password="light-of-the-porch")  # noqa: S106 - of a home on loopback


class Hass(RealHass):
    """One config folder, and the process that runs on it; skips the test where there is no Home Assistant."""

    def __init__(
        self, folder: Path, *, integrations: Sequence[Path] = (), automations: Sequence[Any] = (), more: str = ""
    ) -> None:
        """`integrations`: folders to have as custom components; `automations`: their configurations; `more`: YAML."""
        automation = f"automation: {json.dumps(list(automations))}\n"
        super().__init__(
            folder, python=ha_python(), household=HOUSEHOLD, integrations=integrations, more=automation + more
        )
