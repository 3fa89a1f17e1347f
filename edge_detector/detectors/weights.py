"""A model's weights in each precision: cut, and quantised from that, made when they are needed and then kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_detector.core.errors import ModelError
from edge_detector.core.types import Bgr
from edge_detector.detectors.cuts import cut_model
from edge_detector.detectors.engines import Precision
from edge_detector.detectors.kept import Kept, digest

_LOGGER = logging.getLogger(__name__)

#: Raise it whenever `int8.quantise` comes out otherwise, so that no old weights are used any more.
INT8_VERSION = 2

#: Makes pictures: those with even numbers are to calibrate with, the others to compare detectors on.
Pictures = Callable[[], Sequence[Bgr]]


class Weights:
    """One model file, as a runtime takes it."""

    def __init__(
        self, path: Path, models_dir: Path, *, side: int, pictures: Pictures | None = None, int8: bytes | None = None
    ) -> None:
        """Cut the model of `path`, raises ModelError; 8-bit weights are for `side` pixels, and made from `pictures`.

        With `int8`, these are the 8-bit weights, and not what is kept.
        """
        self.path, self.models_dir = path, models_dir
        self._side, self._pictures = side, pictures
        self._fp32 = cut_model(path, models_dir)
        self._int8 = int8
        self._kept = Kept(models_dir / "int8", f"{digest(self._fp32)}-v{INT8_VERSION}")

    def of(self, precision: Precision) -> bytes:
        """The cut model in that precision; raises ModelError when there is none and nothing to make it from."""
        if precision == "fp32":
            return self._fp32
        if (kept := self._int8 or self._kept.read()) is not None:
            return kept
        if self._pictures is None:
            message = f"There are no 8-bit weights of {self.path}: `porchlight models tune` makes them"
            raise ModelError(message)
        content = self.quantised(self._pictures()[::2])
        self.keep(content)
        return content

    def quantised(self, pictures: Sequence[Bgr]) -> bytes:
        """New 8-bit weights, calibrated on `pictures`."""
        from edge_detector.detectors.int8 import quantise  # noqa: PLC0415 - loads onnx, which other starts save

        _LOGGER.info("making 8-bit weights of %s from %s pictures", self.path.name, len(pictures))
        return quantise(self._fp32, pictures, self._side)

    def with_int8(self, int8: bytes) -> Weights:
        """The same model with these 8-bit weights, which are not kept."""
        return Weights(self.path, self.models_dir, side=self._side, int8=int8)

    def keep(self, int8: bytes) -> None:
        """Let these be the 8-bit weights from now on."""
        self._kept.write(int8)

    def identity(self) -> tuple[str, str]:
        """What tells these weights apart from others, in both precisions."""
        int8 = self._kept.read()
        return digest(self._fp32), digest(int8) if int8 else ""
