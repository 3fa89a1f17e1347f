"""The unit with this machine's paths."""

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_detector.app import setup_service
from edge_detector.app.setup_service import SYSTEM_DATA, Service, commands, hidden, owner, perform, runs_systemd, unit
from edge_detector.core.errors import PorchlightError
from tests.paths import ROOT

#: Somebody whom every machine has, and who is not root.
NOBODY = 65534


#: Spelt so that it is no path of any one machine.
HOME = "/home" + "/pi"


def values(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def service(config: str = "/etc/porchlight/porchlight.yaml", data: str = str(SYSTEM_DATA), **more: str) -> Service:
    archive = Path(more["archive"]) if "archive" in more else None
    return Service(user="porchlight", config=Path(config), data_dir=Path(data), archive=archive)


def test_the_shipped_unit_is_the_example() -> None:
    assert (ROOT / "examples" / "porchlight.service").resolve() == setup_service.UNIT


def test_paths_of_the_system_change_nothing_but_the_program() -> None:
    shipped = setup_service.UNIT.read_text()
    (command,) = values(unit(service()), "ExecStart")
    assert command.startswith(str(Path(sys.executable).parent))
    assert command.endswith("run --config /etc/porchlight/porchlight.yaml")
    kept = [line for line in unit(service()).splitlines() if not line.startswith(("ExecStart=", "ProtectHome="))]
    assert set(kept) <= set(shipped.splitlines())
    assert values(unit(service()), "ReadWritePaths") == []


def test_a_home_may_be_read_and_its_data_written() -> None:
    text = unit(service(f"{HOME}/my porch.yaml", f"{HOME}/100%", archive="/mnt/nas"))
    assert values(text, "ProtectHome") == ["read-only"]
    assert values(text, "ReadWritePaths") == [f"{HOME}/100%% /mnt/nas"]
    assert values(text, "StateDirectory") == []
    assert values(text, "Environment")[0] == f"PORCHLIGHT_DATA={HOME}/100%%"
    assert values(text, "ExecStart")[0].endswith(f'--config "{HOME}/my porch.yaml"')
    assert values(text, "User") == ["porchlight"]


def test_a_program_without_a_script_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/opt/p$y/bin/python")
    assert values(unit(service()), "ExecStart")[0].startswith("/opt/p$$y/bin/python -m edge_detector run")


def test_systemd_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "porchlight.service"
    setup_service.write_unit(service(str(tmp_path / "a b.yaml"), str(tmp_path / "data")), path)
    assert (tmp_path / "data").is_dir()
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run([program, "verify", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_unit_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(PorchlightError, match="Cannot write to"):
        setup_service.write_unit(service(data=str(tmp_path)), tmp_path / "none" / "porchlight.service")


def test_root_makes_the_user_and_gives_it_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("SUDO_USER", raising=False)
    (tmp_path / "new").mkdir()
    found = commands(service(data=str(tmp_path), archive=str(tmp_path / "new")), tmp_path / "porchlight.service")
    assert owner() == "porchlight"
    assert [command[0] for command in found] == ["useradd", "chown", *["install"], *["systemctl"] * 3]
    assert found[0][-1] == "porchlight"
    assert found[1][-2:] == [str(tmp_path), str(tmp_path / "new")]
    assert found[2][-1] == "/etc/systemd/system/porchlight.service"
    (tmp_path / "new" / "somebodys").touch()
    found = commands(service(data=str(tmp_path), archive=str(tmp_path / "new")), tmp_path / "porchlight.service")
    assert str(tmp_path / "new") not in found[1]


def test_others_run_it_as_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_USER", "pi")
    assert owner() == "pi"
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    name = pwd.getpwuid(NOBODY).pw_name
    assert owner() == name
    own = Service(user=name, config=tmp_path / "c.yaml", data_dir=tmp_path)
    assert [command[0] for command in commands(own, tmp_path / "u")] == ["install", *["systemctl"] * 3]


def test_what_is_roots_alone_is_told() -> None:
    config = str(Path("/root") / "porchlight.yaml")
    told = hidden(service(config))
    assert told is not None
    assert told.startswith(f"{config} is root's alone, and the service runs as porchlight: install")
    assert hidden(service()) is None
    assert hidden(Service(user="root", config=Path(config), data_dir=SYSTEM_DATA)) is None


@pytest.mark.parametrize(
    ("script", "running"),
    [
        ("echo running", True),
        ("echo degraded; exit 1", True),
        ("echo offline; exit 1", False),
        ("exit 1", False),
    ],
)
def test_systemd_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, *, running: bool) -> None:
    program = tmp_path / "systemctl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert runs_systemd() is running


def test_no_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not runs_systemd()


def test_a_command_that_fails() -> None:
    with pytest.raises(PorchlightError, match=r"^sh -c echo no >&2; exit 3 ended with status 3: no$"):
        perform(["sh", "-c", "echo no >&2; exit 3"])
    with pytest.raises(PorchlightError, match=r"^no-such-program cannot be started: No such file"):
        perform(["no-such-program"])
