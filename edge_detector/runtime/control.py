"""Commands from outside become inputs of a camera's stages; settings are kept so that a restart remembers them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from edge_detector.core.facts import Fact, SettingsChanged
from edge_detector.core.types import Armed, Command, Configure, SetOccupancy, Settings, TakeSnapshot, TestClip
from edge_detector.ports import Clock, Journal


class Commandable(Protocol):
    """A running camera, as far as commands go."""

    def command(self, command: Command) -> None:
        """Pass a command to the stages; never blocks."""
        ...


class Control:
    """The only arrow back: from MQTT and the web to the cameras."""

    def __init__(
        self,
        *,
        cameras: Mapping[str, Commandable],
        defaults: Mapping[str, Settings],
        journal: Journal,
        clock: Clock,
        tell: Callable[[Fact], None],
    ) -> None:
        """`defaults`: each camera's settings as configured; what was changed at run time before wins."""
        self._cameras = cameras
        self._journal = journal
        self._clock = clock
        self._tell = tell
        self._settings = {camera: journal.settings(camera) or default for camera, default in defaults.items()}

    def settings(self, camera: str) -> Settings:
        """A camera's settings as they are now."""
        return self._settings[camera]

    def start(self) -> None:
        """Hand every camera its settings, and tell them."""
        for camera, settings in self._settings.items():
            self._apply(camera, settings)

    def change(self, camera: str, settings: Settings) -> None:
        """Keep and apply new settings, already checked; they hold from the camera's next frame on."""
        self._journal.settings(camera, settings)
        self._settings[camera] = settings
        self._apply(camera, settings)

    def take_snapshot(self, camera: str) -> None:
        """Send a picture of now."""
        self._cameras[camera].command(TakeSnapshot(t=self._clock.now()))

    def test_clip(self, camera: str) -> None:
        """Record a clip of now."""
        self._cameras[camera].command(TestClip(t=self._clock.now()))

    def set_occupancy(self, camera: str, count: int) -> None:
        """So many people are inside, whatever was counted."""
        self._cameras[camera].command(SetOccupancy(t=self._clock.now(), count=count))

    def _apply(self, camera: str, settings: Settings) -> None:
        t = self._clock.now()
        self._cameras[camera].command(Configure(t=t, settings=settings))
        self._cameras[camera].command(Armed(t=t, on=settings.armed))
        self._tell(SettingsChanged(camera=camera, t=t, settings=settings))
