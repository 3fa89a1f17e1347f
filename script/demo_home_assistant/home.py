"""A home that shows Porchlight: Home Assistant onboarded, the integration set up, dashboard, phone and automation."""

from __future__ import annotations

import os
import secrets
import shutil
import zoneinfo
from dataclasses import dataclass
from pathlib import Path

from script.demo_home_assistant import dashboard
from script.demo_home_assistant.api import Api, wait_until
from script.demo_home_assistant.hass import Hass, Household
from script.demo_home_assistant.phone import Phone, Told

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "custom_components" / "porchlight"
BLUEPRINTS = ROOT / "blueprints" / "automation" / "porchlight"
PYTHON = ROOT / ".venv-ha" / "bin" / "python"

USER = "porch"
#: Long enough that nobody guesses it, short enough to be typed.
PASSWORD_BYTES = 9
BOARD = "porchlight-demo"
AUTOMATION = "porchlight_demo"
#: What the automation editor keeps, and what the notification's blueprint needs.
MORE = """\
automation: !include automations.yaml
scene:
"""
#: The edge tells of itself as soon as it hears that Home Assistant is there.
HEARD_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Where the edge is reached."""

    broker_port: int
    url: str
    #: Holds the token of its API.
    token: Path


def new_home(folder: Path) -> tuple[Hass, Household]:
    """A home in this empty folder, not started yet, and how to log in."""
    household = Household(
        user=USER,
        password=secrets.token_urlsafe(PASSWORD_BYTES),
        name="Porchlight demo",
        time_zone=local_time_zone(),
    )
    hass = Hass(folder, python=PYTHON, household=household, integrations=(INTEGRATION,), more=MORE)
    (hass.config / "automations.yaml").write_text("[]\n", encoding="utf-8")
    shutil.copytree(BLUEPRINTS, hass.config / "blueprints" / "automation" / "porchlight")
    return hass, household


def set_up(hass: Hass, edge: Edge, told: Told) -> Phone:
    """Do in a home that runs what its owner would do; the phone that is told of people."""
    api = hass.api
    hass.add_mqtt(edge.broker_port)
    clips = {"url": edge.url, "token": edge.token.read_text(encoding="utf-8").strip()}
    found = api.discovered("porchlight", HEARD_S)
    entry = api.finish(found, [{}, {"next_step_id": "edge"}, clips])
    cameras = wait_until(lambda: _cameras(api, str(entry["entry_id"])), "the cameras", HEARD_S)
    phone = Phone(api, told)
    _notify(api, phone)
    _show(api, cameras)
    return phone


def local_time_zone() -> str:
    """The time zone of this machine by name, UTC where it has none."""
    name = os.environ.get("TZ") or str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2]
    return name if name in zoneinfo.available_timezones() else "UTC"


def _cameras(api: Api, entry_id: str) -> list[dashboard.Camera]:
    """Those that the integration has made; empty until they have all of their entities and tell something."""
    found = dashboard.cameras(api.registry("porchlight"), api.devices(entry_id))
    states = api.states()
    live = [states.get(camera.entities["camera.live"], {"state": "unavailable"})["state"] for camera in found]
    # Platforms come one after another: the switches are the last.
    complete = all("switch.armed" in camera.entities for camera in found)
    return found if complete and "unavailable" not in live else []


def _notify(api: Api, phone: Phone) -> None:
    """An automation from the blueprint, for the cameras and the phone."""
    inputs = {"cameras": _camera_devices(api), "phones": [phone.device_id]}
    automation = {
        "alias": "Tell me who is at the door",
        "description": "Made from Porchlight's blueprint, with its defaults.",
        "use_blueprint": {"path": "porchlight/person_notification.yaml", "input": inputs},
    }
    api.post(f"/api/config/automation/config/{AUTOMATION}", automation)


def _camera_devices(api: Api) -> list[str]:
    entries = api.registry("porchlight")
    return sorted({str(each["device_id"]) for each in entries if str(each["entity_id"]).startswith("camera.")})


def _show(api: Api, cameras: list[dashboard.Camera]) -> None:
    """The dashboard, which is the first page after the login."""
    board = {"url_path": BOARD, "title": "Porchlight", "icon": "mdi:outdoor-lamp", "mode": "storage"}
    api.call("lovelace/dashboards/create", **board, show_in_sidebar=True, require_admin=False)
    api.call("lovelace/config/save", url_path=BOARD, config=dashboard.dashboard(cameras))
    api.call("frontend/set_system_data", key="core", value={"default_panel": BOARD})
