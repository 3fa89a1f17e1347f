#!/usr/bin/env python3
"""Write docs/reference/command-line.md from the commands' own help; with --check, say whether it is in step.

Needs the project's environment: .venv/bin/python script/gen_command_line_reference.py [--check]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from generated_page import ROOT, keep

sys.path.insert(0, str(ROOT))

from typer.testing import CliRunner

from edge_detector.cli.commands import app

PAGE = ROOT / "docs" / "reference" / "command-line.md"
COMMAND = ".venv/bin/python script/gen_command_line_reference.py"

HEAD = f"""# The command line

Generated from the help of `porchlight` itself: change `edge_detector/cli/commands.py`, not this page, then run
`{COMMAND}`.

Every command ends with status 0 when it did what was asked, 1 when it could not (with one clear message on standard
error), 2 when it was called wrongly, and 130 when Ctrl-C broke it off (143 for SIGTERM, 129 when its terminal went).
`run` and `demo` take all three as the regular end.
"""


def page() -> str:
    """Give the whole page."""
    names = [info.name or str(getattr(info.callback, "__name__", "")) for info in app.registered_commands]
    below = [
        (str(group.name), info.name or str(getattr(info.callback, "__name__", "")))
        for group in app.registered_groups
        if group.typer_instance
        for info in group.typer_instance.registered_commands
    ]
    return "\n".join(
        [HEAD, *(line for words in [(), *((name,) for name in names), *below] for line in help_of(*words))]
    )


def help_of(*words: str) -> Iterator[str]:
    """Give one command's help."""
    os.environ["COLUMNS"] = "80"
    text = CliRunner().invoke(app, [*words, "--help"], prog_name="porchlight").output
    yield from [f"## `{' '.join(('porchlight', *words))}`", "", "```text", text.strip(), "```", ""]


if __name__ == "__main__":
    sys.exit(keep(PAGE, page(), about=__doc__))
