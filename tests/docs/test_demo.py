"""The first command of the README, as a newcomer types it; sooner over, and with a detector that needs no download."""

import subprocess
from pathlib import Path

from tests.docs.blocks import blocks_of
from tests.paths import ROOT

#: The machine may be busy.
PATIENCE_S = 110


def test_the_first_command_shows_porchlight_at_work(tmp_path: Path) -> None:
    *_, command = next(blocks_of(ROOT / "README.md")).commands.splitlines()
    assert command == "script/demo"
    done = subprocess.run(
        [ROOT / command, "--seconds", "1", "--detector", "hog"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Camera:      door, scene://" in done.stdout
    assert f"All of it:     {tmp_path / 'porchlight-demo'}" in done.stdout
