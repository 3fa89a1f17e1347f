"""A real Home Assistant as a process of its own: on loopback, offline, onboarded."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from script.demo_home_assistant.api import Api, ApiError, wait_until

HOST = "127.0.0.1"
#: It is up in 6 s on a fast machine; a busy one takes its time.
START_S = 120.0
#: It writes its stores, then ends.
STOP_S = 60.0

CONFIGURATION = """\
homeassistant:
  name: {name}
  latitude: 52.0
  longitude: 5.0
  elevation: 0
  unit_system: metric
  time_zone: {time_zone}
  country: NL
  language: en
  currency: EUR
  internal_url: "{url}"
  external_url: "{url}"
frontend:
config:
history:
logbook:
media_source:
mobile_app:
stream:
recorder:
logger:
  default: warning
{more}
"""
RECORD = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\S* (\w+) ")
#: What a Home Assistant says that is offline, or ours, and is no fault.
EXPECTED = (
    r"We found a custom integration",
    r"Skipping pip installation",
)


class HassError(Exception):
    """Home Assistant does not start or does not end; the message ends with its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """A home and its owner."""

    user: str
    password: str
    name: str = "Home"
    time_zone: str = "UTC"


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


class Hass:
    """One config folder, and the process that runs on it; may be stopped, killed and started again."""

    def __init__(
        self,
        folder: Path,
        *,
        python: Path,
        household: Household,
        integrations: Sequence[Path] = (),
        more: str = "",
    ) -> None:
        """`python` has Home Assistant; `integrations`: folders to have as custom components; `more`: YAML."""
        self._python = python
        self._household = household
        self.config = folder / "config"
        self._output = folder / "hass.out"
        self._process: subprocess.Popen[bytes] | None = None
        self.api = Api(free_port())
        text = CONFIGURATION.format(
            url=self.api.url, name=json.dumps(household.name), time_zone=household.time_zone, more=more
        )
        self._write(integrations, text)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop(kill=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process now; HassError when there is none."""
        if self._process is None:
            raise HassError("Home Assistant does not run")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until everything is set up; the first time its owner is made too."""
        # Python would find the integration in the folder that this runs in, or that PYTHONPATH names.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                [self._python, "-m", "homeassistant", "-c", self.config, "--skip-pip", "--log-no-color"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.config,
                env={**environment, "PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C at the terminal is for us, and we end it
            )
        wait_until(self._answers, "Home Assistant", START_S)
        if not self.api.token:
            self.api = Api(self.api.port, self._onboard())
        wait_until(lambda: self.api.get("/api/config")["state"] == "RUNNING", "Home Assistant running", START_S)

    def stop(self, *, kill: bool = False) -> None:
        """End it politely, or not."""
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise HassError(f"Home Assistant did not end:\n{self.log()[-4000:]}") from None
        finally:
            self._process = None

    def log(self) -> str:
        """All that it has said, over restarts too."""
        return self._output.read_text(errors="replace")

    def problems(self, *expected: str) -> list[str]:
        """Warnings and errors with their tracebacks, but those that match a pattern."""
        records: list[list[str]] = []
        kept = False
        for line in self.log().splitlines():
            if match := RECORD.match(line):
                kept = match[1] in ("WARNING", "ERROR", "CRITICAL")
                if kept:
                    records.append([line])
            elif kept:
                records[-1].append(line)
        texts = ["\n".join(record) for record in records]
        return [text for text in texts if not any(re.search(each, text) for each in (*EXPECTED, *expected))]

    def add_mqtt(self, port: int) -> str:
        """Add the MQTT integration as a user does, with the broker on this port; the entry's id."""
        step = self.api.start_flow("mqtt")
        other = {"set_client_cert": False, "set_ca_cert": "off", "transport": "tcp"}
        entry_id: str = self.api.finish(step, [{"broker": HOST, "port": port, "other_settings": other}])["entry_id"]
        wait_until(lambda: self.api.entries("mqtt")[0]["state"] == "loaded", "MQTT")
        return entry_id

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise HassError(f"Home Assistant ended:\n{self.log()[-4000:]}")
        try:
            return bool(self.api.fetch("/manifest.json"))
        except (urllib.error.URLError, OSError, ApiError):
            return False

    def _write(self, integrations: Sequence[Path], configuration: str) -> None:
        (self.config / ".storage").mkdir(parents=True)
        components = self.config / "custom_components"
        components.mkdir()
        for integration in integrations:
            (components / integration.name).symlink_to(integration, target_is_directory=True)
        (self.config / "configuration.yaml").write_text(configuration)
        # In YAML `http:` would be a trial that ends in a restart after five minutes.
        stable = {
            "server_host": [HOST],
            "server_port": self.api.port,
            "cors_allowed_origins": [],
            "login_attempts_threshold": -1,
            "ip_ban_enabled": False,
            "ssl_profile": "modern",
            "use_x_frame_options": True,
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
            "error": None,
            "error_message": None,
        }
        self._store("http", 2, {"stable": stable, "pending": None, "yaml_migration_done": True})
        # The step of the address adds integrations that call home and hang offline; the others are gone through.
        self._store("onboarding", 4, {"done": ["core_config"]})

    def _store(self, key: str, version: int, data: dict[str, Any]) -> None:
        content = {"version": version, "minor_version": 1, "key": key, "data": data}
        (self.config / ".storage" / key).write_text(json.dumps(content))

    def _onboard(self) -> str:
        """Make the owner, go through the steps of a new home, and make a token that lasts."""
        client = {"client_id": f"{self.api.url}/"}
        user, password = self._household.user, self._household.password
        owner = {"name": user.capitalize(), "username": user, "password": password, "language": "en"}
        code = self.api.post("/api/onboarding/users", {**client, **owner})["auth_code"]
        owned = self.api.with_code(code)
        for step in (step["step"] for step in owned.get("/api/onboarding") if not step["done"]):
            owned.post(f"/api/onboarding/{step}", {**client, "redirect_uri": client["client_id"]})
        token: str = owned.call("auth/long_lived_access_token", client_name="porchlight", lifespan=30)
        return token
