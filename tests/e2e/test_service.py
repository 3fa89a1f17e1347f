"""The unit for systemd: what it promises, that systemd takes it, and that the program runs as it is shut in."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT, media, model

UNIT = ROOT / "examples" / "porchlight.service"
GUIDE = ROOT / "docs" / "how-to" / "raspberry-pi.md"

#: What the unit promises; the guide says the same in words.
SHUT_IN = {
    "User": "porchlight",
    "StateDirectory": "porchlight",
    "UMask": "0077",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectProc": "invisible",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes",
    "PrivateTmp": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "RestrictSUIDSGID": "yes",
    "RestrictNamespaces": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "DevicePolicy": "closed",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service",
}
#: Cameras of USB and of the Pi's own connector.
DEVICES = {"char-video4linux rw", "char-media rw", "char-dma_heap rw"}
#: The exposure that `systemd-analyze security` may find, in tenths; 10 is bare, below 2 is called OK.
EXPOSURE = 20

#: Linux refuses memory that is both written and run to this process and those it starts.
PR_SET_MDWE = 65
PR_MDWE_REFUSE_EXEC_GAIN = 1


def options() -> list[tuple[str, str]]:
    """Every option of the unit, in order."""
    return re.findall(r"^([A-Za-z]+)=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def values(name: str) -> list[str]:
    return [value for option, value in options() if option == name]


@pytest.mark.parametrize(("name", "value"), SHUT_IN.items())
def test_unit_keeps_its_promise(name: str, value: str) -> None:
    assert values(name) == [value]


def test_unit_allows_cameras_and_no_other_device() -> None:
    assert set(values("DeviceAllow")) == DEVICES
    assert values("SupplementaryGroups") == ["video"]


def test_unit_starts_what_the_guide_installs() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    (command,) = values("ExecStart")
    program, *arguments = command.split()
    assert arguments == ["run", "--config", "/etc/porchlight/porchlight.yaml"]
    folder = Path(program).parents[1]
    assert f"python3 -m venv {folder}\n" in guide
    for named in (program, arguments[-1], values("EnvironmentFile")[0].removeprefix("-"), "/var/lib/porchlight"):
        assert named in guide
    assert ("Environment", "PORCHLIGHT_DATA=/var/lib/porchlight") in options()


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit as it would be where the program is installed."""
    unit = tmp_path / UNIT.name
    text = UNIT.read_text(encoding="utf-8")
    unit.write_text(re.sub(r"(?<=^ExecStart=)\S+", sys.executable, text, flags=re.MULTILINE), encoding="utf-8")
    return unit


def test_systemd_takes_the_unit(installed: Path) -> None:
    done = subprocess.run([analyzer(), "verify", str(installed)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_finds_it_well_shut_in(installed: Path) -> None:
    arguments = ["security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", str(installed)]
    done = subprocess.run([analyzer(), *arguments], capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd cannot rate a unit that is not installed")
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def analyzer() -> str:
    path = shutil.which("systemd-analyze")
    if path is None:
        pytest.skip("systemd-analyze is not installed")
    return path


def refuse_writable_code() -> None:
    """As MemoryDenyWriteExecute does it; raises OSError where the kernel cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def test_program_runs_without_writable_code(tmp_path: Path) -> None:
    """Decoding, inference, recording, the ledger: the whole pipeline, as a replay runs it."""
    source, video = media("one-by-one-person-detection.mp4"), tmp_path / "short.mp4"
    cut = ["ffmpeg", "-v", "error", "-ss", "5", "-t", "6", "-i", str(source), "-c", "copy", str(video)]
    subprocess.run(cut, check=True)
    command = ["edge_detector", "replay", str(video), "--json", "--model", str(model("yolov5n.onnx"))]
    code = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.e2e.test_service import refuse_writable_code
try:
    refuse_writable_code()
except OSError as error:
    sys.exit(f"cannot be refused: {{error}}")
sys.argv = {command!r}
runpy.run_module("edge_detector", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    if "cannot be refused" in done.stderr:
        pytest.skip("this kernel does not know PR_SET_MDWE (6.3 or newer)")
    assert done.returncode == 0, done.stderr
    assert '"person_arrived"' in done.stdout
    assert '"clip_stored"' in done.stdout
