"""The service that starts the edge at every boot: systemd's unit with this machine's paths, and how it is installed."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from edge_detector.core.errors import PorchlightError
from edge_detector.files import explain, make_folder, write_atomic

UNIT = Path(__file__).with_name("porchlight.service")
INSTALLED = Path("/etc/systemd/system") / UNIT.name
#: What the unit names as it is shipped.
SYSTEM_DATA = Path("/var/lib/porchlight")
SYSTEM_USER = "porchlight"
#: Systemd hides these from a service unless told otherwise.
_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
#: It answers at once, or is broken.
_ASK_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Who runs, and on what."""

    user: str
    config: Path
    data_dir: Path
    #: The archive's folder, where it lies outside of the data folder.
    archive: Path | None = None


def owner() -> str:
    """Whom the service runs as: who asks for it, by sudo too; else a user of its own."""
    if os.geteuid():
        return pwd.getpwuid(os.geteuid()).pw_name
    return os.environ.get("SUDO_USER") or SYSTEM_USER


def runs_systemd() -> bool:
    """Did systemd boot this machine?"""
    program = shutil.which("systemctl")
    if program is None:
        return False
    try:
        asked = subprocess.run(  # noqa: S603 - a program of a known name
            [program, "is-system-running"], capture_output=True, text=True, timeout=_ASK_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.stdout.strip() not in {"", "offline", "unknown"}


def hidden(service: Service) -> str | None:
    """Why the service's user could not get at its files, if so: nobody but root enters /root."""
    inside = [path for path in (*_program(), service.config, service.data_dir) if Path("/root") in Path(path).parents]
    if service.user == "root" or not inside:
        return None
    return (
        f"{inside[0]} is root's alone, and the service runs as {service.user}: install Porchlight in /opt/porchlight "
        "and answer --config /etc/porchlight/porchlight.yaml --data /var/lib/porchlight"
    )


def unit(service: Service) -> str:
    """The shipped unit with the paths and the user of this machine."""
    text = UNIT.read_text(encoding="utf-8")
    program = [*_program(), "run", "--config", service.config]
    text = _set(text, "ExecStart", " ".join(_quoted(part).replace("$", "$$") for part in program))
    text = _set(text, "User", service.user)
    text = _set(text, "Environment", _quoted(f"PORCHLIGHT_DATA={service.data_dir}"))  # the first of them
    writable = [] if service.archive is None else [service.archive]
    if service.data_dir != SYSTEM_DATA:
        text = re.sub(r"^StateDirectory.*\n", "", text, flags=re.MULTILINE)
        writable.insert(0, service.data_dir)
    if writable:
        paths = " ".join(_quoted(path) for path in writable)
        text = text.replace("ProtectSystem=strict\n", f"ProtectSystem=strict\nReadWritePaths={paths}\n")
    used = [*_program(), sys.base_prefix, service.config, *writable]
    if any(home in Path(path).parents for path in used for home in _HOMES):
        text = _set(text, "ProtectHome", "read-only")
    return text


def write_unit(service: Service, path: Path) -> None:
    """Write the unit, and make what it names; raises PorchlightError."""
    try:
        make_folder(service.data_dir)
        write_atomic(path, unit(service).encode())
    except OSError as error:
        raise PorchlightError(explain(error, path)) from error


def perform(command: list[str]) -> None:
    """Do one of the commands; raises PorchlightError."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - one of ours
    except OSError as error:
        raise PorchlightError(f"{command[0]} cannot be started: {error.strerror or error}") from error
    if done.returncode:
        raise PorchlightError(f"{' '.join(command)} ended with status {done.returncode}: {done.stderr.strip()}")


def commands(service: Service, unit_file: Path) -> list[list[str]]:
    """What root does to install the service and start it."""
    found: list[list[str]] = []
    if not _exists(service.user):
        options = ["--system", "--home-dir", str(SYSTEM_DATA), "--shell", "/usr/sbin/nologin", "--groups", "video"]
        found.append(["useradd", *options, service.user])
    if not os.geteuid():
        owned = [service.config, service.data_dir]
        if service.archive is not None and service.archive.is_dir() and not any(service.archive.iterdir()):
            owned.append(service.archive)  # made just now, or nobody's yet
        found.append(["chown", "-R", service.user, *map(str, owned)])
    return [
        *found,
        ["install", "-m", "644", str(unit_file), str(INSTALLED)],
        ["systemctl", "daemon-reload"],
        ["systemctl", "enable", UNIT.stem],
        ["systemctl", "restart", UNIT.stem],
    ]


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _program() -> list[str | Path]:
    """What starts this very program."""
    beside = Path(sys.executable).with_name("porchlight")
    return [beside] if beside.exists() else [sys.executable, "-m", "edge_detector"]


def _set(text: str, option: str, value: str) -> str:
    return re.sub(rf"^{option}=.*$", lambda _: f"{option}={value}", text, count=1, flags=re.MULTILINE)


def _quoted(part: str | Path) -> str:
    """As systemd reads it: no specifier, one word."""
    text = str(part).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{text}"' if re.search(r"[\s\\\"';]", text) else text
