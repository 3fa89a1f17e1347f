#!/usr/bin/env python3
"""Refuse a release whose parts do not agree on its version; needs PyYAML alone.

usage: script/check_release.py v1.2.3 [--notes FILE]
Prints `version=1.2.3`; FILE gets that version's section of the changelog.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
VERSION: Final = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")


def versions(root: Path) -> dict[str, str]:
    """The version that each part names, by its file."""
    dockerfile = (root / "addon" / "Dockerfile").read_text()
    edge = (root / "edge_detector" / "__init__.py").read_text()
    compose = (root / "examples" / "compose.yaml").read_text()
    return {
        "edge_detector/__init__.py": _first(r'^__version__ = "(.+)"$', edge),
        "custom_components/porchlight/manifest.json": json.loads(
            (root / "custom_components" / "porchlight" / "manifest.json").read_text()
        )["version"],
        "addon/config.yaml": str(yaml.safe_load((root / "addon" / "config.yaml").read_text())["version"]),
        "addon/Dockerfile": _first(r"^ARG BUILD_VERSION=(.+)$", dockerfile),
        "addon/CHANGELOG.md": _first(r"^## (\S+)$", (root / "addon" / "CHANGELOG.md").read_text()),
        "examples/compose.yaml": _first(r"porchlight-edge:(\S+)$", compose),
    }


def notes(root: Path, version: str) -> str:
    """The version's section of the changelog, empty when there is none."""
    text = (root / "CHANGELOG.md").read_text()
    match = re.search(rf"^## \[{re.escape(version)}\][^\n]*\n(.*?)(?=^## \[|\Z)", text, re.MULTILINE | re.DOTALL)
    return match[1].strip() if match else ""


def faults(root: Path, tag: str) -> list[str]:
    """What speaks against releasing this tag, a sentence each."""
    version = tag.removeprefix("v")
    if tag == version or not VERSION.fullmatch(version):
        return [f"{tag} is no tag of a release: v1.2.3 is one"]
    found = [f"{file} names {named}, not {version}" for file, named in versions(root).items() if named != version]
    if not notes(root, version):
        found.append(f"CHANGELOG.md has no section [{version}] with anything in it")
    return found


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else "nothing"


def main() -> None:
    """Print the version, or end with every fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tag")
    parser.add_argument("--notes", type=Path)
    options = parser.parse_args()
    if found := faults(ROOT, options.tag):
        raise SystemExit("\n".join(found))
    version = options.tag.removeprefix("v")
    if options.notes:
        options.notes.write_text(notes(ROOT, version) + "\n")
    print(f"version={version}")


if __name__ == "__main__":
    main()
