"""The generated scene as a camera: `scene://door?people=2&seed=7&night=1&duration=60&fps=10&size=768x432`."""

from __future__ import annotations

import difflib
import math
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from edge_detector.capture.encode import H264Encoder
from edge_detector.capture.scene_presets import PRESETS, script
from edge_detector.capture.scene_world import Scene
from edge_detector.core.errors import SourceEnded, SourceError
from edge_detector.core.types import Frame, Packet, Planes, StreamInfo
from edge_detector.ports import Clock, WantsFrame

#: How long a paced source sleeps at most before it looks at the clock again.
_NAP_S = 0.25
_SIZE: Final = re.compile(r"(\d{2,4})x(\d{2,4})")
_SIDE_PX: Final = (64, 3840)
#: Parameter to its bounds; all but `size`, which is WIDTHxHEIGHT.
_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "people": (0, 6),
    "seed": (0, 2**31 - 1),
    "night": (0, 1),
    "duration": (0.1, 86400),
    "fps": (1, 60),
    "distance": (8, 90),
}
_WHOLE: Final = frozenset({"people", "seed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneAddress:
    """A `scene://` address, read."""

    preset: str
    #: None takes the preset's own number.
    people: int | None = None
    seed: int = 7
    #: 0 day .. 1 night; None takes the preset's own light.
    night: float | None = None
    #: Seconds until the stream ends; None goes on for ever when live, and for one round of the script in a replay.
    duration: float | None = None
    fps: float = 10.0
    width: int = 768
    height: int = 432
    #: Metres to the people of the preset `far`.
    distance: float = 14.0

    def scene(self) -> Scene:
        """The scene that this address names."""
        made = script(self.preset, people=self.people, seed=self.seed, night=self.night, distance=self.distance)
        return Scene(made, seed=self.seed, width=self.width, height=self.height)


def parse_address(address: str) -> SceneAddress:
    """Read a `scene://` address; raises SourceError with what is allowed."""
    parts = urlsplit(address)
    preset = parts.netloc or "door"
    if parts.scheme != "scene" or parts.path not in {"", "/"}:
        raise SourceError(f"{address}: not a scene address, which looks like scene://door?people=2")
    if preset not in PRESETS:
        raise SourceError(
            f"{address}: there is no scene {preset!r}{_nearest(preset, PRESETS)}; there are {', '.join(PRESETS)}"
        )
    values: dict[str, float] = {}
    width, height = 768, 432
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if name == "size":
            width, height = _size(address, text)
        else:
            values[name] = _number(address, name, text)
    whole = {name: int(values.pop(name)) for name in _WHOLE & values.keys()}
    return SceneAddress(preset=preset, width=width, height=height, **whole, **values)  # type: ignore[arg-type]


class SceneSource:
    """A generated scene behind the PacketSource port; scene time 0 is the first open."""

    def __init__(self, *, address: str, clock: Clock, live: bool, packets: bool = True, frames: bool = True) -> None:
        """Read the address; `live` keeps the clock's pace, else it goes as fast as it can; raises SourceError."""
        self._where = parse_address(address)
        self._clock, self._live, self._packets, self._frames = clock, live, packets, frames
        self.scene = self._where.scene()
        #: Host time of scene time 0; None before the first open, 0 in a replay.
        self.t0: float | None = None
        self._session = 0
        self._next = 0
        self._encoder: H264Encoder | None = None
        self._closed = threading.Event()

    def open(self, session: int) -> StreamInfo:
        """Begin, or go on after a close at the scene's present moment."""
        if self.t0 is None:
            self.t0 = self._clock.now() if self._live else 0.0
        self._session = session
        self._closed.clear()
        self._encoder = H264Encoder(
            session=session, width=self._where.width, height=self._where.height, fps=self._where.fps
        )
        return self._encoder.info

    def read(self, wants: WantsFrame) -> Iterator[Packet | Frame]:
        """Packets and wanted frames of one picture after the other; SourceEnded after `duration`."""
        if self._encoder is None or self.t0 is None:
            raise SourceError("the scene is read before it is opened")
        encoder, t0, seq = self._encoder, self.t0, 0
        while self._next / self._where.fps < self._end_s():
            self._next = self._await(t0)
            moment = self._next / self._where.fps
            self._next += 1
            yield from self._picture(encoder, moment, t0 + moment, seq, wants)
            seq += 1
        if self._packets:
            yield from encoder.flush()
        raise SourceEnded(f"the scene is over after {self._end_s():g} s")

    def close(self) -> None:
        """End a read that waits for the next picture."""
        self._closed.set()
        self._encoder = None

    def _picture(
        self, encoder: H264Encoder, moment: float, t: float, seq: int, wants: WantsFrame
    ) -> Iterator[Packet | Frame]:
        wanted = self._frames and wants(t)
        if not (wanted or self._packets):
            return
        image = self.scene.frame(moment)
        if self._packets:
            yield from encoder.encode(image, t)
        if wanted:
            yield Frame(session=self._session, seq=seq, t=t, planes=Planes.of(image))

    def _end_s(self) -> float:
        if self._where.duration is not None:
            return self._where.duration
        return math.inf if self._live else self.scene.length_s

    def _await(self, t0: float) -> int:
        """The number of the next picture, when its time has come; pictures that are late are left out."""
        if self._closed.is_set():
            raise SourceError("the scene was closed")
        if not self._live:
            return self._next
        late = math.floor((self._clock.now() - t0) * self._where.fps)
        number = max(self._next, late)
        due = t0 + number / self._where.fps
        while (rest := due - self._clock.now()) > 0:
            if self._closed.wait(min(rest, _NAP_S)):
                raise SourceError("the scene was closed")
        return number


def _size(address: str, text: str) -> tuple[int, int]:
    found = _SIZE.fullmatch(text)
    sides = tuple(int(side) for side in found.groups()) if found else ()
    least, most = _SIDE_PX
    if len(sides) != 2 or any(side % 2 or not least <= side <= most for side in sides):  # noqa: PLR2004
        raise SourceError(
            f"{address}: size={text} must be WIDTHxHEIGHT, both even and from {least} to {most}, like 768x432"
        )
    return sides[0], sides[1]


def _number(address: str, name: str, text: str) -> float:
    if name not in _BOUNDS:
        known = (*_BOUNDS, "size")
        raise SourceError(f"{address}: unknown parameter {name!r}{_nearest(name, known)}; there are {', '.join(known)}")
    least, most = _BOUNDS[name]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most or (name in _WHOLE and value != int(value)):
        kind = "a whole number" if name in _WHOLE else "a number"
        raise SourceError(f"{address}: {name}={text} must be {kind} from {least:g} to {most:g}")
    return value


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
