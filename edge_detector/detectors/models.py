"""Model files: known ones by name, fetched once and verified; any other by its path."""

from __future__ import annotations

import hashlib
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from types import MappingProxyType

from edge_detector.core.errors import ModelError

_LOGGER = logging.getLogger(__name__)

#: A server that says nothing for this long is given up.
TIMEOUT_S = 30.0
#: Large enough to be quick, small enough for a smooth progress bar.
CHUNK_BYTES = 64 * 1024
#: A broken connection is taken up again where it was; so many in a row without a new byte are enough.
MAX_FRUITLESS_TRIES = 3

#: Told of bytes so far, and of bytes in all where the server said so.
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModel:
    """A published file that is fetched by name."""

    file: str
    url: str
    sha256: str
    #: The publisher's licence: the file is fetched from there and never shipped with this program.
    licence: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelState:
    """A known model, and whether its file lies in the data folder."""

    model: KnownModel
    path: Path
    #: None when there is no such file, else whether its checksum is the published one.
    verified: bool | None


_RELEASE = "https://github.com/ultralytics/yolov5/releases/download/v7.0/"

KNOWN: Mapping[str, KnownModel] = MappingProxyType(
    {
        model.file: model
        for model in (
            KnownModel(
                file="yolov5n.onnx",
                url=_RELEASE + "yolov5n.onnx",
                sha256="04f0e55c26f58d17145b36045780fe1250d5bd2187543e11568e5141d05b3262",
                licence="AGPL-3.0",
                about="YOLOv5n v7.0 for the backend onnx",
            ),
            KnownModel(
                file="yolov5n.pt",
                url=_RELEASE + "yolov5n.pt",
                sha256="4f180cf23ba0717ada0badd6c685026d73d48f184d00fc159c2641284b2ac0a3",
                licence="AGPL-3.0",
                about="YOLOv5n v7.0 for the backend yolov5 and for export",
            ),
        )
    }
)


def listing(models_dir: Path, known: Mapping[str, KnownModel] = KNOWN) -> tuple[ModelState, ...]:
    """Every known model and the state of its file in the data folder."""
    states = []
    for model in known.values():
        path = models_dir / model.file
        verified = sha256_of(path) == model.sha256 if path.is_file() else None
        states.append(ModelState(model=model, path=path, verified=verified))
    return tuple(states)


def resolve(
    model: str,
    models_dir: Path,
    *,
    suffix: str = ".onnx",
    known: Mapping[str, KnownModel] = KNOWN,
    progress: Progress | None = None,
) -> Path:
    """The file of a model: an existing path as it is, a known name (`yolov5n`) from the data folder or its release.

    Raises ModelError with what to do when there is no such file and none can be had.
    """
    path = Path(model).expanduser()
    if path.is_file():
        return path.resolve()
    entry = known.get(model) or known.get(model + suffix)
    if entry is None:
        names = ", ".join(sorted(Path(name).stem for name in known if name.endswith(suffix)))
        message = f"There is no model file '{model}': give the path of a {suffix} file, or a known name ({names})"
        raise ModelError(message)
    kept = models_dir / entry.file
    if kept.is_file():
        if sha256_of(kept) == entry.sha256:
            return kept
        _LOGGER.warning("%s is not the published file: fetching it anew", kept)
    return fetch(entry, models_dir, progress)


def fetch(model: KnownModel, models_dir: Path, progress: Progress | None = None) -> Path:
    """Fetch a known model into the data folder, going on where an earlier try broke off; raises ModelError."""
    target = models_dir / model.file
    part = target.with_name(target.name + ".part")
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        _download(model.url, part, progress)
        digest = sha256_of(part)
        if digest == model.sha256:
            part.replace(target)
    except (OSError, HTTPException) as error:  # urllib's own errors are OSErrors
        message = (
            f"The model file {target} is missing and cannot be fetched from {model.url} ({_reason(error)}): connect "
            f"this machine to the internet once, or put the file there by hand, or name a file of your own with "
            f"`--model PATH` or `detection.model`"
        )
        raise ModelError(message) from error
    if digest != model.sha256:
        part.unlink()
        message = (
            f"What {model.url} sent is not the published {model.file} and was deleted: its SHA-256 is {digest}, not "
            f"{model.sha256}; try again, or name a file of your own with `--model PATH` or `detection.model`"
        )
        raise ModelError(message)
    return target


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code} {error.reason}"
    if isinstance(error, urllib.error.URLError):
        return str(error.reason)
    return str(error) or type(error).__name__


def _download(url: str, part: Path, progress: Progress | None) -> None:
    """Bring `part` to its full length; raises OSError or HTTPException when no further byte can be had."""
    fruitless = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        try:
            if _append(url, part, before, progress):
                return
            reason: Exception = ConnectionError("the connection broke off")
        except urllib.error.HTTPError as error:
            error.close()
            raise
        except (OSError, HTTPException) as error:
            reason = error
        fruitless = 0 if part.exists() and part.stat().st_size > before else fruitless + 1
        if fruitless >= MAX_FRUITLESS_TRIES:
            raise reason


def _append(url: str, part: Path, start: int, progress: Progress | None) -> bool:
    """Ask for what is missing from `start` on and write it; whether the file is whole now."""
    request = urllib.request.Request(url, headers={"User-Agent": "porchlight"})  # noqa: S310 - a known address
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        # An opener of its own: urllib's global one remembers the proxies of its first use.
        response: HTTPResponse = urllib.request.build_opener().open(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416 and start:  # noqa: PLR2004 - range not satisfiable: nothing is missing, or all is wrong
            error.close()
            return True
        raise
    with response:
        resumed = response.status == 206  # noqa: PLR2004 - partial content; else the server sends all again
        done = start if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file:
            while chunk := response.read(CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                if progress:
                    progress(done, total)
            file.flush()
            os.fsync(file.fileno())
    return total is None or done >= total


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
