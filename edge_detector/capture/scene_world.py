"""A generated scene: pictures of a script, and the truth about them, as pure functions of time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detector.capture.scene_figure import Part, bounds, figure, paint
from edge_detector.capture.scene_script import Actor, Kind, Script, State
from edge_detector.capture.scene_stage import build_stage, infrared_field, light_field
from edge_detector.capture.scene_view import View
from edge_detector.core.types import Bgr, Box, Yuv

#: Pixels around a figure that its soft edge needs.
_MARGIN_PX = 4
#: Half the length and depth of the shadow on the ground, as shares of a figure's height.
_SHADOW = (0.19, 0.045)
#: Grey levels of sensor noise (standard deviation of luma) by day, at night, by infra-red, and while it switches.
_DAY_NOISE, _NIGHT_NOISE, _INFRARED_NOISE, _SWITCH_NOISE = 1.5, 6.0, 4.0, 16.0
#: Seconds an infra-red switch takes, and the brightness it begins with.
_SWITCH_S, _SWITCH_GAIN = 0.8, 1.7
#: The noise field's own standard deviation, in grey levels, and how far it is moved about, in pixels.
_FIELD_SIGMA, _FIELD_ROOM = 24.0, 64
#: Seconds a cloud's shadow takes over the picture, and how often the leaves' light changes.
_CLOUD_S, _FLICKER_S = 12.0, 0.2
#: Step in which `visits` and `crossings` look at the scene.
_TRUTH_STEP_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The truth about one actor at one moment; it is in the picture at least in part."""

    id: int
    kind: Kind
    #: Around what is seen of the figure.
    box: Box
    #: Where it stands, in 0..1 of the frame; may lie outside.
    foot: tuple[float, float]
    #: Direction of its body seen from above: 0 right, pi/2 away from the camera.
    heading: float
    #: Metres a second.
    speed: float
    #: Share of the figure that is hidden: by something nearer, or outside of the picture.
    occluded: float
    #: Pixels of the whole figure from head to foot, hidden or not.
    height_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Somebody is there from `start_t` to `end_t`, at most `people` at once."""

    start_t: float
    end_t: float
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A person's foot point goes over a line; `direction` is +1 from its left to its right, seen along the line."""

    t: float
    id: int
    direction: int


@dataclass(frozen=True, slots=True)
class _Cast:
    """An actor ready to be drawn."""

    actor: Actor
    state: State
    parts: tuple[Part, ...]
    #: Left, top, right, bottom in pixels, whole numbers, uncut.
    area: tuple[int, int, int, int]
    #: Middle of the shadow, and half its axes, in pixels.
    shadow: tuple[tuple[int, int], tuple[int, int]]

    @property
    def touched(self) -> tuple[int, int, int, int]:
        """The area with the shadow."""
        (x, y), (half_width, half_height) = self.shadow
        left, top, right, bottom = self.area
        return (
            min(left, x - half_width),
            min(top, y - half_height),
            max(right, x + half_width),
            max(bottom, y + half_height),
        )


@dataclass(frozen=True, slots=True)
class _Set:
    """The empty stage in one light: finished, and the light itself to apply to figures."""

    finished: Yuv
    light: NDArray[np.uint8] | None
    grey: bool


class Scene:
    """A script as a camera sees it; every answer depends on `t` alone, in any order, on every call."""

    def __init__(self, script: Script, *, seed: int = 0, width: int = 768, height: int = 432) -> None:
        """Draw the empty stage; `width` and `height` are even."""
        self.script = script
        self.view = View(width, height)
        self._seed = seed
        stage = build_stage(self.view, pillar=script.pillar, seed=seed)
        self._canvas, self._occluders = stage.picture, stage.occluders
        self._colour = self._dress(light_field(self.view, stage.sky, script.night), grey=False)
        self._grey = self._dress(infrared_field(self.view, stage.sky), grey=True) if script.infrared else self._colour
        rng = np.random.default_rng(seed + 1)
        room = (height + _FIELD_ROOM, width + _FIELD_ROOM)
        self._noise = np.clip(rng.normal(128.0, _FIELD_SIGMA, room), 0, 255).astype(np.uint8)
        self._clouds = _cloud_field(width, height, rng) if script.clouds else None

    @property
    def length_s(self) -> float:
        """Seconds of the script; after them it begins again."""
        return self.script.length_s

    def frame(self, t: float) -> Yuv:
        """The picture at `t`, I420."""
        now = t % self.length_s
        dress = self._grey if self._is_infrared(now) else self._colour
        picture = dress.finished.copy()
        casts = self._casts(now)
        if casts:
            canvas = self._canvas.copy()
            for cast in casts:
                self._draw(canvas, cast)
            for cast in casts:
                self._develop(canvas, picture, cast.touched, dress)
        self._expose(picture, now, round(t * 1000))
        return picture

    def truth(self, t: float) -> tuple[Sighting, ...]:
        """Who is in the picture at `t`, nearest last."""
        casts = self._casts(t % self.length_s)
        seen = (self._sighting(cast, casts[n + 1 :]) for n, cast in enumerate(casts))
        return tuple(sighting for sighting in seen if sighting is not None)

    def people(self, t: float, *, visible: float = 0.5) -> tuple[Sighting, ...]:
        """The people of whom at least a share of `visible` is seen at `t`."""
        return tuple(s for s in self.truth(t) if s.kind is Kind.PERSON and 1 - s.occluded >= visible)

    def visits(self, *, hold_s: float = 5.0, visible: float = 0.5) -> tuple[Presence, ...]:
        """When somebody is there, in one round of the script; shorter gaps than `hold_s` are bridged."""
        found: list[Presence] = []
        for t in self._moments():
            count = len(self.people(t, visible=visible))
            if not count:
                continue
            if found and t - found[-1].end_t < hold_s:
                last = found.pop()
                found.append(Presence(start_t=last.start_t, end_t=t, people=max(last.people, count)))
            else:
                found.append(Presence(start_t=t, end_t=t, people=count))
        return tuple(found)

    def crossings(self, start: tuple[float, float], end: tuple[float, float]) -> tuple[Crossing, ...]:
        """Who steps over the line from `start` to `end` (0..1 of the frame), in one round of the script."""
        found = []
        for actor in (a for a in self.script.actors if a.kind is Kind.PERSON):
            before: tuple[float, float] | None = None
            for t in self._moments():
                state = actor.at(t)
                here = None if state is None else self._foot(state)
                if here is not None and before is not None and (way := _crosses(before, here, start, end)):
                    found.append(Crossing(t=t, id=actor.id, direction=way))
                before = here
        return tuple(sorted(found, key=lambda crossing: (crossing.t, crossing.id)))

    def _moments(self) -> Iterator[float]:
        return (n * _TRUTH_STEP_S for n in range(math.ceil(self.length_s / _TRUTH_STEP_S)))

    def _dress(self, light: NDArray[np.uint8] | None, *, grey: bool) -> _Set:
        whole = (0, 0, self.view.width, self.view.height)
        picture = np.empty((self.view.height * 3 // 2, self.view.width), np.uint8)
        dress = _Set(picture, light, grey)
        self._develop(self._canvas, picture, whole, dress)
        return dress

    def _casts(self, t: float) -> list[_Cast]:
        """Who may be in the picture, furthest first."""
        found = []
        for actor in self.script.actors:
            state = actor.at(t)
            if state is None:
                continue
            cast = self._cast(actor, state)
            left, top, right, bottom = cast.area
            if left < self.view.width and right > 0 and top < self.view.height and bottom > 0:
                found.append(cast)
        found.sort(key=lambda cast: -cast.state.z)
        return found

    def _cast(self, actor: Actor, state: State) -> _Cast:
        parts = figure(actor, state, self.view)
        left, top, right, bottom = bounds(parts)
        area = math.floor(left), math.floor(top), math.ceil(right) + 1, math.ceil(bottom) + 1
        x, y = self.view.point(state.x, state.z)
        length = max(bottom - top, right - left)
        half = max(1, round(_SHADOW[0] * length)), max(1, round(_SHADOW[1] * length))
        return _Cast(actor, state, parts, area, ((round(x), round(y)), half))

    def _draw(self, canvas: Bgr, cast: _Cast) -> None:
        """Draw a figure and its shadow, then what stands before it."""
        y1, y2, x1, x2 = self._within(cast.touched)
        place = canvas[y1:y2, x1:x2]
        _cast_shadow(place, cast, x1, y1)
        paint(place, cast.parts, dx=-x1, dy=-y1)
        for occluder in self._occluders:
            if occluder.z < cast.state.z:
                mask = occluder.mask[y1:y2, x1:x2, None] > 0
                np.copyto(place, self._canvas[y1:y2, x1:x2], where=mask)

    def _within(self, area: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """An area with a margin, cut to the picture, on even pixels: y1, y2, x1, x2."""
        left, top, right, bottom = area
        y1, x1 = max(0, top - _MARGIN_PX) & ~1, max(0, left - _MARGIN_PX) & ~1
        y2 = min(self.view.height, (bottom + _MARGIN_PX + 1) & ~1)
        x2 = min(self.view.width, (right + _MARGIN_PX + 1) & ~1)
        return y1, y2, x1, x2

    def _develop(self, canvas: Bgr, picture: Yuv, area: tuple[int, int, int, int], dress: _Set) -> None:
        """Soften, light and convert a part of the canvas into the picture."""
        y1, y2, x1, x2 = self._within(area)
        # One pixel more around, so that the softening leaves no seam.
        oy, ox = max(0, y1 - 1), max(0, x1 - 1)
        soft = cv2.GaussianBlur(canvas[oy : y2 + 1, ox : x2 + 1], (3, 3), 0.6)[y1 - oy :, x1 - ox :][
            : y2 - y1, : x2 - x1
        ]
        if dress.light is not None:
            soft = cv2.multiply(soft, dress.light[y1:y2, x1:x2], scale=1 / 255)
        part = cv2.cvtColor(soft, cv2.COLOR_BGR2YUV_I420)
        rows, columns, h = y2 - y1, x2 - x1, self.view.height
        picture[y1:y2, x1:x2] = part[:rows]
        chroma = picture[h:].reshape(2, h // 2, self.view.width // 2)
        spot = chroma[:, y1 // 2 : y2 // 2, x1 // 2 : x2 // 2]
        spot[:] = 128 if dress.grey else part[rows:].reshape(2, rows // 2, columns // 2)

    def _is_infrared(self, t: float) -> bool:
        return any(start <= t < end for start, end in self.script.infrared)

    def _expose(self, picture: Yuv, t: float, stamp: int) -> None:
        """Clouds, the switch's flash and the sensor's noise, on the luma plane."""
        luma = picture[: self.view.height]
        gain, sigma = 1.0, _DAY_NOISE + self.script.night * (_NIGHT_NOISE - _DAY_NOISE)
        if self._is_infrared(t):
            sigma = _INFRARED_NOISE
        since = min((t - edge for pair in self.script.infrared for edge in pair if t >= edge), default=math.inf)
        if since < _SWITCH_S:
            rest = 1 - since / _SWITCH_S
            gain, sigma = 1 + (_SWITCH_GAIN - 1) * rest, sigma + (_SWITCH_NOISE - sigma) * rest
        if self._clouds is not None:
            gain *= self._flicker(t)
            x = int(t / _CLOUD_S * self.view.width) % self.view.width
            cv2.multiply(luma, self._clouds[:, x : x + self.view.width], dst=luma, scale=1 / 255)
        draw = (stamp * 2654435761 + self._seed * 40503) & 0xFFFFFFFF
        y, x = (draw >> 8) % _FIELD_ROOM, (draw >> 16) % _FIELD_ROOM
        field = self._noise[y : y + self.view.height, x : x + self.view.width]
        share = sigma / _FIELD_SIGMA
        cv2.addWeighted(luma, gain, field, share, -128.0 * share, dst=luma)

    def _flicker(self, t: float) -> float:
        """Brightness of the light through moving leaves."""
        step = int(t / _FLICKER_S)
        a, b = ((((step + n) * 2654435761 + self._seed) >> 7) % 1000 / 1000 for n in (0, 1))
        return 0.93 + 0.14 * (a + (b - a) * (t / _FLICKER_S - step))

    def _foot(self, state: State) -> tuple[float, float]:
        x, y = self.view.point(state.x, state.z)
        return x / self.view.width, y / self.view.height

    def _sighting(self, cast: _Cast, nearer: list[_Cast]) -> Sighting | None:
        """What is seen of a figure behind the nearer ones and what stands about; None when nothing."""
        left, top, right, bottom = cast.area
        whole = np.zeros((bottom - top, right - left), np.uint8)
        paint(whole, cast.parts, colour=255, dx=-left, dy=-top)
        total = cv2.countNonZero(whole)
        for other in nearer:
            paint(whole, other.parts, colour=0, dx=-left, dy=-top)
        y1, y2 = max(0, top), min(self.view.height, bottom)
        x1, x2 = max(0, left), min(self.view.width, right)
        seen = whole[y1 - top : y2 - top, x1 - left : x2 - left]
        for occluder in self._occluders:
            if occluder.z < cast.state.z:
                seen[occluder.mask[y1:y2, x1:x2] > 0] = 0
        shown = cv2.countNonZero(seen)
        if not shown:
            return None
        x, y, w, h = cv2.boundingRect(seen)
        width, height = self.view.width, self.view.height
        return Sighting(
            id=cast.actor.id,
            kind=cast.actor.kind,
            box=Box((x1 + x) / width, (y1 + y) / height, (x1 + x + w) / width, (y1 + y + h) / height),
            foot=self._foot(cast.state),
            heading=cast.state.yaw,
            speed=cast.state.speed,
            occluded=1 - shown / total,
            height_px=float(bottom - top),
        )


def _cast_shadow(place: Bgr, cast: _Cast, left: int, top: int) -> None:
    """Darken the ground under a figure; `left` and `top` are where `place` lies in the picture."""
    (x, y), axes = cast.shadow
    shade = np.full(place.shape[:2], 255, np.uint8)
    cv2.ellipse(shade, (x - left, y - top), axes, 0, 0, 360, (176,), -1, cv2.LINE_AA)
    cv2.multiply(place, cv2.merge((shade, shade, shade)), dst=place, scale=1 / 255)


def _cloud_field(width: int, height: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Twice the picture's width of passing shade, the same at both halves."""
    waves = sum(
        rng.uniform(0.3, 1.0) * np.cos(2 * np.pi * k * np.arange(width) / width + rng.uniform(0, 2 * np.pi))
        for k in (1, 2, 3)
    )
    shade = np.clip(205 + 40 * np.asarray(waves), 110, 255).astype(np.uint8)
    return np.tile(shade, (height, 2))


def _crosses(
    before: tuple[float, float], here: tuple[float, float], start: tuple[float, float], end: tuple[float, float]
) -> int:
    """+1 or -1 when the step from `before` to `here` cuts the line, 0 when it does not."""
    was, now = _side(start, end, before), _side(start, end, here)
    if (was > 0) == (now > 0) or (_side(before, here, start) > 0) == (_side(before, here, end) > 0):
        return 0
    return 1 if now > 0 else -1


def _side(a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]) -> float:
    """Positive when `p` lies to the right of the way from `a` to `b`, as the picture is seen."""
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
