"""The cameras' zones and lines: as configured, or as the owner drew them since; applied without a restart."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge_detector.core.facts import Fact, OutlineChanged
from edge_detector.core.outline import Outline
from edge_detector.core.types import Redraw
from edge_detector.ports import Clock, OutlineShelf
from edge_detector.runtime.control import Commandable


class Outlines:
    """Keeps them, tells them, and hands them to the cameras."""

    def __init__(
        self,
        *,
        cameras: Mapping[str, Commandable],
        configured: Mapping[str, Outline],
        shelf: OutlineShelf,
        clock: Clock,
        tell: Callable[[Fact], None],
    ) -> None:
        """What was drawn before wins over what is configured."""
        self._cameras = cameras
        self._configured = configured
        self._shelf = shelf
        self._clock = clock
        self._tell = tell
        drawn = {camera: shelf.get(camera) for camera in configured}
        self._drawn = {camera: outline for camera, outline in drawn.items() if outline is not None}

    def outline(self, camera: str) -> Outline:
        """What counts now."""
        return self._drawn.get(camera, self._configured[camera])

    def is_drawn(self, camera: str) -> bool:
        """Does it come from the owner's hand rather than from the configuration?"""
        return camera in self._drawn

    def start(self) -> None:
        """Hand the cameras what was drawn, and tell all."""
        for camera in self._configured:
            self._apply(camera)

    def draw(self, camera: str, outline: Outline) -> None:
        """Keep and apply an outline; it holds from the camera's next frame on. Raises LedgerError."""
        self._shelf.put(camera, outline)
        self._drawn[camera] = outline
        self._apply(camera)

    def erase(self, camera: str) -> None:
        """Go back to what is configured. Raises LedgerError."""
        self._shelf.drop(camera)
        self._drawn.pop(camera, None)
        self._apply(camera)

    def _apply(self, camera: str) -> None:
        t, outline = self._clock.now(), self.outline(camera)
        self._cameras[camera].command(Redraw(t=t, outline=outline))
        self._tell(OutlineChanged(camera=camera, t=t, outline=outline))
