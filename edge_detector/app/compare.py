"""A replay scored against a reference: the model whole and exact, at 640 pixels, on every picture of the video."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edge_detector.app import parts
from edge_detector.app.replay import StreamTime, Tell, replay
from edge_detector.capture.factory import open_source
from edge_detector.config import Config
from edge_detector.core import picture
from edge_detector.core.boxes import FULL
from edge_detector.core.errors import ConfigError, SourceEnded
from edge_detector.core.scoring import Look, Score, Span, score
from edge_detector.core.types import Box, Detection, Frame, Track
from edge_detector.files import explain, write_atomic
from edge_detector.ports import Detector

SCHEMA = 1
#: What the reference looks at.
REFERENCE_PX = 640
#: Told of the seconds of the video that are done.
Progress = Callable[[float], None]


def write_reference(video: str, config: Config, file: Path, progress: Progress) -> int:
    """Look at every picture of a video and write down who is there; the number of pictures.

    Raises SourceError, DetectorError, and ConfigError when the file cannot be written.
    """
    detector = parts.reference_detector(config, parts.data_dir(config), side=REFERENCE_PX)
    looks, height = [], 0
    source = open_source(video, clock=StreamTime(0.0), live=False, packets=False, frames=True)
    source.open(1)
    try:
        for item in source.read(lambda _: True):
            if isinstance(item, Frame):
                height = item.planes.size[1]
                looks.append(_look(detector, item))
                progress(item.t)
    except SourceEnded:
        pass
    finally:
        source.close()
    body = {
        "schema": SCHEMA,
        "model": detector.info.model,
        "side": REFERENCE_PX,
        "height": height,
        "frames": [[round(look.t, 4), [_person(found) for found in look.people]] for look in looks],
    }
    try:
        write_atomic(file, json.dumps(body).encode())
    except OSError as error:
        raise ConfigError(explain(error, file)) from error
    return len(looks)


def _look(detector: Detector, frame: Frame) -> Look:
    image, _ = picture.crop_bgr(frame.planes, FULL)
    return Look(t=frame.t, people=detector.detect(image))


def _person(found: Detection) -> list[float]:
    return [round(value, 4) for value in (*found.box, found.score)]


def read_reference(file: Path) -> tuple[tuple[Look, ...], int]:
    """The looks of a reference and the picture's height in pixels; raises ConfigError with what is wrong."""
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"Cannot read the reference {file}: {reason}") from error
    except ValueError as error:
        raise ConfigError(f"The reference {file} is no JSON: make it with `porchlight replay --reference`") from error
    try:
        if body["schema"] != SCHEMA:
            raise ConfigError(f"The reference {file} is of schema {body['schema']}, not {SCHEMA}: make it anew")
        looks = tuple(
            Look(t=float(t), people=tuple(Detection(box=Box(*person[:4]), score=person[4]) for person in people))
            for t, people in body["frames"]
        )
        return looks, int(body["height"])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ConfigError(f"The reference {file} is none: make it with `porchlight replay --reference`") from error


def compare(video: str, config: Config, file: Path, *, out: Path | None, tell: Tell) -> dict[str, object]:
    """Replay, and add to the summary how it compares with the reference; raises PorchlightError."""
    reference, height = read_reference(file)
    seen: list[Look] = []

    def watch(t: float, people: tuple[Track, ...]) -> None:
        found = tuple(Detection(box=person.box, score=person.score) for person in people)
        seen.append(Look(t=t, people=found))

    summary = replay(video, config, out=out, tell=tell, watch=watch)
    visits = [_span(visit) for visit in _listed(summary["visits"])]
    return {**summary, "compared": _body(score(reference, seen, visits, height_px=height))}


def _listed(value: object) -> list[Mapping[str, Any]]:
    return value if isinstance(value, list) else []


def _span(visit: Mapping[str, Any]) -> Span:
    return Span(start=visit["start_t"], end=visit["end_t"])


def _body(found: Score) -> dict[str, object]:
    """The score as JSON has it, shares to four places."""
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in {**asdict(found), "delays_s": [round(delay, 3) for delay in found.delays_s]}.items()
    }
