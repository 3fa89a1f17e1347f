"""A machine of a reader of the documentation: a folder of its own with Porchlight, a broker and a camera."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.docs.blocks import Block
from tests.paths import ROOT

#: A page that takes longer hangs.
PATIENCE_S = 60
#: `porchlight run` goes on for ever; here it ends, as Ctrl-C ends it, once all of it has started.
WRAPPER = """#!/usr/bin/env bash
if [ "$1" != run ]; then exec {porchlight} "$@"; fi
{porchlight} "$@" >run.log 2>&1 &
until grep -q 'The API is at' run.log; do
    kill -0 $! 2>/dev/null || {{ cat run.log >&2; exit 1; }}
    sleep 0.1
done
kill -TERM $!
wait $!
"""
#: Blocks that call these must not be run: they would change the machine, or ask the internet.
REFUSED = (
    "apt",
    "apt-get",
    "brew",
    "docker",
    "ffplay",
    "journalctl",
    "npm",
    "pip",
    "pipx",
    "sudo",
    "systemctl",
    "uv",
)
REFUSAL = '#!/bin/sh\necho "$0 is not run here: say why before the block, as <!-- not run: ... -->" >&2\nexit 126\n'
#: The page's blocks are one session; the first command that fails ends it, and its block is named.
HEAD = "set -eEuo pipefail\ntrap 'echo \"a command of the block at $block failed: $BASH_COMMAND\" >&2' ERR\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the commands of one page run."""

    folder: Path
    environment: Mapping[str, str]
    #: Where its edge serves the page and the API.
    web_port: int

    def run(self, blocks: Sequence[Block], replace: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Type the blocks, with addresses and names of the page replaced by those that are here."""
        script = HEAD + "".join(f"block={block.name}\n{block.commands}\n" for block in blocks)
        for old, new in replace.items():
            script = script.replace(old, new)
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )


def furnish(folder: Path, broker_port: int, web_port: int) -> Machine:
    """A checkout as a reader has it after the installation; what stands in a configuration is set to what is here."""
    home = folder / "home"
    programs = home / ".venv" / "bin"
    programs.mkdir(parents=True)
    _write(programs / "porchlight", WRAPPER.format(porchlight=Path(sys.executable).with_name("porchlight")))
    for name in REFUSED:
        _write(programs / name, REFUSAL)
    (programs / "python").symlink_to(sys.executable)
    for name in ("examples", "addon"):
        (home / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "examples" / "minimal.yaml", home / "porchlight.yaml")
    (home / ".curlrc").write_text("fail\nshow-error\n")  # an answer of 404 is a failure
    return Machine(folder=home, environment=_environment(home, programs, broker_port, web_port), web_port=web_port)


def _environment(home: Path, programs: Path, broker_port: int, web_port: int) -> dict[str, str]:
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PORCHLIGHT_DATA": str(home / ".local" / "share" / "porchlight"),
        "PORCHLIGHT__CAMERAS__DOOR__SOURCE": "scene://door",
        "PORCHLIGHT__DETECTION__BACKEND": "hog",
        "PORCHLIGHT__RECORDING__MAX_CLIP_S": "3",
        "PORCHLIGHT__RECORDING__PRE_ROLL_S": "1",
        "PORCHLIGHT__MQTT__HOST": "127.0.0.1",
        "PORCHLIGHT__MQTT__PORT": str(broker_port),
        "PORCHLIGHT__WEB__PORT": str(web_port),
    }


def _write(program: Path, text: str) -> None:
    program.write_text(text)
    program.chmod(0o755)
