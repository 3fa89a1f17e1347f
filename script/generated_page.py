"""What every generator of a page does in the end: write it, or say that it is out of step with the code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def keep(page: Path, text: str, *, about: str | None) -> int:
    """Make `page` hold `text`, or with `--check` only compare; the exit status. `about` is the generator's own."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0] if about else None)
    parser.add_argument("--check", action="store_true", help="change nothing; fail when the page is out of step")
    if not parser.parse_args().check:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    elif not page.exists() or page.read_text(encoding="utf-8") != text:
        command = f".venv/bin/python {Path(sys.argv[0]).resolve().relative_to(ROOT)}"
        print(f"{page.relative_to(ROOT)} is out of step with the code: run {command}", file=sys.stderr)
        return 1
    return 0
