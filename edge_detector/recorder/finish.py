"""From a written clip to a finished one; the way after a crash is the way of every day, so it is well trodden."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import av

from edge_detector.core.errors import RecordError
from edge_detector.core.evidence import ClipFile
from edge_detector.core.naming import ClipName, PartName, parse_clip_name, parse_part_name
from edge_detector.core.types import VisitStats
from edge_detector.files import explain, sha256_of, sync_file, sync_folder
from edge_detector.recorder.fragments import Scan, scan
from edge_detector.recorder.poster import make_poster
from edge_detector.recorder.remux import Movie, describe, remux

_LOG = logging.getLogger(__name__)

_MS = 1000
_PERMILLE = 1000
_TRIGGER = "trigger_s="
#: The usual pre-roll, for a clip that does not say what moment started it.
_USUAL_TRIGGER_S = 4.0


def comment_of(trigger_s: float) -> str:
    """What a clip's own header says of the moment that started it."""
    return f"{_TRIGGER}{trigger_s:.3f}"


def parts(folder: Path) -> Iterator[tuple[Path, PartName]]:
    """The clips in `folder` that are not finished, oldest first."""
    for path in sorted(folder.glob("*.part")):
        try:
            yield path, parse_part_name(path.name)
        except ValueError as error:
            _LOG.warning("%s is left alone: %s", path, error)


def finish(part: Path, *, camera: str, stats: VisitStats) -> ClipFile | None:
    """Make a clip of what `part` holds, up to the last whole packet; None, and no file, when it holds none.

    May be repeated after a crash at any point. Raises RecordError; `part` stays then.
    """
    try:
        whole = scan(part)
        final = _finished_before(part) or (_finish(part, whole, stats) if whole.samples else None)
        if final is None:
            _LOG.info("%s held no whole picture and is removed", part.name)
        _remove(part)
        return None if final is None else _clip_file(final, camera=camera, sha256=sha256_of(final))
    except OSError as error:
        raise RecordError(explain(error, part)) from error
    except (ValueError, av.FFmpegError) as error:
        raise RecordError(f"The clip {part} cannot be read: {error}") from error


def finished_clips(folder: Path, *, camera: str, known_sha256: Callable[[Path], str | None]) -> Sequence[ClipFile]:
    """Every finished clip in `folder`, oldest first, its poster made anew where it is missing."""
    clips = []
    for path, _ in _clips(folder):
        try:
            clips.append(_clip_file(path, camera=camera, sha256=known_sha256(path) or sha256_of(path)))
        except OSError as error:
            _LOG.warning("The clip %s cannot be read: %s", path, error)
    return clips


def _finish(part: Path, whole: Scan, stats: VisitStats) -> Path:
    """Put the clip in its place; `part` is gone then, or a copy of it."""
    if part.stat().st_size > whole.end:
        _LOG.warning("%s ends in a damaged packet, which is cut off", part.name)
        os.truncate(part, whole.end)
    movie = describe(part)
    final = part.with_name(f"{_name(part, whole, movie, stats).stem}.mp4")
    copy = _copy_of(part)
    try:
        remux(part, copy, movie=movie, expected=whole)
        sync_file(copy)
        copy.replace(final)
    except (OSError, ValueError, av.FFmpegError) as error:
        copy.unlink(missing_ok=True)
        _LOG.warning("The clip %s stays fragmented, which plays too: %s", final.name, error)
        sync_file(part)
        part.replace(final)
    return final


def _remove(part: Path) -> None:
    """Only when the finished clip is durable may what it was made of go."""
    sync_folder(part.parent)
    part.unlink(missing_ok=True)
    _copy_of(part).unlink(missing_ok=True)
    sync_folder(part.parent)


def _copy_of(part: Path) -> Path:
    return part.with_suffix(".remux")


def _name(part: Path, whole: Scan, movie: Movie, stats: VisitStats) -> ClipName:
    begun = parse_part_name(part.name)
    return ClipName(
        start_ms=begun.start_ms,
        duration_ms=round(whole.ticks * _MS / movie.ticks_per_s),
        max_people=stats.max_people,
        confidence_permille=round(stats.max_confidence * _PERMILLE),
        inference_ms=round(stats.mean_inference_ms),
        width=movie.width,
        height=movie.height,
        visit_id=begun.visit_id,
        n=begun.n,
    )


def _finished_before(part: Path) -> Path | None:
    """The clip that a crash kept from replacing `part`; its figures may differ from those known now."""
    begun = parse_part_name(part.name)
    of_part = (path for path, name in _clips(part.parent) if (name.visit_id, name.n) == (begun.visit_id, begun.n))
    return next(of_part, None)


def _clips(folder: Path) -> Iterator[tuple[Path, ClipName]]:
    for path in sorted(path for path in folder.glob("*.mp4") if path.is_file()):
        try:
            yield path, parse_clip_name(path.stem)
        except ValueError as error:
            _LOG.debug("%s is left alone: %s", path, error)


def _clip_file(path: Path, *, camera: str, sha256: str) -> ClipFile:
    """The facts that a clip's name holds, so that they are the same now and after any crash."""
    name = parse_clip_name(path.stem)
    return ClipFile(
        camera=camera,
        visit_id=name.visit_id,
        n=name.n,
        path=path,
        poster=_poster(path),
        start_utc=name.start_ms / _MS,
        duration_s=name.duration_ms / _MS,
        bytes=path.stat().st_size,
        sha256=sha256,
        width=name.width,
        height=name.height,
        stats=VisitStats(
            max_people=name.max_people,
            max_confidence=name.confidence_permille / _PERMILLE,
            mean_inference_ms=float(name.inference_ms),
        ),
    )


def _poster(clip: Path) -> Path | None:
    poster = clip.with_suffix(".jpg")
    return poster if poster.exists() else make_poster(clip, at_s=_trigger_s(clip))


def _trigger_s(clip: Path) -> float:
    try:
        return float(describe(clip).comment.removeprefix(_TRIGGER))
    except (OSError, ValueError, av.FFmpegError):
        return _USUAL_TRIGGER_S
