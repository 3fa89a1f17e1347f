"""Where things stand that look like people: kept over restarts, and suppressed when the owner says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from edge_detector.core.facts import Fact, SpotsChanged
from edge_detector.core.still import Spot
from edge_detector.core.types import Suppress, Unsuppress
from edge_detector.ports import Clock, SpotShelf
from edge_detector.runtime.control import Commandable


class Spots:
    """Keeps what the cameras find, and tells them what the owner wants."""

    def __init__(self, *, cameras: Mapping[str, Commandable], shelf: SpotShelf, clock: Clock) -> None:
        """`cameras` have been given what the shelf holds."""
        self._cameras = cameras
        self._shelf = shelf
        self._clock = clock
        self._spots = {camera: tuple(shelf.get(camera)) for camera in cameras}

    def spots(self, camera: str) -> Sequence[Spot]:
        """All that is known: proposed, suppressed, and what is still watched."""
        return self._spots[camera]

    def suppress(self, camera: str, spot: str) -> bool:
        """Take no more notice of what stands there; False when nobody knows the spot."""
        self._cameras[camera].command(Suppress(t=self._clock.now(), spot=spot))
        return any(known.id == spot for known in self._spots[camera])

    def unsuppress(self, camera: str, spot: str) -> bool:
        """Take notice again; False when nobody knows the spot."""
        self._cameras[camera].command(Unsuppress(t=self._clock.now(), spot=spot))
        return any(known.id == spot for known in self._spots[camera])

    async def handle(self, fact: Fact) -> None:
        """Keep what a camera has found; raises LedgerError."""
        if isinstance(fact, SpotsChanged):
            self._spots[fact.camera] = fact.spots
            await asyncio.to_thread(self._shelf.put, fact.camera, fact.spots)
