"""The release's own check, and the workflows: pinned actions, least rights."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.paths import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PARTS = (
    "edge_detector/__init__.py",
    "custom_components/porchlight/manifest.json",
    "addon/config.yaml",
    "addon/Dockerfile",
    "addon/CHANGELOG.md",
    "examples/compose.yaml",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The parts that name a version, with one that is released."""
    for name in (*PARTS, "CHANGELOG.md", "script/check_release.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(changelog.read_text() + "\n## [0.1.0] - 2026-12-01\n\n- All of it.\n\n## [0.0.1]\n\n- Old.\n")
    return tmp_path


def check(checkout: Path, tag: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "script/check_release.py", tag, "--notes", "notes.md"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def test_a_release_whose_parts_agree(checkout: Path) -> None:
    done = check(checkout, "v0.1.0")
    assert (done.returncode, done.stdout, done.stderr) == (0, "version=0.1.0\n", "")
    assert (checkout / "notes.md").read_text() == "- All of it.\n"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_names_another_version(checkout: Path, part: str) -> None:
    path = checkout / part
    path.write_text(path.read_text().replace("0.1.0", "0.1.1"))
    done = check(checkout, "v0.1.0")
    assert done.returncode == 1
    assert done.stderr == f"{part} names 0.1.1, not 0.1.0\n"


def test_a_release_of_which_nothing_is_told(checkout: Path) -> None:
    changelog = checkout / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("- All of it.\n", ""))
    assert check(checkout, "v0.1.0").stderr == "CHANGELOG.md has no section [0.1.0] with anything in it\n"


@pytest.mark.parametrize("tag", ["0.1.0", "v0.1", "vnext"])
def test_a_tag_that_is_no_release(checkout: Path, tag: str) -> None:
    assert check(checkout, tag).stderr == f"{tag} is no tag of a release: v1.2.3 is one\n"


def steps(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in yaml.safe_load(workflow.read_text())["jobs"].values():
        yield from job.get("steps", [job])


def test_there_are_workflows() -> None:
    assert {path.stem for path in WORKFLOWS} >= {"image", "release", "security", "test", "validate"}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(workflow: Path) -> None:
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    loose = [name for name in used if not name.startswith("./") and not re.search(r"@[0-9a-f]{40}$", name)]
    assert loose == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_rights_are_asked_for_where_they_are_needed(workflow: Path) -> None:
    whole = yaml.safe_load(workflow.read_text())
    assert whole["permissions"] == {"contents": "read"}
    for step in steps(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_no_text_of_others_gets_into_a_shell(workflow: Path) -> None:
    """What a pull request's author may choose comes in by the environment alone."""
    assert [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")] == []


def test_programs_that_workflows_run_are_here() -> None:
    named = {
        name for path in WORKFLOWS for name in re.findall(r"(?<![\w/])(?:script/\w[\w.]*|\.ci/run)", path.read_text())
    }
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
