"""The eye of a generated scene: metres of the world to pixels of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Height of the camera over the ground, in metres.
CAMERA_HEIGHT = 2.4
#: Focal length, as a share of the design's height.
_FOCAL = 1.45
#: Where the horizon is, as a share of the design's height from its top.
HORIZON = 0.2
#: Width to height of the design; other formats see a part of it, never less than all of one side.
_ASPECT = 16 / 9


@dataclass(frozen=True, slots=True)
class View:
    """A pinhole camera that looks level at the house; the picture is `width` x `height` pixels."""

    width: int
    height: int

    @property
    def scale(self) -> float:
        """Pixels of the design's height."""
        return max(self.width / _ASPECT, float(self.height))

    def project(self, x: ArrayLike, z: ArrayLike, up: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixels (n, 2) of places to the right, away and above ground, and pixels a metre (n) there."""
        metre = _FOCAL * self.scale / np.asarray(z, dtype=np.float64)
        px = self.width / 2 + metre * np.asarray(x)
        py = self.height / 2 + (HORIZON - 0.5) * self.scale + metre * (CAMERA_HEIGHT - np.asarray(up))
        return np.stack(np.broadcast_arrays(px, py), axis=-1), metre

    def point(self, x: float, z: float, up: float = 0.0) -> tuple[float, float]:
        """One place in pixels."""
        pixels, _ = self.project(x, z, up)
        return float(pixels[0]), float(pixels[1])
