import json
import re
import shutil
import stat
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import edge_detector
from tests.paths import ROOT

# Patterns are spelled so that this file does not match them itself.
REGISTRY_HOST = re.compile(r"\b(?:pypi|pythonhosted|npmjs|(?:deb|security|ftp)\.debian|crates)\.(?:org|io)\b")
PACKAGE_INDEX = re.compile(r"--(?:extra-)?index-url\b|--find[-]links\b|\bfile:/{2,3}(?:opt|usr)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}~-])/(?:work|root|home/[a-z]+|opt/pypi|tmp/[a-z]*jobs)/")
TASK = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b(?!\([\w@-]+\):)")

MEDIA_AND_MODELS = {
    *(".mp4", ".mkv", ".mov", ".avi", ".h264", ".h265", ".hevc", ".mjpeg", ".webm"),
    *(".onnx", ".pt", ".pth", ".xml.bin", ".tflite", ".engine", ".param"),
}
#: The largest file that may be kept here; pictures of the documentation are the largest.
MAX_FILE_BYTES = 600_000
#: One that passes this is two jobs.
MAX_MODULE_LINES = 400


def git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no git checkout")
    return [line for line in done.stdout.split("\0") if line]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    """What is committed or would be."""
    names = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [path for name in sorted(set(names)) if (path := ROOT / name).is_file()]


def lines(files: list[Path]) -> Iterator[tuple[str, str]]:
    """Every line of every text file, with its place."""
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            yield f"{path.relative_to(ROOT)}:{number}", line


@pytest.mark.parametrize("pattern", [REGISTRY_HOST, PACKAGE_INDEX, MACHINE_PATH], ids=["registry", "index", "path"])
def test_no_address_of_one_machine_alone(files: list[Path], pattern: re.Pattern[str]) -> None:
    assert [f"{place}: {line.strip()}" for place, line in lines(files) if pattern.search(line)] == []


def test_patterns_find_what_they_are_for() -> None:
    assert REGISTRY_HOST.search("https://" + "pypi" + ".org/simple")
    assert REGISTRY_HOST.search("deb http://" + "deb.debian" + ".org/debian sid main")
    assert PACKAGE_INDEX.search("--extra-" + "index-url https://mirror.example")
    assert MACHINE_PATH.search('open("/' + 'work/main/x")')
    assert not MACHINE_PATH.search("docs/work/x and $HOME/root/x")
    assert TASK.search("# TO" + "DO: later")
    assert not TASK.search("# TO" + "DO(@porchlight-home): later")


def test_no_media_and_no_models(files: list[Path]) -> None:
    assert [str(path.relative_to(ROOT)) for path in files if path.suffix in MEDIA_AND_MODELS] == []


def test_no_large_files(files: list[Path]) -> None:
    assert [str(path.relative_to(ROOT)) for path in files if path.stat().st_size > MAX_FILE_BYTES] == []


def test_one_config_file_for_the_supervisor(files: list[Path]) -> None:
    """Home Assistant's Supervisor takes every config file anywhere in a repository for an add-on."""
    found = {str(path.relative_to(ROOT)) for path in files if re.fullmatch(r"config\.(ya?ml|json)", path.name)}
    assert found <= {"addon/config.yaml"}


def test_programs_are_executable_and_nothing_else_is() -> None:
    entries = [re.split(r"[ \t]", entry) for entry in git("ls-files", "-z", "--stage")]
    executable = {name for mode, _, _, name in entries if mode == "100755"}
    scripts = {name for *_, name in entries if (ROOT / name).is_file() and (ROOT / name).read_bytes().startswith(b"#!")}
    assert executable == scripts


def test_scripts_have_no_fault_in_their_syntax() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    for path in [*(ROOT / "script").iterdir(), ROOT / ".ci" / "run"]:
        if path.is_file() and b"bash" in path.read_bytes().partition(b"\n")[0]:
            assert path.stat().st_mode & stat.S_IXUSR
            subprocess.run([bash, "-n", str(path)], check=True)


def test_versions_agree() -> None:
    versions = {"edge_detector": edge_detector.__version__}
    manifest = ROOT / "custom_components" / "porchlight" / "manifest.json"
    if manifest.exists():
        versions["manifest.json"] = json.loads(manifest.read_text())["version"]
    addon = ROOT / "addon" / "config.yaml"
    if addon.exists():
        versions["addon"] = str(yaml.safe_load(addon.read_text())["version"])
    assert set(versions.values()) == {edge_detector.__version__}, versions


def test_changelog_has_a_place_for_what_is_new() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[Unreleased\]$", changelog, re.MULTILINE)


def test_no_module_does_two_jobs() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for folder in ("edge_detector", "custom_components")
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > MAX_MODULE_LINES
    }
    assert long == {}


def test_no_task_without_an_owner(files: list[Path]) -> None:
    code = [path for path in files if path.suffix in {".py", ".js", ".yaml", ".yml", ".toml", ".sql", ".sh"}]
    assert [f"{place}: {line.strip()}" for place, line in lines(code) if TASK.search(line)] == []


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        ("edge", ["s3"]),
        ("demo", ["demo"]),
        ("dev", ["demo", "query", "s3", "dev"]),
    ],
)
def test_lock_holds_what_the_project_asks_for(lock: str, groups: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    for group in groups:
        wanted += project["project"]["optional-dependencies"].get(group) or project["dependency-groups"][group]
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    locked: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^([A-Za-z0-9].*?) \\$", text, re.MULTILINE):
        requirement = Requirement(line)
        locked.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    for line in wanted:
        requirement = Requirement(line)
        found = locked.get(canonicalize_name(requirement.name), [])
        assert found, f"{requirement.name} is missing: run script/lock"
        for pinned in found:
            version = str(pinned.specifier).removeprefix("==")
            assert requirement.specifier.contains(version), f"{pinned} is not {requirement}: run script/lock"
