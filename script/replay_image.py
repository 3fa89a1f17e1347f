#!/usr/bin/env python3
"""Build the image of addon/Dockerfile without a container engine, and try it: Debian packages and chroot instead.

usage: script/replay_image.py --model yolov5n.onnx [--keep FOLDER]

Its run-time stages are carried out instruction by instruction in a root of debootstrap; the base image's own additions
(bash, curl, jq, s6) are replaced by Debian's. The stage that exports the model needs torch: the model is handed in.
Then the entry point is started on a read-only root, and the result is printed as one JSON object. Needs root.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DOCKERFILE: Final = ROOT / "addon" / "Dockerfile"
SUITE: Final = "trixie"
#: What base-debian has beside Debian's smallest set.
BASE_PACKAGES: Final = ("bash", "ca-certificates", "curl", "jq", "tzdata", "xz-utils")
#: What Debian's slim images leave out, and what debootstrap leaves behind.
SLIMMED: Final = ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache/apt/archives", "var/lib/apt/lists")
#: How long the entry point may take until its health check passes, and until somebody was seen.
HEALTHY_S: Final = 90.0
SEEN_S: Final = 90.0
#: What stands in for S6-Overlay: its shebangs, and the change of user.
STAND_INS: Final = {
    "command/with-contenv": '#!/bin/bash\nexec "$@"\n',
    "usr/local/bin/s6-setuidgid": "#!/bin/bash\n"
    'user=$1\nshift\nexec setpriv --reuid "$user" --regid "$user" --init-groups "$@"\n',
}
OPTIONS: Final = {
    "cameras": [{"id": "door", "source": "scene://door"}],
    "detection": {"confidence": 0.5},
    "archive": {"type": "folder"},
}
#: The machine's own way to packages, where it has one.
PASSED_ON: Final = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "PIP_CERT", "PIP_INDEX_URL")


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"replay: {text}", file=sys.stderr, flush=True)


# --- the Dockerfile ---------------------------------------------------------------------------------------------------


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Each instruction and its arguments, continued lines joined."""
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in lines.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name.upper(), rest.strip()


def stages(text: str) -> dict[str, list[tuple[str, str]]]:
    """The instructions of every stage by its name; the last one is `image`."""
    found: dict[str, list[tuple[str, str]]] = {"": []}
    name = ""
    for instruction, rest in instructions(text):
        if instruction == "FROM":
            named = re.search(r"\bAS (\S+)$", rest)
            name = named[1] if named else "image"
            found[name] = []
        else:
            found[name].append((instruction, rest))
    return found


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Docker's own `${NAME}` in an instruction other than RUN."""
    return re.sub(r"\$\{(\w+)\}", lambda match: variables.get(match[1], ""), text)


# --- one stage --------------------------------------------------------------------------------------------------------


class Stage:
    """A root folder in which instructions are carried out."""

    def __init__(self, root: Path, sources: Mapping[str, Path]) -> None:
        """`sources`: the roots of other stages by name."""
        self.root = root
        self._sources = sources
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
        self.health = ""
        self._arguments = {"TARGETARCH": "amd64"}

    def carry_out(self, steps: list[tuple[str, str]]) -> None:
        """Do what the instructions say; raises CalledProcessError."""
        for name, rest in steps:
            getattr(self, f"_{name.lower()}")(rest)

    def run(self, command: str) -> None:
        """Run a command in the root, as root, with the network."""
        passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        inside = {**self.environment, **self._arguments, **passed, "DEBIAN_FRONTEND": "noninteractive"}
        script = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" bash -ec "$1"'
        subprocess.run(
            ["unshare", "--mount", "bash", "-c", script, str(self.root), command],
            env=inside,
            stdout=sys.stderr,
            check=True,
        )

    def _run(self, rest: str) -> None:
        say(f"RUN {rest[:90]}…")
        self.run(rest)

    def _arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self._arguments.setdefault(name, value)

    def _env(self, rest: str) -> None:
        for pair in shlex.split(rest):
            name, _, value = pair.partition("=")
            self.environment[name] = expanded(value, self.environment)

    def _copy(self, rest: str) -> None:
        *options, target = shlex.split(rest)
        stage = options.pop(0).removeprefix("--from=")
        place = self.root / target.lstrip("/")
        for option in options:
            source = self._sources[stage] / option.lstrip("/")
            if source.is_dir():
                shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
            else:
                place.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, place)

    def _healthcheck(self, rest: str) -> None:
        self.health = rest.partition("CMD ")[2]

    def _label(self, rest: str) -> None:
        """Nothing is done with labels."""


def base_root(folder: Path) -> Path:
    """The base image's stand-in."""
    root = folder / "base"
    say(f"debootstrap {SUITE}")
    include = f"--include={','.join(BASE_PACKAGES)}"
    subprocess.run(["debootstrap", "--variant=minbase", include, SUITE, str(root)], stdout=sys.stderr, check=True)
    for name in SLIMMED:
        shutil.rmtree(root / name, ignore_errors=True)
    certificates = Path("/etc/ssl/certs/ca-certificates.crt")
    if certificates.exists():
        shutil.copy(certificates, root / "etc/ssl/certs/ca-certificates.crt")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    (root / "var/cache/apt/archives/partial").mkdir(parents=True)
    no_archives = 'Binary::apt::APT::Keep-Downloaded-Packages "false";\nAPT::Keep-Downloaded-Packages "false";\n'
    (root / "etc/apt/apt.conf.d/docker-clean").write_text(no_archives)
    for name, text in STAND_INS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    return root


def source_tree(folder: Path) -> Path:
    """What the first stage holds: the repository's own files, below /src."""
    root = folder / "sources"
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            place = root / "src" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place)
    return root


def build(folder: Path, model: Path) -> Stage:
    """Carry out the stages that need no torch; the finished image."""
    steps = stages(DOCKERFILE.read_text())
    base = base_root(folder)
    models = folder / "models"
    (models / "models").mkdir(parents=True)
    shutil.copy(model, models / "models" / "yolov5n.onnx")
    sources = {"sources": source_tree(folder), "models": models, "program": folder / "program"}
    image = None
    for name in ("program", "image"):
        root = folder / name
        subprocess.run(["cp", "-a", str(base), str(root)], check=True)
        image = Stage(root, sources)
        image.carry_out(steps[name])
    assert image is not None  # noqa: S101 - for the type checker
    return image


def size_bytes(root: Path) -> int:
    """What the files take, hard links once, without what stands in for the base."""
    seen: set[int] = set()
    total = 0
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if Path(folder, name) not in {root / "proc", root / "dev", root / "sys"}]
        for name in files:
            stat = Path(folder, name).lstat()
            if stat.st_ino not in seen:
                seen.add(stat.st_ino)
                total += stat.st_size
    return total


# --- the container ----------------------------------------------------------------------------------------------------

#: Read-only but for what a container is given to write on; then what the services do, in their order.
START = """
set -e
root=$1
ip link set lo up
mount --bind "$root" "$root"
mount -o remount,ro,bind "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount --bind "$2" "$root/data"
mount --bind "$3" "$root/media"
exec chroot "$root" bash -ec '/etc/s6-overlay/scripts/porchlight-prepare && exec /etc/s6-overlay/s6-rc.d/porchlight/run'
"""


class Container:
    """The image at work, in namespaces of its own, on a read-only root."""

    def __init__(self, image: Stage, folder: Path) -> None:
        """`folder` holds what it writes."""
        self._image = image
        self._data = folder / "data"
        media = folder / "media"
        for path in (self._data, media):
            path.mkdir()
        (self._data / "options.json").write_text(json.dumps(OPTIONS))
        self._log = (folder / "log").open("w+")
        alone = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child")
        self._process = subprocess.Popen(
            [*alone, "bash", "-c", START, "bash", str(image.root), str(self._data), str(media)],
            env=image.environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def _first(self) -> int:
        """The container's first process; raises OSError when it has none any more."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        if not children:
            raise ProcessLookupError("the container has ended")
        return int(children[0])

    def _inside(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the container."""
        enter = ("nsenter", "--target", str(self._first()), "--mount", "--net", "--pid")
        return subprocess.run(
            [*enter, "chroot", str(self._image.root), "bash", "-c", command],
            env=self._image.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def healthy(self) -> bool:
        """Does the image's own health check pass?"""
        return self._inside(self._image.health).returncode == 0

    def visits(self) -> int:
        """How many visits the API tells of."""
        token = (self._data / "api-token").read_text().strip()
        call = f"curl --silent --fail --header 'Authorization: Bearer {token}' http://127.0.0.1:8099/api/v1/visits"
        answer = self._inside(call)
        return len(json.loads(answer.stdout)["visits"]) if answer.returncode == 0 else 0

    def users(self) -> set[str]:
        """Who runs the program."""
        found = set()
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                line = (status.parent / "cmdline").read_bytes().split(b"\0")
                if b"/opt/porchlight/bin/porchlight" in line and b"run" in line:
                    found.add(re.search(r"^Uid:\s+(\d+)", status.read_text(), re.MULTILINE)[1])  # type: ignore[index]
            except OSError:
                continue
        return found

    def log(self) -> str:
        """What it said."""
        self._log.seek(0)
        return self._log.read()

    def stop(self) -> None:
        """End it as an engine would: its first process is told; `unshare` itself heeds no signal."""
        with suppress(OSError):
            os.kill(self._first(), signal.SIGTERM)
        self._process.wait(timeout=60)
        self._log.close()


def wait(what: str, limit_s: float, happened: object) -> float:
    """Wait until `happened()`; the seconds that it took. Raises TimeoutError."""
    assert callable(happened)  # noqa: S101 - for the type checker
    begun = time.monotonic()
    while not happened():
        if time.monotonic() - begun > limit_s:
            raise TimeoutError(f"not {what} within {limit_s:g} s")
        time.sleep(0.5)
    return round(time.monotonic() - begun, 1)


def trial(image: Stage, folder: Path) -> dict[str, object]:
    """Start the image, see that it is healthy and finds somebody."""
    container = Container(image, folder)
    time.sleep(1.0)  # until it has its first process
    try:
        healthy_s = wait("healthy", HEALTHY_S, container.healthy)
        seen_s = wait("a visit", SEEN_S, container.visits)
        return {"healthy_s": healthy_s, "first_visit_s": seen_s, "uids": sorted(container.users())}
    except (TimeoutError, OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"replay: {error}\n{container.log()[-4000:]}") from error
    finally:
        container.stop()


def main() -> None:
    """Build, try, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="The model that the first stage would export.")
    parser.add_argument("--keep", type=Path, help="Build here, and keep it.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="porchlight-image-") as temporary:
        folder = (options.keep or Path(temporary)).resolve()
        image = build(folder, options.model)
        result = {
            "size_mb": round(size_bytes(image.root) / 1e6),
            "base_mb": round(size_bytes(folder / "base") / 1e6),
            **trial(image, folder),
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
