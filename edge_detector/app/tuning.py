"""Makes 8-bit weights from what a camera really shows, and measures every way to run the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from edge_detector.app import models, parts
from edge_detector.app.system import SystemClock
from edge_detector.capture.factory import is_finite, open_source
from edge_detector.config import Config
from edge_detector.core.errors import SourceEnded, SourceError
from edge_detector.core.picture import bgr
from edge_detector.core.types import Bgr, Frame
from edge_detector.detectors import registry
from edge_detector.detectors.agreement import Agreement, compare
from edge_detector.detectors.engines import Engine
from edge_detector.detectors.measure import Measured, best
from edge_detector.detectors.models import Progress
from edge_detector.runtime.capture_loop import Sampler

#: Pictures of one moment are all alike: one a second is taken.
PICTURES_PER_S = 1.0
#: So few would say nothing of the others.
MIN_PICTURES = 8

#: Told of pictures so far and in all.
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What came of tuning."""

    #: Pictures that the weights were made from, and as many others that they were compared on.
    pictures: int
    agreement: Agreement
    #: Whether the new weights took the place of those before.
    kept: bool


def tune(source: str | None, config: Config, *, most: int, tell: Tell, progress: Progress | None = None) -> Tuned:
    """Make 8-bit weights from up to `most` pictures of a source and those of the scenes; keep them if they agree.

    Every second picture is for comparison alone. Raises SourceError and DetectorError.
    """
    pictures = [*(_pictures_of(source, most, tell) if source else ()), *models.scene_pictures()]
    policy = parts.detector_policy(config)
    weights = registry.weights_of(policy, parts.data_dir(config) / models.FOLDER, progress=progress)
    made = weights.quantised(pictures[::2])
    seen = [
        [detector.detect(picture) for picture in pictures[1::2]]
        for detector in (
            registry.open_engine(Engine(), policy, weights),
            registry.open_engine(Engine(precision="int8"), policy, weights.with_int8(made)),
        )
    ]
    agreement = compare(*seen)
    if agreement.agrees:
        weights.keep(made)
    return Tuned(pictures=len(pictures) // 2, agreement=agreement, kept=agreement.agrees)


def bench(config: Config, progress: Progress | None = None) -> tuple[list[Measured], Measured | None]:
    """What every engine that the configuration allows takes on this machine, and the one that is taken from now on."""
    policy, folder = parts.detector_policy(config), parts.data_dir(config) / models.FOLDER
    registry.weights_of(policy, folder, progress=progress)  # fetched and cut here, where progress is told
    measured = models.measure_apart(policy, folder, budget_s=float("inf"))
    return measured, best(measured)


def _pictures_of(source: str, most: int, tell: Tell) -> Sequence[Bgr]:
    """Pictures of a camera, a second apart, or of all of a file; raises SourceError when there are too few."""
    live = not is_finite(source) and not source.startswith("scene:")
    opened = open_source(source, clock=SystemClock(), packets=False, live=live)
    pictures: list[Bgr] = []
    with closing(opened):
        opened.open(1)
        try:
            for item in opened.read(Sampler(PICTURES_PER_S)):
                if isinstance(item, Frame):
                    pictures.append(bgr(item.image))
                    tell(len(pictures), most)
                if len(pictures) == most:
                    break
        except SourceEnded:
            pass  # a file has no more
    if len(pictures) < MIN_PICTURES:
        raise SourceError(f"{source} gave {len(pictures)} pictures, a second apart; {MIN_PICTURES} are needed")
    return pictures
