#!/usr/bin/env python3
"""Write docs/reference/command-line.md from the commands' own help; with --check, say whether it is in step.

Needs the project's environment: .venv/bin/python script/gen_command_line_reference.py [--check]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from typer.testing import CliRunner  # noqa: E402 - after the path

from edge_detector.cli.commands import app  # noqa: E402 - only now can it be found

PAGE = ROOT / "docs" / "reference" / "command-line.md"
COMMAND = ".venv/bin/python script/gen_command_line_reference.py"

HEAD = f"""# The command line

Generated from the help of `porchlight` itself: change `edge_detector/cli/commands.py`, not this page, then run
`{COMMAND}`.

Every command ends with status 0 when it did what was asked, 1 when it could not (with one clear message on standard
error), 2 when it was called wrongly, and 130 when Ctrl-C broke it off. `run` and `demo` take Ctrl-C as the regular end.
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


def main() -> int:
    """Write or check the page; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the page is out of step")
    text = page()
    if not parser.parse_args().check:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.relative_to(ROOT)} is out of step with the code: run {COMMAND}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
