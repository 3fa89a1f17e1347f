"""What the parts of the speed benchmark work on: videos, the model, and the predecessor in a process beside."""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.measure_runtime import film
from bench.speed_table import CannotError
from bench.torch_environment import NoTorchError, torch_python
from edge_detector.app import models, parts
from edge_detector.config import Config
from edge_detector.ports import Detector
from tests.paths import ROOT, SHARED

SAMPLE = SHARED / "media" / "one-by-one-person-detection.mp4"
WEIGHTS, CHECKPOINT = SHARED / "models" / "yolov5n.onnx", SHARED / "models" / "yolov5n.pt"
SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}


class Predecessor:
    """`bench.predecessor` in its own environment, asked line by line."""

    def __init__(self) -> None:
        """Start it; raises CannotError."""
        need(CHECKPOINT)
        try:
            python = torch_python()
        except NoTorchError as error:
            raise CannotError(str(error)) from error
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", "-m", "bench.predecessor", str(CHECKPOINT)],
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, **asked: object) -> dict[str, Any]:
        """Its answer; raises CannotError."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise TypeError("the predecessor has no pipes")
        try:
            print(json.dumps(asked), file=stdin, flush=True)
            answer = stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise CannotError("torch does not run here: try bench.predecessor by hand")
        return dict(json.loads(answer))

    def close(self) -> None:
        """There is no more question."""
        self._process.communicate()


@dataclass(kw_only=True)
class World:
    """A context manager; makes what is asked for, once."""

    #: The video with people.
    video: Path
    rounds: int
    #: Let the predecessor look at every picture.
    whole: bool = False
    #: What could not be measured, and why.
    missing: list[str] = field(default_factory=list)
    _films: dict[tuple[object, ...], Path] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="porchlight-speed-")
        self.folder = Path(self._folder.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "predecessor" in self.__dict__:
            self.predecessor.close()
        self._folder.cleanup()

    @cached_property
    def predecessor(self) -> Predecessor:
        """The loop in torch; raises CannotError."""
        return Predecessor()

    @property
    def predecessor_or_none(self) -> Predecessor | None:
        """The same; where it is not to be had, that is noted."""
        try:
            return self.predecessor
        except CannotError as error:
            note = f"everything beside torch: {error}"
            if note not in self.missing:
                self.missing.append(note)
            return None

    @cached_property
    def config(self) -> Config:
        """The defaults, with the video; the engine for this machine is chosen, as at a first start."""
        need(WEIGHTS)
        config = Config.model_validate(
            {
                "node": {"id": "bench", "data_dir": self.folder},
                "cameras": {"door": {"source": str(self.video)}},
                "detection": {"model": str(WEIGHTS)},
                "archive": {"type": "folder"},
                "mqtt": {"enabled": False},
                "web": {"enabled": False},
            }
        )
        (self.folder / models.FOLDER).symlink_to(kept_models())
        models.decide(parts.detector_policy(config), self.models_dir)
        return config

    def choose(self) -> None:
        """Have the engine for this machine chosen before a program is timed; raises CannotError."""
        need(Path(self.config.detection.model))

    @property
    def models_dir(self) -> Path:
        """Where the model's weights are prepared."""
        return self.folder / models.FOLDER

    @cached_property
    def detector(self) -> Detector:
        """As it is deployed."""
        return parts.build_detector(self.config, self.folder)

    def film(self, size: str, *, people: int = 0, seconds: float = 20.0, gop: int = 15) -> Path:
        """The generated door as a camera sends it, 15 pictures a second."""
        key = (size, people, seconds, gop)
        if key not in self._films:
            path = self.folder / f"{size}-{people}-{seconds:g}-{gop}.mp4"
            self._films[key] = film(path, size=SIZES[size], people=people, seconds=seconds, gop=gop)
        return self._films[key]


def kept_models() -> Path:
    """Where weights and choices are kept between runs, as between starts of a real program."""
    folder = Path(tempfile.gettempdir()) / "porchlight-bench-models"
    folder.mkdir(exist_ok=True)
    return folder


def need(path: Path) -> None:
    """Raise CannotError where a file is absent."""
    if not path.exists():
        raise CannotError(f"{path.name} is absent: set PORCHLIGHT_SHARED to a folder with media/ and models/")
