#!/usr/bin/env python3
"""Put empty libraries in the place of those that wheels bring along for what Porchlight never does.

usage: script/stand_in.py SITE_PACKAGES

OpenCV is linked to FFmpeg and to OpenBLAS, PyAV's FFmpeg to encoders and to screens. Neither loads without them, but
nothing of them is called. So an empty library of the same name takes the place of each: its functions lead nowhere, and
a call would end the program. What only they needed goes too. It wants binutils.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final

#: By the folder of the wheel's libraries: how their names begin.
UNUSED: Final = {
    # To read and write video, which PyAV does; and to solve equations.
    "opencv_python_headless.libs": ("libavcodec-", "libavformat-", "libavutil-", "libswscale-", "libopenblas"),
    # To encode H.265 and AV1, to compare pictures, and to record a screen.
    "av.libs": ("libx265-", "libSvtAv1Enc-", "libvmaf-", "libxcb-"),
}


def said(*command: str | Path) -> list[str]:
    """The lines that a program printed; raises CalledProcessError."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()


def libraries(folder: Path) -> list[Path]:
    """All shared libraries below a folder."""
    return [path for path in folder.rglob("*.so*") if path.is_file() and not path.is_symlink()]


def symbols(path: Path, which: str) -> dict[str, str]:
    """The names that a library has or wants, with their versions."""
    names = (line.split()[-1] for line in said("nm", "--dynamic", "--with-symbol-versions", which, path))
    return {name: version.lstrip("@") for name, _, version in (each.partition("@") for each in names)}


def needed(path: Path) -> set[str]:
    """The libraries that a library is linked to."""
    return {line.split("[")[1].rstrip("]") for line in said("readelf", "--dynamic", path) if "(NEEDED)" in line}


def stand_in(path: Path, wanted: set[str]) -> None:
    """Replace a library by one whose wanted names lead nowhere."""
    nodes = defaultdict(list)
    for name, version in symbols(path, "--defined-only").items():
        if name in wanted:
            nodes[version].append(name)
    code = '.section .note.GNU-stack,"",%progbits\n.data\n'
    code += "".join(f".globl {name}\n.type {name}, %function\n{name}:\n" for each in nodes.values() for name in each)
    versions = "".join(f"{node} {{ {'; '.join(each)}; }};\n" for node, each in nodes.items())
    with tempfile.TemporaryDirectory() as temporary:
        assembly, thing, script = (Path(temporary, name) for name in ("code.s", "code.o", "versions"))
        assembly.write_text(f"{code}.quad 0\n")
        script.write_text(versions)  # a node without a name is one without a version
        said("as", "-o", thing, assembly)
        path.unlink()
        said(
            "ld",
            "-shared",
            "-z",
            "noexecstack",
            f"-soname={path.name}",
            f"--version-script={script}",
            "-o",
            path,
            thing,
        )


def main() -> None:
    """Replace, then remove what is needed no more."""
    [site] = map(Path, sys.argv[1:])
    every = libraries(site)
    wanted = {name for path in every for name in symbols(path, "--undefined-only")}
    for folder, starts in UNUSED.items():
        for start in starts:
            found = [path for path in every if path.parent == site / folder and path.name.startswith(start)]
            if not found:
                raise SystemExit(f"{folder} has no {start}… any more: look what it has instead")
            for path in found:
                stand_in(path, wanted)
    while orphans := unneeded(site):
        for path in orphans:
            path.unlink()


def unneeded(site: Path) -> list[Path]:
    """What lies in those folders and nothing is linked to."""
    links = {name for path in libraries(site) for name in needed(path)}
    return [path for folder in UNUSED for path in libraries(site / folder) if path.name not in links]


if __name__ == "__main__":
    main()
