"""Where tests find what is not in this repository: sample media, models, and Home Assistant's own environment.

Media and models lie in a folder `shared` beside the repository, or where PORCHLIGHT_SHARED points. A test that needs
one asks for it here and is skipped, with the reason, where it is absent.
"""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PORCHLIGHT_SHARED") or ROOT.parent / "shared")


def media(name: str) -> Path:
    """The path of a sample video or picture; skips the test where it is absent."""
    return _or_skip(SHARED / "media" / name, "set PORCHLIGHT_SHARED to a folder with media/ and models/")


def model(name: str) -> Path:
    """The path of a model file; skips the test where it is absent."""
    return _or_skip(SHARED / "models" / name, "set PORCHLIGHT_SHARED to a folder with media/ and models/")


def shared_tool(name: str) -> Path:
    """The path of a checking tool that lies with the media; skips the test where it is absent."""
    return _or_skip(SHARED / "tools" / name, "set PORCHLIGHT_SHARED to a folder with tools/")


def ha_python() -> Path:
    """The Python that has Home Assistant; skips the test where it is absent."""
    return _or_skip(ROOT / ".venv-ha" / "bin" / "python", "run script/bootstrap")


def _or_skip(path: Path, mend: str) -> Path:
    if not path.exists():
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        pytest.skip(f"{shown} is absent: {mend}")
    return path
